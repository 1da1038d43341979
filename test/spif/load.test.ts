import t from 'tap'
import { loadSpif } from '../../rules/spif/load.ts'
import { parseDocument } from '../../rules/spif/xml.ts'
import { changed, kindsOf, load, meadow, orchard, sourceOf } from './policies.ts'

const strict = { strict: true }
const lenient = { strict: false }

t.test('a policy with everything loads strictly and without a finding', async (t) => {
  const loaded = loadSpif(sourceOf('orchard'), strict)
  t.same(kindsOf(loaded), [])
  t.equal(orchard.id, '2.999.1')
  t.equal(orchard.version, '3')
  t.same(
    orchard.tagSets.flatMap((set) =>
      set.tags.map((tag) => `${set.name} ${tag.index} ${tag.kind} ${tag.encoding}`),
    ),
    [
      'Blight 0 restrictive bits',
      'Blight 1 informative bits',
      'Pickers 0 permissive bits',
      'Pickers 1 permissive bits',
      'Recipes 0 enumerated-restrictive integers',
      'Buyers 0 enumerated-permissive integers',
      'Notes 0 informative bits',
      'Notes 1 informative integers',
      'Carriers 0 permissive bits',
      'Carriers 1 restrictive bits',
    ],
  )
  t.equal(
    orchard.tagSets[2]!.tags[0]!.values[1]!.lacv,
    '184467440737095516160',
    'a number above 2^64 stays exact',
  )
  t.equal(orchard.classifications[0]!.colour, '#ffffff')
  t.equal(orchard.classifications[1]!.colour, '#ffa500')
  t.same(
    orchard.equivalentPolicies.map((p) => p.id),
    ['2.999.2', '2.999.3'],
  )
  t.equal(meadow.privacyMarks, undefined)
})

t.test('all three versions load; a later one is refused by name', async (t) => {
  for (const version of ['1.0', '2.0', '2.1']) {
    t.equal(
      load(changed('meadow', 'schemaVersion="2.1"', `schemaVersion="${version}"`)).schemaVersion,
      version,
    )
  }
  for (const mode of [strict, lenient]) {
    const loaded = loadSpif(changed('meadow', 'schemaVersion="2.1"', 'schemaVersion="3.0"'), mode)
    t.same(kindsOf(loaded), ['unknown-version'])
    t.match('problems' in loaded ? loaded.problems[0]!.message : '', /3\.0/)
  }
})

t.test('what could widen a decision is refused in both modes, at its line', async (t) => {
  const cases: [string, string, string][] = [
    [
      'tagType="restrictive">\n        <tagCategory name="CANKER"',
      'tagType="strict">\n        <tagCategory name="CANKER"',
      'bad-value',
    ],
    ['enumType="restrictive">', '>', 'missing-attribute'],
    ['operation="oneOrMore"', 'operation="most"', 'bad-value'],
    [
      'tagSetRef="Pickers" tagType="permissive" all="true"',
      'tagSetRef="Porters" tagType="permissive" all="true"',
      'dangling-tag-set',
    ],
    ['<excludedClass>OPEN</excludedClass>', '<excludedKlass>OPEN</excludedKlass>', 'unknown-element'],
    ['tagType="permissive" all="true"', 'tagType="permissive" all="true" lacv="1"', 'lacv-and-all'],
    ['name="INNER" lacv="5"', 'name="INNER" lacv="1"', 'duplicate-class-lacv'],
    ['name="INNER" lacv="5"', 'name="open" lacv="5"', 'duplicate-class'],
    ['name="INNER" lacv="5"', 'name="INNER" lacv="five"', 'bad-value'],
    ['name="INNER" lacv="5"', 'name="INNER" lacv="-5"', 'bad-lacv'],
    ['name="INNER" lacv="5"', 'name="INNER"', 'missing-attribute'],
    ['name="INNER" lacv="5"', 'name=" " lacv="5"', 'empty-name'],
    ['id="2.999.1.2"', 'id="2.999.1.1"', 'duplicate-tag-set-id'],
    ['name="Pickers" id', 'name="blight" id', 'duplicate-tag-set'],
    ['maxSelection="3"', 'maxSelection="few"', 'bad-value'],
    ['singleSelection="true"', 'singleSelection="yes"', 'bad-value'],
    ['notAfter="2026-12-31T23:59:59Z"', 'notAfter="soon"', 'bad-value'],
    ['applied="encrypt"/>', 'applied="sometimes"/>', 'bad-value'],
    ['action="discard"', 'action="ignore"', 'bad-value'],
    ['lacv="" applied="both" action="discard"', 'lacv="" applied="both"', 'bad-value'],
    ['name="Moor" id="2.999.3"', 'name="Moor" id="2.999.2"', 'duplicate-policy-id'],
    ['name="CANKER" lacv="0"', 'name="CANKER" lacv=""', 'bad-value'],
    ['phrase="GROVE"', `phrase="${'G'.repeat(257)}"`, 'bad-value'],
    ['<code>replacePolicy</code>', '<code>replaceEverything</code>', 'bad-value'],
    ['<securityPolicyId name="Orchard" id="2.999.1"/>', '', 'missing-element'],
    [
      '<securityPolicyId name="Orchard" id="2.999.1"/>',
      '<securityPolicyId name="A" id="2.999.1"/><securityPolicyId name="B" id="2.999.9"/>',
      'repeated-element',
    ],
    ['<SPIF xmlns="http://www.xmlspif.org/spif"', '<SPIF xmlns="urn:xmlspif:spif:3.0"', 'not-a-spif'],
    ['<securityClassifications>', '<securityClassifications><!--', 'not-well-formed'],
    ['<SPIF ', '<!DOCTYPE SPIF [<!ENTITY x "y">]><SPIF ', 'not-well-formed'],
  ]
  for (const [from, to, kind] of cases) {
    for (const mode of [strict, lenient]) {
      const loaded = loadSpif(changed('orchard', from, to), mode)
      t.ok('problems' in loaded && kindsOf(loaded).includes(kind), `${kind}: ${to} (${kindsOf(loaded)})`)
    }
  }
  const loaded = loadSpif(changed('orchard', 'operation="oneOrMore"', 'operation="most"'), strict)
  const line =
    sourceOf('orchard')
      .split('\n')
      .findIndex((text) => text.includes('oneOrMore')) + 1
  t.equal('problems' in loaded ? loaded.problems[0]!.line : 0, line)
})

t.test('what real files have is refused strictly and a finding leniently', async (t) => {
  const cases: [string, string, string][] = [
    ['originatorDN="CN=Tests" ', '', 'missing-attribute'],
    ['schemaVersion="2.1" ', '', 'missing-attribute'],
    ['rbacId="2.16.840.1.101.2.1.8.3"', 'rbacId="none"', 'bad-value'],
    ['id="2.999.3"', 'id="moor"', 'bad-value'],
    ['<securityPolicyId name', 'stray <securityPolicyId name', 'stray-text'],
    [' xmlns="http://www.xmlspif.org/spif"', '', 'no-namespace'],
    ['color="navy"', 'color="midnight"', 'bad-value'],
    ['color="navy"', 'color="red"', 'duplicate-colour'],
    [
      '<securityPolicyId name="Orchard"',
      '<defaultSecurityPolicyId name="Moor" id="2.999.9"/><securityPolicyId name="Orchard"',
      'duplicate-policy',
    ],
    [
      '<securityPolicyId name="Orchard"',
      '<defaultSecurityPolicyId name="Bog" id="2.999.3"/><securityPolicyId name="Orchard"',
      'duplicate-policy',
    ],
    ['color="navy"', 'colour="navy"', 'unknown-attribute'],
    ['<securityClassifications>', '<x:y xmlns:x="urn:x"/><securityClassifications>', 'foreign-element'],
    [
      'applied="both"/>\n      <markingData phrase="OUVERT"',
      '/>\n      <markingData phrase="OUVERT"',
      'missing-attribute',
    ],
    ['operation="oneOrMore"', '', 'missing-attribute'],
    ['policyRef="Meadow" lacv="10"', 'policyRef="Heath" lacv="10"', 'dangling-policy'],
    ['tagType="permissive" all="true"', 'tagType="permissive"', 'neither-lacv-nor-all'],
    ['tagType="restrictive" lacv="2"/>', 'tagType="restrictive" lacv="3"/>', 'dangling-category'],
    ['<excludedClass>OPEN</excludedClass>', '<excludedClass>SHUT</excludedClass>', 'dangling-class'],
    ['requiredClass="OPEN"', 'requiredClass="SHUT"', 'dangling-class'],
    [
      '<excludedClass>OPEN</excludedClass>',
      '<excludedClass>OPEN</excludedClass><excludedClass>OPEN</excludedClass>',
      'duplicate-excluded-class',
    ],
    ['singleSelection="true"', 'singleSelection="true" minSelection="2"', 'bad-selection'],
    [
      '<securityCategoryTagSets>',
      '<privacyMarks><privacyMark name="x"/></privacyMarks><securityCategoryTagSets>',
      'wrong-order',
    ],
  ]
  for (const [from, to, kind] of cases) {
    const source = changed(kind === 'wrong-order' ? 'meadow' : 'orchard', from, to)
    const hard = loadSpif(source, strict)
    t.ok('problems' in hard && kindsOf(hard).includes(kind), `strict ${kind}: ${to} (${kindsOf(hard)})`)
    const soft = loadSpif(source, lenient)
    t.ok('spif' in soft && kindsOf(soft).includes(kind), `lenient ${kind}: ${to} (${kindsOf(soft)})`)
  }
})

t.test('a requirement without operation is one that nothing meets', async (t) => {
  const spif = load(changed('orchard', 'operation="oneOrMore"', ''), false)
  t.same(spif.classifications[2]!.required, [{ operation: 'oneOrMore', groups: [] }])
})

t.test('values that share a number or a name are a warning', async (t) => {
  const shared = loadSpif(changed('orchard', 'name="COPSE" lacv="3"', 'name="COPSE" lacv="20"'), lenient)
  t.same(
    kindsOf(shared),
    ['duplicate-lacv'],
    'the two tags are of one kind, so the numbers clash across them',
  )
  const spif = 'spif' in shared ? shared.spif : orchard
  const ambiguous = spif.tagSets[1]!.tags.flatMap((tag) =>
    tag.values.filter((v) => v.ambiguous).map((v) => v.name),
  )
  t.same(ambiguous, ['COPSE', 'COOPERS'])
  const twice = loadSpif(changed('meadow', 'name="VOLE" lacv="8"', 'name="mole" lacv="7"'), strict)
  t.same(kindsOf(twice), ['duplicate-lacv', 'duplicate-name'])
  t.match('findings' in twice ? twice.findings : [], [
    { tagSet: 'Pests', lacv: '7', names: ['MOLE', 'mole'] },
    { tagSet: 'Pests', names: ['MOLE'] },
  ])
  const untrimmed = loadSpif(changed('meadow', 'name="VOLE"', 'name="VOLE&#10;"'), strict)
  t.same(kindsOf(untrimmed), ['untrimmed-name'])
  t.equal('spif' in untrimmed ? untrimmed.spif.tagSets[0]!.tags[0]!.values[1]!.name : '', 'VOLE')
})

t.test('numbers have one spelling; names that are no numbers serve by name', async (t) => {
  const padded = load(changed('meadow', 'lacv="7"', 'lacv="+007"'))
  t.equal(padded.tagSets[0]!.tags[0]!.values[0]!.lacv, '7')
  const named = load(changed('meadow', 'name="VOLE" lacv="8"', 'name="VOLE" lacv="eight"'))
  t.equal(named.tagSets[0]!.tags[0]!.values[1]!.ambiguous, true)
})

t.test('tags of no applicable kind hold no categories', async (t) => {
  const spif = load(
    changed(
      'meadow',
      '<securityCategoryTag name="Pests" tagType="restrictive">',
      '<securityCategoryTag name="Pests" tagType="notApplicable">',
    ),
  )
  t.same(
    spif.tagSets[0]!.tags.map((tag) => tag.name),
    ['Tracks'],
  )
})

t.test('documents: limits, positions, byte order mark', async (t) => {
  t.ok('spif' in loadSpif(`\uFEFF${sourceOf('meadow')}`, strict))
  t.match(parseDocument(`${'<a>'.repeat(100)}${'</a>'.repeat(100)}`), { problem: /deep/ })
  t.match(parseDocument('<a>\n<b></a>'), { problem: /tag/, line: 2 })
  t.match(parseDocument(''), { problem: String })
  t.match(parseDocument(' '.repeat((16 << 20) + 1)), { problem: /16 MiB/ })
  t.match(parseDocument('<a>&x;</a>'), { problem: /entity/ })
  t.match(parseDocument('<a xmlns="urn:a "/>'), { problem: /namespace/ })
  t.match(parseDocument('<a><b xmlns:x="\turn:a"/></a>'), { problem: /namespace/ })
  const root = parseDocument('<a xmlns:p="urn:p" p:q="1" xml:lang="en">x<![CDATA[<y]]></a>')
  t.match('problem' in root ? [] : root.attributes, [{ ns: 'urn:p', name: 'q' }, { name: 'lang' }])
  t.equal('problem' in root ? '' : root.children.join(''), 'x<y')
})
