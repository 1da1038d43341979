/** Label catalogs of far domains (XEP-0258 §5) as a client uses them: each label that is offered goes into a message, as it stands. */
import type { Test } from 'tap'
import { body, has, type Users } from './stanzas.ts'

export async function catalogs(t: Test, { alice, anna, bob, bill }: Users): Promise<void> {
  const counts: number[] = []
  for (const [who, other, far] of [
    [alice, bob, 'low'],
    [anna, bill, 'low'],
    [bill, anna, 'high'],
  ] as const) {
    const to = other.address.slice(0, other.address.indexOf('/'))
    const word = `offered to ${who.address.split('@')[0]}`
    const since = { who: who.received.length, other: other.received.length }
    who.send(
      `<iq to='${far}.example' type='get' id='catalog-${counts.length}'><catalog xmlns='urn:xmpp:sec-label:catalog:2' to='${to}'/></iq>`,
    )
    const catalog = await who.expect('a catalog', has(`id="catalog-${counts.length}"`, '<catalog'), {
      since: since.who,
    })
    const labels = catalog.match(/<securitylabel.*?<\/securitylabel>/gs) ?? []
    for (const [n, label] of labels.entries()) {
      who.send(
        `<message to='${other.address}' type='chat' id='k${n}'>${body(`${word} ${n}.`)}${label}</message>`,
      )
    }
    const last = has(`${word} ${labels.length - 1}.`)
    await other.expect('a message with the last label that is offered', last, { since: since.other })
    const got = other.received.slice(since.other).filter((s) => s.includes(word))
    t.equal(got.length, labels.length, `each of the ${labels.length} labels that ${far} offers arrives`)
    t.ok(
      got.every((s) => /<(securitylabel|BindingData)/.test(s)),
      'and is a label there',
    )
    t.notOk(
      who.received.slice(since.who).some((s) => s.startsWith('<message') && has('type="error"')(s)),
      'without any error',
    )
    counts.push(labels.length)
  }
  t.ok(counts[0]! < counts[1]!, `where both are cleared for less, less is offered less: ${counts}`)
}
