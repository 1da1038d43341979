/** What becomes of a guard whose bundle is altered, or expires, while it runs. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { bundleOctets } from '../../rules/bundle/load.ts'
import { benign, testBundle } from '../guard/bundle.ts'
import { guardCommand } from '../guard/command.ts'
import { health, makeSite, receive, runGuard, sendTo, until } from '../guard/harness.ts'
import { install, journalRecords } from '../guard/install.ts'

t.setTimeout(200_000)

t.test(
  'a bundle that is altered while it runs: the stages keep theirs, and none starts with the other',
  async (t) => {
    const site = await makeSite()
    const far = receive(site)
    const guard = runGuard(site)
    const near = sendTo(site)
    t.teardown(async () => {
      near.producer.close()
      far.close()
      await guard.stop()
      site.remove()
    })
    await guard.ready()
    const file = join(site.directory, 'bundle.json')
    const octets = readFileSync(file)
    writeFileSync(file, bundleOctets({ ...testBundle(), forms: [] }))
    await near.send(benign('one'))
    await until(() => near.answers.get('0.1') === true, 20_000, guard.said)
    t.match(await guardCommand('reload', '--config', site.config), {
      code: 1,
      err: /use the bundle that was approved/,
    })
    process.kill(guard.pids()['verify']!, 'SIGKILL')
    await until(
      () => /"message":"[^"]*bundle\.json: the bundle has the digest/.test(guard.said()),
      20_000,
      guard.said,
    )
    await near.send(benign('two'))
    await delay(500)
    t.equal((await health(site)).status === 200, false, 'nothing moves')
    t.same([...far.payloads.keys()], ['0.1'])
    writeFileSync(file, octets)
    await until(() => near.answers.get('0.2') === true, 30_000, guard.said)
    t.pass('with the approved one it goes on by itself')
  },
)

t.test('a bundle that expires while it runs: nothing moves until its successor is there', async (t) => {
  const site = await makeSite()
  const soon = Math.floor(Date.now() / 1000) + 12
  const first = install(site, 'first', { ...testBundle(), validity: { notAfter: soon } }, true)
  const far = receive(site)
  const guard = runGuard(site)
  const near = sendTo(site)
  t.teardown(async () => {
    near.producer.close()
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  await near.send(benign('one'))
  await until(() => near.answers.get('0.1') === true, 20_000, guard.said)
  await until(() => guard.said().includes('the bundle has expired'), 30_000, guard.said)
  await until(async () => (await health(site)).status === 503, 20_000, guard.said)
  await near.send(benign('two'))
  await delay(1500)
  t.same([...far.payloads.keys()], ['0.1'], 'nothing moves')
  t.match(await guardCommand('check', '--config', site.config), { code: 1, err: /has expired/ })
  const second = install(site, 'second', { ...testBundle(), version: 2, validity: { replaces: first } }, true)
  t.match(await guardCommand('reload', '--config', site.config), {
    code: 0,
    out: `high-to-low: runs with the bundle ${second}\n`,
  })
  await until(() => near.answers.get('0.2') === true, 20_000, guard.said)
  t.same([...far.payloads.keys()], ['0.1', '0.2'], 'what waited crosses')
  t.match(journalRecords(site, 'bundle'), [{ bundle: first }, { bundle: second }])
})
