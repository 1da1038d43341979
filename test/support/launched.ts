/** What a guard's launcher said on stderr: the process ids of the stages that it started last. */
export function launchedStages(said: string): Record<string, number> {
  const line = said.split('\n').findLast((one) => one.includes('"started '))
  const found: Record<string, number> = {}
  for (const part of (line === undefined ? '' : JSON.parse(line).message.slice(8)).split(', ')) {
    const [stage, pid] = part.split(' ')
    if (pid !== undefined) found[stage] = Number(pid)
  }
  return found
}
