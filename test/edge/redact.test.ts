/** What the tap shows of a stanza: nothing that a user wrote, nothing that steers a terminal, and not without end. */
import t from 'tap'
import { redact } from '../../edge/tap/redact.ts'
import { refused } from '../../rules/reasons.ts'
import { parseText } from '../../rules/xml/parse.ts'

function shown(xml: string): string {
  const stanza = parseText(xml, { stanzaBytes: 1 << 20, depth: 128 })
  if (refused(stanza)) throw new Error(stanza.refused)
  return redact(stanza)
}
const MESSAGE = `xmlns="jabber:server" from="a@b.example/x" to="c@d.example" id="i1" type="chat"`

t.test('form, addresses and labels show; of the rest the length', async (t) => {
  t.equal(
    shown(`<message ${MESSAGE}><body xml:lang="en">hello</body><thread parent="p">t1</thread></message>`),
    `<message ${MESSAGE}><body lang="en">[5]</body><thread parent="[1]">[2]</thread></message>`,
  )
  t.equal(
    shown(
      `<message ${MESSAGE}><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking fgcolor="#000000">SECRET</displaymarking></securitylabel></message>`,
    ),
    `<message ${MESSAGE}><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking fgcolor="#000000">SECRET</displaymarking></securitylabel></message>`,
  )
  t.equal(
    shown(
      `<presence xmlns="jabber:server" from="r@c.example/nick"><x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="member" jid="a@b.example" nick="hidden" role="none"><reason>why</reason></item><status code="307"/></x></presence>`,
    ),
    '<presence xmlns="jabber:server" from="r@c.example/nick"><x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="member" jid="a@b.example" nick="[6]" role="none"><reason>[3]</reason></item><status code="307"/></x></presence>',
  )
})

t.test('a receipt’s id and a form’s fields are what users did', async (t) => {
  const out = shown(
    `<message ${MESSAGE}><received xmlns="urn:xmpp:receipts" id="secret-1"/><x xmlns="jabber:x:data"><field var="secret-2" label="secret-3"><value>secret-4</value></field></x></message>`,
  )
  t.notMatch(out, /secret/)
  t.equal(
    shown(`<message xmlns="jabber:server" type="meet me at nine"><a xmlns="x" role="visitor"/></message>`),
    '<message xmlns="jabber:server" type="[15]"><a xmlns="x" role="visitor"/></message>',
  )
})

t.test('nothing steers a terminal, nothing is endless', async (t) => {
  const out = shown(
    `<message xmlns="jabber:server" from="a@b.example/\u009b31m\u202e" to="${'x'.repeat(5000)}"><body>b</body></message>`,
  )
  t.notMatch(out, /[\p{C}]/u)
  t.match(out, /to="x{400}…"/)
  const many = shown(`<message xmlns="jabber:server">${'<a xmlns="urn:example:a"/>'.repeat(5000)}</message>`)
  t.equal(many.length, 20_001)
})
