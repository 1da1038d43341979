/** Who an export speaks to and who not, and its configuration. */
import { copyFileSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../guard/harness.ts'
import { collect } from './collector.ts'
import { ENDS, has, run, scene, sound } from './scene.ts'
import { makeFolder, start, verdicts } from './site.ts'

t.setTimeout(110_000)

t.test('who is at the other end, and who is not', async (t) => {
  const here = await scene(t, { again: 5 })
  await here.journal.put(...verdicts(3))
  const stranger = await collect(here.folder, here.port, { end: 'stranger' })
  const running = run(t, here)
  await until(
    () => running.said().includes('is for other.high.example, not for logs.high.example'),
    20_000,
    running.said,
  )
  t.equal(stranger.messages.length, 0, 'a stranger gets nothing')
  const health = await (await fetch(`http://127.0.0.1:${here.page}/healthz`)).text()
  t.match(health, /^collector: .*not for logs\.high\.example/)
  await stranger.close()
  // A collector that does not know us: it ends the connection after we have written.
  const other = await makeFolder(ENDS)
  t.teardown(other.remove)
  copyFileSync(join(here.folder.path, 'logs.pem'), join(other.path, 'logs.pem'))
  copyFileSync(join(here.folder.path, 'logs.key'), join(other.path, 'logs.key'))
  const distrustful = await collect(other, here.port)
  await here.journal.put(...verdicts(30, 4))
  await until(
    () => /the peer broke the connection|TLS failed|closed the connection/.test(running.said()),
    20_000,
    running.said,
  )
  await new Promise((resolve) => setTimeout(resolve, 3000))
  await distrustful.close()
  const collector = await collect(here.folder, here.port)
  t.teardown(collector.close)
  await until(() => has(collector.messages, here.journal.head().seq), 40_000, running.said)
  sound(t, collector, here.journal)
  const figures = await (await fetch(`http://127.0.0.1:${here.page}/metrics`)).text()
  t.match(figures, /^sallyport_export_connected\{destination="collector"\} 1$/m)
  t.match(figures, new RegExp(`^sallyport_export_journal_record ${here.journal.head().seq}$`, 'm'))
  t.match(await (await fetch(`http://127.0.0.1:${here.page}/healthz`)).text(), /^ready$/m)
  t.equal(await running.stop(), 0)
})

t.test('the configuration', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(1))
  const good = JSON.parse(readFileSync(here.config, 'utf8'))
  const check = async (config: object) => {
    const file = here.folder.write('changed.yaml', config)
    const running = start('export', 'check', '--config', file)
    return { status: await running.exit, said: running.said() }
  }
  t.match(await check(good), { status: 0, said: /the journal of the guard high-to-low can be exported/ })
  const cases: [object, RegExp][] = [
    [
      { ...good, colector: {} },
      /:\d+:\d+: unknown key "colector" in the export of one guard's journal; known are/,
    ],
    [{ ...good, collector: undefined }, /names no destination: add collector, witness, or both/],
    [{ ...good, collector: { ...good.collector, again: 0 } }, /0 is not how many records are sent once more/],
    [
      { ...good, collector: { ...good.collector, enterprise: 'x' } },
      /"x" is not the private enterprise number/,
    ],
    [
      { ...good, collector: { ...good.collector, connect: '127.0.0.1:99999' } },
      /127\.0\.0\.1:99999 is not HOST:PORT/,
    ],
    [{ ...good, collector: { ...good.collector, key: 'logs.key' } }, /key .*logs\.key: is not the key of/],
    [
      { ...good, journal: 'nowhere' },
      /nowhere cannot be read \(ENOENT\): give journal\.directory of guard\.yaml/,
    ],
    [{ ...good, state: 'export.yaml/x' }, /cannot be written \(ENOTDIR\)/],
  ]
  for (const [config, line] of cases) t.match(await check(config), { status: 1, said: line })
  const usage = start('export')
  t.equal(await usage.exit, 2)
  t.match(usage.said(), /--config FILE is missing/)
})

t.test('a port that speaks no TLS, and one where nobody is', async (t) => {
  const here = await scene(t)
  await here.journal.put(...verdicts(3))
  const running = run(t, here)
  await until(() => running.said().includes('nobody listens there'), 20_000, running.said)
  t.equal(running.said().split('nobody listens there').length, 2, 'said once')
  t.equal(await running.stop(), 0)
  await new Promise<void>((resolve) => {
    const socket = connect(here.page, '127.0.0.1')
    socket.on('error', () => resolve())
    socket.on('connect', () => t.fail('the page is still there') ?? resolve())
  })
})
