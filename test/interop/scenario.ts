/**
 * What users of real servers do across the boundary, the same whichever servers stand on the two sides.
 *
 * High clients write ACME labels in ESS (XEP-0258), low clients HARBOUR labels in STANAG 4774 bound by 4778. Low servers see
 * ACME's labels with HARBOUR's beside them, and their rooms give both back.
 */
import type { Test } from 'tap'
import { type Account, login } from './account.ts'
import { carries, row, written } from './labels.ts'
import { type Bundles, body, has, idOf, message, type Users, usual, violation } from './stanzas.ts'

/** How many numbered messages are sent each way in the order test; the long form is 10000. */
const FLOOD = Number(process.env['SALLYPORT_INTEROP_FLOOD'] ?? 300)

const ESS_UNLISTED = 'MQgCAQQGA4g3AQ==' // 2.999.1 class 4: SECRET of ACME, known and not listed
const ess = (value: string) =>
  `<securitylabel xmlns='urn:xmpp:sec-label:0'><displaymarking fgcolor='white' bgcolor='green'>OPEN</displaymarking><label><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>${value}</esssecuritylabel></label></securitylabel>`

export async function logIn(caHigh: string, caLow: string): Promise<Users> {
  const [alice, anna, bob, bill] = await Promise.all([
    login('high', 'alice', caHigh),
    login('high', 'anna', caHigh),
    login('low', 'bob', caLow),
    login('low', 'bill', caLow),
  ])
  for (const account of [alice, anna, bob, bill]) {
    // Only who has asked for the roster is told of subscriptions (RFC 6121 §2.1.6).
    account.send("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>")
    await account.expect('the roster', has('id="roster"'))
    account.send('<presence/>')
  }
  return { alice, anna, bob, bill }
}

/** Labelled messages both ways, each with its label mapped; what is not listed or not labelled comes back as an error. */
export async function messages(t: Test, { alice, bob }: Users, { high, low }: Bundles): Promise<void> {
  const out = row(high, 'acme/restricted-harbour', 'ess-0258')
  alice.send(
    `<message to='${bob.address}' type='chat' id='m1'>${body('mapped out')}${written(out.input.template)}</message>`,
  )
  const atBob = await bob.expect('the mapped message', has('mapped out'))
  t.ok(carries(atBob, out.output.template), `bob sees ${out.output.marking} for ${out.input.marking}`)
  t.match(idOf(atBob), /^o[0-9]+\.[0-9]+$/, 'not her id, but the number of a frame')

  const back = low.labels.rows.find((r) => r.input.form === '4774-4778')!
  bob.send(
    `<message to='${alice.address}' type='chat' id='m2'>${body('mapped back')}${written(back.input.template)}</message>`,
  )
  const atAlice = await alice.expect('the answer', has('mapped back'))
  t.ok(carries(atAlice, back.output.template), `alice sees ${back.output.marking} for ${back.input.marking}`)

  const in0258 = row(high, 'acme/open', '4774-0258')
  alice.send(
    `<message to='${bob.address}' id='m3'>${body('4774 in 0258')}${written(in0258.input.template)}</message>`,
  )
  t.ok(
    carries(await bob.expect('the 4774 label', has('4774 in 0258')), in0258.output.template),
    '4774 inside 0258 is mapped',
  )

  alice.send(
    `<message to='nobody@low.example' type='chat' id='m5'>${body('to nobody')}${written(out.input.template)}</message>`,
  )
  await alice.expect('the error of the far server, about her id', has('type="error"', 'id="m5"'))

  const since = alice.received.length
  alice.send(
    `<message to='${bob.address}' type='chat' id='unlisted'>${body('must stay: unlisted')}${ess(ESS_UNLISTED)}</message>`,
  )
  await alice.expect('an error for the unlisted label', (s) => violation(s) && has('id="unlisted"')(s), {
    since,
  })
  alice.send(
    `<message to='${bob.address}' type='chat' id='unlabelled'>${body('must stay: unlabelled')}</message>`,
  )
  const error = await alice.expect(
    'an error for the missing label',
    (s) => violation(s) && has('id="unlabelled"')(s),
    { since },
  )
  t.match(error, 'modify', 'the error is of type modify')
  const bobSince = bob.received.length
  alice.send(
    `<message to='${bob.address}' type='chat' id='m4'>${body('the last')}${written(out.input.template)}</message>`,
  )
  await bob.expect('a message after the refused ones', has('the last'), { since: bobSince })
  t.notOk(bob.received.some(has('must stay')), 'bob never sees a refused message')
}

/** Chat states and receipts cross unlabelled. */
export async function notices(t: Test, { alice, bob }: Users): Promise<void> {
  alice.send(
    `<message to='${bob.address}' type='chat' id='s1'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`,
  )
  await bob.expect('a chat state', has('<composing'))
  const receipt = (id: string) =>
    `<message to='${alice.address}' type='chat' id='s2'><received xmlns='urn:xmpp:receipts' id='${id}'/></message>`
  bob.send(receipt('o9.9')) // of nothing that came
  bob.send(receipt(idOf(await bob.expect('the mapped message', has('mapped out')))))
  const received = await alice.expect('a receipt', has('<received'))
  t.ok(has('id="m1"')(received), `it names the message as alice knows it: ${received}`)
}

/** A subscription is asked for and granted; presence follows, without status text. */
export async function presence(t: Test, { alice, bob }: Users): Promise<void> {
  alice.send(`<presence to='bob@low.example' type='subscribe'/>`)
  await bob.expect('the request', has('type="subscribe"', 'from="alice@high.example"'))
  bob.send(`<presence to='alice@high.example' type='subscribed'/>`)
  await alice.expect('the grant', has('type="subscribed"'))
  await alice.expect('presence', (s) => s.startsWith('<presence') && has('from="bob@low.example/test"')(s))
  const since = alice.received.length
  bob.send('<presence><show>away</show><status>must stay: status</status></presence>')
  const away = await alice.expect('the new presence', has('<show>away</show>'), { since })
  t.notMatch(away, 'must stay', 'status text does not cross')
  t.notMatch(away, 'jabber.org/protocol/caps', 'capabilities do not cross')
}

/** The other one asks too; each sees how the other is, goes, and comes back; a grant is taken back. */
export async function subscriptions(t: Test, { alice, anna, bob, bill }: Users): Promise<void> {
  bob.send(`<presence to='alice@high.example' type='subscribe'/>`)
  await alice.expect('the request', has('type="subscribe"', 'from="bob@low.example"'))
  alice.send(`<presence to='bob@low.example' type='subscribed'/>`)
  await bob.expect('the grant', has('type="subscribed"', 'from="alice@high.example"'))
  await bob.expect('presence', has('<presence', `from="${alice.address}"`))
  for (const [who, other] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    const since = other.received.length
    const from = `from="${who.address}"`
    who.send('<presence><show>dnd</show><status>must stay: status</status></presence>')
    const busy = await other.expect('how it is', has(from, '<show>dnd</show>'), { since })
    t.notMatch(busy, 'must stay', 'without status text')
    who.send(`<presence type='unavailable'><status>must stay: status</status></presence>`)
    const gone = await other.expect('that it is gone', has(from, 'type="unavailable"'), { since })
    t.notMatch(gone, 'must stay', 'without status text')
    const back = other.received.length
    who.send('<presence/>')
    await other.expect('that it is back', (s) => has('<presence', from)(s) && !s.includes('unavailable'), {
      since: back,
    })
    // A server tells who comes how those are that it sees.
    await who.expect('the other one', has('<presence', `from="${other.address}"`), {
      since: who.received.findLastIndex(has(`from="${who.address}"`, 'unavailable')) + 1,
    })
  }
  anna.send(`<presence to='bill@low.example' type='subscribe'/>`)
  await bill.expect('a request', has('type="subscribe"', 'from="anna@high.example"'))
  bill.send(`<presence to='anna@high.example' type='unsubscribed'/>`)
  await anna.expect('the refusal', has('type="unsubscribed"', 'from="bill@low.example"'))
}

/** A message with a chat state and the wish for a receipt, its receipt, and a correction of it; each names it as its reader knows it. */
export async function corrections(t: Test, { alice, bob }: Users, bundles: Bundles): Promise<void> {
  const { out, back } = usual(bundles)
  for (const [who, other, label] of [
    [alice, bob, out],
    [bob, alice, back],
  ] as const) {
    const with_ = `<request xmlns='urn:xmpp:receipts'/><active xmlns='http://jabber.org/protocol/chatstates'/>`
    who.send(message(other.address, 'chat', 'c1', 'with a msitake', label, with_))
    const first = await other.expect('the first words', has('with a msitake', '<request', '<active'))
    other.send(
      `<message to='${who.address}' type='chat' id='c2'><received xmlns='urn:xmpp:receipts' id='${idOf(first)}'/></message>`,
    )
    await who.expect('its receipt', has('<received', 'id="c1"'))
    const replace = `<replace xmlns='urn:xmpp:message-correct:0' id='c1'/>`
    who.send(message(other.address, 'chat', 'c3', 'with a mistake', label, replace))
    const second = await other.expect('the right words', has('with a mistake', '<replace'))
    const replaced = second.slice(second.indexOf('<replace'))
    t.equal(idOf(replaced), idOf(first), 'the correction names what it corrects')
    t.ok(carries(second, label.output.template), 'with its label mapped')
  }
}

/** The edge answers for the far domain; rooms are asked across. */
export async function discovery(t: Test, { alice, bob }: Users): Promise<void> {
  const ask = async (to: string, payload: string, id: string, who = alice) => {
    who.send(`<iq to='${to}' type='get' id='${id}'>${payload}</iq>`)
    return who.expect(`an answer of ${to}`, has(`id="${id}"`))
  }
  t.match(await ask('low.example', `<ping xmlns='urn:xmpp:ping'/>`, 'q1'), 'result', 'ping')
  t.match(
    await ask('low.example', `<query xmlns='http://jabber.org/protocol/disco#info'/>`, 'q2'),
    'urn:xmpp:sec-label:0',
  )
  t.match(
    await ask('conference.low.example', `<query xmlns='http://jabber.org/protocol/disco#info'/>`, 'q3'),
    'conference',
  )
  t.match(
    await ask('conference.low.example', `<query xmlns='http://jabber.org/protocol/disco#items'/>`, 'q4'),
    'r1@conference.low.example',
  )
  t.match(
    await ask('bob@low.example/test', `<query xmlns='jabber:iq:last'/>`, 'q5'),
    'error',
    'what the profile does not have',
  )
  const info = `<query xmlns='http://jabber.org/protocol/disco#info'/>`
  for (const [who, far, other] of [
    [alice, 'low', bob],
    [bob, 'high', alice],
  ] as const) {
    const server = await ask(`${far}.example`, info, `d1-${far}`, who)
    for (const feature of ['urn:xmpp:sec-label:catalog:2', 'urn:xmpp:sec-label:ess:0', 'urn:xmpp:ping'])
      t.match(server, feature, `the far domain ${far} has it`)
    const items = `<query xmlns='http://jabber.org/protocol/disco#items'/>`
    t.match(await ask(`${far}.example`, items, `d2-${far}`, who), `conference.${far}.example`)
    t.match(await ask(`conference.${far}.example`, info, `d3-${far}`, who), 'conference')
    const inside = await ask(`r1@conference.${far}.example`, info, `d4-${far}`, who)
    t.match(inside, 'http://jabber.org/protocol/muc', `a room of ${far}`)
    const client = await ask(other.address, info, `d5-${far}`, who)
    t.match(client, /category=["']client["']/, `a client of ${far}`)
    t.match(client, 'urn:xmpp:receipts', 'says what it supports')
    t.notMatch(client, /must.stay/, 'of a closed list, without names')
  }
}

/** Many messages both ways at once: none lost, none twice, in order, each with its label. */
export async function flood(t: Test, { alice, bob }: Users, { high, low }: Bundles): Promise<void> {
  const out = row(high, 'acme/restricted-harbour', 'ess-0258')
  const back = low.labels.rows.find((r) => r.input.form === '4774-4778')!
  // What Prosody needs to write to a file for each of many messages would be most of the time.
  await Promise.all([alice, bob].map((who) => archiving(who, 'never')))
  const since = { alice: alice.received.length, bob: bob.received.length }
  for (let n = 0; n < FLOOD; n++) {
    alice.send(
      `<message to='${bob.address}' type='chat' id='a${n}'>${body(`out ${n}.`)}${written(out.input.template)}</message>`,
    )
    bob.send(
      `<message to='${alice.address}' type='chat' id='b${n}'>${body(`back ${n}.`)}${written(back.input.template)}</message>`,
    )
  }
  await bob.expect('the last message', has(`out ${FLOOD - 1}.`), {
    since: since.bob,
    seconds: 60 + FLOOD / 20,
  })
  await alice.expect('the last message', has(`back ${FLOOD - 1}.`), {
    since: since.alice,
    seconds: 60 + FLOOD / 20,
  })
  for (const [account, start, word, label] of [
    [bob, since.bob, 'out', out.output],
    [alice, since.alice, 'back', back.output],
  ] as const) {
    const got = account.received.slice(start).filter((s) => s.startsWith('<message'))
    const numbers = got.flatMap((s) => new RegExp(`<body>${word} (\\d+)\\.`).exec(s)?.[1] ?? [])
    t.same(
      numbers,
      Array.from({ length: FLOOD }, (_, n) => String(n)),
      `${FLOOD} messages ${word}: all, once, in order`,
    )
    t.ok(
      got.every((s) => carries(s, label.template)),
      'each with its label',
    )
  }
  await Promise.all([alice, bob].map((who) => archiving(who, 'always')))
}

/** Says what a user's server is to keep in its archive (XEP-0441). */
async function archiving(who: Account, which: 'always' | 'never'): Promise<void> {
  who.send(
    `<iq type='set' id='archive-${which}'><prefs xmlns='urn:xmpp:mam:2' default='${which}'><always/><never/></prefs></iq>`,
  )
  const answer = has(`id="archive-${which}"`)
  await who.expect('its choice of what is kept', (s) => answer(s) && s.includes('result'))
}
