/**
 * Rooms (XEP-0045) on either side, the owner and a native of that side, a guest of the other: what each of them hears, and that nobody
 * is thrown out for what does not cross.
 */
import type { Test } from 'tap'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import { fill } from '../../rules/label/template.ts'
import type { Account } from './account.ts'
import { carries, row, written } from './labels.ts'
import type { Side } from './servers.ts'
import { type Bundles, body, has, idOf, message, type Users, usual, violation } from './stanzas.ts'

type Cast = Readonly<{
  address: string
  owner: Account
  native: Account
  guest: Account
  /** What the guest writes, what natives see of it, and what comes back to the guest. */
  label: LabelRow
  seen: LabelRow['output']
  echoed: LabelRow['output']
  /** What natives write, and what the guest sees of it. */
  own: LabelRow
  theirs: LabelRow['output']
}>

const withoutMarking = (label = '') => label.replace(/<displaymarking.*?<\/displaymarking>/, '')

/** Who is in the room of a side, and with which labels. */
function cast(side: Side, { alice, anna, bob, bill }: Users, bundles: Bundles): Cast {
  const { out, back } = usual(bundles)
  const address = `r1@conference.${side}.example`
  if (side === 'low') {
    return {
      address,
      owner: bob,
      native: bill,
      guest: alice,
      label: out,
      seen: out.output,
      // A low room gives both labels back.
      echoed: row(bundles.low, 'harbour/confidential-acme', out.output.form).output,
      own: back,
      theirs: back.output,
    }
  }
  return {
    address,
    owner: anna,
    native: alice,
    guest: bob,
    label: back,
    seen: back.output,
    // A high room gives back what the guard has made of the one.
    echoed: bundles.high.labels.rows.find(
      ({ input }) => fill(input.template, {}) === withoutMarking(fill(back.output.template, {})),
    )!.output,
    own: out,
    theirs: out.output,
  }
}

/** Makes a room with what the server has as its defaults. */
async function open(owner: Account, address: string, id: string): Promise<void> {
  await enter(owner, address, 'owner')
  owner.send(
    `<iq to='${address}' type='set' id='${id}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
  )
  await owner.expect('the room to be open', has(`id="${id}"`))
}

/** Joins a room; gives its own presence there. */
function enter(who: Account, address: string, nick: string): Promise<string> {
  const since = who.received.length
  who.send(
    `<presence id='join-${nick}' to='${address}/${nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>`,
  )
  return who.expect(`its own presence in ${address}`, has(`from="${address}/${nick}"`, 'code="110"'), {
    since,
  })
}

/** A room on one side: a member from each side, labelled talk, and what is not listed stays out. */
export async function room(t: Test, side: 'high' | 'low', people: Users, bundles: Bundles): Promise<void> {
  const { address, owner, native, guest, label, seen, echoed, own, theirs } = cast(side, people, bundles)
  const here = (text: string) => has(text, `from="${address}/`)
  const join = (who: Account, nick: string) => enter(who, address, nick)
  await open(owner, address, `cfg-${side}`)
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

/** The guest comes back to history, nicks change, it is kicked, and comes back to what was said meanwhile. */
export async function membership(t: Test, side: Side, people: Users, bundles: Bundles): Promise<void> {
  const { address, owner, native, guest, label, echoed, own, theirs } = cast(side, people, bundles)
  const since = guest.received.length
  await enter(guest, address, 'guest')
  const past = (text: string) => has(text, `from="${address}/`, '<delay')
  const said = await guest.expect('what a native said', past('from a native'), { since })
  t.ok(carries(said, theirs.template), 'history has its label mapped')
  t.match(said, /<delay [^>]*stamp=["'][0-9]{4}-[0-9-]{5}T[0-9:]{8}Z["']/, 'and stamps in whole seconds')
  const echo = await guest.expect('what it said itself', past('from the guest'), { since })
  t.ok(carries(echo, echoed.template), 'history has its own label as it comes back')
  for (const nick of ['owner', 'native'])
    await guest.expect(`${nick} among the occupants`, has(`from="${address}/${nick}"`, '<presence'), {
      since,
    })
  t.notOk(
    guest.received.slice(since).some(has('must stay')),
    'what the room heard without label is not in its history',
  )

  const rename = async (who: Account, from: string, to: string, other: Account) => {
    const before = [who.received.length, other.received.length] as const
    who.send(`<presence to='${address}/${to}'/>`)
    const left = has('type="unavailable"', `from="${address}/${from}"`, 'code="303"', `nick="${to}"`)
    await other.expect(`${from} to become ${to}`, left, { since: before[1] })
    await other.expect(`${to}`, has(`from="${address}/${to}"`, '<presence'), { since: before[1] })
    await who.expect(`its nick ${to}`, has(`from="${address}/${to}"`, 'code="110"'), { since: before[0] })
  }
  await rename(guest, 'guest', 'visitor', native)
  await rename(native, 'native', 'local', guest)
  guest.send(message(address, 'groupchat', 'h1', 'under the new nick', label))
  await native.expect('words under the new nick', has('under the new nick', `from="${address}/visitor"`))
  native.send(message(`${address}/visitor`, 'chat', 'h2', 'for the visitor alone', own))
  const alone = await guest.expect('a private message', has('for the visitor', `from="${address}/local"`))
  t.ok(carries(alone, theirs.template), 'nicks change, and a private message has its label mapped')

  owner.send(
    `<message to='${address}' type='groupchat' id='h3'><subject>must stay: a subject</subject></message>`,
  )

  t.match(await ping(guest, `${address}/visitor`, 'in'), 'type="result"', 'it is in the room (XEP-0410)')
  const kicked = guest.received.length
  owner.send(
    `<iq to='${address}' type='set' id='kick-${side}'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='visitor' role='none'><reason>must stay: a reason</reason></item></query></iq>`,
  )
  await guest.expect(
    'to be kicked',
    has('type="unavailable"', `from="${address}/visitor"`, 'code="307"', 'role="none"'),
    { since: kicked },
  )
  t.match(await ping(guest, `${address}/visitor`, 'out'), 'not-acceptable', 'and then not (XEP-0410)')
  guest.send(message(address, 'groupchat', 'h5', 'must stay: of one who is out', label))
  await guest.expect('an error of the room', has('type="error"', 'id="h5"', `from="${address}`), {
    since: kicked,
  })
  native.send(message(address, 'groupchat', 'h6', 'in its absence', own))
  await native.expect('its own words', has('in its absence', `from="${address}/local"`))
  await enter(guest, address, 'guest')
  const missed = await guest.expect('what it missed', past('in its absence'), { since: kicked })
  t.ok(carries(missed, theirs.template), 'it comes back, and what it missed has its label mapped')
  const live = guest.received.slice(kicked).filter((s) => s.includes('in its absence'))
  t.equal(live.length, 1, 'which it did not hear while it was out')
  t.notOk(
    guest.received.slice(since).some(has('must stay')),
    'neither the reason nor a subject without label crossed',
  )
  guest.send(`<presence to='${address}/guest' type='unavailable'/>`)
  await native.expect('the guest to leave', has('type="unavailable"', `from="${address}/guest"`), {
    since: native.received.findLastIndex(has('in its absence')),
  })
}

/** A room for which the edge has a label: its subject crosses, when it changes and again as the end of a join. */
export async function topic(t: Test, side: Side, people: Users, bundles: Bundles): Promise<void> {
  const { owner, guest, theirs } = cast(side, people, bundles)
  const address = `topic@conference.${side}.example`
  await open(owner, address, `topic-${side}`)
  await enter(guest, address, 'guest')
  owner.send(`<message to='${address}' type='groupchat' id='s1'><subject>of the day</subject></message>`)
  const told = has('<subject>of the day', `from="${address}/owner"`)
  const subject = await guest.expect('the subject', told)
  t.ok(carries(subject, theirs.template), 'the subject has the label of the room, mapped')
  guest.send(`<presence to='${address}/guest' type='unavailable'/>`)
  await owner.expect('the guest to leave', has('type="unavailable"', `from="${address}/guest"`))
  const since = guest.received.length
  await enter(guest, address, 'guest')
  const again = await guest.expect('the subject at the end of a join', told, { since })
  t.ok(carries(again, theirs.template), 'and so it has for who joins later')
  guest.send(`<presence to='${address}/guest' type='unavailable'/>`)
}

/** Asks whether an occupant's own place in a room is there still (XEP-0410). */
function ping(who: Account, place: string, id: string): Promise<string> {
  const since = who.received.length
  who.send(`<iq to='${place}' type='get' id='ping-${id}'><ping xmlns='urn:xmpp:ping'/></iq>`)
  return who
    .expect(`an answer of ${place}`, has(`id="ping-${id}"`), { since })
    .then((s) => s.replaceAll("'", '"'))
}

/**
 * Two guests in a room, one of them not cleared for what a native says with a label beyond its clearance: it gets less and stays in. Where
 * the room is on the high side the guest that is not cleared is judged as it leaves.
 */
export async function uncleared(
  t: Test,
  side: Side,
  { alice, anna, bob, bill }: Users,
  bundles: Bundles,
): Promise<void> {
  const address = `r2@conference.${side}.example`
  const [owner, cleared, less] = side === 'low' ? [bill, anna, alice] : [anna, bill, bob]
  const beyond =
    side === 'low'
      ? row(bundles.low, 'harbour/confidential-technical-acme', '4774-4778')
      : row(bundles.high, 'acme/restricted-engineering-harbour', 'ess-0258')
  const { out, back } = usual(bundles)
  const within = side === 'low' ? back : out
  await open(owner, address, `cfg2-${side}`)
  const since = { less: less.received.length, owner: owner.received.length }
  await Promise.all([enter(cleared, address, 'cleared'), enter(less, address, 'less')])
  for (let n = 0; n < 3; n++) {
    owner.send(message(address, 'groupchat', `u${n}`, `beyond its clearance ${n}`, beyond))
    owner.send(message(address, 'groupchat', `v${n}`, `within its clearance ${n}`, within))
  }
  const most = await cleared.expect(
    'what it is cleared for',
    has('beyond its clearance 2', `from="${address}/`),
  )
  t.ok(carries(most, beyond.output.template), 'who is cleared gets it')
  const some = await less.expect('what it is cleared for', has('within its clearance 2', `from="${address}/`))
  t.ok(carries(some, within.output.template), 'who is not gets the rest')
  const heard = less.received.slice(since.less).filter((s) => s.includes('its clearance'))
  t.equal(heard.length, 3, 'and nothing beyond its clearance')
  const gone = owner.received.slice(since.owner).filter(has('type="unavailable"', `from="${address}/less"`))
  t.same(gone, [], 'and is not kicked')
  less.send(message(address, 'groupchat', 'w1', 'still in here', side === 'low' ? out : back))
  await owner.expect('what it says', has('still in here', `from="${address}/less"`))
  for (const [who, nick] of [
    [less, 'less'],
    [cleared, 'cleared'],
  ] as const)
    who.send(`<presence to='${address}/${nick}' type='unavailable'/>`)
  await owner.expect('the guests to leave', has('type="unavailable"', `from="${address}/less"`))
}
