/** export.yaml: read, held against its schema, and every file in it looked at, before a connection is made. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseHostPort } from '../guard/common/address.ts'
import schema from '../guard/export/export.schema.json' with { type: 'json' }
import type { ExportConfig } from '../guard/export/main.ts'
import { type CredentialFiles, readCredentials } from '../guard/gcxp/index.ts'
import { schemaChecker } from '../rules/ruleset/checker.ts'
import { readChecked } from '../rules/ruleset/file.ts'
import { formatProblem, type Problem, sortProblems } from '../rules/ruleset/problem.ts'
import type { Path } from '../rules/ruleset/yaml.ts'
import { cannotRead } from '../rules/unreadable.ts'
import { stateProblem } from './state.ts'

type Destination = CredentialFiles & Readonly<{ connect: string; peer: string }>

/** export.yaml after the schema: defaults filled in, nothing else in it. */
type ExportSource = Readonly<{
  guard: string
  journal: string
  state: string
  collector?: Destination & Readonly<{ enterprise: number; again: number }>
  witness?: Destination
  metrics?: Readonly<{ listen: string }>
}>

const checkExportSource = schemaChecker<ExportSource>(schema, 'doc/journal.md')

/** Reads and checks `file` and all that it names; paths in the result are absolute. `now` in milliseconds since 1970. */
export function loadExportConfig(
  file: string,
  now: number,
): ExportConfig | Readonly<{ problems: readonly string[] }> {
  const read = readChecked(file, 'give the path of export.yaml with --config', checkExportSource)
  if ('problems' in read) return read
  const { value, source } = read
  const folder = dirname(resolve(file))
  const problems: Problem[] = []
  const wrong = (path: Path, message: string) => void problems.push(source.problem(path, message))

  const peer = (name: 'collector' | 'witness', { connect, peer, ...files }: Destination) => {
    const address = parseHostPort(connect)
    if (address === undefined)
      wrong([name, 'connect'], `${connect} is not HOST:PORT: write such as 192.0.2.7:6514`)
    const credentials = readCredentials(
      {
        certificate: resolve(folder, files.certificate),
        key: resolve(folder, files.key),
        ca: resolve(folder, files.ca),
      },
      now,
    )
    if ('problem' in credentials) wrong([name, credentials.part], credentials.problem)
    return address === undefined || 'problem' in credentials ? undefined : { ...address, peer, credentials }
  }

  const collector = value.collector && peer('collector', value.collector)
  const witness = value.witness && peer('witness', value.witness)
  if (value.collector === undefined && value.witness === undefined)
    wrong([], 'names no destination: add collector, witness, or both')
  const journal = resolve(folder, value.journal)
  const unread = unreadable(journal)
  if (unread !== undefined) wrong(['journal'], `${journal} ${unread}`)
  const state = resolve(folder, value.state)
  const unwritten = stateProblem(state)
  if (unwritten !== undefined) wrong(['state'], unwritten)
  if (problems.length > 0) return { problems: sortProblems(problems).map(formatProblem) }
  return {
    guard: value.guard,
    journal,
    state,
    ...(collector && {
      collector: { ...collector, enterprise: value.collector!.enterprise, again: value.collector!.again },
    }),
    ...(witness && { witness }),
    ...(value.metrics && { metrics: value.metrics.listen }),
  }
}

/** Why the journal cannot be followed. */
function unreadable(directory: string): string | undefined {
  try {
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(directory, constants.R_OK | constants.X_OK)
    const head = join(directory, 'head.json')
    if (existsSync(head)) accessSync(head, constants.R_OK)
  } catch (error) {
    return cannotRead(error, 'give journal.directory of guard.yaml')
  }
  return undefined
}
