/** Whether a refused stanza's sender hears of it (design §6). */
import t from 'tap'
import { isAnswered } from '../../edge/refusal.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'

const STATE = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const RECEIPT = '<received xmlns="urn:xmpp:receipts" id="m1"/>'

t.test('what nobody wrote is not answered, whatever goes with it', (t) => {
  const answered = (inner: string) =>
    isAnswered(
      {
        kind: 'message',
        type: 'chat',
        id: 'm2',
        from: normaliseJid('a@high.example/x')!,
        to: normaliseJid('b@low.example')!,
      },
      false,
      parseText(`<message xmlns="jabber:server">${inner}</message>`, {
        stanzaBytes: 9999,
        depth: 9,
      }) as XmlElement,
    )
  for (const silent of [STATE, RECEIPT]) {
    for (const beside of [
      '',
      '<thread>t1</thread>',
      '<delay xmlns="urn:xmpp:delay" stamp="2026-11-26T10:00:00Z"/>',
      '<stanza-id xmlns="urn:xmpp:sid:0" by="a@high.example" id="1"/><origin-id xmlns="urn:xmpp:sid:0" id="2"/>',
      '<store xmlns="urn:xmpp:hints"/>',
    ])
      t.equal(answered(silent + beside), false, silent + beside)
    t.equal(answered(`${silent}<thread>t1</thread><body>Hello</body>`), true)
    t.equal(answered(`${silent}<subject>Hello</subject>`), true)
  }
  t.equal(answered('<encrypted xmlns="urn:x"/>'), true)
  t.end()
})
