/** Someone with a large roster comes and goes: the server asks after each contact and tells each, and others do not wait for it. */
import type { Test } from 'tap'
import { login } from './account.ts'
import { CONTACTS } from './servers.ts'
import { type Bundles, has, message, type Users, usual } from './stanzas.ts'

/** @param arrived how many stanzas the far edge has delivered so far */
export async function largeRoster(
  t: Test,
  ca: string,
  arrived: () => number,
  { alice, bob }: Users,
  bundles: Bundles,
): Promise<void> {
  const { out } = usual(bundles)
  const ruth = await login('high', 'ruth', ca)
  t.teardown(() => ruth.close())
  ruth.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
  await ruth.expect('the roster', has('id="roster"', `c${CONTACTS - 1}@low.example`))
  for (const [presence, each] of [
    // To each contact one probe and one presence; then that it is gone.
    ['<presence/>', 2],
    ["<presence type='unavailable'/>", 1],
  ] as const) {
    const [before, begun] = [arrived(), Date.now()]
    ruth.send(presence)
    alice.send(message(bob.address, 'chat', `ruth-${each}`, `beside a large roster ${each}`, out))
    await bob.expect('a message beside it', has(`beside a large roster ${each}`))
    const besideMs = Date.now() - begun
    const wanted = each * CONTACTS
    let count = 0
    for (let i = 0; i < 240 && count < wanted; i++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      count = arrived() - before
    }
    t.ok(count >= wanted, `all ${wanted} go to the far server: ${count}`)
    t.comment(`a message beside it took ${besideMs} ms, all of it ${Date.now() - begun} ms`)
  }
  t.notOk(ruth.received.some(has('type="error"')), 'and nothing of it is answered with an error')
}
