/** What the commands have in common that ask a running edge at its control socket. */

import { resolve } from 'node:path'
import { readEdgeFile } from '../edge/config/file.ts'
import { askEdge } from '../edge/control/client.ts'
import type { Members } from '../edge/control/lines.ts'

/** Asks the edge that runs with `file`; gives the exit code. Throws one line when it does not run, or says no. */
export async function ask(
  file: string,
  command: string,
  args: Readonly<Record<string, string | number | boolean>>,
  onItem: (item: Members) => void,
  signal?: AbortSignal,
): Promise<number> {
  const read = readEdgeFile(file)
  if ('problems' in read) return complain(read.problems)
  await askEdge(resolve(read.folder, read.source.state), command, args, onItem, signal)
  return 0
}

/** Says each on stderr; gives the exit code. */
export function complain(problems: readonly string[]): number {
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  return 1
}
