/**
 * The allowed-signers file: who may sign rules, in which role, with which key and in which time.
 *
 * It is a file of `ssh-keygen` (ALLOWED SIGNERS in its manual), narrowed: one principal a line, `ROLE/NAME`; the namespace stated; times
 * in UTC; no patterns and no certificate authorities. So `ssh-keygen -Y verify` reads it too.
 *
 *   author/anna.keller namespaces="sallyport-rules",valid-before="20280101Z" ssh-ed25519 AAAA… a comment
 *   accreditor/ben.ito namespaces="sallyport-rules" sk-ssh-ed25519@openssh.com AAAA…
 */
import { decodeBase64 } from '../text/base64.ts'
import { parseDate } from '../text/date.ts'
import { type PublicKey, readPublicKey } from './key.ts'
import { EncodingError } from './octets.ts'
import { NAMESPACE } from './sshsig.ts'

/** The two who must agree: who wrote the rules, and who accepts them for the organisation. */
export const ROLES = ['author', 'accreditor'] as const
export type Role = (typeof ROLES)[number]

/** One line. Times are seconds since 1970; the key counts from `after`, and no more from `before` on. */
export type Signer = Readonly<{
  principal: string
  role: Role
  name: string
  key: PublicKey
  after?: number
  before?: number
}>

/** Reads the file. Problems name their line. */
export function readSigners(text: string): readonly Signer[] | Readonly<{ problems: readonly string[] }> {
  const signers: Signer[] = []
  const problems: string[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    if (words.length === 0 || words[0]!.startsWith('#')) continue
    try {
      const signer = readLine(words)
      checkAlone(signer, signers)
      signers.push(signer)
    } catch (error) {
      if (!(error instanceof EncodingError)) throw error
      problems.push(`line ${index + 1}: ${error.message}`)
    }
  }
  if (signers.length === 0 && problems.length === 0) problems.push('line 1: there is no signer')
  return problems.length > 0 ? { problems } : signers
}

/** A person has one role, and a key one person: else one could sign as two. */
function checkAlone(signer: Signer, others: readonly Signer[]): void {
  for (const other of others) {
    if (Buffer.compare(other.key.blob, signer.key.blob) === 0) {
      throw new EncodingError(
        `the key of ${signer.principal} is that of ${other.principal}; each has their own`,
      )
    }
    if (other.name === signer.name && other.role !== signer.role) {
      throw new EncodingError(`${signer.name} is ${other.role} already; two roles need two people`)
    }
  }
}

function readLine([principal = '', ...rest]: readonly string[]): Signer {
  const [role, name, ...more] = principal.split('/')
  const known = ROLES.find((one) => one === role)
  if (
    known === undefined ||
    more.length > 0 ||
    name === undefined ||
    !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)
  ) {
    throw new EncodingError(
      `"${principal}" is not ROLE/NAME; write such as author/anna.keller or accreditor/ben.ito`,
    )
  }
  const [options, type, base64] = rest
  if (options === undefined || !options.includes('=')) {
    throw new EncodingError(`the options are missing; write namespaces="${NAMESPACE}" before the key`)
  }
  const times = readOptions(options)
  const blob = base64 === undefined ? undefined : decodeBase64(base64)
  if (blob === undefined)
    throw new EncodingError('the key is missing or damaged; copy the line of the .pub file')
  const key = readPublicKey(blob)
  if (key.type !== type) throw new EncodingError(`the key is said to be ${type} and is ${key.type}`)
  return { principal, role: known, name, key, ...times }
}

function readOptions(options: string): Readonly<{ after?: number; before?: number }> {
  const found = new Map<string, string>()
  for (const option of options.split(',')) {
    const parts = /^([a-z-]+)="([^"]*)"$/.exec(option)
    const [, name = '', value = ''] = parts ?? []
    if (!['namespaces', 'valid-after', 'valid-before'].includes(name)) {
      throw new EncodingError(
        `the option ${option} is not known; write namespaces="…", valid-after="…" or valid-before="…"`,
      )
    }
    if (found.has(name)) throw new EncodingError(`${name} stands here twice`)
    found.set(name, value)
  }
  if (found.get('namespaces') !== NAMESPACE) {
    throw new EncodingError(
      `the key is not for rules; write namespaces="${NAMESPACE}" and nothing else there`,
    )
  }
  const after = found.get('valid-after')
  const before = found.get('valid-before')
  return {
    ...(after === undefined ? {} : { after: readTime(after) }),
    ...(before === undefined ? {} : { before: readTime(before) }),
  }
}

/** `YYYYMMDD[HHMM[SS]]Z` */
function readTime(text: string): number {
  const digits = /^([0-9]{8}|[0-9]{12}|[0-9]{14})Z$/.test(text) ? text.slice(0, -1).padEnd(14, '0') : ''
  const part = (from: number, to: number): string => digits.slice(from, to)
  const date = `${part(0, 4)}-${part(4, 6)}-${part(6, 8)}T${part(8, 10)}:${part(10, 12)}:${part(12, 14)}Z`
  const second = parseDate(date)
  if (second === undefined) {
    throw new EncodingError(`"${text}" is no time in UTC; write such as 20281231Z or 202812312359Z`)
  }
  return second
}
