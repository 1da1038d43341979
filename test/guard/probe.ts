/**
 * Tries from inside a stage's sandbox what a stage must not be able to do. Run under the flags of a stage by sandbox.test.ts;
 * writes one JSON object on stderr: for each attempt `denied (CODE)` or `POSSIBLE`.
 */
import { writeSync } from 'node:fs'

const [port = '', file = '', other = ''] = (process.env['PROBE'] ?? '').split('|')
const found: Record<string, string> = {}

/** Records what an attempt comes to; one that hangs counts as possible. */
async function attempt(name: string, act: () => unknown): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, 1500, 'late'))
  try {
    await Promise.race([act(), late])
    found[name] = 'POSSIBLE'
  } catch (error) {
    const { code, name: kind } = error as NodeJS.ErrnoException
    found[name] = `denied (${code ?? kind})`
  }
}

/** Settles with the first of these events; `error` rejects. */
function event(emitter: { once(name: string, then: (value: unknown) => void): unknown }, ...names: string[]) {
  return new Promise((resolve, reject) => {
    for (const name of names) emitter.once(name, resolve)
    emitter.once('error', reject)
  })
}

const load = (name: string) => import(`node:${name}`)

await attempt('net: connect', async () =>
  event((await load('net')).connect(Number(port), '127.0.0.1'), 'connect'),
)
await attempt('net: listen', async () => event((await load('net')).createServer().listen(0), 'listening'))
await attempt('net: Unix socket', async () =>
  event((await load('net')).createServer().listen(`${other}/socket`), 'listening'),
)
await attempt('dgram: bind', async () =>
  event((await load('dgram')).createSocket('udp4').bind(0), 'listening'),
)
await attempt('dgram: send', async () => {
  const socket = (await load('dgram')).createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.send('x', Number(port), '127.0.0.1', (error: Error | null) => (error ? reject(error) : resolve()))
  })
})
await attempt('tls: connect', async () =>
  event((await load('tls')).connect(Number(port), '127.0.0.1'), 'secureConnect'),
)
await attempt('fetch', () => fetch(`http://127.0.0.1:${port}/`))
await attempt('dns: lookup', async () => (await load('dns/promises')).lookup('localhost'))
await attempt('fs: write a file', async () => (await load('fs')).writeFileSync(`${other}/written`, 'x'))
await attempt('fs: append to the bundle', async () => (await load('fs')).appendFileSync(file, 'x'))
await attempt('fs: make a directory', async () => (await load('fs')).mkdirSync(`${other}/made`))
await attempt('fs: remove the bundle', async () => (await load('fs')).unlinkSync(file))
await attempt('fs: link the bundle', async () => (await load('fs')).symlinkSync(file, `${other}/link`))
await attempt('fs: read a key', async () => (await load('fs')).readFileSync(`${other}/guard.key`))
await attempt('fs: read another file', async () => (await load('fs')).readFileSync('/etc/passwd'))
await attempt('fs: read the memory', async () => (await load('fs')).readFileSync('/proc/self/maps'))
await attempt('fs: list a directory', async () => (await load('fs')).readdirSync(other))
await attempt('child process', async () => event((await load('child_process')).spawn('true'), 'exit'))
await attempt('child process, fork', async () =>
  event((await load('child_process')).fork(process.argv[1]!), 'exit'),
)
await attempt('worker', async () =>
  event(new (await load('worker_threads')).Worker('0', { eval: true }), 'exit'),
)
await attempt('addon', () => process.dlopen({ exports: {} }, '/nowhere.node'))
await attempt('ffi', async () => (await load('ffi')).dlopen('libc.so.6', {}))
await attempt('wasi', async () => new (await load('wasi')).WASI({ version: 'preview1' }))
await attempt('inspector', async () => (await load('inspector')).open(0))
await attempt('sqlite', async () => new (await load('sqlite')).DatabaseSync(`${other}/database`))
await attempt('eval', () => Reflect.get(globalThis, 'eval')('1'))
await attempt('new Function', () => Reflect.construct(Function, ['return 1'])())
await attempt('proto', () => Reflect.get({}, '__proto__'))
// What Node's flags leave open. The source test keeps the verifiers' code from using it.
await attempt('open: vm', async () => (await load('vm')).runInThisContext('1'))
await attempt('open: data: import', () => import(String('data:text/javascript,export default 1')))
await attempt('open: module hooks', async () => (await load('module')).registerHooks({}))
await attempt('open: process.kill', () => process.kill(process.pid, 0))
await attempt('open: WebAssembly', () =>
  Reflect.construct(Reflect.get(globalThis, 'WebAssembly').Module, [
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0),
  ]),
)

writeSync(2, `${JSON.stringify(found)}\n`)
process.exit(0)
