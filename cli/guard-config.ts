/**
 * guard.yaml: read, held against its schema, and every file in it looked at, before a stage is started.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseHostPort } from '../guard/common/address.ts'
import { readDigestKey, readPrivateKey, readPublicKey } from '../guard/common/keys.ts'
import type { ApprovedBundle } from '../guard/common/record.ts'
import { readCredentials } from '../guard/gcxp/index.ts'
import { findStart } from '../guard/journal/start.ts'
import { gateProblem } from '../guard/launcher/gate.ts'
import schema from '../guard/launcher/guard.schema.json' with { type: 'json' }
import type { GuardConfig, JournalConfig } from '../guard/launcher/stages.ts'
import type { Bundle } from '../rules/bundle/bundle.ts'
import { BundleError, loadBundle } from '../rules/bundle/load.ts'
import { schemaChecker } from '../rules/ruleset/checker.ts'
import { readChecked } from '../rules/ruleset/file.ts'
import { formatProblem, type Problem } from '../rules/ruleset/problem.ts'
import type { Path, YamlSource } from '../rules/ruleset/yaml.ts'
import { approvalOf, notSuccessor, outOfTime } from '../rules/signature/approval.ts'
import { cannotRead, cannotWrite } from '../rules/unreadable.ts'
import { portProblem } from './ports.ts'

/** Lines that say what, where and how to mend. */
export type ConfigProblems = Readonly<{ problems: readonly string[] }>

/** The configuration as it is written: what may be left out, and paths as they stand. */
type GuardSource = Omit<GuardConfig, 'gate' | 'jit'> & Readonly<{ gate?: string; jit?: boolean }>

/** The installed form generates no code; to run the sources takes a part of Node that does. */
const SOURCES = import.meta.filename.endsWith('.ts')

const checkGuardSource = schemaChecker<GuardSource>(schema, 'doc/guard.md')

/** Reads `file` and holds it against its schema, and looks at nothing that it names; paths in the result are absolute. */
export function readGuardConfig(
  file: string,
): Readonly<{ config: GuardConfig; source: YamlSource }> | ConfigProblems {
  const read = readChecked(file, 'give the path of guard.yaml with --config', checkGuardSource)
  if ('problems' in read) return read
  return { config: absolute(read.value, dirname(resolve(file))), source: read.source }
}

/**
 * Reads and checks `file` and all that it names; paths in the result are absolute. `now` in milliseconds since 1970. `before` is
 * called when the file itself is sound, before what it names is looked at. Of ports of which `ownPorts` says that the guard itself has
 * them now it is not asked whether they are free.
 */
export async function loadGuardConfig(
  file: string,
  now: number,
  before: (config: GuardConfig) => void = () => {},
  ownPorts: (config: GuardConfig, listen: string) => boolean | Promise<boolean> = () => false,
): Promise<GuardConfig | ConfigProblems> {
  const read = readGuardConfig(file)
  if ('problems' in read) return read
  const { config, source } = read
  before(config)
  const problems = [...checkFiles(config, source, now), ...(await checkPorts(config, source, ownPorts))]
  return problems.length > 0 ? { problems: problems.map(formatProblem) } : config
}

function absolute(config: GuardSource, folder: string): GuardConfig {
  const path = (name: string) => resolve(folder, name)
  const tls = (end: { certificate: string; key: string; ca: string }) => ({
    certificate: path(end.certificate),
    key: path(end.key),
    ca: path(end.ca),
  })
  return {
    ...config,
    bundle: {
      ...config.bundle,
      file: path(config.bundle.file),
      ...(config.bundle.signers === undefined ? {} : { signers: path(config.bundle.signers) }),
      ...(config.bundle.signatures === undefined ? {} : { signatures: config.bundle.signatures.map(path) }),
    },
    intake: { ...config.intake, ...tls(config.intake) },
    release: { ...config.release, ...tls(config.release) },
    journal: absoluteJournal(config.journal, path),
    jit: config.jit ?? SOURCES,
    gate: path(config.gate ?? join(dirname(config.journal.directory), `gate-${config.name}`)),
  }
}

function absoluteJournal(journal: JournalConfig, path: (name: string) => string): JournalConfig {
  const { 'signing-key': signing, 'content-key': content } = journal
  return {
    ...journal,
    directory: path(journal.directory),
    key: path(journal.key),
    ...(signing === undefined ? {} : { 'signing-key': path(signing) }),
    ...(content === undefined ? {} : { 'content-key': path(content) }),
  }
}

function checkFiles(config: GuardConfig, source: YamlSource, now: number): Problem[] {
  const problems: Problem[] = []
  const wrong = (path: Path, message: string) => problems.push(source.problem(path, message))

  try {
    const octets = readFileSync(config.bundle.file)
    const bundle = loadBundle(octets, config.bundle.digest)
    for (const problem of checkApproval(config, octets, bundle, now)) wrong(['bundle'], problem)
  } catch (error) {
    if (error instanceof BundleError) wrong(['bundle'], error.message)
    else wrong(['bundle', 'file'], `${config.bundle.file} ${cannotRead(error, 'give the compiled bundle')}`)
  }
  for (const end of ['intake', 'release'] as const) {
    const credentials = readCredentials(config[end], now)
    if ('problem' in credentials) wrong([end, credentials.part], credentials.problem)
  }
  const { directory, key } = config.journal
  try {
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
    const start = findStart(directory)
    if ('problem' in start) wrong(['journal', 'directory'], start.problem)
  } catch (error) {
    wrong(
      ['journal', 'directory'],
      `${directory} ${cannotWrite(error, 'make the directory, for the user that runs this')}`,
    )
  }
  const gate = gateProblem(config.gate)
  if (gate !== undefined) wrong(['gate'], `${config.gate} ${gate}`)
  // Node's permission model denies a directory when another permitted path begins with its name.
  const { 'signing-key': signing } = config.journal
  const beside: readonly [Path, string | undefined][] = [
    [['journal', 'key'], key],
    [['journal', 'signing-key'], signing],
    [['bundle', 'file'], config.bundle.file],
  ]
  for (const [path, file] of beside) {
    if (file?.startsWith(directory) && !file.startsWith(`${directory}/`)) {
      wrong(
        path,
        `${file} begins with the name of the journal directory, which Node cannot tell apart: rename one`,
      )
    }
  }
  const digestKey = readDigestKey(key)
  if ('problem' in digestKey) wrong(['journal', 'key'], `${key} ${digestKey.problem}`)
  for (const [name, problem] of checkKeyPairs(config.journal)) wrong(['journal', name], problem)
  return problems
}

/** What is wrong with the signing key and the key for content, by the name of the setting. */
function* checkKeyPairs(journal: JournalConfig): Generator<[string, string]> {
  const { content, 'signing-key': signing, 'content-key': contentKey } = journal
  if (signing !== undefined) {
    const key = readPrivateKey(signing, 'ed25519')
    if ('problem' in key) yield ['signing-key', `${signing} ${key.problem}`]
  }
  if (contentKey !== undefined) {
    const key = readPublicKey(contentKey, 'x25519')
    if ('problem' in key) yield ['content-key', `${contentKey} ${key.problem}`]
  } else if (content !== 'none') {
    yield [
      'content',
      `"${content}" needs content-key: the public key for which content is sealed ("sallyport journal content-key FILE")`,
    ]
  }
}

/** What stands against the bundle where signatures are demanded, the bundle that the journal knows included. */
function checkApproval(
  config: GuardConfig,
  octets: Uint8Array,
  bundle: Bundle,
  now: number,
): readonly string[] {
  const { signers, signatures = [], digest } = config.bundle
  if (signers === undefined) return []
  let approval: ReturnType<typeof approvalOf>
  try {
    const files = signatures.map((file) => ({ file, text: readFileSync(file, 'latin1') }))
    approval = approvalOf(octets, files, readFileSync(signers, 'latin1'), Math.floor(now / 1000))
  } catch (error) {
    const { path, code } = error as NodeJS.ErrnoException
    return [`${path} cannot be read (${code}): give the signatures and the allowed signers`]
  }
  const before = approvedBefore(config.journal.directory)
  return [
    ...('problems' in approval ? approval.problems : []),
    outOfTime(bundle, Math.floor(now / 1000)),
    before && notSuccessor(bundle, digest, before),
  ].filter((problem) => problem !== undefined)
}

/** The last signed bundle that release went by; undefined also where the journal cannot be read, which is told elsewhere. */
function approvedBefore(directory: string): ApprovedBundle | undefined {
  try {
    const start = findStart(directory)
    return 'problem' in start ? undefined : start.state.approved
  } catch {
    return undefined
  }
}

/** Opens each port for a moment, so that a port in use stops the start and not the running guard. */
async function checkPorts(
  config: GuardConfig,
  source: YamlSource,
  ownPorts: (config: GuardConfig, listen: string) => boolean | Promise<boolean>,
): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const end of ['intake', 'metrics'] as const) {
    const address = parseHostPort(config[end].listen)
    if (await ownPorts(config, config[end].listen)) continue
    const why =
      address === undefined ? 'is not HOST:PORT: write such as 127.0.0.1:7001' : await portProblem(address)
    if (why === undefined) continue
    problems.push(source.problem([end, 'listen'], `${config[end].listen}: ${why}`))
  }
  return problems
}
