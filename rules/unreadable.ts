/** Why a file that somebody named cannot be used, in the words of whoever has to mend it. */

const ADVICE: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'let the user that runs this have it'],
  ['EPERM', 'let the user that runs this have it'],
  ['EISDIR', 'it is a directory; name a file'],
  ['ENOTDIR', 'it, or a part of its path, is no directory; correct the path'],
  ['EEXIST', 'there is one already; keep it, or name another'],
  ['ENOSPC', 'the disk is full; make room'],
  ['EDQUOT', 'the quota is used up; make room'],
  ['EROFS', 'the file system is read-only; mount it for writing'],
  ['EIO', 'the disk fails; replace it'],
  ['ERR_ACCESS_DENIED', 'the configuration does not name it; start again with one that does'],
])

/** `cannot be read (ENOENT): …`; `advice` is for a file that is not there. */
export function cannotRead(error: unknown, advice: string): string {
  return `cannot be read ${explained(error, advice)}`
}

/** The same of writing. */
export function cannotWrite(error: unknown, advice: string): string {
  return `cannot be written ${explained(error, advice)}`
}

/** The same of removing. */
export function cannotRemove(error: unknown, advice: string): string {
  return `cannot be removed ${explained(error, advice)}`
}

function explained(error: unknown, advice: string): string {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? 'unknown'
  return `(${code}): ${ADVICE.get(code) ?? advice}`
}
