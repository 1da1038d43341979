/** What an absent server never got: the far sender hears of it where it waits, by way of the outgoing guard. */

import t from 'tap'
import { createControls } from '../../edge/controls.ts'
import { createIdentifiers } from '../../edge/identifiers.ts'
import { createIncomingRelay } from '../../edge/incoming/relay.ts'
import { createPendingTable } from '../../edge/pending.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import type { IdentifierKind } from '../../rules/profile/identifiers.ts'
import { NUMBER } from '../support/number.ts'
import { testBundle } from './bundles.ts'

const ENDS = `from="bob@low.example/y" id="i" to="alice@high.example/x"`

/** A relay into the side `high`, and what it sends back. */
function relayOf(identifiers: IdentifierKind) {
  const bounced: string[] = []
  const settled: string[] = []
  const relay = createIncomingRelay({
    bundle: testBundle('low', 'high', identifiers),
    asked: createPendingTable(10, 1000),
    askedOfUs: createPendingTable(10, 1000),
    controls: createControls(undefined),
    occupancy: { delivered() {} },
    identifiers: createIdentifiers(new Set(), 10),
    spool: {
      novelty: () => 'new',
      take: () => undefined,
      mark() {},
      replied() {},
      settled: (entry) => void settled.push(entry.stanza),
    },
    replied() {},
    bounce(_envelope, octets, done) {
      bounced.push(octets)
      done()
      return true
    },
    now: Date.now,
    record() {},
    see() {},
    counted() {},
    alarm() {},
  })
  const expired = (stanza: string) => {
    const kind = (['message', 'presence'] as const).find((name) => stanza.startsWith(`<${name}`)) ?? 'iq'
    const ends = { from: 'bob@low.example/y', to: 'alice@high.example/x' }
    const times = { at: 0, arrived: 0, size: stanza.length, file: 1, ticket: 1, number: NUMBER }
    const state = { asks: false, replied: true, state: 'waiting' as const }
    relay.givenUp({ kind, ...ends, stanza, ...times, ...state }, 'expired')
  }
  return { expired, bounced, settled }
}

t.test('who is told', async (t) => {
  const { expired, bounced, settled } = relayOf('foreign')
  const decide = createDecider(testBundle('high', 'low'))
  const told = [
    `<message xmlns="jabber:server" ${ENDS} type="chat"><body>SECRET</body></message>`,
    `<message xmlns="jabber:server" ${ENDS}><body>SECRET</body></message>`,
    `<iq xmlns="jabber:server" ${ENDS} type="get"><query xmlns="http://jabber.org/protocol/disco#info"></query></iq>`,
  ]
  for (const stanza of told) {
    expired(stanza)
    const kind = stanza.slice(1, stanza.indexOf(' '))
    const bounce = bounced.pop()
    t.equal(
      bounce,
      `<${kind} xmlns="jabber:server" from="alice@high.example/x" id="i" to="bob@low.example/y" type="error"><error type="wait"><remote-server-timeout xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"></remote-server-timeout></error></${kind}>`,
    )
    t.ok(decide(Buffer.from(bounce!), 1_795_341_600, NUMBER).accepted, 'the rules let it cross')
  }
  for (const stanza of [
    `<message xmlns="jabber:server" ${ENDS} type="groupchat"><body>x</body></message>`,
    `<message xmlns="jabber:server" ${ENDS} type="error"></message>`,
    `<presence xmlns="jabber:server" ${ENDS}></presence>`,
    `<iq xmlns="jabber:server" ${ENDS} type="result"></iq>`,
    'no xml',
  ]) {
    expired(stanza)
    t.same(bounced, [], stanza)
    t.equal(settled.at(-1), stanza, 'and leaves the spool')
  }
})

t.test('who is told where identifiers are numbered, finds the own id', async (t) => {
  const { expired, bounced } = relayOf('numbered')
  expired(
    `<message xmlns="jabber:server" from="bob@low.example/y" id="o3.14" to="alice@high.example/x" type="chat"><body>SECRET</body></message>`,
  )
  t.match(bounced[0], /^<message [^>]* id="r3\.14" /)
  const decide = createDecider(testBundle('high', 'low', 'numbered'))
  t.ok(decide(Buffer.from(bounced[0]!), 1_795_341_600, NUMBER).accepted, 'the rules let it cross')
})
