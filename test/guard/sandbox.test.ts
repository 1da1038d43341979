import { existsSync, globSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'
import type { StageName } from '../../guard/launcher/stages.ts'
import { makeSite } from './harness.ts'
import { configOf, startStage } from './stage.ts'

const ROOT = join(import.meta.dirname, '..', '..')

t.test('what a stage cannot do, tried from inside under its own flags', async (t) => {
  const site = await makeSite()
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const { port } = server.address() as { port: number }
  t.teardown(() => {
    server.close()
    site.remove()
  })
  const config = await configOf(site)
  const environment = { PROBE: [port, config.bundle.file, site.directory].join('|') }
  const network = [
    'net: connect',
    'net: listen',
    'tls: connect',
    'dgram: bind',
    'dgram: send',
    'fetch',
    'dns: lookup',
  ]
  const allowed: Partial<Record<StageName, readonly string[]>> = {
    intake: [...network, 'net: Unix socket', 'fs: read a key'],
    inspect: [],
    verify: [],
    journal: [],
  }
  for (const [stage, may] of Object.entries(allowed) as [StageName, readonly string[]][]) {
    const probe = startStage(stage, config, join(import.meta.dirname, 'fixtures', 'probe.ts'), environment)
    t.equal(await probe.exit, 0, probe.said().slice(0, 500))
    const found = JSON.parse(probe.said().trim().split('\n').at(-1)!) as Record<string, string>
    const possible = Object.keys(found).filter((name) => found[name] === 'POSSIBLE')
    t.ok(Object.keys(found).length > 30, `${stage}: ${Object.keys(found).length} things tried`)
    const closed = possible.filter((name) => !name.startsWith('open: '))
    t.same(
      closed.filter((name) => !may.includes(name)),
      [],
      `${stage}: nothing that it must not do is possible`,
    )
    if (stage === 'verify')
      for (const [name, result] of Object.entries(found)) t.comment(`${stage}: ${name}: ${result}`)
  }
  t.ok(existsSync(config.bundle.file))
})

/** What Node's flags leave open, and what makes a verdict depend on more than frame and bundle. */
const FORBIDDEN: readonly [RegExp, string][] = [
  [
    /['"`](?:node:)?(?:vm|module|repl|inspector|sqlite|wasi|ffi|worker_threads|child_process|cluster)(?:\/[a-z]+)?['"`]/,
    'a module that evaluates or starts code',
  ],
  [/['"`](?:node:)?(?:dgram|dns|tls|https?|http2)(?:\/[a-z]+)?['"`]/, 'a module for networks'],
  [/\bimport\s*\(/, 'an import at run time'],
  [/['"`]data:/, 'a data: address'],
  [/\brequire\b|\bgetBuiltinModule\b|\bcreateRequire\b/, 'another way to load a module'],
  [/\bprocess\s*\.\s*(?!exit\b|exitCode\b|argv\b|on\b|versions\b)/, 'more of process than it needs'],
  [/\beval\b|\bFunction\s*\(|\bWebAssembly\b/, 'code out of data'],
  [
    /(?<!\bnew )\bDate\b(?!\.(?:UTC|parse)\b)|\bnew Date\b(?!\(seconds \* 1000\))|\bperformance\b|\bsetTimeout\b|\bsetInterval\b|\bhrtime\b/,
    'a clock',
  ],
  [/\brandom|\bcrypto\s*\.\s*getRandom/i, 'randomness'],
  [/\bfetch\s*\(|\bWebSocket\b/, 'a network client'],
]

/** Source without comments and, for the rules that look at code, without the text of strings. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
}

function findForbidden(source: string): string[] {
  const code = withoutComments(source)
  const bare = code
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/`(?:[^`\\$]|\\.)*`/g, '``')
  return FORBIDDEN.filter(([pattern], i) => pattern.test([0, 1, 3].includes(i) ? code : bare)).map(
    ([, what]) => what,
  )
}

/** The files of our own that `file` loads, itself included. */
function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const code = withoutComments(readFileSync(file, 'utf8'))
  for (const [, types, from] of code.matchAll(
    /\b(?:import|export)\s+(type\s)?[^'"]*?from\s+['"](\.[^'"]+)['"]|\bimport\s+['"](\.[^'"]+)['"]/g,
  )) {
    if (from !== undefined && types === undefined && from.endsWith('.ts'))
      reachable(resolve(dirname(file), from), seen)
  }
  return seen
}

t.test('the code of the verifiers does nothing that the flags leave open', (t) => {
  const files = [...globSync('guard/{inspect,verify}/**/*.ts', { cwd: ROOT })].map((file) => join(ROOT, file))
  const all = new Set(files.flatMap((file) => [...reachable(file)]))
  t.ok(
    [...all].some((file) => file.includes('/rules/decide/')),
    'the rules that inspect uses are looked at',
  )
  t.ok(all.size > 30, `${all.size} files`)
  const excused: Record<string, readonly string[]> = {
    // Diagnostics tell the time of a fault; no verdict comes out of that file.
    'guard/common/report.ts': ['a clock'],
    // Texts are searched for links; neither file imports anything but by a name that stands in it.
    'guard/verify/narrow.ts': ['a data: address'],
    'rules/text/narrow.ts': ['a data: address'],
  }
  for (const file of all) {
    const name = relative(ROOT, file)
    const found = findForbidden(readFileSync(file, 'utf8')).filter(
      (what) => !(excused[name] ?? []).includes(what),
    )
    t.same(found, [], name)
  }
  t.end()
})

t.test('the look at the code finds what is planted', (t) => {
  const planted: [string, string][] = [
    [`import { runInThisContext } from 'node:vm'`, 'a module that evaluates or starts code'],
    [`import { registerHooks } from 'module'`, 'a module that evaluates or starts code'],
    [`export * from "node:child_process"`, 'a module that evaluates or starts code'],
    [`import dns from 'node:dns/promises'`, 'a module for networks'],
    [`await import('./other.ts')`, 'an import at run time'],
    ['const a = `data:text/javascript,x`', 'a data: address'],
    [`process.getBuiltinModule('vm')`, 'another way to load a module'],
    ['process.kill(1, 9)', 'more of process than it needs'],
    ['const { kill } = process\nprocess . kill(1)', 'more of process than it needs'],
    ['(0, eval)(text)', 'code out of data'],
    [`new Function('return 1')`, 'code out of data'],
    ['WebAssembly.compile(x)', 'code out of data'],
    ['const now = Date.now()', 'a clock'],
    ['const now = new Date()', 'a clock'],
    ['const now = Date()', 'a clock'],
    ['Math.random()', 'randomness'],
    [`import { randomBytes } from 'node:crypto'`, 'randomness'],
    ['fetch(url)', 'a network client'],
  ]
  for (const [code, what] of planted) t.ok(findForbidden(code).includes(what), code)
  t.same(findForbidden(`/** eval, Date, vm */ // process.kill\nconst x = 'a fetch( of eval'`), [])
  t.end()
})
