import t from 'tap'
import { loadSpif } from '../../rules/spif/load.ts'
import { validate } from '../../rules/spif/validity.ts'
import { parseDocument } from '../../rules/spif/xml.ts'
import { changed, kindsOf, label, load, meadow, orchard, sourceOf } from './policies.ts'

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
    ['policyRef="Meadow" lacv="10"', 'policyRef="Heath" lacv="10"', 'dangling-policy'],
    ['<excludedClass>OPEN</excludedClass>', '<excludedClass>SHUT</excludedClass>', 'dangling-class'],
    [
      '<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="4"/>',
      '<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="44"/>',
      'dangling-category',
    ],
    [
      '<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="4"/>',
      '<excludedCategory tagSetRef="Pickers" tagType="restrictive" all="true"/>',
      'dangling-category',
    ],
    [
      'operation="oneOrMore">\n        <categoryGroup tagSetRef="Pickers" tagType="permissive" all="true"/>',
      'operation="onlyOne">\n        <categoryGroup tagSetRef="Pickers" tagType="permissive" lacv="99"/>',
      'dangling-category',
    ],
    [
      '<excludedClass>OPEN</excludedClass>',
      '<x:excludedClass xmlns:x="urn:x">OPEN</x:excludedClass>',
      'foreign-element',
    ],
    ['requiredClass="OPEN"', 'requiredclass="OPEN"', 'unknown-attribute'],
    ['maxSelection="3"', 'maxselection="3"', 'unknown-attribute'],
    ['name="FADED" obsolete="true"', 'name="FADED" Obsolete="true"', 'unknown-attribute'],
    ['notAfter="2026-12-31T23:59:59Z"', 'notAfter="2026-12-31"', 'bad-value'],
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
    ['color="navy"', 'color="white"', 'duplicate-colour'],
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
    ['<code>portionMarking</code>', '<code class="x">portionMarking</code>', 'unknown-attribute'],
    ['name="INNER" lacv="5"', 'name="INNER" lacv="5" xmlns:x="urn:x" x:y="z"', 'unknown-attribute'],
    ['<securityClassifications>', '<x:y xmlns:x="urn:x"/><securityClassifications>', 'foreign-element'],
    [
      'applied="both"/>\n      <markingData phrase="OUVERT"',
      '/>\n      <markingData phrase="OUVERT"',
      'missing-attribute',
    ],
    ['operation="oneOrMore"', '', 'missing-attribute'],
    ['policyRef="Meadow" lacv="10"', 'policyRef="MEADOW" lacv="10"', 'reference-spelling'],
    [
      'tagSetRef="Pickers" tagType="permissive" all',
      'tagSetRef="pickers" tagType="permissive" all',
      'reference-spelling',
    ],
    ['<excludedClass>OPEN</excludedClass>', '<excludedClass>Open</excludedClass>', 'reference-spelling'],
    ['requiredClass="OPEN"', 'requiredClass="open"', 'reference-spelling'],
    ['tagType="permissive" all="true"', 'tagType="permissive"', 'neither-lacv-nor-all'],
    ['tagType="restrictive" lacv="2"/>', 'tagType="restrictive" lacv="3"/>', 'dangling-category'],
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

t.test('references in another case are the same references, leniently', async (t) => {
  const spif = load(
    sourceOf('orchard')
      .replace('<excludedClass>OPEN</excludedClass>', '<excludedClass> open </excludedClass>')
      .replace('requiredClass="OPEN"', 'requiredClass="Open"')
      .replace(
        'tagSetRef="Pickers" tagType="permissive" lacv="4"',
        'tagSetRef="PICKERS " tagType="permissive" lacv="4"',
      )
      .replace('policyRef="Meadow" lacv="10"', 'policyRef=" meadow" lacv="10"'),
    false,
  )
  t.same(spif, orchard, 'nothing is lost')
  const twins = loadSpif(
    changed('orchard', 'name="Moor" id="2.999.3"', 'name="MEADOW" id="2.999.3"').replace(
      'policyRef="Meadow" lacv="10"',
      'policyRef="meadow" lacv="10"',
    ),
    lenient,
  )
  t.match(
    'problems' in twins ? twins.problems : [],
    [{ kind: 'dangling-policy' }],
    'which of two is not guessed',
  )
})

t.test('what is required and not there is required in vain', async (t) => {
  const required = load(changed('orchard', 'requiredClass="OPEN"', 'requiredClass="SHUT"'), false)
  for (const c of ['OPEN', 'INNER']) {
    t.match(validate(label(required, c, 'Notes=DRAFT'), required), [{ problem: 'required-class' }])
  }
  for (const operation of ['oneOrMore', 'all']) {
    const source = changed('orchard', 'operation="oneOrMore"', `operation="${operation}"`)
    for (const unclear of ['lacv="99"', '']) {
      const spif = load(
        source
          .replace('tagType="permissive" all="true"', `tagType="permissive" ${unclear}`)
          .replace(
            'tagType="restrictive" lacv="2"/>\n      </requiredCategory>',
            'tagType="restrictive" lacv="3"/>\n      </requiredCategory>',
          ),
        false,
      )
      const made = label(spif, 'DEEP', 'Pickers=ASHBY', 'Blight=RUST')
      t.match(validate(made, spif), [{ problem: 'required-category' }], `${operation} ${unclear}`)
    }
  }
  const any = load(
    changed(
      'orchard',
      '<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="4"/>',
      '<excludedCategory tagSetRef="Pickers" tagType="permissive"/>',
    ),
    false,
  )
  t.match(
    validate(label(any, 'INNER', 'Pickers=PRESSERS,ASHBY'), any),
    [{ problem: 'excluded-category' }],
    'of any',
  )
})

t.test('a reference to an enumerated tag need not say which kind, where the tag set does', async (t) => {
  const group = '<categoryGroup tagSetRef="Blight" tagType="restrictive" lacv="2"/>'
  const recipes = '<categoryGroup tagSetRef="Recipes" tagType="enumerated" lacv="742"/>'
  const required = load(changed('orchard', group, recipes))
  t.same(required.classifications[2]!.required[0]!.groups[1], {
    tagSetId: '2.999.1.3',
    kind: 'enumerated-restrictive',
    lacv: '742',
  })
  const excluded = load(
    changed(
      'orchard',
      '<excludedCategory tagSetRef="Pickers" tagType="permissive" lacv="4"/>',
      '<excludedCategory tagSetRef="Buyers" tagType="enumerated" all="true"/>',
    ),
  )
  t.match(validate(label(excluded, 'INNER', 'Pickers=PRESSERS', 'Buyers=SOUTH'), excluded), [
    { problem: 'excluded-category' },
  ])
  const twoKinds = changed('orchard', group, recipes).replace(
    '<tagCategory name="PERRY"',
    '</securityCategoryTag><securityCategoryTag name="Gifts" tagType="enumerated" enumType="permissive"><tagCategory name="PERRY"',
  )
  t.equal(
    load(twoKinds).classifications[2]!.required[0]!.groups[1]!.kind,
    'enumerated-restrictive',
    'of two kinds the one that has the number',
  )
  const cases = [
    [
      twoKinds.replace('lacv="742"/>\n      </requiredCategory>', 'all="true"/>\n      </requiredCategory>'),
      'both kinds',
    ],
    [twoKinds.replace('lacv="184467440737095516160"', 'lacv="742"'), 'both kinds with the number'],
    [changed('orchard', group, group.replace('restrictive', 'enumerated')), 'none'],
  ] as const
  for (const [source, why] of cases) {
    for (const mode of [strict, lenient]) {
      const loaded = loadSpif(source, mode)
      t.match('problems' in loaded ? loaded.problems : [], [{ kind: 'missing-attribute' }], why)
      if (why !== 'none')
        t.match(
          'problems' in loaded ? loaded.problems[0]!.message : '',
          /Recipes, enumerated-restrictive; Gifts, enumerated-permissive/,
        )
    }
  }
})

t.test('colours are equal when they are written alike', async (t) => {
  const same = loadSpif(changed('orchard', 'color="red"', 'color="#ffa500"'), strict)
  t.same(kindsOf(same), [], '#FFA500 is written otherwise')
  t.equal('spif' in same ? same.spif.classifications[3]!.colour : '', '#ffa500')
})

t.test('periods are whatever xs:dateTime has', async (t) => {
  const spif = load(
    changed('orchard', 'notBefore="2026-01-01T00:00:00Z"', 'notBefore="-0044-03-15T24:00:00"').replace(
      'notAfter="2026-12-31T23:59:59Z"',
      'notAfter="9999-12-31T23:59:59-01:00"',
    ),
  )
  t.match(spif.tagSets[1]!.tags[0]!.values[2], {
    notBefore: '-0044-03-16T00:00:00Z',
    notAfter: '10000-01-01T00:59:59Z',
  })
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
