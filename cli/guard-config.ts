/**
 * guard.yaml: read, held against its schema, and every file in it looked at, before a stage is started.
 */
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, resolve } from 'node:path'
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js'
import { parseHostPort } from '../guard/common/address.ts'
import { readCredentials } from '../guard/gcxp/index.ts'
import schema from '../guard/launcher/guard.schema.json' with { type: 'json' }
import type { GuardConfig } from '../guard/launcher/stages.ts'
import { BundleError, loadBundle } from '../rules/bundle/load.ts'
import { formatProblem, listed, type Problem } from '../rules/ruleset/problem.ts'
import { type Path, readYaml, type YamlSource } from '../rules/ruleset/yaml.ts'

/** Lines that say what, where and how to mend. */
export type ConfigProblems = Readonly<{ problems: readonly string[] }>

const validate = new Ajv2020({ allErrors: true, verbose: true, useDefaults: true }).compile<GuardConfig>(
  schema,
)

/**
 * Reads and checks `file` and all that it names; paths in the result are absolute. `now` in milliseconds since 1970. `before` is
 * called when the file itself is sound, before what it names is looked at.
 */
export async function loadGuardConfig(
  file: string,
  now: number,
  before: (config: GuardConfig) => void = () => {},
): Promise<GuardConfig | ConfigProblems> {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    const unreadable = `cannot be read (${code}): give the path of guard.yaml with --config`
    const why = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8: save it as such' : unreadable
    return { problems: [`${file}: ${why}`] }
  }
  const source = readYaml(file, text)
  if ('problems' in source) return { problems: source.problems.map(formatProblem) }
  const { value } = source
  if (!validate(value)) {
    return { problems: (validate.errors ?? []).map((error) => formatProblem(describe(error, source))) }
  }
  const config = absolute(value, dirname(resolve(file)))
  before(config)
  const problems = [...checkFiles(config, source, now), ...(await checkPorts(config, source))]
  return problems.length > 0 ? { problems: problems.map(formatProblem) } : config
}

function absolute(config: GuardConfig, folder: string): GuardConfig {
  const path = (name: string) => resolve(folder, name)
  const tls = (end: { certificate: string; key: string; ca: string }) => ({
    certificate: path(end.certificate),
    key: path(end.key),
    ca: path(end.ca),
  })
  return {
    ...config,
    bundle: { ...config.bundle, file: path(config.bundle.file) },
    intake: { ...config.intake, ...tls(config.intake) },
    release: { ...config.release, ...tls(config.release) },
    journal: { directory: path(config.journal.directory), key: path(config.journal.key) },
  }
}

function checkFiles(config: GuardConfig, source: YamlSource, now: number): Problem[] {
  const problems: Problem[] = []
  const wrong = (path: Path, message: string) => problems.push(source.problem(path, message))
  const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? 'unknown'

  try {
    loadBundle(readFileSync(config.bundle.file), config.bundle.digest)
  } catch (error) {
    if (error instanceof BundleError) wrong(['bundle'], error.message)
    else
      wrong(
        ['bundle', 'file'],
        `${config.bundle.file} cannot be read (${codeOf(error)}): give the compiled bundle`,
      )
  }
  for (const end of ['intake', 'release'] as const) {
    const credentials = readCredentials(config[end], now)
    if ('problem' in credentials) wrong([end], credentials.problem)
  }
  const { directory, key } = config.journal
  try {
    if (!statSync(directory).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    wrong(
      ['journal', 'directory'],
      `${directory} cannot be written (${codeOf(error)}): make the directory, for this user`,
    )
  }
  // Node's permission model denies a directory when another permitted path begins with its name.
  for (const path of [
    ['journal', 'key'],
    ['bundle', 'file'],
  ] as const) {
    const file = path[0] === 'bundle' ? config.bundle.file : key
    if (file.startsWith(directory) && !file.startsWith(`${directory}/`)) {
      wrong(
        path,
        `${file} begins with the name of the journal directory, which Node cannot tell apart: rename one`,
      )
    }
  }
  try {
    if (!/^[0-9a-f]{64}\n?$/.test(readFileSync(key, 'latin1'))) {
      wrong(
        ['journal', 'key'],
        `${key} is not 64 small hexadecimal digits: make one with "sallyport journal key FILE"`,
      )
    }
  } catch (error) {
    wrong(
      ['journal', 'key'],
      `${key} cannot be read (${codeOf(error)}): make one with "sallyport journal key FILE"`,
    )
  }
  return problems
}

/** Opens each port for a moment, so that a port in use stops the start and not the running guard. */
async function checkPorts(config: GuardConfig, source: YamlSource): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const end of ['intake', 'metrics'] as const) {
    const address = parseHostPort(config[end].listen)
    const code = address === undefined ? 'EINVAL' : await tryPort(address)
    if (code === undefined) continue
    const why =
      code === 'EADDRINUSE'
        ? 'the port is in use: stop the other program, or choose another port'
        : `cannot be opened (${code}): give an address of this host and a free port`
    problems.push(source.problem([end, 'listen'], `${config[end].listen}: ${why}`))
  }
  return problems
}

function tryPort(address: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    server.listen(address.port, address.host, () => server.close(() => resolve(undefined)))
  })
}

type Part = Readonly<{ title?: string; $ref?: string; properties?: Readonly<Record<string, Part>> }>

function describe(error: ErrorObject, source: YamlSource): Problem {
  const path = error.instancePath.split('/').slice(1)
  const part = error.parentSchema as Part
  if (error.keyword === 'required') {
    const key = String(error.params['missingProperty'])
    return source.problem(
      path,
      `"${key}" is missing in ${titleOf(part)}; add it: ${titleOf(part.properties?.[key])}`,
    )
  }
  if (error.keyword === 'additionalProperties') {
    const key = String(error.params['additionalProperty'])
    const known = listed(Object.keys(part.properties ?? {}))
    return source.problemOfKey([...path, key], `unknown key "${key}" in ${titleOf(part)}; known are ${known}`)
  }
  return source.problem(path, `this must be ${titleOf(part)}`)
}

function titleOf(part: Part | undefined): string {
  const referred = (schema.$defs as Readonly<Record<string, Part>>)[part?.$ref?.replace('#/$defs/', '') ?? '']
  return part?.title ?? referred?.title ?? 'what belongs here'
}
