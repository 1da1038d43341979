/** The connections of a guard to both edges are reset in the middle of a frame, or stand still. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { runGuard, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { LONG, underLoad } from './endure.ts'

t.setTimeout(600_000)

const cli = compileProduct()
const direction = await underLoad(t, { start: (site) => runGuard(site, cli) })

for (const end of ['producer', 'consumer'] as const) {
  t.test(`the connection of the ${end} is reset in the middle of a frame`, async (t) => {
    const link = direction.links[end]
    await direction.endure(t, {
      name: `resets in mid-frame, ${end}`,
      async strike() {
        for (let i = 0; i < (LONG ? 200 : 5); i++) {
          const made = link.made()
          await link.cut()
          await until(() => link.made() > made, 10_000, direction.guard().said)
          await delay(Math.random() * 100)
        }
      },
    })
  })
}

t.test('both connections stand still, and nobody is told', async (t) => {
  const stands = /^the consumer does not answer: a stanza has waited for [0-9]+ s; look at the log$/
  const { producer, consumer } = direction.links
  const made = [producer.made(), consumer.made()]
  await direction.endure(t, {
    name: 'both connections stand still',
    health: stands,
    async strike() {
      consumer.hold()
      await direction.healthSays(stands)
      producer.hold()
      t.ok(await direction.standsStill(LONG ? 60_000 : 100), 'nothing moves')
      producer.letGo()
      consumer.letGo()
    },
  })
  t.same([producer.made(), consumer.made()], made, 'they were borne, not made anew')
})
