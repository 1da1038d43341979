/** What an attacker with a signal, a fault or much memory gets of a guard that runs: nothing; and that each flag of Node does what it is for. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { codeTree, nodeFlags } from '../../guard/launcher/flags.ts'
import { STAGES } from '../../guard/launcher/stages.ts'
import { processFacts } from '../support/processes.ts'
import { makeSite, runGuard, until } from './harness.ts'
import { configOf } from './stage.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const { NODE_OPTIONS: _, ...env } = process.env

/** The TCP ports on which a process listens, from its own descriptors. */
function listening(pid: number): string[] {
  const sockets = new Set(
    processFacts(pid).descriptors.map(({ target }) => /^socket:\[([0-9]+)\]$/.exec(target)?.[1]),
  )
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'latin1')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words[3] === '0A' && sockets.has(words[9]))
      .map((words) => words[1]!),
  )
}

t.test('no debugger, no core dump and no heap snapshot by signal', async (t) => {
  const program = `setInterval(() => {}, 1000); console.log('up')`
  const bare = spawn(process.execPath, ['--inspect-port=0', '-e', program], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  await once(bare.stdout, 'data')
  bare.kill('SIGUSR1')
  await until(() => listening(bare.pid!).length > 0, 20_000)
  t.pass('a Node without flags opens a debugger: it would be seen')
  bare.kill('SIGKILL')

  const site = await makeSite()
  const guard = runGuard(site)
  t.teardown(async () => {
    await guard.stop()
    site.remove()
  })
  await until(() => guard.said().includes('listens on'), 30_000, guard.said)
  const pids = guard.pids()
  const all = Object.entries({ ...pids, launcher: guard.process.pid! })
  t.equal(all.length, 7)
  for (const [name, pid] of all) {
    const before = listening(pid)
    process.kill(pid, 'SIGUSR1')
    await delay(200)
    t.same(listening(pid), before, `${name}: no port by SIGUSR1`)
    t.match(
      readFileSync(`/proc/${pid}/limits`, 'latin1'),
      /^Max core file size +0 +0 /m,
      `${name}: no core dump`,
    )
  }
  t.same(guard.pids(), pids, 'all go on')

  const left = () =>
    [...readdirSync('/'), ...readdirSync(site.directory), ...readdirSync(ROOT)].filter((name) =>
      /core|heapsnapshot|report/.test(name),
    )
  const before = left()
  for (const [stage, signal] of [
    ['verify', 'SIGUSR2'],
    ['inspect', 'SIGQUIT'],
    ['release', 'SIGABRT'],
    ['intake', 'SIGSEGV'],
  ] as const) {
    const now = guard.pids()
    process.kill(now[stage]!, signal)
    await until(() => guard.pids()[stage] !== now[stage], 20_000, guard.said)
    t.match(guard.said(), `${stage} was ended by ${signal}`)
    t.same(left(), before, `${stage}: ${signal} leaves no file`)
  }
})

/** Runs code with or without a flag: what it prints, and how it ends. */
function run(flags: readonly string[], code: string, more: Record<string, string> = {}): string {
  const { stdout, stderr, status, signal } = spawnSync(process.execPath, [...flags, '-e', code], {
    env: { ...env, ...more },
    encoding: 'utf8',
    timeout: 60_000,
  })
  return `${stdout.trim()}${/Warning/.test(stderr) ? ' warned' : ''} ${status ?? signal}`.trim()
}

const caught = (code: string) =>
  `try { ${code}; console.log('possible') } catch (e) { console.log(e.code ?? e.name) }`
const packages = mkdtempSync(join(tmpdir(), 'sallyport-packages-'))
t.teardown(() => rmSync(packages, { recursive: true }))
mkdirSync(join(packages, 'stray'))
writeFileSync(join(packages, 'stray', 'index.js'), '')

/** Of each flag a piece of code, what it comes to without the flag, and what with it. */
const EFFECTS: Readonly<Record<string, readonly [string, string, string]>> = {
  '--permission': [caught(`require('fs').readFileSync('/etc/passwd')`), 'possible 0', 'ERR_ACCESS_DENIED 0'],
  '--no-addons': [
    caught(`process.dlopen({ exports: {} }, '/nowhere')`),
    'ERR_DLOPEN_FAILED 0',
    'ERR_DLOPEN_DISABLED 0',
  ],
  '--no-experimental-sqlite': [
    caught(`require('node:sqlite')`),
    'possible 0',
    'ERR_UNKNOWN_BUILTIN_MODULE 0',
  ],
  '--no-experimental-ffi': [
    caught(`require('node:ffi')`),
    'possible warned 0',
    'ERR_UNKNOWN_BUILTIN_MODULE 0',
  ],
  '--no-experimental-websocket': ['console.log(typeof WebSocket)', 'function 0', 'undefined 0'],
  '--disallow-code-generation-from-strings': [caught(`eval('1')`), 'possible 0', 'EvalError 0'],
  '--disable-proto=throw': [caught('({}).__proto__'), 'possible 0', 'ERR_PROTO_ACCESS 0'],
  '--unhandled-rejections=strict': [
    `process.on('unhandledRejection', () => console.log('let by')); Promise.reject(1)`,
    'let by 0',
    '1',
  ],
  '--disable-warning=ExperimentalWarning': [
    `process.emitWarning('x', 'ExperimentalWarning')`,
    'warned 0',
    '0',
  ],
  '--no-global-search-paths': [caught(`require('stray')`), 'possible 0', 'MODULE_NOT_FOUND 0'],
  '--disable-wasm-trap-handler': [
    `const [, set] = /SigCgt:\\s+(\\w+)/.exec(require('fs').readFileSync('/proc/self/status', 'latin1')); console.log((BigInt('0x' + set) >> 10n) & 1n)`,
    '1n 0',
    '0n 0',
  ],
  '--max-old-space-size=64': [
    `const kept = []; for (let i = 0; i < 200; i++) kept.push(new Array(100_000).fill(0.5)); console.log('fits')`,
    'fits 0',
    'SIGABRT',
  ],
  '--jitless': ['console.log(typeof WebAssembly)', 'object 0', 'undefined 0'],
}

t.test('each flag of the stages has its effect, and its reason beside it', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = { ...(await configOf(site)), jit: false }
  const flags = nodeFlags('metrics', config, codeTree(true)).filter((flag) => !flag.startsWith('--allow-'))
  for (const flag of flags) {
    // Tried on the processes above.
    if (flag === '--disable-sigusr1') continue
    const [code, without, within] = EFFECTS[flag] ?? ['', 'is listed', `in the table of effects: ${flag}`]
    t.equal(run([], code, { NODE_PATH: packages }), without, `without ${flag}`)
    t.equal(run([flag], code, { NODE_PATH: packages }), within, flag)
  }
  const lines = readFileSync(join(ROOT, 'guard/launcher/flags.ts'), 'utf8').split('\n')
  const start = lines.findIndex((line) => line.startsWith('const COMMON'))
  const common = lines.slice(start + 1, lines.indexOf('] as const', start))
  for (const [i, line] of common.entries()) {
    if (/^ {2}'--/.test(line)) t.match(common[i - 1], /^ {2}\/\/ \S/, `a reason for ${line.trim()}`)
  }
  for (const stage of STAGES) {
    const own = nodeFlags(stage, config, codeTree(true))
    t.ok(own.includes('--jitless') && own.some((flag) => flag.startsWith('--max-old-space-size=')), stage)
  }
})

t.test('units and start files: no core dump, bounded memory', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = { ...(await configOf(site)), jit: false }
  for (const stage of STAGES) {
    const unit = readFileSync(join(ROOT, 'systemd', `sallyport-${stage}@.service`), 'utf8')
    for (const line of [
      /^LimitCORE=0$/m,
      /^MemoryMax=[0-9]+M$/m,
      /^MemorySwapMax=0$/m,
      /^OOMPolicy=stop$/m,
      /^MemoryDenyWriteExecute=yes$/m,
    ])
      t.match(unit, line, `${stage}: ${line.source}`)
    const heap = Number(
      nodeFlags(stage, config, codeTree(true))
        .join(' ')
        .match(/max-old-space-size=([0-9]+)/)![1],
    )
    t.ok(
      Number(/^MemoryMax=([0-9]+)M$/m.exec(unit)![1]) >= 2 * heap,
      `${stage}: the heap's limit comes first`,
    )
  }
  const out = execFileSync('sh', ['-c', 'ulimit -c unlimited; ulimit -c 0; cat /proc/self/limits'], {
    encoding: 'utf8',
  })
  t.match(out, /^Max core file size +0 +0 /m, 'what the start files say')
})
