/** XEP-0198 as arithmetic: what is counted, told and believed on one stream. */
import t from 'tap'
import { createManagement, offeredManagement } from '../../edge/stream/management.ts'
import { element } from '../../rules/xml/node.ts'

const NS = 'urn:xmpp:sm:3'
const word = (name: string, attributes: Record<string, string> = {}, ns = NS) => element(ns, name, attributes)

function make(role: 'receiving' | 'initiating') {
  const said: string[] = []
  const settled: boolean[] = []
  const acknowledged: number[] = []
  const management = createManagement({
    role,
    write: (text) => said.push(text),
    onSettled: (on) => settled.push(on),
  })
  management.onAcknowledged((count) => acknowledged.push(count))
  return { management, said, settled, acknowledged }
}

/** A stream on which the receiving entity has agreed. */
function agreed() {
  const made = make('receiving')
  made.management.take(word('enable'))
  made.said.length = 0
  return made
}

t.test('the receiving entity agrees once, and resumes nothing', (t) => {
  const { management, said, settled } = make('receiving')
  t.equal(management.parting(), '', 'no last word before')
  t.match(management.take(word('r')), { condition: 'unsupported-stanza-type' })
  t.match(management.take(word('enabled')), { condition: 'unsupported-stanza-type' })
  t.match(management.take(word('enable', {}, 'urn:xmpp:sm:2')), { condition: 'unsupported-stanza-type' })
  t.equal(management.take(word('resume', { previd: 'x', h: '1' })), undefined)
  t.equal(management.take(word('enable', { resume: 'true' })), undefined)
  t.equal(management.take(word('enable')), undefined)
  t.same(said, [
    `<failed xmlns='${NS}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`,
    `<enabled xmlns='${NS}'/>`,
    `<failed xmlns='${NS}'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`,
  ])
  t.same(settled, [true])
  t.match(management.take(word('odd')), { condition: 'unsupported-stanza-type' })
  t.end()
})

t.test('the initiating entity asks in the form that is offered', (t) => {
  const { management, said, settled } = make('initiating')
  management.enable('urn:xmpp:sm:2')
  t.same(said.splice(0), [`<enable xmlns='urn:xmpp:sm:2'/>`])
  t.match(management.take(word('enabled')), { condition: 'unsupported-stanza-type' }, 'not the other form')
  t.match(management.take(word('enable', {}, 'urn:xmpp:sm:2')), { condition: 'unsupported-stanza-type' })
  t.equal(management.take(word('enabled', {}, 'urn:xmpp:sm:2')), undefined)
  t.ok(management.isOn())
  management.ask()
  t.same(said, [`<r xmlns='urn:xmpp:sm:2'/>`])

  const refused = make('initiating')
  refused.management.enable(NS)
  t.equal(refused.management.take(word('failed')), undefined)
  t.same([settled, refused.settled], [[true], [false]])
  t.notOk(refused.management.isOn())
  t.match(refused.management.take(word('failed')), { condition: 'unsupported-stanza-type' }, 'once')

  const sm = (ns: string) => element(ns, 'sm')
  t.equal(offeredManagement([sm('urn:xmpp:sm:2'), sm(NS), element('urn:x', 'sm')]), NS)
  t.equal(offeredManagement([sm('urn:xmpp:sm:2')]), 'urn:xmpp:sm:2')
  t.equal(offeredManagement([sm('urn:xmpp:sm:1'), element(NS, 'other')]), undefined)
  t.end()
})

t.test('what came is told when it is taken, in order', (t) => {
  const { management, said } = agreed()
  const taken = Array.from({ length: 4 }, () => management.came())
  taken[0]!()
  taken[2]!()
  management.take(word('r'))
  t.same(said.splice(0), [`<a xmlns='${NS}' h='1'/>`], 'nothing behind a gap')
  taken[1]!()
  t.same(said, [])
  taken[3]!()
  t.same(said.splice(0), [`<a xmlns='${NS}' h='4'/>`], 'who asked before hears of the rest')
  for (let i = 0; i < 63; i++) management.came()()
  t.same(said, [])
  management.came()()
  t.same(said.splice(0), [`<a xmlns='${NS}' h='68'/>`], 'unasked after 64')
  management.came()()
  t.equal(management.parting(), `<a xmlns='${NS}' h='69'/>`)
  t.end()
})

t.test('what came before it was agreed upon does not count', (t) => {
  const { management, said } = make('receiving')
  const early = management.came()
  management.take(word('enable'))
  early()
  management.take(word('r'))
  t.equal(said.at(-1), `<a xmlns='${NS}' h='0'/>`)
  t.end()
})

t.test('acknowledgements are believed up to what was sent, modulo 2^32', (t) => {
  const { management, acknowledged } = agreed()
  const hear = (h: string | number) => management.take(word('a', { h: String(h) }))
  management.wrote(5)
  t.equal(hear(3), undefined)
  t.equal(hear(3), undefined)
  t.match(hear(6), {
    condition: 'undefined-condition',
    detail: `<handled-count-too-high xmlns='${NS}' h='6' send-count='5'/>`,
  })
  t.match(hear(2), { condition: 'undefined-condition' }, 'they do not go back')
  for (const h of ['', '-1', '1.5', '0x5', ' 5', '4294967296', '99999999999'])
    t.match(hear(h), { condition: 'bad-format' }, h)
  t.match(management.take(word('a')), { condition: 'bad-format' })
  t.equal(hear(5), undefined)
  management.wrote(2 ** 32 - 1)
  t.equal(hear(2 ** 32 - 1), undefined)
  t.equal(hear(4), undefined, 'around')
  t.match(hear(5), { condition: 'undefined-condition', detail: /send-count='4'/ })
  t.same(acknowledged, [3, 3, 5, 2 ** 32 - 1, 2 ** 32 + 4])
  t.end()
})
