/** The form in which a guard is installed: compiled, without just-in-time compilation, so that no memory is written and run. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { STAGES } from '../../guard/launcher/stages.ts'
import { compileProduct } from '../support/compile.ts'
import { describeProcess, processFacts } from '../support/processes.ts'
import { benign, released, unlabelled } from './bundle.ts'
import { makeSite, receive, runGuard, sendTo, until } from './harness.ts'

const ROOT = join(import.meta.dirname, '..', '..')

t.setTimeout(110_000)

t.test('a compiled guard generates no code unless told to', async (t) => {
  const cli = compileProduct()
  const site = await makeSite()
  writeFileSync(site.config, readFileSync(site.config, 'utf8').replace('jit: true\n', ''))
  const far = receive(site)
  const guard = runGuard(site, cli)
  t.teardown(async () => {
    far.close()
    await guard.stop()
    site.remove()
  })
  await guard.ready()
  for (const stage of STAGES) {
    const facts = processFacts(guard.pids()[stage]!)
    if (stage === 'verify') t.comment(describeProcess(stage, facts))
    t.ok(facts.flags.includes('--jitless'), `${stage}: --jitless`)
    t.equal(facts.program, join(ROOT, 'dist', 'guard', stage, 'main.js'))
    const maps = readFileSync(`/proc/${facts.pid}/maps`, 'latin1').split('\n')
    t.same(
      maps.filter((line) => / rwx/.test(line)),
      [],
      `${stage}: no memory is writable and executable`,
    )
  }
  const near = sendTo(site)
  await near.send(benign('one'))
  await near.send(unlabelled('two'))
  const began = performance.now()
  const count = 2000
  for (let i = 0; i < count; i++) await near.send(benign(`n${i}`))
  await until(() => near.answers.size === count + 2, 60_000, guard.said)
  t.comment(
    `${Math.round(count / ((performance.now() - began) / 1000))} stanzas/s, other tests running beside it`,
  )
  t.equal(far.payloads.get('0.1'), released('one'))
  t.equal(near.answers.get('0.2'), false)
  t.equal(far.payloads.size, count + 1)
  near.producer.close()
})
