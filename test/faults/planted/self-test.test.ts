/** A verifier with a planted fault under a guard with its self-test: the port stays closed, one line says why, nothing is connected. */
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { health, makeSite, receive, runGuard, until } from '../../guard/harness.ts'
import { type Fault, plant, ROOT } from './fault.ts'
import { inspectFaults } from './inspect-faults.ts'
import { verifyFaults } from './verify-faults.ts'

t.setTimeout(110_000)

const chosen = (faults: readonly Fault[], id: string) => faults.find((fault) => fault.id === id)!
const planted: [string, Fault, RegExp][] = [
  [
    'inspect',
    chosen(inspectFaults, 'utf8-repaired'),
    /self-test: case [0-9]+ of [0-9]+, \\".* in a text\\", must be refused; inspect accepted it, verify refused it \(not-utf8\): nothing moves; report it/,
  ],
  [
    'verify',
    chosen(verifyFaults, 'domain-by-suffix'),
    /self-test: .* must be refused; inspect refused it \(bad-from\), verify accepted it: nothing moves; report it/,
  ],
]

for (const [side, fault, line] of planted) {
  t.test(`${side} ${fault.does}`, async (t) => {
    const site = await makeSite()
    const tree = join(site.directory, 'tree')
    plant(fault, tree, true)
    cpSync(join(ROOT, 'cli'), join(tree, 'cli'), { recursive: true })
    mkdirSync(join(tree, 'node_modules'), { recursive: true })
    for (const name of ['ajv', 'yaml'])
      symlinkSync(join(ROOT, 'node_modules', name), join(tree, 'node_modules', name))
    const far = receive(site)
    const guard = runGuard(site, join(tree, 'cli', 'sallyport.ts'))
    t.teardown(async () => {
      await guard.stop()
      far.close()
      site.remove()
    })
    let connections = 0
    await until(
      async () => {
        await delay(50)
        await new Promise<void>((resolve) => {
          const socket = connect(site.port.intake, '127.0.0.1')
          socket.on('connect', () => connections++)
          socket.on('error', () => {})
          socket.on('close', () => resolve())
          socket.on('connect', () => socket.destroy())
        })
        t.not((await health(site)).status, 200, 'it is not ready')
        return guard.said().split('"self-test: ').length > 3
      },
      60_000,
      guard.said,
    )
    t.match(guard.said(), line)
    t.equal(connections, 0, 'the port was never open')
    t.notMatch(guard.said(), /is connected to|listens on/)
    t.same(far.order, [])
    rmSync(tree, { recursive: true })
  })
}
