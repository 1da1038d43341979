/** Which questions to far users go on to the guard. */
import t from 'tap'
import { asksUsers } from '../../edge/answer.ts'
import type { Envelope } from '../../edge/refusal.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import { CATALOGUE, type CatalogueName, PRESETS } from '../../rules/profile/catalogue.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'
import { element, SERVER_NS } from '../../rules/xml/node.ts'
import { testBundle } from './bundles.ts'

t.test('questions to users cross when the profile has them, discovery to their clients only', (t) => {
  const asks = (
    on: readonly CatalogueName[],
    ns: string,
    name: string,
    type = 'get',
    asked = 'b@low.example',
    node: Readonly<Record<string, string>> = {},
  ) => {
    const limits = { body: 100, subject: 100, thread: 10, id: 10, local: 64, resource: 128, items: 32 }
    const forms = stanzaForms({
      on: new Set(on),
      unlabelled: new Set(),
      limits,
      identifiers: 'foreign',
      languages: [],
    })
    const stanza = element(SERVER_NS, 'iq', { type }, [element(ns, name, node)])
    const from = normaliseJid('a@high.example/x')!
    const to = normaliseJid(asked)!
    const envelope: Envelope = { kind: 'iq', type, id: 'i', from, to }
    return asksUsers({ ...testBundle('high', 'low'), forms })(envelope, stanza)
  }
  const all = Object.keys(CATALOGUE) as CatalogueName[]
  t.equal(asks(all, 'vcard-temp', 'vCard'), true)
  t.equal(asks(all, 'jabber:iq:version', 'query'), true)
  t.equal(asks(all, 'urn:xmpp:ping', 'ping'), true)
  t.equal(asks(all, 'vcard-temp', 'vCard', 'set'), false)
  for (const ns of ['http://jabber.org/protocol/disco#info', 'http://jabber.org/protocol/disco#items']) {
    t.equal(asks(all, ns, 'query'), false)
    t.equal(asks(all, ns, 'query', 'get', 'b@low.example/client'), true)
    t.equal(asks(all, ns, 'query', 'get', 'b@low.example/client', { node: 'caps#1' }), true)
    t.equal(asks(PRESETS['chat-with-rooms'], ns, 'query', 'get', 'b@low.example/client'), true)
    t.equal(
      asks(PRESETS['chat-with-rooms'], ns, 'query', 'get', 'b@low.example/client', { node: 'caps#1' }),
      false,
    )
    t.equal(asks(PRESETS['minimal-chat'], ns, 'query', 'get', 'b@low.example/client'), false)
  }
  t.equal(asks(PRESETS['chat-with-rooms'], 'vcard-temp', 'vCard'), false)
  t.equal(asks([], 'vcard-temp', 'vCard'), false)
  t.end()
})
