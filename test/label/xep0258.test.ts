import t from 'tap'
import { effectiveLabel } from '../../rules/label/effective.ts'
import {
  PAYLOADS,
  type PayloadReader,
  readSecurityLabel,
  type SecurityLabel,
} from '../../rules/label/xep0258.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { changed, label, load, meadow, orchard, words } from '../spif/policies.ts'
import { row, spelling } from './rows.ts'
import { parse } from './xml.ts'

const ESS = '<esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel>'
const read = (inside: string, attributes = '') =>
  readSecurityLabel(
    parse(`<securitylabel xmlns="urn:xmpp:sec-label:0"${attributes}>${inside}</securitylabel>`),
  )

t.test('marking, label, equivalents', async (t) => {
  t.match(
    read(`<displaymarking fgcolor="black" bgcolor="red">SECRET</displaymarking><label>${ESS}</label>`),
    {
      displayMarking: { text: 'SECRET', fgcolor: 'black', bgcolor: 'red' },
      label: { format: 'ess', label: { policy: '1.1', classification: 4 } },
      equivalents: [],
    },
  )
  t.match(read('<label/>'), { label: undefined })
  t.match(read('<label> </label>'), { label: undefined })
  t.match(
    read(
      `<label>${ESS}</label><equivalentlabel>${ESS}</equivalentlabel><equivalentlabel>${ESS}</equivalentlabel>`,
    ),
    { equivalents: { length: 2 } },
  )
  t.match(
    read(`<label>${ESS.replace('=<', '<')}</label>`),
    { label: { format: 'ess' } },
    'an example of the XEP lacks its padding',
  )
  t.match(read(`\n <label>\n ${ESS}\n </label>`), { label: { format: 'ess' } })
})

t.test('anything else is refused', async (t) => {
  for (const [inside, why] of [
    ['', 'no label'],
    ['<label/><label/>', 'two labels'],
    ['<label/><displaymarking>x</displaymarking>', 'the wrong order'],
    ['<displaymarking>x</displaymarking><displaymarking>x</displaymarking><label/>', 'two markings'],
    ['<displaymarking><b>x</b></displaymarking><label/>', 'an element in the marking'],
    ['<displaymarking colour="x">x</displaymarking><label/>', 'an unknown attribute'],
    [`<label/><equivalentlabel/>`, 'an empty equivalent'],
    [`<equivalentlabel>${ESS}</equivalentlabel>`, 'an equivalent of nothing'],
    [`<label>${ESS}${ESS}</label>`, 'two payloads'],
    [`<label x="y">${ESS}</label>`, 'an attribute on label'],
    ['<label>SECRET</label>', 'bare text'],
    [`<label>${ESS}x</label>`, 'text beside the payload'],
    ['<label><x xmlns="urn:x"/></label>', 'an unknown payload'],
    ['<label><x/></label>', 'an unknown payload of the same namespace'],
    [
      '<label><other xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</other></label>',
      'another element of the payload’s namespace',
    ],
    [
      `<label>${ESS.replace('<esssecuritylabel ', '<esssecuritylabel x="y" ')}</label>`,
      'an attribute on the payload',
    ],
    [`<label>${ESS.replace('MQYC', 'MQYC!')}</label>`, 'what is not base64'],
    [`<label>${ESS.replace('MQYC', 'MQYC\u00a0')}</label>`, 'a no-break space is no blank'],
    [`<label>${ESS.replace('ASk=', 'ASl=')}</label>`, 'spare bits'],
    [`<label>${ESS.replace('MQYCAQQGASk=', '')}</label>`, 'no octets'],
    [`<label>${ESS.replace('MQYCAQQGASk=', 'A'.repeat(8196))}</label>`, 'too much'],
    [`<label>${ESS.replace('MQYCAQQGASk=', 'MQYCAQQ')}</label>`, 'half a label'],
    ['<x:label xmlns:x="urn:x"/>', 'another namespace'],
    ['text<label/>', 'text'],
  ] as const) {
    t.match(read(inside), { problem: String }, why)
  }
  t.match(read('<label/>', ' id="x"'), { problem: String })
  t.match(readSecurityLabel(parse('<securitylabel/>')), { problem: String })
})

t.test('a further payload is a reader in a list', async (t) => {
  const reader: PayloadReader = (node) => ({
    format: 'other',
    bind: () =>
      node.name === 'flower' ? label(orchard, 'OPEN') : { problem: 'unknown-syntax', detail: node.name },
  })
  const more = new Map([...PAYLOADS, ['urn:flowers', reader]])
  const make = (name: string) => {
    const made = readSecurityLabel(
      parse(
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><${name} xmlns="urn:flowers"/></label></securitylabel>`,
      ),
      more,
    )
    if ('problem' in made) throw new Error(made.problem)
    return effectiveLabel(made, orchard)
  }
  t.match(make('flower'), { from: 'label', label: { classification: { name: 'OPEN' } } })
  t.match(make('weed'), { problem: 'not-appropriate' })
})

const own = label(orchard, 'OPEN', 'Blight=CANKER')
const mapped = mapOutgoing(own, orchard, meadow)
if ('problem' in mapped) throw new Error(mapped.detail)

function securityLabel(first: string, ...equivalents: readonly string[]): SecurityLabel {
  const payload = (text: string) => text.match(/<label>(.*)<\/label>/)?.[1] ?? ''
  const made = read(
    `<label>${payload(first)}</label>${equivalents.map((e) => `<equivalentlabel>${payload(e)}</equivalentlabel>`).join('')}`,
  )
  if ('problem' in made) throw new Error(made.problem)
  return made
}

t.test('the effective label is the one under the governing policy', async (t) => {
  const inOrchard = spelling(row(own, orchard, 'ess-0258'))
  const inMeadow = spelling(row(mapped, meadow, '4774-0258'))
  const said = (...args: Parameters<typeof effectiveLabel>) => {
    const found = effectiveLabel(...args)
    return 'problem' in found ? found.problem : `${found.from} ${words(found.label)}`
  }
  t.equal(said(securityLabel(inOrchard), orchard), 'label OPEN Blight=CANKER')
  t.equal(said(securityLabel(inOrchard, inMeadow), orchard, [meadow]), 'label OPEN Blight=CANKER')
  t.equal(said(securityLabel(inOrchard, inMeadow), meadow, [orchard]), 'equivalentlabel LOW Pests=MOLE')
  t.equal(
    said(securityLabel(inMeadow, inOrchard), orchard, [meadow]),
    'equivalentlabel OPEN Blight=CANKER',
    'by the equivalences of either policy',
  )
  t.equal(said(securityLabel(inOrchard, inOrchard), orchard), 'label OPEN Blight=CANKER')
  t.equal(said(securityLabel(inOrchard), meadow, [orchard]), 'not-appropriate')
  t.equal(said(securityLabel(inOrchard), meadow), 'not-appropriate')
  t.equal(
    said(securityLabel(inOrchard, inMeadow), orchard),
    'not-appropriate',
    'an equivalent that cannot be checked',
  )
  const stranger = load(changed('meadow', 'name="Meadow" id="2.999.2"', 'name="Marsh" id="2.999.9"'))
  t.equal(
    said(securityLabel(inOrchard, inMeadow), stranger, [orchard, meadow]),
    'not-appropriate',
    'true, but of no use',
  )
  t.equal(
    said(securityLabel(inMeadow, inOrchard), orchard),
    'not-appropriate',
    'a label that cannot be read is not made good',
  )
  const unknown = securityLabel(inMeadow.replace('>LOW<', '>LOWER<'))
  t.match(effectiveLabel(unknown, orchard, [meadow, stranger]), { detail: /unknown-classification/ })
  t.match(effectiveLabel(securityLabel(inMeadow), orchard), { detail: /wrong-policy not of Orchard/ })
  const false1 = spelling(row(label(meadow, 'MIDDLE', 'Pests=MOLE'), meadow, '4774-0258'))
  t.equal(said(securityLabel(inOrchard, false1), orchard, [meadow]), 'not-equivalent')
  const false2 = spelling(row(label(orchard, 'INNER', 'Blight=CANKER'), orchard, 'ess-0258'))
  t.equal(said(securityLabel(inOrchard, false2), orchard), 'not-equivalent')
})

t.test('a default label only where one is given, and nothing beside it', async (t) => {
  const empty: SecurityLabel = { label: undefined, equivalents: [] }
  t.match(effectiveLabel(empty, orchard), { problem: 'no-label' })
  t.match(effectiveLabel(empty, orchard, [], own), { from: 'default', label: own })
  t.match(
    effectiveLabel(
      {
        ...securityLabel(spelling(row(own, orchard, 'ess-0258')), spelling(row(own, orchard, 'ess-0258'))),
        label: undefined,
      },
      orchard,
      [],
      own,
    ),
    { problem: 'not-equivalent' },
  )
})
