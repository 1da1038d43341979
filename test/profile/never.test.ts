/**
 * What no ruleset can let through: signatures, wrappers of other stanzas, encrypted payloads. Both verifiers refuse them in
 * every place of every stanza, under the rules that admit the most and those that admit the least.
 */
import t from 'tap'
import { createNormaliser } from '../../edge/normalise/index.ts'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import type { Slot } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { formProbes } from '../../rules/examples/probe.ts'
import { STRIP, type StripGroup } from '../../rules/profile/strip.ts'
import { refused } from '../../rules/reasons.ts'
import { element, elements, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialise } from '../../rules/xml/write.ts'
import { NAMING, NUMBER } from '../support/number.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { everything } from './everything.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const secret = element('jabber:client', 'message', {}, [element('jabber:client', 'body', {}, ['SECRET'])])
const forwarded = element('urn:xmpp:forward:0', 'forwarded', {}, [secret])
const cipher = (ns: string, name: string) => element(ns, name, {}, ['QUJDREVGR0g='])
const OMEMO = ['eu.siacs.conversations.axolotl', 'urn:xmpp:omemo:1', 'urn:xmpp:omemo:2']
const OPENPGP = 'urn:xmpp:openpgp:0'

const NEVER: Readonly<Record<string, XmlElement>> = {
  'an XML signature': element('http://www.w3.org/2000/09/xmldsig#', 'Signature', {}, [
    element('http://www.w3.org/2000/09/xmldsig#', 'SignatureValue', {}, ['QUJDREVGR0g=']),
  ]),
  'a forwarded message (XEP-0297)': forwarded,
  'a carbon of a sent message (XEP-0280)': element('urn:xmpp:carbons:2', 'sent', {}, [forwarded]),
  'a carbon of a received message': element('urn:xmpp:carbons:2', 'received', {}, [forwarded]),
  'a message of an archive (XEP-0313)': element('urn:xmpp:mam:2', 'result', { id: '7' }, [forwarded]),
  'the end of an archive': element('urn:xmpp:mam:2', 'fin', { complete: 'true' }),
  'a delegated stanza (XEP-0355)': element('urn:xmpp:delegation:2', 'delegation', {}, [forwarded]),
  'a published item (XEP-0060)': element('http://jabber.org/protocol/pubsub#event', 'event', {}, [secret]),
  ...Object.fromEntries(
    OMEMO.map((ns) => [`OMEMO (XEP-0384), ${ns}`, element(ns, 'encrypted', {}, [cipher(ns, 'payload')])]),
  ),
  'OpenPGP for XMPP (XEP-0373)': cipher(OPENPGP, 'openpgp'),
  'its content in plain text': element(OPENPGP, 'signcrypt', {}, [secret]),
  'OpenPGP as it was (XEP-0027)': cipher('jabber:x:encrypted', 'x'),
  'a signature of it': cipher('jabber:x:signed', 'x'),
  'S/MIME (RFC 3923)': cipher('urn:ietf:params:xml:ns:xmpp-e2e', 'e2e'),
  'the mark of encryption (XEP-0380)': element('urn:xmpp:eme:0', 'encryption', { namespace: OMEMO[2]! }),
  'the envelope of encrypted content (XEP-0420)': element('urn:xmpp:sce:1', 'envelope', {}, [secret]),
}

const most = everything()
const least = compiled(exampleSources('minimal-chat'))

/** The stanza with `added` as a child of each of its elements, before and behind what is there. */
function* insertions(node: XmlElement, added: XmlElement): Generator<XmlElement> {
  const { ns, name, attributes, children } = node
  for (const at of new Set([0, children.length])) {
    yield element(ns, name, attributes, children.toSpliced(at, 0, added))
  }
  for (const child of elements(node)) {
    for (const changed of insertions(child, added)) {
      yield element(ns, name, attributes, children.with(children.indexOf(child), changed))
    }
  }
}

for (const [rules, { bundle, octets, digest }] of Object.entries({ most, least })) {
  t.test(`under the rules that admit the ${rules}`, (t) => {
    const inspect = createDecider(bundle)
    const verify = makeDecider(readBundle(Buffer.from(octets), digest))
    const says = (stanza: string) =>
      [inspect, verify].map((decide) => decide(Buffer.from(stanza), SECOND, NUMBER).accepted)
    // One accepted stanza of each shape: what differs in values only says nothing more here.
    const shapes = new Map<string, XmlElement>()
    for (const { rule, stanza } of formProbes(bundle, SECOND)) {
      const tree = parseStanza(Buffer.from(stanza), bundle.limits)
      if (rule.includes('@') || refused(tree) || says(stanza).includes(false)) continue
      shapes.set(stanza.replace(/"[^"]*"|>[^<]*</g, '"'), tree)
    }
    t.ok(shapes.size > (rules === 'most' ? 100 : 5), `${shapes.size} shapes`)
    for (const [what, added] of Object.entries(NEVER)) {
      const wrong: string[] = []
      let tried = 0
      for (const tree of shapes.values()) {
        for (const changed of insertions(tree, added)) {
          const stanza = serialise(changed)
          tried++
          if (says(stanza).includes(true)) wrong.push(stanza)
        }
      }
      const asStanza = serialise(element(SERVER_NS, 'message', {}, [added]))
      if (says(asStanza).includes(true)) wrong.push(asStanza)
      t.same(wrong.slice(0, 3), [], `${what}, in ${tried} places`)
    }
    t.end()
  })
}

t.test('no switch admits them, and no edge takes them out to let the rest go', (t) => {
  const names = (slots: readonly Slot[]): string[] =>
    slots.flatMap((slot) =>
      slot.type === 'label'
        ? []
        : slot.of.flatMap(({ ns, name, content }) => [
            `${name} ${ns}`,
            ...(content.type === 'elements' ? names(content.slots) : []),
          ]),
    )
  const admitted = new Set(most.bundle.forms.flatMap(({ slots }) => names(slots)))
  const groups: StripGroup[] = Object.values(STRIP)
  const stripped = new Set(
    groups.flatMap((group) => group.elements ?? []).map(({ ns, name }) => `${name} ${ns}`),
  )
  // Status text that is signed loses its signature together with the text.
  stripped.delete('x jabber:x:signed')
  for (const [what, { ns, name }] of Object.entries(NEVER)) {
    t.notOk(admitted.has(`${name} ${ns}`), `${what} is admitted`)
    t.notOk(stripped.has(`${name} ${ns}`), `${what} is taken out`)
  }
  const { bundle } = compiled(exampleSources('acme-to-coalition'))
  const normalise = createNormaliser(bundle)
  for (const [what, added] of Object.entries(NEVER)) {
    if (added.ns === 'jabber:x:signed') continue
    const ends = { from: 'anna@acme.example/x', id: 'i', to: 'ben@coalition.example', type: 'chat' }
    const words = element(SERVER_NS, 'body', {}, ['words'])
    const stanza = element(SERVER_NS, 'message', ends, [words, added])
    t.match(
      normalise(stanza, undefined, SECOND, NAMING),
      { outcome: 'refused', reason: 'unknown-element' },
      what,
    )
  }
  t.end()
})
