/** The launcher is killed: its stages end with it, so that whoever starts it again finds port and journal free. */
import { existsSync } from 'node:fs'
import t from 'tap'
import { until } from '../guard/harness.ts'
import { underLoad } from './endure.ts'

t.setTimeout(300_000)

t.test('the launcher is killed, and somebody starts it again', async (t) => {
  const direction = await underLoad(t)
  let stages: number[] = []
  const alive = () => stages.filter((one) => existsSync(`/proc/${one}`))
  t.teardown(() => {
    for (const one of alive()) process.kill(one, 'SIGKILL')
  })
  await direction.endure(t, {
    name: 'kill -9 of the launcher',
    health: /no answer/,
    async strike() {
      stages = Object.values(direction.guard().pids())
      direction.guard().process.kill('SIGKILL')
      await until(
        () => alive().length === 0,
        15_000,
        () => `${alive()} live on without their launcher`,
      )
      direction.startAgain()
    },
  })
})
