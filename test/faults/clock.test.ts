/** The clock of a guard's host is stepped while it runs: a second, a day, beyond its certificates, and back. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { segmentName } from '../../guard/journal/files.ts'
import { makeSite, runGuard } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { ENDED, underLoad } from './endure.ts'
import { noClock, ownClock } from './through.ts'

t.setTimeout(300_000)

const DAY = 86_400
/** Of certificates that are valid from an hour ago for 30 days (test/pki). */
const EARLY = /^release is not connected to its consumer: .*is not valid (before|yet)/

t.test('clock steps', { skip: noClock ?? false }, async (t) => {
  const cli = compileProduct()
  const site = await makeSite()
  const clock = ownClock(site)
  const direction = await underLoad(t, {
    site,
    start: (site) => runGuard(site, cli, clock.command),
    atEnd: () => clock.clean(said()),
  })
  const kill = (stage: string) => process.kill(direction.guard().pids()[stage]!, 'SIGKILL')
  const said = () => direction.guard().said()

  await direction.endure(t, {
    name: 'the clock shows one second twice, then leaves one out',
    async strike() {
      for (const seconds of [-1, 0, 1, 0]) {
        clock.step(seconds)
        await direction.flows()
      }
    },
  })
  await direction.endure(t, {
    name: 'the clock is a day ahead, a stage ends, then it is right again',
    async strike() {
      clock.step(DAY)
      await direction.flows()
      kill('verify')
      await direction.flows()
      clock.step(0)
    },
  })
  const times = readFileSync(join(site.journal, segmentName(1)), 'latin1')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line).time)
    .filter((time) => time !== undefined)
    .map((time) => Date.parse(time) - Date.now())
  const most = Math.max(...times) / 1000
  t.ok(most > DAY - 600 && times.at(-1)! < 0, 'the journal has the time that the host had')

  await direction.endure(t, {
    name: 'the clock is a day behind, before its certificates, then right again',
    health: ENDED,
    async strike() {
      clock.step(-DAY)
      await direction.healthSays(EARLY)
      kill('inspect')
      await direction.healthSays(ENDED)
      t.match(said(), /is not valid before/)
      t.ok(await direction.standsStill(500), 'nothing moves')
      clock.step(0)
    },
  })
  await direction.endure(t, {
    name: 'certificates expire in mid-stream, then the clock is right again',
    health: ENDED,
    async strike() {
      clock.step(31 * DAY)
      await direction.healthSays(ENDED)
      t.match(said(), /guard\.pem: expired on /)
      t.ok(await direction.standsStill(500), 'nothing moves')
      clock.step(0)
    },
  })
})
