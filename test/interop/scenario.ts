/**
 * What users of real servers do across the boundary, the same whichever servers stand on the two sides.
 *
 * High clients write ACME labels in ESS (XEP-0258), low clients HARBOUR labels in STANAG 4774 bound by 4778. Low servers see
 * ACME's labels with HARBOUR's beside them, and their rooms give both back.
 */
import type { Test } from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { fill } from '../../rules/label/template.ts'
import { type Account, login } from './account.ts'
import { carries, row, written } from './labels.ts'

export type Users = Readonly<{ alice: Account; anna: Account; bob: Account; bill: Account }>

export type Bundles = Readonly<{ high: Bundle; low: Bundle }>

/** How many numbered messages are sent each way in the order test. */
const FLOOD = 300

const ESS_UNLISTED = 'MQgCAQQGA4g3AQ==' // 2.999.1 class 4: SECRET of ACME, known and not listed
const body = (text: string) => `<body>${text}</body>`
const ess = (value: string) =>
  `<securitylabel xmlns='urn:xmpp:sec-label:0'><displaymarking fgcolor='white' bgcolor='green'>OPEN</displaymarking><label><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>${value}</esssecuritylabel></label></securitylabel>`
const has =
  (...parts: string[]) =>
  (stanza: string) =>
    parts.every((part) => stanza.replaceAll("'", '"').includes(part))
/** The id under which an account knows a stanza. */
const idOf = (stanza: string): string => / id=["']([^"']*)/.exec(stanza)?.[1] ?? ''
const violation = has('type="error"', '<policy-violation')

const withoutMarking = (label = '') => label.replace(/<displaymarking.*?<\/displaymarking>/, '')

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

/** A room on one side: a member from each side, labelled talk, and what is not listed stays out. */
export async function room(
  t: Test,
  side: 'high' | 'low',
  { alice, anna, bob, bill }: Users,
  { high, low }: Bundles,
): Promise<void> {
  const address = `r1@conference.${side}.example`
  const out = row(high, 'acme/restricted-harbour', 'ess-0258')
  const back = low.labels.rows.find((r) => r.input.form === '4774-4778')!
  const [owner, native] = side === 'low' ? [bob, bill] : [anna, alice]
  const [guest, label, seen] = side === 'low' ? [alice, out, out.output] : [bob, back, back.output]
  // What the room gives back of the guest's own words: a low room both labels, a high room what the guard has made of one.
  const echoed =
    side === 'low'
      ? row(low, 'harbour/confidential-acme', out.output.form).output
      : high.labels.rows.find(
          ({ input }) => fill(input.template, {}) === withoutMarking(fill(back.output.template, {})),
        )!.output
  const here = (text: string) => has(text, `from="${address}/`)
  const join = (who: Account, nick: string) => {
    const since = who.received.length
    who.send(
      `<presence id='join-${nick}' to='${address}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
    )
    return who.expect(`its own presence in ${address}`, has(`from="${address}/${nick}"`, 'code="110"'), {
      since,
    })
  }
  await join(owner, 'owner')
  owner.send(
    `<iq to='${address}' type='set' id='cfg-${side}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  )
  await owner.expect('the room to be open', has(`id="cfg-${side}"`))
  await join(native, 'native')
  const since = guest.received.length
  t.equal(idOf(await join(guest, 'guest')), 'join-guest', 'its own presence has its own id')
  await guest.expect('the occupants', has(`from="${address}/native"`, 'muc#user'), { since })
  await guest.expect('the end of the join', (s) => has(`from="${address}`, '<subject')(s), { since })
  t.pass(`a user of the other side joins ${address}`)

  guest.send(
    `<message to='${address}' type='groupchat' id='g1'>${body('from the guest')}${written(label.input.template)}</message>`,
  )
  const heard = await native.expect('what the guest says', has('from the guest', `from="${address}/guest"`))
  t.ok(carries(heard, seen.template), 'with its label mapped')
  const echo = await guest.expect('its own words', has('from the guest', `from="${address}/guest"`), {
    since,
  })
  t.ok(carries(echo, echoed.template), `with the label as it comes back: ${echoed.marking}`)
  t.equal(idOf(echo), 'g1', 'under its own id')
  guest.send(
    `<message to='${address}' type='groupchat' id='g6'><subject>by the guest</subject>${written(label.input.template)}</message>`,
  )
  await guest.expect('its subject, or that it may not set one, under its id', has('id="g6"'), { since })

  guest.send(
    `<message to='${address}/native' type='chat' id='g7'>${body('for you alone')}<request xmlns='urn:xmpp:receipts'/>${written(label.input.template)}</message>`,
  )
  const alone = await native.expect('a private message', has('for you alone', `from="${address}/guest"`))
  native.send(
    `<message to='${address}/guest' type='chat' id='g8'><received xmlns='urn:xmpp:receipts' id='${idOf(alone)}'/></message>`,
  )
  const receipt = await guest.expect(
    'a receipt through the room',
    has('<received', `from="${address}/native"`),
  )
  t.ok(
    has('id="g7"')(receipt.slice(receipt.indexOf('<received'))),
    `it names the guest's message: ${receipt}`,
  )

  const [own, theirs] = side === 'low' ? [back, back.output] : [out, out.output]
  native.send(
    `<message to='${address}' type='groupchat' id='g2'>${body('from a native')}${written(own.input.template)}</message>`,
  )
  const told = await guest.expect('what a native says', has('from a native', `from="${address}/native"`))
  t.ok(carries(told, theirs.template), 'with its label mapped')

  native.send(
    `<message to='${address}' type='groupchat' id='g3'>${body('must stay: unlabelled in the room')}</message>`,
  )
  guest.send(
    `<message to='${address}' type='groupchat' id='g4'>${body('must stay: unlabelled guest')}</message>`,
  )
  await guest.expect('an error', (s) => violation(s) && has('id="g4"')(s), { since })
  native.send(
    `<message to='${address}' type='groupchat' id='g5'>${body('still here')}${written(own.input.template)}</message>`,
  )
  await guest.expect('the talk to go on', here('still here'))
  t.notOk(
    guest.received.some(here('must stay: unlabelled in')),
    'the guest is not kicked and does not see unlabelled talk',
  )
  t.notOk(
    native.received.some(here('must stay: unlabelled guest')),
    'the room does not hear unlabelled talk from the guest',
  )

  guest.send(`<presence to='${address}/guest' type='unavailable'/>`)
  await native.expect('the guest to leave', has('type="unavailable"', `from="${address}/guest"`))
  t.pass('the guest leaves')
}

/** The edge answers for the far domain; rooms are asked across. */
export async function discovery(t: Test, { alice }: Users): Promise<void> {
  const ask = async (to: string, payload: string, id: string) => {
    alice.send(`<iq to='${to}' type='get' id='${id}'>${payload}</iq>`)
    return alice.expect(`an answer of ${to}`, has(`id="${id}"`))
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
}

/** Many messages both ways at once: none lost, none twice, in order, each with its label. */
export async function flood(t: Test, { alice, bob }: Users, { high, low }: Bundles): Promise<void> {
  const out = row(high, 'acme/restricted-harbour', 'ess-0258')
  const back = low.labels.rows.find((r) => r.input.form === '4774-4778')!
  const since = { alice: alice.received.length, bob: bob.received.length }
  for (let n = 0; n < FLOOD; n++) {
    alice.send(
      `<message to='${bob.address}' type='chat' id='a${n}'>${body(`out ${n}.`)}${written(out.input.template)}</message>`,
    )
    bob.send(
      `<message to='${alice.address}' type='chat' id='b${n}'>${body(`back ${n}.`)}${written(back.input.template)}</message>`,
    )
  }
  await bob.expect('the last message', has(`out ${FLOOD - 1}.`), { since: since.bob, seconds: 60 })
  await alice.expect('the last message', has(`back ${FLOOD - 1}.`), { since: since.alice, seconds: 60 })
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
}
