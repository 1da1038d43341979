/** The journal of a real guard, followed while stanzas cross and a stage is killed, to a collector and a witness at once. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readHeadFile } from '../../guard/journal/head-file.ts'
import { benign } from '../guard/bundle.ts'
import { freePorts, makeSite, receive, runGuard, sendTo, until } from '../guard/harness.ts'
import { collect } from './collector.ts'
import { makeFolder, makeSigningKey, start } from './site.ts'

t.setTimeout(110_000)

t.test('what a guard says of each stanza is at the collector and at the witness', async (t) => {
  const site = await makeSite()
  const folder = await makeFolder({
    guard: { dns: ['export.example'] },
    logs: { dns: ['logs.example'] },
    witness: { dns: ['witness.example'] },
  })
  const [logs, seen] = (await freePorts(2)) as [number, number]
  makeSigningKey(join(folder.path, 'sign.key'))
  const exported = folder.write('export.yaml', {
    guard: 'high-to-low',
    journal: site.journal,
    state: 'state',
    collector: { connect: `127.0.0.1:${logs}`, peer: 'logs.example', ...folder.tls('guard') },
    witness: { connect: `127.0.0.1:${seen}`, peer: 'witness.example', ...folder.tls('guard') },
  })
  const witnessed = folder.write('witness.yaml', {
    listen: `127.0.0.1:${seen}`,
    ...folder.tls('witness'),
    sign: 'sign.key',
    state: 'witness',
    guards: [{ name: 'high-to-low', peer: 'export.example' }],
  })
  const guard = runGuard(site)
  const far = receive(site)
  await guard.ready()
  const collector = await collect(folder, logs)
  const witness = start('witness', '--config', witnessed)
  const exporter = start('export', '--config', exported)
  const near = sendTo(site)
  t.teardown(async () => {
    near.producer.close()
    far.close()
    await Promise.all([guard.stop(), exporter.kill(), witness.kill(), collector.close()])
    site.remove()
    folder.remove()
  })
  for (let i = 1; i <= 300; i++) {
    await near.send(benign(`stanza ${i}`))
    if (i === 150) process.kill(guard.pids()['journal']!, 'SIGKILL')
  }
  await until(() => near.answers.size === 300, 60_000, guard.said)
  await guard.stop()
  const head = readHeadFile(site.journal)!
  const said = () => exporter.said() + witness.said()
  await until(
    () => collector.messages.some((one) => one.parameters.get('seq') === `${head.seq}`),
    20_000,
    said,
  )
  t.same(collector.faults, [])
  const numbers = new Set(
    collector.messages.filter(({ msgId }) => msgId === 'verdict').map((one) => one.parameters.get('number')),
  )
  t.equal(numbers.size, 300, 'a verdict of each number')
  const verdict = collector.messages.find(({ msgId }) => msgId === 'verdict')!
  t.match(
    [...verdict.parameters],
    [
      ['guard', 'high-to-low'],
      ['seq'],
      ['chain'],
      ['number', /^0\./],
      ['outcome', 'released'],
      ['class', 'passed'],
    ],
  )
  t.equal(verdict.priority, 13 * 8 + 6)
  t.notMatch(collector.messages.map(({ text }) => text).join(''), /stanza 1/, 'no body')
  const state = join(folder.path, 'witness', 'high-to-low.json')
  await until(() => readFileSync(state, 'utf8').includes(head.chain), 20_000, said)
  const verify = start('verify', site.journal, '--head', `${head.seq}:${head.chain}`)
  t.equal(await verify.exit, 0, verify.said())
  t.equal(await exporter.stop(), 0, exporter.said())
  t.equal(await witness.stop(), 0, witness.said())
})
