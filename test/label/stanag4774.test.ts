import t from 'tap'
import { bind4774, bindLabel4774, informationOf, label4774Of, lostInEss } from '../../rules/label/bind.ts'
import { isProblem, sameLabel } from '../../rules/label/label.ts'
import { LABEL_NS, read4774, write4774 } from '../../rules/label/stanag4774.ts'
import { parseDocument } from '../../rules/spif/xml.ts'
import { serialise } from '../../rules/xml/write.ts'
import { changed, label, load, orchard, words } from '../spif/policies.ts'
import { parse } from './xml.ts'

const INFORMATION = `<ConfidentialityInformation><PolicyIdentifier URI="urn:oid:2.999.1">Orchard</PolicyIdentifier><Classification>INNER</Classification><Category TagName="Pickers" Type="PERMISSIVE" URI="urn:oid:2.999.1.2"><GenericValue>ASHBY</GenericValue></Category></ConfidentialityInformation>`
const CREATED = '<CreationDateTime>2026-01-02T03:04:05Z</CreationDateTime>'
const REVIEW = ' ReviewDateTime="2030-01-01T00:00:00Z"'

function element(
  inside: string,
  attributes = REVIEW,
  name = 'originatorConfidentialityLabel',
): ReturnType<typeof parse> {
  return parse(`<${name} xmlns="${LABEL_NS}"${attributes}>${inside}</${name}>`)
}

/** What strict and lenient reading say: `ok`, the findings, or `problem`. */
function both(node: ReturnType<typeof parse>): string {
  return (['strict', 'lenient'] as const)
    .map((mode) => {
      const read = read4774(node, mode)
      return 'problem' in read ? 'problem' : read.findings.length === 0 ? 'ok' : 'finding'
    })
    .join(' ')
}

t.test('the four roots', async (t) => {
  for (const [name, role] of [
    ['originatorConfidentialityLabel', 'originator'],
    ['alternativeConfidentialityLabel', 'alternative'],
    ['metadataConfidentialityLabel', 'metadata'],
    ['ConfidentialityLabel', 'legacy'],
  ] as const) {
    t.match(read4774(element(INFORMATION + CREATED, REVIEW, name), 'strict'), { label: { role } })
  }
  for (const name of [
    'OriginatorConfidentialityLabel',
    'alternateConfidentialityLabel',
    'SuccessorConfidentialityLabel',
  ]) {
    t.equal(both(element(INFORMATION + CREATED, REVIEW, name)), 'problem problem', name)
  }
  t.match(
    read4774(parse('<originatorConfidentialityLabel/>'), 'lenient'),
    { problem: String },
    'no namespace',
  )
})

t.test('everything that a label can hold', async (t) => {
  const successor = `<SuccessionHandling><SuccessionDateTime>2028-01-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel>${INFORMATION.replace('INNER', 'OPEN')}${CREATED}</SuccessorConfidentialityLabel></SuccessionHandling>`
  const marked = INFORMATION.replace(
    '</Classification>',
    '</Classification><PrivacyMark>ADDRESSEE</PrivacyMark>',
  )
  const node = element(
    `${marked}<OriginatorID IDType="jID">a@b</OriginatorID>${CREATED}${successor}`,
    `${REVIEW} Id="x"`,
  )
  const read = read4774(node, 'strict')
  t.match(read, {
    label: {
      information: {
        policyName: 'Orchard',
        policy: '2.999.1',
        classification: 'INNER',
        privacyMark: 'ADDRESSEE',
      },
      originatorId: { type: 'jID', value: 'a@b' },
      creation: '2026-01-02T03:04:05Z',
      review: '2030-01-01T00:00:00Z',
      succession: { date: '2028-01-01T00:00:00Z', label: { information: { classification: 'OPEN' } } },
    },
    findings: [],
  })
  const again = 'problem' in read ? read : read4774(write4774(read.label), 'strict')
  t.same(again, read, 'and back')
})

t.test('a bound label keeps its origin, and is the same label without it', async (t) => {
  const successor = `<SuccessionHandling><SuccessionDateTime>2028-01-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel>${INFORMATION.replace('INNER', 'OPEN')}${CREATED}</SuccessorConfidentialityLabel></SuccessionHandling>`
  for (const [attributes, root] of [
    [`${REVIEW} Id="x"`, 'originatorConfidentialityLabel'],
    [REVIEW, 'alternativeConfidentialityLabel'],
    ['', 'metadataConfidentialityLabel'],
  ] as const) {
    const text = `${INFORMATION}<OriginatorID IDType="jID">a@b</OriginatorID>${CREATED}${successor}`
    const node = element(text, attributes, root)
    const read = read4774(node, 'strict')
    if ('problem' in read) throw new Error(read.problem)
    const bound = bindLabel4774(orchard, read.label)
    if (isProblem(bound)) throw new Error(bound.detail)
    t.match(bound.origin, { originatorId: { value: 'a@b' }, creation: '2026-01-02T03:04:05Z' })
    const again = label4774Of(orchard, bound)
    if (isProblem(again)) throw new Error(again.detail)
    t.same(again, read.label)
    t.equal(serialise(write4774(again)), serialise(write4774(read.label)), 'and back')
    t.ok(sameLabel(bound, label(orchard, 'INNER', 'Pickers=ASHBY')))
    t.same(
      lostInEss(bound),
      [
        ...(root.startsWith('originator')
          ? []
          : [`that it is the ${root.slice(0, -'ConfidentialityLabel'.length)} label`]),
        ...(attributes.includes('Id=') ? ['Id'] : []),
        'OriginatorID',
        'CreationDateTime',
        ...(attributes === '' ? [] : ['ReviewDateTime']),
        'SuccessionHandling',
      ],
      'what ESS has no place for',
    )
  }
  t.same(lostInEss(label(orchard, 'OPEN')), [])
  t.match(label4774Of(orchard, label(orchard, 'OPEN')), { role: 'originator', creation: undefined })
})

t.test('the deciding label is never the successor', async (t) => {
  const past = `<SuccessionHandling><SuccessionDateTime>2001-01-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel>${INFORMATION.replace('INNER', 'OPEN')}${CREATED}</SuccessorConfidentialityLabel></SuccessionHandling>`
  const read = read4774(element(INFORMATION + CREATED + past, ''), 'strict')
  const bound = 'problem' in read ? undefined : bind4774(orchard, read.label.information)
  t.match(bound, { classification: { name: 'INNER' } })
})

t.test('dates become canonical: zones, fractions', async (t) => {
  const at = (date: string) => {
    const read = read4774(element(INFORMATION + CREATED.replace('2026-01-02T03:04:05Z', date)), 'lenient')
    return 'problem' in read ? 'problem' : read.label.creation
  }
  t.equal(at('2026-01-02T03:04:05.987+01:30'), '2026-01-02T01:34:05Z')
  t.equal(at('\n2026-01-02T03:04:05Z '), '2026-01-02T03:04:05Z')
  t.equal(at('2026-01-02T03:04:05'), '2026-01-02T03:04:05Z', 'leniently')
  t.equal(at('2026-01-01T24:00:00Z'), '2026-01-02T00:00:00Z')
  t.equal(at('1969-07-20T20:17:40Z'), '1969-07-20T20:17:40Z')
  t.equal(at('9999-12-31T23:30:00-01:00'), '10000-01-01T00:30:00Z')
  for (const bad of ['2026-02-30T00:00:00Z', 'yesterday', '', '2026-01-02']) t.equal(at(bad), 'problem', bad)
  t.equal(both(element(INFORMATION + CREATED.replace('05Z', '05'))), 'problem finding')
})

t.test('strict and lenient, one by one', async (t) => {
  const change = (from: string, to: string) => both(element((INFORMATION + CREATED).replace(from, () => to)))
  for (const [from, to, expected, why] of [
    ['', '', 'ok ok', 'as it is'],
    [CREATED, '', 'problem finding', 'no creation date'],
    [CREATED, CREATED + CREATED, 'problem problem', 'two'],
    [CREATED, CREATED.replaceAll('Date', 'Data'), 'problem problem', 'a misspelt element'],
    [
      '<ConfidentialityInformation>',
      `${CREATED}<ConfidentialityInformation>`,
      'problem problem',
      'two dates',
    ],
    [' URI="urn:oid:2.999.1"', '', 'ok ok', 'no policy URI'],
    ['urn:oid:2.999.1"', '2.999.1"', 'problem problem', 'a URI that is none'],
    ['URI="urn:oid:2.999.1"', 'URL="urn:oid:2.999.1"', 'problem finding', 'another attribute'],
    ['<Classification>', '<Classification URI="urn:oid:1.2">', 'problem finding', 'a URI on the class'],
    ['<Classification>INNER</Classification>', '', 'problem problem', 'no class'],
    [
      '<Classification>INNER</Classification>',
      '<Classification>INNER</Classification><Classification>OPEN</Classification>',
      'problem problem',
      'two classes',
    ],
    [
      '<Classification>INNER</Classification>',
      '<Classification> </Classification>',
      'problem problem',
      'an empty class',
    ],
    [
      '<Classification>INNER</Classification>',
      '<Classification><b>INNER</b></Classification>',
      'problem problem',
      'an element in the class',
    ],
    ['<CreationDateTime>', '<CreationDateTime x="1">', 'problem finding', 'an attribute on the date'],
    [
      '<ConfidentialityInformation>',
      '<ConfidentialityInformation x="1">',
      'problem finding',
      'an attribute on the information',
    ],
    ['>INNER<', '>\n  INNER\n<', 'ok ok', 'blanks around a name'],
    ['Type="PERMISSIVE"', 'Type="Permissive"', 'problem problem', 'a type in small letters'],
    ['Type="PERMISSIVE"', 'type="PERMISSIVE"', 'problem problem', 'no type'],
    ['TagName="Pickers"', 'tagName="Pickers"', 'problem problem', 'no tag name'],
    ['TagName="Pickers"', 'TagName=" "', 'problem problem', 'an empty tag name'],
    ['<GenericValue>ASHBY</GenericValue>', '', 'problem problem', 'no value'],
    ['<GenericValue>ASHBY</GenericValue>', '<GenericValue/>', 'problem problem', 'an empty value'],
    [
      '<GenericValue>ASHBY</GenericValue>',
      '<GenericValue>ASHBY</GenericValue><GenericValue>ASHBY</GenericValue>',
      'problem finding',
      'a value twice',
    ],
    [
      '<GenericValue>ASHBY</GenericValue>',
      '<GenericValue x="y">ASHBY</GenericValue>',
      'problem finding',
      'an attribute on a value',
    ],
    ['<GenericValue>ASHBY</GenericValue>', '<IntegerValue>1</IntegerValue>', 'problem finding', 'a number'],
    [
      '<GenericValue>ASHBY</GenericValue>',
      '<IntegerValue>x</IntegerValue>',
      'problem problem',
      'a number that is none',
    ],
    ['<GenericValue>ASHBY</GenericValue>', '<BitStringValue>01</BitStringValue>', 'problem finding', 'bits'],
    [
      '<GenericValue>ASHBY</GenericValue>',
      '<BitStringValue>012</BitStringValue>',
      'problem problem',
      'bits that are none',
    ],
    [
      '<GenericValue>ASHBY</GenericValue>',
      '<OtherValue>1</OtherValue>',
      'problem problem',
      'an unknown value',
    ],
    [
      '</Category>',
      '</Category><Category TagName="Pickers" Type="PERMISSIVE"><GenericValue>DELL</GenericValue></Category>',
      'problem finding',
      'a tag set twice, once with URI',
    ],
    [
      '</Category>',
      '</Category><Category TagName="PICKERS" Type="PERMISSIVE"><GenericValue>DELL</GenericValue></Category>',
      'problem finding',
      'a tag set twice, otherwise written',
    ],
    [
      '</Category>',
      '</Category><Category TagName=" pickers" Type="RESTRICTIVE"><GenericValue>DELL</GenericValue></Category>',
      'problem finding',
      'a tag set twice, with two types',
    ],
    [
      '</Category>',
      '</Category><Category TagName="pickers" Type="PERMISSIVE" URI="urn:oid:2.999.1.3"><GenericValue>DELL</GenericValue></Category>',
      'problem problem',
      'a tag set twice, with two identifiers',
    ],
    [
      '</Category>',
      '</Category><Category TagName="Pickers" Type="PERMISSIVE" URI="urn:oid:2.999.1.2"><GenericValue>DELL</GenericValue></Category>',
      'problem finding',
      'a tag set twice',
    ],
    [
      '</ConfidentialityInformation>',
      '<x:y xmlns:x="urn:x"/></ConfidentialityInformation>',
      'problem finding',
      'a foreign element',
    ],
    [
      '</ConfidentialityInformation>',
      '<Releasability/></ConfidentialityInformation>',
      'problem problem',
      'an unknown element of the label',
    ],
    [
      '</ConfidentialityInformation>',
      '<PrivacyMark>x</PrivacyMark></ConfidentialityInformation>',
      'problem finding',
      'an order that is wrong',
    ],
    [
      '</ConfidentialityInformation>',
      'stray</ConfidentialityInformation>',
      'problem problem',
      'text between elements',
    ],
    [
      '</ConfidentialityInformation>',
      '</ConfidentialityInformation>\u00a0',
      'problem problem',
      'a no-break space is text',
    ],
    [
      CREATED,
      `${CREATED}<OriginatorID IDType="jID">a@b</OriginatorID>`,
      'problem finding',
      'the originator too late',
    ],
    [
      CREATED,
      `<OriginatorID IDType="name">a@b</OriginatorID>${CREATED}`,
      'problem problem',
      'an unknown kind of originator',
    ],
    [CREATED, `<OriginatorID>a@b</OriginatorID>${CREATED}`, 'problem problem', 'no kind of originator'],
    [
      CREATED,
      `<OriginatorID IDType="jID" x="y">a@b</OriginatorID>${CREATED}`,
      'problem finding',
      'more on the originator',
    ],
    [CREATED, `${CREATED}<SuccessionHandling/>`, 'problem problem', 'no successor'],
    [
      CREATED,
      `${CREATED}<SuccessionHandling><SuccessorConfidentialityLabel>${INFORMATION}${CREATED}</SuccessorConfidentialityLabel></SuccessionHandling>`,
      'problem finding',
      'no succession date',
    ],
    [INFORMATION, '', 'problem problem', 'nothing'],
  ] as const) {
    t.equal(change(from, to), expected, why)
  }
  t.equal(both(element(INFORMATION + CREATED, '')), 'problem finding', 'no review date')
  t.equal(
    both(element(INFORMATION + CREATED, `${REVIEW} x="y"`)),
    'problem finding',
    'an attribute of the root',
  )
  t.equal(
    both(element(INFORMATION + CREATED, `${REVIEW} Id="#x"`)),
    'problem finding',
    'an Id that is no name',
  )
})

t.test('a tag set twice: values of one Type are put together, those of two Types are not', async (t) => {
  const again = (category: string, spif = orchard) => {
    const read = read4774(
      element((INFORMATION + CREATED).replace('</Category>', `</Category>${category}`)),
      'lenient',
    )
    if ('problem' in read) return read.problem
    const bound = bind4774(spif, read.label.information)
    return [read.findings.length, isProblem(bound) ? bound.problem : words(bound)]
  }
  const category = (type: string, value: string) =>
    `<Category TagName="PICKERS" Type="${type}"><GenericValue>${value}</GenericValue></Category>`
  t.same(again(category('PERMISSIVE', 'DELL')), [1, 'INNER Pickers=ASHBY Pickers=DELL'])
  t.same(again(category('RESTRICTIVE', 'DELL')), [1, 'wrong-type'], 'the policy has no such tag')
  const mixed = load(
    changed('orchard', 'name="Guilds" tagType="permissive"', 'name="Guilds" tagType="restrictive"'),
    false,
  )
  t.same(
    again(category('RESTRICTIVE', 'DELL'), mixed),
    [1, 'unknown-category'],
    'not lent from the other tag',
  )
  t.same(again(category('RESTRICTIVE', 'COOPERS'), mixed), [1, 'INNER Pickers=ASHBY Pickers=COOPERS'])
})

t.test('what is wrong is said with its line, where the input has lines', async (t) => {
  const lines = (INFORMATION + CREATED).replaceAll('><', '>\n<')
  const source = (text: string) =>
    `<originatorConfidentialityLabel xmlns="${LABEL_NS}"${REVIEW}>\n${text}\n</originatorConfidentialityLabel>`
  const read = (text: string, mode: 'strict' | 'lenient' = 'strict') => {
    const root = parseDocument(source(text))
    if ('problem' in root) throw new Error(root.problem)
    return read4774(root, mode)
  }
  t.match(read(lines.replace('PERMISSIVE', 'Permissive')), { problem: /Type Permissive/, line: 5 })
  t.match(read(lines.replace('<Classification>', '<Classification x="y">'), 'lenient'), {
    findings: [{ finding: /attribute x/, line: 4 }],
  })
  t.match(read(lines.replace('2026-01-02T03:04:05Z', 'now')), { problem: /CreationDateTime/, line: 9 })
  t.match(read(lines.replace(/<Classification>.*\n/, '')), { problem: 'no Classification', line: 2 })
})

t.test('bound by name: without regard to case and to blanks at the ends, and by nothing else', async (t) => {
  const bound = (from: string, to: string, spif = orchard) => {
    const read = read4774(element((INFORMATION + CREATED).replace(from, () => to)), 'lenient')
    if ('problem' in read) throw new Error(read.problem)
    const made = bind4774(spif, read.label.information)
    return isProblem(made) ? made.problem : words(made)
  }
  t.equal(bound('', ''), 'INNER Pickers=ASHBY')
  t.equal(bound('>INNER<', '> inner <'), 'INNER Pickers=ASHBY')
  t.equal(bound('>ASHBY<', '>ashby<'), 'INNER Pickers=ASHBY')
  t.equal(bound('"Pickers"', '"PICKERS"'), 'INNER Pickers=ASHBY')
  t.equal(bound('>Orchard<', '>orchard<'), 'INNER Pickers=ASHBY')
  t.equal(bound('>Orchard<', '>Meadow<'), 'policy-conflict')
  t.equal(bound('urn:oid:2.999.1"', 'urn:oid:2.999.2"'), 'policy-conflict')
  t.equal(bound(' URI="urn:oid:2.999.1">Orchard<', '>Meadow<'), 'wrong-policy')
  t.equal(bound('urn:oid:2.999.1.2', 'urn:oid:2.999.1.1'), 'tag-set-conflict')
  t.equal(bound('>INNER<', '>OUTER<'), 'unknown-classification')
  t.equal(bound('>INNER<', '>ІNNER<'), 'unknown-classification', 'a Cyrillic letter')
  t.equal(bound('"Pickers"', '"Pic\u212aers"'), 'unknown-tag-set', 'a Kelvin sign is no k')
  t.equal(bound('>ASHBY<', '>ELM<'), 'unknown-category')
  t.equal(bound('>ASHBY<', '>ASHBY,DELL<'), 'unknown-category')
  t.equal(bound('PERMISSIVE', 'RESTRICTIVE'), 'wrong-type')
  t.equal(
    bound('<GenericValue>ASHBY</GenericValue>', '<IntegerValue>01</IntegerValue>'),
    'INNER Pickers=ASHBY',
  )
  t.equal(
    bound('<GenericValue>ASHBY</GenericValue>', '<BitStringValue>0110</BitStringValue>'),
    'INNER Pickers=ASHBY Pickers=BIRCHY',
  )
  t.equal(bound('<GenericValue>ASHBY</GenericValue>', '<IntegerValue>99</IntegerValue>'), 'unknown-category')
  const doubled = load(
    changed('orchard', '<tagCategory name="COOPERS" lacv="20"/>', '<tagCategory name="ASHBY" lacv="20"/>'),
  )
  t.equal(bound('', '', doubled), 'ambiguous-category', 'a name in two tags of one type')
  const twice = load(
    changed(
      'orchard',
      '<tagCategory name="DELL" lacv="4"/>',
      '<tagCategory name="DELL" lacv="4"/><tagCategory name="ASHBY" lacv="5"/>',
    ),
  )
  t.equal(bound('', '', twice), 'INNER Pickers=ASHBY', 'a name twice in one tag is one value')
})

t.test('written from a label: one spelling', async (t) => {
  const own = label(
    orchard,
    'INNER',
    'Notes=FIRST,SPRING',
    'Pickers=BIRCHY,ASHBY,COOPERS',
    'Blight=RUST',
    '#ADDRESSEE',
  )
  const information = informationOf(orchard, own)
  if (isProblem(information)) throw new Error(information.detail)
  t.match(information.categories, [
    { type: 'RESTRICTIVE', tagName: 'Blight', tagSet: '2.999.1.1', values: ['RUST'] },
    { type: 'PERMISSIVE', tagName: 'Pickers', values: ['ASHBY', 'BIRCHY', 'COOPERS'] },
    { type: 'INFORMATIVE', tagName: 'Notes', values: ['SPRING', 'FIRST'] },
  ])
  const read = read4774(write4774({ role: 'legacy', information }), 'lenient')
  t.match(read, { label: { role: 'originator' } })
  t.equal('problem' in read ? '' : words(bind4774(orchard, read.label.information) as typeof own), words(own))
  const doubled = load(
    changed('orchard', '<tagCategory name="COOPERS" lacv="20"/>', '<tagCategory name="ASHBY" lacv="20"/>'),
  )
  const ashby = {
    ...label(doubled, 'INNER', 'Pickers=BIRCHY'),
    categories: [
      {
        tagSet: doubled.tagSets[1]!,
        tag: doubled.tagSets[1]!.tags[1]!,
        value: doubled.tagSets[1]!.tags[1]!.values[0]!,
      },
    ],
  }
  t.match(
    informationOf(doubled, ashby),
    { problem: 'ambiguous-category' },
    'what would be read back as something else',
  )
})
