/** Catalogs of labels (XEP-0258 §5): what is offered crosses, and nothing is offered that would not. */
import t from 'tap'
import { createCatalogs, type Permits } from '../../edge/catalog.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import type { Bundle, LabelRow } from '../../rules/bundle/bundle.ts'
import { attribute, elements, type XmlElement } from '../../rules/xml/node.ts'
import { serialiseInside } from '../../rules/xml/write.ts'
import { testBundle } from './bundles.ts'
import { startWorld } from './world.ts'

const ALICE = normaliseJid('alice@high.example/x')!
const BOB = normaliseJid('bob@low.example')!
const NOW = 1_800_000_000
const all: Permits = () => true

const catalog = (bundle: Bundle, permits = all, from = ALICE, to = BOB) =>
  createCatalogs(bundle, permits)(from, to, 'high.example', NOW)
const selectors = (node: XmlElement) => elements(node).map((item) => attribute(item, 'selector'))

t.test('one item a label, by every check', (t) => {
  const bundle = testBundle('high', 'low')
  const whole = catalog(bundle)
  t.equal(attribute(whole, 'to'), 'bob@low.example')
  t.equal(attribute(whole, 'restrict'), 'true')
  t.equal(elements(whole).length, bundle.labels.rows.length)
  t.equal(new Set(selectors(whole)).size, bundle.labels.rows.length, 'selectors differ')
  const asked: string[] = []
  const secret = catalog(bundle, (row, { from, to, by }) => {
    asked.push(`${from.text} ${to.text} ${by}`)
    return row.name === 'acme-secret'
  })
  t.same(
    elements(secret).map((item) => serialiseInside(elements(item)[0]!, item.ns)),
    [
      '<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking bgcolor="#ffffff" fgcolor="#000000">ACME SECRET</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel>',
    ],
  )
  t.same(new Set(asked), new Set(['alice@high.example/x bob@low.example high.example']))
  t.end()
})

t.test('a label of several forms is offered once in ESS and once in STANAG 4774; a pair is not', (t) => {
  const bundle = testBundle('high', 'low')
  const [ess, , nato] = bundle.labels.rows as [LabelRow, LabelRow, LabelRow]
  const bound: LabelRow = {
    ...nato,
    name: 'bound',
    input: {
      ...nato.input,
      form: '4774-4778',
      template: nato.input.template.map((part) =>
        typeof part === 'string'
          ? part
              .replace(
                '<securitylabel xmlns="urn:xmpp:sec-label:0"><label>',
                '<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0">',
              )
              .replace('</label></securitylabel>', '</BindingData>')
          : part,
      ),
    },
  }
  const pair: LabelRow = { ...ess, name: 'pair', input: { ...ess.input, form: 'ess-0258+equivalentlabel' } }
  const rows = (...list: LabelRow[]) => ({ ...bundle, labels: { ...bundle.labels, rows: list } })
  t.equal(elements(catalog(rows(nato, bound))).length, 1)
  const alone = elements(catalog(rows(bound)))
  t.equal(alone.length, 1)
  t.match(
    serialiseInside(alone[0]!, ''),
    /<securitylabel [^>]*><displaymarking[^>]*>CWIX25 UNCLASSIFIED<\/displaymarking><label><originatorConfidentialityLabel .*ReviewDateTime="2\d{3}-.*<CreationDateTime>2027-01-15T08:00:00Z</,
  )
  t.equal(elements(catalog(rows(pair))).length, 0)
  const twins = [
    { ...ess, name: 'one', input: { ...ess.input, value: 'a' } },
    { ...ess, name: 'two', input: { ...ess.input, value: 'b' } },
  ]
  t.same(selectors(catalog(rows(...twins))), [
    'ESS|ESS|ACME RESTRICTED (one, ESS)',
    'ESS|ESS|ACME RESTRICTED (two, ESS)',
  ])
  t.throws(
    () => catalog(rows({ ...ess, input: { ...ess.input, template: ['<x xmlns="y"></x>'] } })),
    /the row acme-restricted holds no label/,
  )
  t.end()
})

t.test('nothing is offered where no message goes', (t) => {
  const bundle = testBundle('high', 'low')
  const count = (more: Partial<Bundle>, from = ALICE, to = BOB) =>
    elements(catalog({ ...bundle, ...more }, all, from, to)).length
  const rows = bundle.labels.rows.length
  const pair = (from: string, to: string, ...forms: string[]) => ({ pairs: [{ from, to, forms }] })
  t.equal(count(pair('high.example', 'low.example', 'message-chat')), rows)
  t.equal(count(pair('high.example', 'low.example', 'presence-available')), 0)
  t.equal(count(pair('conference.high.example', 'low.example', 'message-chat')), 0)
  t.equal(count(pair('high.example', 'conference.low.example', 'message-chat')), 0)
  t.equal(count({ forms: bundle.forms.filter(({ element }) => element !== 'message') }), 0)
  const listed = (...locals: string[]) => ({
    to: { name: 'low', domains: [{ name: 'low.example', kind: 'im' as const, locals }] },
  })
  t.equal(count(listed('bob')), rows)
  t.equal(count(listed('bob'), ALICE, normaliseJid('low.example')!), rows, 'the domain itself always may')
  t.equal(count(listed('bobby')), 0)
  t.equal(count({}, normaliseJid('a@evil.high.example')!), 0)
  t.end()
})

t.test('the label that a sender gets by default is marked', (t) => {
  const bundle = testBundle('high', 'low')
  const marked = (...defaultLabels: { from: string; row: number }[]) =>
    elements(catalog({ ...bundle, edge: { ...bundle.edge, defaultLabels } })).map(
      (item) => attribute(item, 'default') === 'true',
    )
  t.same(marked(), [false, false, false, false, false, false])
  t.same(marked({ from: 'high.example', row: 1 }), [false, true, false, false, false, false])
  t.same(
    marked({ from: 'high.example', row: 1 }, { from: 'alice@high.example', row: 2 }),
    [false, false, true, false, false, false],
    'the address comes before its domain',
  )
  t.end()
})

t.test(
  'every label that the edge offers goes through it; what is asked wrongly is not answered with labels',
  async (t) => {
    const world = await startWorld()
    t.teardown(world.close)
    const ask = async (id: string, to: string, payload: string, type = 'get') => {
      await world.server.send(
        `<iq from='alice@high.example/x' to='${to}' id='${id}' type='${type}'>${payload}</iq>`,
      )
      return (await world.server.find((xml) => xml.includes(`id="${id}"`), 3000))!.xml
    }
    const query = (to?: string) =>
      `<catalog xmlns='urn:xmpp:sec-label:catalog:2'${to === undefined ? '' : ` to='${to}'`}/>`
    const answer = await ask('c', 'low.example', query('BOB@low.example/phone'))
    t.match(answer, / type="result"><catalog .*to="bob@low\.example\/phone"/)
    t.match(
      await ask('f', 'low.example', `<query xmlns='http://jabber.org/protocol/disco#info'/>`),
      /sec-label:catalog:2/,
    )
    const labels = answer.match(/<securitylabel .*?<\/securitylabel>/g)!
    t.equal(labels.length, testBundle('high', 'low').labels.rows.length)
    for (const [i, label] of labels.entries()) {
      await world.server.send(
        `<message from='alice@high.example/x' to='bob@low.example' id='m${i}' type='chat'><body>offered-${i}</body>${label}</message>`,
      )
      t.ok(await world.guard.find((xml) => xml.includes(`offered-${i}<`)), label)
    }
    t.match(await ask('r', 'conference.low.example', query('room@conference.low.example')), /<item /)
    t.match(await ask('n', 'low.example', query()), /to="low\.example"/)
    for (const [i, to] of [
      'eve@high.example',
      'x.low.example',
      'low.example.evil',
      '',
      '@low.example',
      'a@b@low.example',
    ].entries()) {
      const refusal = await ask(`w${i}`, 'low.example', query(to))
      t.match(refusal, /type="error"><error type="cancel"><item-not-found /, to)
      t.notMatch(refusal, /<item /)
    }
    t.match(await ask('s', 'low.example', query('bob@low.example'), 'set'), /<service-unavailable /)
    t.match(await ask('u', 'bob@low.example', query('bob@low.example')), /<service-unavailable /)
  },
)

t.test('nothing is offered to who may send no message', async (t) => {
  const controls = [
    { domain: 'high.example', kinds: ['iq', 'presence'] },
    { domain: 'conference.high.example' },
  ]
  const world = await startWorld({ more: { controls } })
  t.teardown(world.close)
  await world.server.send(
    `<iq from='alice@high.example/x' to='low.example' id='c' type='get'><catalog xmlns='urn:xmpp:sec-label:catalog:2' to='bob@low.example'/></iq>`,
  )
  const answer = await world.server.find((xml) => xml.includes('id="c"'), 3000)
  t.match(answer?.xml, /<catalog /)
  t.notMatch(answer?.xml, /<item /)
})
