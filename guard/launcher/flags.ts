/**
 * The flags with which Node runs a stage: here and nowhere else, each with its reason.
 *
 * Node's permission model is a seat belt; the belt that counts is one user per stage and the units in systemd/. What the
 * flags do not take away (`vm`, `data:` imports, `module` hooks, `process.kill`) is kept out of the verifiers by a test.
 */
import { dirname, join } from 'node:path'
import { gateFile } from '../common/gate.ts'
import { contentKey, type GuardConfig, type StageName } from './stages.ts'

/** Where the code of the stages is: `root` with `guard/` and `rules/` below it, packages in `modules`. */
export type CodeTree = Readonly<{
  root: string
  extension: '.ts' | '.js'
  modules: string
  packageFile: string
}>

/** The tree that this file is part of; without code generation the compiled one, which needs no type stripping. */
export function codeTree(jit: boolean): CodeTree {
  const here = join(import.meta.dirname, '..', '..')
  const compiled = import.meta.filename.endsWith('.js')
  const top = compiled ? dirname(here) : here
  const places = { modules: join(top, 'node_modules'), packageFile: join(top, 'package.json') }
  if (compiled || jit) return { root: here, extension: compiled ? '.js' : '.ts', ...places }
  return { root: join(here, 'dist'), extension: '.js', ...places }
}

/** Flags of every stage. */
const COMMON = [
  // No file, socket, child process, worker, addon or WASI but what is allowed below.
  '--permission',
  // Native code would be outside the permission model.
  '--no-addons',
  // node:sqlite opens and writes any file, past the permission model.
  '--no-experimental-sqlite',
  // Calling native libraries is native code too.
  '--no-experimental-ffi',
  // Networks clients that nobody calls.
  '--no-experimental-websocket',
  // No code out of text.
  '--disallow-code-generation-from-strings',
  // A text that names a property must not reach a prototype.
  '--disable-proto=throw',
  // SIGUSR1 must not open a debugger.
  '--disable-sigusr1',
  // What nobody awaits is a fault, and a fault ends the stage.
  '--unhandled-rejections=strict',
  // Said at every start; the experimental parts in use are those above, and chosen.
  '--disable-warning=ExperimentalWarning',
  // A package is found where it is installed or not at all.
  '--no-global-search-paths',
  // A fault in memory ends the stage at once; no handler runs on it.
  '--disable-wasm-trap-handler',
] as const
// Not among them: --frozen-intrinsics. All stages run with it, but it is experimental, costs `inspect` a tenth of its speed without
// code generation and half of it with, and each stage 9 MB; and what it hinders must already run as code of the stage.

/** Megabytes of heap: what a stage needs at its bounds (window, held octets), several times over. */
const HEAP: Readonly<Record<StageName, number>> = {
  intake: 128,
  inspect: 128,
  verify: 128,
  release: 192,
  journal: 128,
  metrics: 64,
}

/** npm packages that a stage loads. */
const PACKAGES: Readonly<Record<StageName, readonly string[]>> = {
  intake: [],
  inspect: ['saxes', 'xmlchars'],
  verify: [],
  release: [],
  journal: [],
  metrics: ['prom-client', 'tdigest', 'bintrees', '@opentelemetry'],
}

/** Folders of code that a stage reads beside its own. */
const FOLDERS: Readonly<Record<StageName, readonly string[]>> = {
  intake: ['guard/common', 'guard/gcxp', 'rules'],
  inspect: ['guard/common', 'guard/gcxp', 'rules'],
  verify: [],
  release: ['guard/common', 'guard/gcxp', 'rules'],
  journal: ['guard/common', 'guard/gcxp', 'guard/log', 'rules'],
  metrics: ['guard/common', 'guard/gcxp', 'rules'],
}

/** The file that Node runs as this stage. */
export function stageFile(stage: StageName, code: CodeTree): string {
  return join(code.root, 'guard', stage, `main${code.extension}`)
}

/** All flags of a stage, in front of its file. */
export function nodeFlags(stage: StageName, config: GuardConfig, code: CodeTree): string[] {
  const read = [
    code.packageFile,
    join(code.root, 'guard', stage),
    ...FOLDERS[stage].map((folder) => join(code.root, folder)),
    ...PACKAGES[stage].map((name) => join(code.modules, name)),
    ...dataFiles(stage, config),
  ]
  return [
    ...COMMON,
    `--max-old-space-size=${HEAP[stage]}`,
    // No memory is both written and run: MemoryDenyWriteExecute can hold, and a corrupted heap is no code.
    ...(config.jit ? [] : ['--jitless']),
    ...read.map((path) => `--allow-fs-read=${path}`),
    ...(stage === 'journal' ? [`--allow-fs-write=${config.journal.directory}`] : []),
    ...(stage === 'intake' || stage === 'release' || stage === 'metrics' ? ['--allow-net'] : []),
  ]
}

/**
 * No core dump holds what a process has in memory: the limit, which children inherit, is set for a process that runs already, and
 * by the start files of units.
 */
export const NO_CORE = ['/usr/bin/prlimit', '--core=0:0', '--pid'] as const
export const NO_CORE_IN_SHELL = 'ulimit -c 0'

/**
 * A stage ends with its launcher, however that ends: stages that nobody keeps together would go on without anyone to start them again
 * (PR_SET_PDEATHSIG of prctl(2), which holds through exec).
 */
export const WITH_LAUNCHER = ['/usr/bin/setpriv', '--pdeathsig', 'KILL'] as const

/** The exit code of a journal whose directory another one has. */
export const LOCKED = 75

/**
 * What a stage is started through: journal holds a lock on its directory as long as its process lives, for two that write into one
 * would break each other's chain. Node itself cannot lock; flock(1) becomes the stage once it has the lock.
 */
export function stageLock(stage: StageName, config: GuardConfig): string[] {
  if (stage !== 'journal') return []
  const options = ['--no-fork', '--nonblock', '--conflict-exit-code', `${LOCKED}`]
  return ['/usr/bin/flock', ...options, config.journal.directory]
}

/** Files that a stage reads and that are not code. */
function dataFiles(stage: StageName, config: GuardConfig): string[] {
  switch (stage) {
    case 'intake':
    case 'release': {
      const { certificate, key, ca } = config[stage]
      const { file, signers, signatures = [] } = config.bundle
      const approval = signers === undefined || stage === 'intake' ? [] : [signers, ...signatures]
      const gate = stage === 'release' ? [gateFile(config.gate)] : []
      const sealing = stage === 'intake' ? [contentKey(config)].filter((one) => one !== undefined) : []
      return [file, certificate, key, ca, ...gate, ...approval, ...sealing]
    }
    case 'journal': {
      const { directory, key, 'signing-key': signing } = config.journal
      return [config.bundle.file, key, directory, ...(signing === undefined ? [] : [signing])]
    }
    case 'metrics':
      return []
    default:
      return [config.bundle.file]
  }
}
