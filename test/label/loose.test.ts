import t from 'tap'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import { createLabelFinder } from '../../rules/label/loose.ts'
import { refused } from '../../rules/reasons.ts'
import { mapOutgoing } from '../../rules/spif/mapping.ts'
import { changed, label, load, meadow, orchard } from '../spif/policies.ts'
import { DATES, row, spelling } from './rows.ts'
import { parse } from './xml.ts'

const own = label(orchard, 'OPEN', 'Blight=CANKER', 'Pickers=ASHBY')
const mapped = mapOutgoing(own, orchard, meadow)
if ('problem' in mapped) throw new Error(mapped.detail)
const toMeadow = { released: mapped, target: meadow }
const ess = row(own, orchard, 'ess-0258', { ...toMeadow, releaseForm: '4774-4778' })
const xml = row(own, orchard, '4774-0258', toMeadow)
const bound = row(own, orchard, '4774-4778', { ...toMeadow, releaseForm: '4774-0258' })
const rows: readonly LabelRow[] = [ess, xml, bound, row(label(orchard, 'OPEN'), orchard, 'ess-0258')]
const released = row(mapped, meadow, '4774-0258')
/** Of the rows' one label: itself in the other format, and what it is in Meadow; of the last row nothing. */
const meadowEss = row(mapped, meadow, 'ess-0258')
const derived = [
  [xml.input.value, released.input.value, meadowEss.input.value],
  [ess.input.value, released.input.value, meadowEss.input.value],
  [],
]
const find = createLabelFinder(rows, derived)

/** The row that an element finds: its number, or the reason why none. */
function found(text: string, sender = 'a@b'): number | string {
  const result = find(parse(text), sender)
  // Asked again, and of one that has never been asked: the same.
  t.same(find(parse(text), sender), result)
  t.same(createLabelFinder(rows, derived)(parse(text), sender), result)
  return refused(result) ? result.refused : rows.indexOf(result.row)
}

t.test('the canonical spelling finds its own row', async (t) => {
  t.same(
    rows.map((each) => found(spelling(each))),
    [0, 1, 2, 3],
  )
})

t.test('however many spellings of labels come, each finds its row', async (t) => {
  const e = spelling(ess)
  for (let i = 0; i < 2500; i++) {
    const text = e.replace('<label>', `<displaymarking>${'x'.repeat(i)}</displaymarking><label>`)
    const result = find(parse(text), 'a@b')
    if (refused(result) || result.row !== ess) t.fail(`spelling ${i}`)
  }
  t.equal(found(e), 0)
})

t.test('a date for which the wire has no spelling is no label’s', async (t) => {
  for (const date of ['1969-12-31T23:59:59Z', '10000-01-01T00:00:00Z', '-0044-03-15T12:00:00Z']) {
    t.equal(found(spelling(xml).replace(DATES.creation, date)), 'label-malformed', date)
    t.equal(found(spelling(xml).replace(DATES.review, date)), 'label-malformed', date)
    t.equal(found(spelling(bound).replace(DATES.review, date)), 'label-malformed', date)
  }
})

t.test('midnight as 24:00 and the media type of metadata are spelling', async (t) => {
  const late = find(parse(spelling(xml).replace(DATES.review, '2029-12-31T24:00:00Z')), 'a@b')
  t.match(late, { row: xml, review: '2030-01-01T00:00:00Z' })
  const type = '<Metadata xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="text/xml">'
  t.equal(found(spelling(bound).replace('<Metadata>', type)), 2)
  t.equal(found(spelling(bound).replace('<Metadata>', '<Metadata encoding="base64">')), 'label-malformed')
})

t.test('spelling is forgiven', async (t) => {
  const e = spelling(ess)
  t.equal(
    found(e.replace('<label>', '<displaymarking fgcolor="black" bgcolor="red">DEEP</displaymarking><label>')),
    0,
  )
  t.equal(found(e.replaceAll('><', '>\n  <')), 0)
  t.equal(found(e.replace('>M', '>\n\tM\r\n')), 0, 'blanks in base64')
  t.equal(
    found(
      e
        .replace('<securitylabel xmlns=', '<s:securitylabel xmlns:s=')
        .replace('</securitylabel>', '</s:securitylabel>')
        .replaceAll('label>', 'label>')
        .replace('<label>', '<s:label>')
        .replace('</label>', '</s:label>'),
    ),
    0,
    'prefixes',
  )
  const x = spelling(xml)
  for (const [from, to] of [
    ['> <', '><'],
    ['><', '>\n<'],
    [/ URI="urn[^"]*"/g, ''],
    ['>OPEN<', '>\n\tOPEN &#xD;<'],
    ['>ASHBY<', '> ASHBY <'],
    ['TagName="Pickers"', 'TagName=" Pickers&#xA; "'],
    ['originatorConfidentialityLabel', 'ConfidentialityLabel'],
    ['2026-01-02T03:04:05Z', '2026-01-02T04:04:05.25+01:00'],
    ['<CreationDateTime>', '<OriginatorID IDType="jID">a@b</OriginatorID><CreationDateTime>'],
  ] as const) {
    t.equal(found(x.replaceAll(from as string, to)), 1, String(from))
    t.equal(found(spelling(bound).replaceAll(from as string, to)), 2, String(from))
  }
  t.match(find(parse(x.replaceAll('2026-01-02T03:04:05Z', '2026-01-02T04:04:05.25+01:00')), 'a@b'), DATES2)
  const categories = x.match(/<Category .*?<\/Category>/g)!
  t.equal(found(x.replace(categories.join(''), [...categories].reverse().join(''))), 1, 'order')
})

const originator = (address: string) => `<OriginatorID IDType="jID">${address}</OriginatorID>`
const DATES2 = { creation: DATES.creation, review: DATES.review }

/** A category whose tag set differs from one of the label in case only. */
const BLIGHT = '<Category TagName="BLIGHT" Type="INFORMATIVE"><GenericValue>CANKER</GenericValue></Category>'

t.test('meaning is not', async (t) => {
  const x = spelling(xml)
  for (const [from, to, reason] of [
    ['urn:oid:2.999.1"', 'urn:oid:2.999.2"', 'label-unlisted'],
    ['urn:oid:2.999.1.2"', 'urn:oid:2.999.1.1"', 'label-unlisted'],
    ['>Orchard<', '>Meadow<', 'label-unlisted'],
    ['>OPEN<', '>INNER<', 'label-unlisted'],
    ['>OPEN<', '>ОPEN<', 'label-unlisted'],
    ['>OPEN<', '>Open<', 'label-unlisted'],
    ['>OPEN<', '>O PEN<', 'label-unlisted'],
    ['>OPEN<', '>OPEN\u00a0<', 'label-unlisted'],
    ['>Orchard<', '>ORCHARD<', 'label-unlisted'],
    ['>ASHBY<', '>Ashby<', 'label-unlisted'],
    ['TagName="Pickers"', 'TagName="pickers"', 'label-unlisted'],
    ['<GenericValue>ASHBY', '<GenericValue>Ashby</GenericValue><GenericValue>ASHBY', 'label-malformed'],
    ['<GenericValue>ASHBY', '<GenericValue>A  B</GenericValue><GenericValue>a B', 'label-malformed'],
    ['<Category TagName="Pickers"', `${BLIGHT}<Category TagName="Pickers"`, 'label-malformed'],
    ['>ASHBY<', '>DELL<', 'label-unlisted'],
    [
      '</GenericValue></Category><Category',
      '</GenericValue><GenericValue>RUST</GenericValue></Category><Category',
      'label-unlisted',
    ],
    ['PERMISSIVE', 'INFORMATIVE', 'label-unlisted'],
    ['</Classification>', '</Classification><PrivacyMark>x</PrivacyMark>', 'label-unlisted'],
    ['<GenericValue>ASHBY</GenericValue>', '<IntegerValue>1</IntegerValue>', 'label-malformed'],
    ['originatorConfidentialityLabel', 'metadataConfidentialityLabel', 'label-malformed'],
    ['originatorConfidentialityLabel', 'alternativeConfidentialityLabel', 'label-malformed'],
    ['originatorConfidentialityLabel', 'SuccessorConfidentialityLabel', 'label-malformed'],
    [' ReviewDateTime="2030-01-01T00:00:00Z"', '', 'label-malformed'],
    [
      '</CreationDateTime>',
      `</CreationDateTime><SuccessionHandling><SuccessionDateTime>2026-01-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel>${x.match(/<ConfidentialityInformation>.*<\/CreationDateTime>/)![0]}</SuccessorConfidentialityLabel></SuccessionHandling>`,
      'label-malformed',
    ],
    [
      '</ConfidentialityInformation>',
      '<x:y xmlns:x="urn:x"/></ConfidentialityInformation>',
      'label-malformed',
    ],
    [
      '<CreationDateTime>',
      '<OriginatorID IDType="jID">c@b</OriginatorID><CreationDateTime>',
      'label-malformed',
    ],
    [
      '<CreationDateTime>',
      '<OriginatorID IDType="rfc822Name">a@b</OriginatorID><CreationDateTime>',
      'label-malformed',
    ],
  ] as const) {
    t.equal(found(x.replaceAll(from, to)), reason, `${from} → ${to}`)
  }
  t.equal(found(spelling(ess).replace('ess:0">M', 'ess:0">N')), 'label-malformed')
  t.equal(
    found('<securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel>'),
    'label-malformed',
    'a default label',
  )
  t.equal(
    found('<securitylabel xmlns="urn:xmpp:sec-label:0"><label>OPEN</label></securitylabel>'),
    'label-malformed',
  )
  t.equal(found('<x/>'), 'label-malformed')
  t.equal(found(spelling(bound).replace('URI=""', 'URI="#a"')), 'label-malformed')
  const metadata = spelling(bound).match(/<Metadata>.*<\/Metadata>/)![0]
  t.equal(found(spelling(bound).replace(metadata, metadata + metadata)), 'label-malformed', 'two labels')
})

t.test('ESS must be strict DER and complete even here', async (t) => {
  for (const hex of ['3103060129', '3106060129020104', '318006022a030201010000', '310602010406012900']) {
    t.equal(
      found(
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${Buffer.from(hex, 'hex').toString('base64')}</esssecuritylabel></label></securitylabel>`,
      ),
      'label-malformed',
      hex,
    )
  }
  t.equal(
    found(
      '<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk</esssecuritylabel></label></securitylabel>',
    ),
    'label-malformed',
    'no padding',
  )
})

const payload = (each: LabelRow) => spelling(each).match(/<label>(.*)<\/label>/)![1]!
/** The label of a row with these payloads as its equivalents. */
const withEquivalents = (each: LabelRow, ...payloads: string[]) =>
  spelling(each).replace(
    '</label></securitylabel>',
    `</label>${payloads.map((one) => `<equivalentlabel>${one}</equivalentlabel>`).join('')}</securitylabel>`,
  )

t.test('an equivalent label is the label itself or what the policies derive of it', async (t) => {
  const ofMeadow = payload(released)
  for (const [name, payloads] of [
    ['of the other policy', [ofMeadow]],
    ['the same in ESS', [payload(meadowEss)]],
    ['the label itself', [payload(ess)]],
    ['the label itself in the other format', [payload(xml)]],
    ['all of them, one twice', [ofMeadow, payload(meadowEss), payload(xml), ofMeadow]],
    ['without identifiers', [ofMeadow.replaceAll(/ URI="[^"]*"/g, '')]],
    ['with the old root', [ofMeadow.replaceAll('originatorC', 'C')]],
    ['said to be the alternative', [ofMeadow.replaceAll('originatorC', 'alternativeC')]],
    ['with other dates', [ofMeadow.replace('2030-', '2031-')]],
    ['by the sender', [ofMeadow.replace('<CreationDateTime>', `${originator('a@b')}<CreationDateTime>`)]],
  ] as const) {
    t.equal(found(withEquivalents(ess, ...payloads)), 0, name)
    t.match(find(parse(withEquivalents(ess, ...payloads)), 'a@b'), { equivalents: payloads.length }, name)
    t.equal(found(withEquivalents(xml, ...payloads)), 1, name)
  }
})

t.test('another equivalent label refuses the label', async (t) => {
  const ofMeadow = payload(released)
  const open = rows[3]!
  for (const [name, one, reason] of [
    ['another class', ofMeadow.replace('>LOW<', '>MIDDLE<'), 'label-unlisted'],
    ['a class in another case', ofMeadow.replace('>LOW<', '>Low<'), 'label-unlisted'],
    ['another identifier', ofMeadow.replace('2.999.2"', '2.999.3"'), 'label-unlisted'],
    ['fewer categories', ofMeadow.replace(/<Category .*<\/Category>/, ''), 'label-unlisted'],
    ['a mark', ofMeadow.replace('<Category', '<PrivacyMark>x</PrivacyMark><Category'), 'label-unlisted'],
    ['another label of the same policy', payload(open), 'label-unlisted'],
    ['of the metadata', ofMeadow.replaceAll('originatorC', 'metadataC'), 'label-malformed'],
    [
      'by somebody else',
      ofMeadow.replace('<CreationDateTime>', `${originator('c@b')}<CreationDateTime>`),
      'label-malformed',
    ],
    ['nothing', '', 'label-malformed'],
    ['two', ofMeadow + ofMeadow, 'label-malformed'],
    ['of an unknown format', '<x xmlns="urn:x"/>', 'label-malformed'],
    ['text', 'LOW', 'label-malformed'],
    ['no DER', payload(meadowEss).replace('>M', '>N'), 'label-malformed'],
  ] as const) {
    t.equal(found(withEquivalents(ess, one)), reason, name)
    t.equal(found(withEquivalents(ess, ofMeadow, one)), reason, `${name}, behind a right one`)
    t.equal(found(withEquivalents(xml, one, ofMeadow)), reason, `${name}, before a right one`)
  }
  t.equal(found(withEquivalents(open, payload(open))), 3)
  t.equal(found(withEquivalents(open, ofMeadow)), 'label-unlisted', 'of a label that has none')
  t.match(createLabelFinder(rows)(parse(withEquivalents(ess, ofMeadow)), 'a@b'), {
    refused: 'label-unlisted',
  })
  const before = spelling(ess).replace('<label>', `<equivalentlabel>${ofMeadow}</equivalentlabel><label>`)
  t.equal(found(before), 'label-malformed', 'before the label')
})

t.test('an equivalent label does not decide', async (t) => {
  t.equal(found(withEquivalents(ess, payload(xml)).replace(payload(ess), '')), 'label-malformed')
  const other = load(changed('orchard', 'id="2.999.1"', 'id="2.999.8"'))
  const twin = row(label(other, 'OPEN', 'Blight=CANKER', 'Pickers=ASHBY'), other, '4774-0258')
  const findOne = createLabelFinder([xml, twin], [[released.input.value], []])
  const open = withEquivalents(xml, payload(released)).replaceAll(/ URI="[^"]*"/g, '')
  t.match(findOne(parse(open), 'a@b'), { refused: 'label-unlisted' })
})

t.test('two rows that names do not tell apart need the identifiers', async (t) => {
  const other = load(changed('orchard', 'id="2.999.1"', 'id="2.999.8"'))
  const twin = row(label(other, 'OPEN', 'Blight=CANKER', 'Pickers=ASHBY'), other, '4774-0258')
  const findOne = createLabelFinder([xml, twin])
  const text = spelling(xml)
  t.match(findOne(parse(text), 'a@b'), { row: { input: { value: xml.input.value } } })
  t.match(findOne(parse(text.replace('2.999.1"', '2.999.8"')), 'a@b'), {
    row: { input: { value: twin.input.value } },
  })
  t.match(findOne(parse(text.replaceAll(/ URI="[^"]*"/g, '')), 'a@b'), { refused: 'label-unlisted' })
})

t.test('a template that is no label is a fault of the bundle', async (t) => {
  t.throws(() => createLabelFinder([{ ...ess, input: { ...ess.input, template: ['<x></x>'] } }]), /template/)
})
