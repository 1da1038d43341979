import t from 'tap'
import { isProblem } from '../../rules/label/label.ts'
import { fill, releaseTemplate, wireTemplate } from '../../rules/label/template.ts'
import { readWireLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import { serialiseInside } from '../../rules/xml/write.ts'
import { changed, label, load, missi, orchard } from '../spif/policies.ts'
import { DATES, FORMS, row, spelling } from './rows.ts'
import { parse } from './xml.ts'

const own = label(
  orchard,
  'INNER',
  'Blight=CANKER,RUST',
  'Pickers=BIRCHY,ASHBY',
  'Buyers=SOUTH,NORTH',
  '#ADDRESSEE',
)

t.test('each form: its template is read, with the row’s value and the dates', async (t) => {
  for (const form of FORMS) {
    const made = row(own, orchard, form)
    const read = readWireLabel(parse(spelling(made)))
    t.match(read, { form, value: made.input.value })
    if (form !== 'ess-0258') t.match(read, { creation: DATES.creation, review: DATES.review })
    t.equal(
      serialiseInside(parse(spelling(made)), 'jabber:server'),
      spelling(made),
      'the template is canonical',
    )
    const holes = made.input.template.filter((part) => typeof part !== 'string')
    t.equal(holes.length, form === 'ess-0258' ? 0 : 2)
  }
})

t.test('another label has another value, in each form', async (t) => {
  for (const form of FORMS) {
    const values = [
      own,
      label(orchard, 'INNER', 'Blight=CANKER,RUST', 'Pickers=BIRCHY,ASHBY', 'Buyers=SOUTH,NORTH'),
      label(orchard, 'INNER', 'Blight=CANKER,RUST', 'Pickers=BIRCHY,ASHBY', 'Buyers=SOUTH', '#ADDRESSEE'),
      label(
        orchard,
        'OPEN',
        'Blight=CANKER,RUST',
        'Pickers=BIRCHY,ASHBY',
        'Buyers=SOUTH,NORTH',
        '#ADDRESSEE',
      ),
      label(orchard, 'INNER', 'Blight=CANKER', 'Pickers=BIRCHY,ASHBY', 'Buyers=SOUTH,NORTH', '#ADDRESSEE'),
      label(orchard, 'INNER'),
    ].map((each) => row(each, orchard, form).input.value)
    t.equal(new Set(values).size, values.length)
  }
})

t.test('one spelling only: every change of it is refused or is another label', async (t) => {
  for (const form of FORMS) {
    const made = row(own, orchard, form)
    const text = spelling(made)
    for (const [from, to] of [
      ['><', '> <'],
      ['><', '>\n<'],
      ['<label>', '<label x="y">'],
      ['<label>', '<label>x'],
      ['<label>', '<displaymarking>OPEN</displaymarking><label>'],
      ['</label>', '</label><equivalentlabel/>'],
      ['</label>', '</label><label/>'],
      ['<securitylabel ', '<securitylabel x="y" '],
      ['sec-label:0"', 'sec-label:1"'],
      ['sec-label:ess:0"', 'sec-label:ess:1"'],
      ['MI', ' MI'],
      ['MI', 'M I'],
      ['</esssecuritylabel>', '=</esssecuritylabel>'],
      [
        '</esssecuritylabel>',
        '</esssecuritylabel><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel>',
      ],
      ['originatorConfidentialityLabel', 'alternativeConfidentialityLabel'],
      ['originatorConfidentialityLabel', 'ConfidentialityLabel'],
      [' ReviewDateTime="2030-01-01T00:00:00Z"', ''],
      ['2030-01-01T00:00:00Z', '2030-01-01T00:00:00.0Z'],
      ['2030-01-01T00:00:00Z', '2030-01-01T01:00:00+01:00'],
      ['2030-01-01T00:00:00Z', '2029-12-31T24:00:00Z'],
      ['2030-01-01T00:00:00Z', '10000-01-01T00:00:00Z'],
      ['2026-01-02T03:04:05Z', '1969-12-31T23:59:59Z'],
      ['2026-01-02T03:04:05Z', '-0044-03-15T12:00:00Z'],
      [' ReviewDateTime=', ' Id="x" ReviewDateTime='],
      ['<Metadata>', '<Metadata xmlns:m="http://www.w3.org/2005/05/xmlmime" m:contentType="text/xml">'],
      ['profile:xmpp:1:0"', 'profile:xmpp:1:3"'],
      ['TagName="Blight"', 'TagName="PICKERS"'],
      ['2026-01-02T03:04:05Z', ' 2026-01-02T03:04:05Z'],
      ['<CreationDateTime>2026-01-02T03:04:05Z</CreationDateTime>', ''],
      ['<CreationDateTime>', '<OriginatorID IDType="jID">a@b</OriginatorID><CreationDateTime>'],
      ['</CreationDateTime>', '</CreationDateTime><SuccessionHandling/>'],
      [' URI="urn:oid:2.999.1"', ''],
      [' URI="urn:oid:2.999.1.1"', ''],
      ['urn:oid:2.999.1.1', 'urn:oid:2.999.1.4'],
      ['>INNER<', '> INNER<'],
      [
        '<GenericValue>ASHBY</GenericValue><GenericValue>BIRCHY</GenericValue>',
        '<GenericValue>BIRCHY</GenericValue><GenericValue>ASHBY</GenericValue>',
      ],
      [
        '<GenericValue>ASHBY</GenericValue>',
        '<GenericValue>ASHBY</GenericValue><GenericValue>ASHBY</GenericValue>',
      ],
      ['<GenericValue>ASHBY</GenericValue>', '<IntegerValue>1</IntegerValue>'],
      ['TagName="Blight"', 'TagName="Pickers"'],
      ['profile:xmpp:1:0"', 'profile:xmpp:1:1"'],
      ['URI=""', 'URI="#x"'],
      ['<Metadata>', '<Metadata><x/></Metadata><Metadata>'],
      ['<MetadataBinding>', '<MetadataBinding Id="x">'],
    ] as const) {
      if (!text.includes(from)) continue
      const read = readWireLabel(parse(text.replaceAll(from, to)))
      t.ok(refused(read) && read.refused === 'label-malformed', `${form}: ${from} → ${to}`)
    }
    for (const [from, to] of [
      ['>INNER<', '>Inner<'],
      ['>Orchard<', '>ORCHARD<'],
      ['2.999.1"', '2.999.8"'],
      ['>ADDRESSEE<', '>OTHERS<'],
    ] as const) {
      if (!text.includes(from)) continue
      const read = readWireLabel(parse(text.replace(from, to)))
      t.notMatch(read, { value: made.input.value }, `${form}: ${from} → ${to}`)
    }
  }
})

t.test('categories in another order are another spelling', async (t) => {
  const text = spelling(row(own, orchard, '4774-0258'))
  const categories = text.match(/<Category .*?<\/Category>/g)!
  t.equal(categories.length, 3)
  const turned = text.replace(categories.join(''), [...categories].reverse().join(''))
  t.match(readWireLabel(parse(turned)), { refused: 'label-malformed' })
  const same = text.replace(categories[1]!, categories[0]!)
  t.match(readWireLabel(parse(same)), { refused: 'label-malformed' }, 'a tag set twice')
})

t.test('ESS on the wire: complete, strict DER, known types, not too long', async (t) => {
  const wire = (base64: string) =>
    readWireLabel(
      parse(
        `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel></label></securitylabel>`,
      ),
    )
  const hex = (text: string) => Buffer.from(text, 'hex').toString('base64')
  t.match(wire('MQYCAQQGASk='), { form: 'ess-0258', creation: undefined })
  t.match(wire(hex(`3181890201010601290c8180${'41'.repeat(128)}`)), { form: 'ess-0258' })
  for (const bad of [
    'MQYCAQQGASk',
    'MQYCAQQGASl=',
    '',
    '%%%',
    hex('3103060129'),
    hex('3103020104'),
    hex('3106060129020104'),
    hex('318006022a030201010000'),
    hex('3185000000000706022a03020101'),
    hex('310e02010106022a032c05040141040142'),
    hex(`31818a0201010601290c8181${'41'.repeat(129)}`),
    'A'.repeat(8196),
  ]) {
    t.match(wire(bad), { refused: 'label-malformed' }, bad.slice(0, 20))
  }
})

t.test('what is no label element', async (t) => {
  for (const bad of [
    '<x/>',
    '<securitylabel/>',
    '<securitylabel xmlns="urn:xmpp:sec-label:0"/>',
    '<securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel>',
    '<securitylabel xmlns="urn:xmpp:sec-label:0"><label>SECRET</label></securitylabel>',
    '<BindingData/>',
    '<a><securitylabel xmlns="urn:xmpp:sec-label:0"><label/></securitylabel></a>',
  ]) {
    t.match(readWireLabel(parse(bad)), { refused: 'label-malformed' }, bad)
  }
})

t.test('a label that a form cannot hold in one spelling has no template in it', async (t) => {
  t.match(
    wireTemplate(label(orchard, 'OPEN', 'Recipes=PERRY'), orchard, 'ess-0258'),
    { value: String },
    'numbers above 2^64 fit an INTEGER',
  )
  const wide = load(changed('orchard', 'name="OPEN" lacv="1"', 'name="OPEN" lacv="300"'))
  t.match(wireTemplate(label(wide, 'OPEN'), wide, 'ess-0258'), { problem: 'unknown-classification' })
  t.match(wireTemplate(label(wide, 'OPEN'), wide, '4774-0258'), { value: String })
  const shared = load(changed('meadow', 'name="VOLE" lacv="8"', 'name="VOLE" lacv="7"'))
  t.match(wireTemplate(label(shared, 'LOW', 'Pests=VOLE'), shared, 'ess-0258'), {
    problem: 'ambiguous-category',
  })
  const far = load(changed('meadow', 'name="VOLE" lacv="8"', 'name="VOLE" lacv="16777216"'))
  t.match(wireTemplate(label(far, 'LOW', 'Pests=VOLE'), far, 'ess-0258'), { problem: 'unknown-category' })
  const mixed = load(
    changed(
      'orchard',
      '<securityCategoryTag name="Guilds" tagType="permissive"',
      '<securityCategoryTag name="Guilds" tagType="restrictive"',
    ),
    false,
  )
  t.match(
    wireTemplate(label(mixed, 'INNER', 'Pickers=ASHBY,COOPERS'), mixed, '4774-4778'),
    { problem: 'unknown-syntax' },
    'one tag set, two types',
  )
  const enumerated = load(
    changed('orchard', 'rbacId="2.16.840.1.101.2.1.8.3"', 'rbacId="2.16.840.1.101.2.1.8.1"')
      .replace(
        'name="Guilds" tagType="permissive"',
        'name="Guilds" tagType="enumerated" enumType="restrictive"',
      )
      .replace(
        'name="Villages" tagType="permissive"',
        'name="Villages" tagType="enumerated" enumType="permissive"',
      )
      .replace('<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="4"/>', ''),
    false,
  )
  t.match(
    wireTemplate(label(enumerated, 'INNER', 'Pickers=ASHBY,COOPERS'), enumerated, 'ess-0258'),
    { problem: 'ambiguous-category' },
    'MISSI does not tell them apart',
  )
  const stray = load(changed('meadow', 'name="VOLE"', 'name="VO&#xF0001;LE"'))
  t.match(
    wireTemplate(label(stray, 'LOW', 'Pests=VO\u{f0001}LE'), stray, '4774-0258'),
    { problem: String },
    'a name that holds what stands for a date',
  )
})

t.test('MISSI labels cross too', async (t) => {
  const made = row(label(missi, 'INNER', 'Blight=RUST', 'Recipes=CIDER'), missi, 'ess-0258')
  t.match(readWireLabel(parse(spelling(made))), { value: made.input.value })
})

t.test('what is released: marking and dates by rule', async (t) => {
  const marked = { text: 'A & <B>', fgcolor: '#000000', bgcolor: '#ffffff' }
  const template = releaseTemplate(label(orchard, 'OPEN'), orchard, '4774-0258', {
    marking: marked,
    creation: { hole: 'now' },
    review: { hole: 'now-plus', seconds: 60 },
  })
  if (isProblem(template)) throw new Error(template.detail)
  const text = fill(template, { now: 1_767_323_045 })!
  t.match(
    text,
    '<displaymarking bgcolor="#ffffff" fgcolor="#000000">A &amp; &lt;B&gt;</displaymarking><label>',
  )
  t.match(text, 'ReviewDateTime="2026-01-02T03:05:05Z"')
  t.match(text, '<CreationDateTime>2026-01-02T03:04:05Z</CreationDateTime>')
  t.equal(fill(template, {}), undefined, 'a hole without its date')
  t.equal(fill([{ hole: 'creation' }], {}), undefined)
})
