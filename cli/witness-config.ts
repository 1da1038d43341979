/** witness.yaml: read, held against its schema, and every file in it looked at, before the port is opened. */
import { dirname, resolve } from 'node:path'
import { parseHostPort } from '../guard/common/address.ts'
import { readPrivateKey, readPublicKey } from '../guard/common/keys.ts'
import { readCredentials } from '../guard/gcxp/index.ts'
import { readGuardFile } from '../guard/witness/heads.ts'
import type { WitnessConfig } from '../guard/witness/main.ts'
import schema from '../guard/witness/witness.schema.json' with { type: 'json' }
import { schemaChecker } from '../rules/ruleset/checker.ts'
import { readChecked } from '../rules/ruleset/file.ts'
import { formatProblem, type Problem, sortProblems } from '../rules/ruleset/problem.ts'
import type { Path } from '../rules/ruleset/yaml.ts'
import { stateProblem } from './state.ts'

/** witness.yaml after the schema: nothing else is in it. */
type WitnessSource = Readonly<{
  listen: string
  certificate: string
  key: string
  ca: string
  sign: string
  state: string
  guards: readonly Readonly<{ name: string; peer: string; checkpoints?: string }>[]
  metrics?: Readonly<{ listen: string }>
}>

const checkWitnessSource = schemaChecker<WitnessSource>(schema, 'doc/journal.md')

/** Reads and checks `file` and all that it names; paths in the result are absolute. `now` in milliseconds since 1970. */
export function loadWitnessConfig(
  file: string,
  now: number,
): WitnessConfig | Readonly<{ problems: readonly string[] }> {
  const read = readChecked(file, 'give the path of witness.yaml with --config', checkWitnessSource)
  if ('problems' in read) return read
  const { value, source } = read
  const folder = dirname(resolve(file))
  const path = (name: string) => resolve(folder, name)
  const problems: Problem[] = []
  const wrong = (at: Path, message: string) => void problems.push(source.problem(at, message))

  const listen = parseHostPort(value.listen)
  if (listen === undefined)
    wrong(['listen'], `${value.listen} is not HOST:PORT: write such as 192.0.2.8:7010`)
  const credentials = readCredentials(
    { certificate: path(value.certificate), key: path(value.key), ca: path(value.ca) },
    now,
  )
  if ('problem' in credentials) wrong([credentials.part], credentials.problem)
  const key = readPrivateKey(path(value.sign), 'ed25519')
  if ('problem' in key) wrong(['sign'], `${path(value.sign)} ${key.problem}`)
  const state = path(value.state)
  const unwritten = stateProblem(state)
  if (unwritten !== undefined) wrong(['state'], unwritten)

  const guards = value.guards.map(({ name, peer, checkpoints }, i) => {
    const place: Path = ['guards', i]
    const twice = (which: 'name' | 'peer') =>
      value.guards.findIndex((one) => one[which] === value.guards[i]![which]) < i
    if (twice('name')) wrong([...place, 'name'], `there are two guards ${name}: give each its own name`)
    if (twice('peer'))
      wrong([...place, 'peer'], `${peer} is the peer of two guards: give each its own certificate`)
    try {
      readGuardFile(resolve(state, `${name}.json`), name)
    } catch (error) {
      wrong(place, (error as Error).message)
    }
    if (checkpoints === undefined) return { name, peer }
    const file = path(checkpoints)
    const read = readPublicKey(file, 'ed25519')
    if (!('problem' in read)) return { name, peer, checkpoints: read }
    wrong([...place, 'checkpoints'], `${file} ${read.problem}`)
    return { name, peer }
  })
  if (problems.length > 0 || listen === undefined || 'problem' in credentials || 'problem' in key)
    return { problems: sortProblems(problems).map(formatProblem) }
  return { listen, credentials, key, state, guards, ...(value.metrics && { metrics: value.metrics.listen }) }
}
