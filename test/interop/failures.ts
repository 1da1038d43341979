/** What cannot be delivered comes back to its sender: once, as an error, under the sender's own id. */
import type { Test } from 'tap'
import { type Bundles, body, has, message, type Users, usual } from './stanzas.ts'

export async function failures(t: Test, { alice, bob }: Users, bundles: Bundles): Promise<void> {
  const { out, back } = usual(bundles)
  for (const [who, other, label, far, answer] of [
    [alice, bob, out, 'low', back],
    [bob, alice, back, 'high', out],
  ] as const) {
    const since = who.received.length
    const ids = ['to nobody', 'to no domain', 'refused'].map((what) => `${what} at ${far}`)
    who.send(message(`nobody@${far}.example`, 'chat', ids[0]!, 'is anybody there?', label))
    who.send(message(`nobody@gone.${far}.example`, 'chat', ids[1]!, 'is anything there?', label))
    who.send(
      `<message to='${other.address}' type='chat' id='${ids[2]}'>${body('must stay: no label')}</message>`,
    )
    const errors = await Promise.all(
      ids.map((id) => who.expect(`the error for "${id}"`, has('type="error"', `id="${id}"`), { since })),
    )
    for (const [n, condition] of [
      'service-unavailable',
      'remote-server|item-not-found|host-unknown',
      'policy-violation',
    ].entries())
      t.match(errors[n], new RegExp(`<(${condition})`), ids[n]!)
    // What would come a second time is there when other words have gone and come.
    who.send(message(other.address, 'chat', `after at ${far}`, `after the errors at ${far}`, label))
    await other.expect('other words', has(`after the errors at ${far}`))
    other.send(message(who.address, 'chat', `again at ${far}`, `back after them at ${far}`, answer))
    await who.expect('words back', has(`back after them at ${far}`))
    for (const id of ids) {
      const count = who.received.filter(has('type="error"', `id="${id}"`)).length
      t.equal(count, 1, `"${id}" has one error`)
    }
  }
}
