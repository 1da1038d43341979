import t from 'tap'
import { bindX501, constrain, makeClearance, x501Of } from '../../rules/clearance/clearance.ts'
import {
  decodeClearanceAttribute,
  decodeConstraints,
  decodeX501,
  encodeX501,
} from '../../rules/clearance/x501.ts'
import { isProblem } from '../../rules/label/label.ts'
import { label, missi, orchard } from '../spif/policies.ts'

const octets = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const decode = (hex: string) => decodeX501(octets(hex))

t.test('the default class is unclassified; an empty list is none', async (t) => {
  t.match(decode('3004 0602 2a03'), { policy: '1.2.3', classifications: [1], categories: [] })
  t.match(decode('3007 0602 2a03 0301 00'), { classifications: [] })
  t.match(decode('3008 0602 2a03 0302 0560'), { classifications: [1, 2] })
  t.equal(
    Buffer.from(encodeX501({ policy: '1.2.3', classifications: [1], categories: [] })).toString('hex'),
    '300406022a03',
  )
  t.equal(
    Buffer.from(encodeX501({ policy: '1.2.3', classifications: [], categories: [] })).toString('hex'),
    '300706022a03030100',
  )
})

t.test('both tag forms are read, one is written', async (t) => {
  t.same(decode('3008 8002 2a03 8102 0560'), decode('3008 0602 2a03 0302 0560'))
  t.match(decode('3008 8002 2a03 0302 0560'), { problem: String }, 'not a mixture')
  t.match(decode('3008 0602 2a03 8102 0560'), { problem: String })
})

t.test('what is no clearance is refused', async (t) => {
  for (const bad of [
    '',
    '30',
    '3000',
    '3104 0602 2a03',
    '300a 0302 0040 0602 2a03',
    '3004 0602 2a83',
    '3004 0602 2a03 00',
    '3007 0602 2a03 0201 01',
    '3006 0602 2a03 0300',
    '3007 0602 2a03 0301 01',
    '3006 0602 2a03 3100',
    '300b 0602 2a03 0302 0560 0301 00',
  ]) {
    t.match(decode(bad), { problem: String }, bad)
  }
})

t.test('constraints are a list of clearances', async (t) => {
  t.match(decodeConstraints(octets('3006 3004 0602 2a03')), [{ policy: '1.2.3' }])
  t.match(decodeConstraints(octets('3000')), { problem: String })
  t.match(decodeConstraints(octets('3106 3004 0602 2a03')), { problem: String })
  t.match(decodeConstraints(octets('3006 3004 0602 2a83')), { problem: String })
  t.match(decodeConstraints(octets('30')), { problem: String })
})

/** A value in hex: its tag, its length, its parts. */
function tlv(tag: string, ...parts: string[]): string {
  const content = parts.join('').replaceAll(' ', '')
  return `${tag}${(content.length / 2).toString(16).padStart(2, '0')}${content}`
}

t.test('the whole attribute: one type of two, a set of clearances', async (t) => {
  const plain = tlv('30', '06022a03', '03020560')
  const tagged = tlv('30', tlv('80', '29'), tlv('81', '00'))
  const attribute = (type: string, ...values: string[]) =>
    decodeClearanceAttribute(octets(tlv('30', type, tlv('31', ...values))))
  for (const type of [tlv('06', '550437'), tlv('06', '55010537')]) {
    t.match(attribute(type, plain), [{ policy: '1.2.3', classifications: [1, 2] }])
    t.match(attribute(type, plain, tagged), [{ policy: '1.2.3' }, { policy: '1.1', classifications: [] }])
    t.match(attribute(type), { problem: 'no clearance' })
    t.match(attribute(type, '0500'), { problem: String })
  }
  t.match(attribute(tlv('06', '550438'), plain), { problem: /not a clearance/ }, 'another attribute')
  t.match(
    decodeClearanceAttribute(octets(tlv('30', tlv('06', '550437'), plain))),
    { problem: String },
    'no set',
  )
  t.match(decodeClearanceAttribute(octets('30')), { problem: String })
})

t.test('BER: class lists and MISSI bit maps in segments, in both tag forms', async (t) => {
  const one = tlv('03', '00 60')
  const other = tlv('03', '06 40')
  t.match(decode(tlv('30', '06022a03', tlv('23', one, other))), { classifications: [1, 2, 9] })
  t.match(decode(tlv('30', '80022a03', tlv('a1', one))), { classifications: [1, 2] })
  t.match(decode(`3080 80022a03 a180 ${one} ${other} 0000 0000`), { classifications: [1, 2, 9] })
  t.match(
    decode(tlv('30', '80022a03', tlv('a1', '04020560'))),
    { problem: String },
    'not of segments of bits',
  )
  t.match(
    decode(tlv('30', '80022a03', tlv('a1', other, one))),
    { problem: String },
    'bits behind unused ones',
  )
  const missi = (tag: string) => {
    const set = tlv('30', '06032a0301', tlv('30', tlv(tag, other)))
    const category = tlv('30', tlv('80', '608648016502010802'), tlv('a1', tlv('31', set)))
    return decode(tlv('30', '80022a03', tlv('a2', category)))
  }
  t.match(missi('a1'), { categories: [{ tagSets: [{ tags: [{ kind: 'restrictive', values: ['1'] }] }] }] })
  t.match(missi('a6'), { categories: [{ tagSets: [{ tags: [{ kind: 'permissive', values: ['1'] }] }] }] })
  t.match(missi('a3'), { problem: String })
})

t.test('bound to a policy and back, in both category syntaxes', async (t) => {
  for (const spif of [orchard, missi]) {
    const parts =
      spif === missi
        ? ['Blight=CANKER,RUST', 'Pickers=ASHBY,COOPERS', 'Recipes=CIDER,PERRY']
        : ['Blight=SCAB', 'Pickers=DELL', 'Recipes=PERRY', 'Buyers=NORTH', 'Notes=AUTUMN,FIRST']
    const own = makeClearance(
      spif,
      spif.classifications.slice(0, 3),
      label(spif, 'OPEN', ...parts).categories,
    )
    const encoded = x501Of(spif, own)
    if (isProblem(encoded)) throw new Error(encoded.detail)
    const again = decodeX501(encodeX501(encoded))
    t.notOk('problem' in again)
    const bound = bindX501(spif, 'problem' in again ? encoded : again)
    t.same(bound, own)
  }
})

t.test('what the policy does not know grants nothing and hides nothing', async (t) => {
  const bound = bindX501(orchard, {
    policy: '2.999.1',
    classifications: [1, 77],
    categories: [
      { syntax: 'acp145', kind: 'restrictive', tagSet: '2.999.1.1', encoding: 'bits', values: ['0', '99'] },
    ],
  })
  if (isProblem(bound)) throw new Error(bound.detail)
  t.same(
    bound.classifications.map((c) => c.name),
    ['OPEN'],
  )
  t.same(
    bound.categories.map((c) => c.value.name),
    ['CANKER'],
  )
  t.same(bound.ignored, ['class 77', 'unknown-category 99 in Blight'])
  t.match(bindX501(orchard, { policy: '2.999.2', classifications: [1], categories: [] }), {
    problem: 'wrong-policy',
  })
})

t.test('a constraint leaves what both have', async (t) => {
  const own = makeClearance(
    orchard,
    orchard.classifications.slice(0, 3),
    label(orchard, 'OPEN', 'Pickers=ASHBY,DELL', 'Blight=RUST').categories,
  )
  const limit = makeClearance(
    orchard,
    orchard.classifications.slice(1, 4),
    label(orchard, 'OPEN', 'Pickers=DELL', 'Blight=RUST,CANKER').categories,
  )
  const both = constrain(orchard, own, limit)
  t.same(
    [both.classifications.map((c) => c.name), both.categories.map((c) => c.value.name)],
    [
      ['INNER', 'DEEP'],
      ['RUST', 'DELL'],
    ],
  )
  t.same(constrain(orchard, limit, own), both)
})

t.test('informative categories do not go into MISSI clearances', async (t) => {
  const own = makeClearance(missi, missi.classifications, label(missi, 'OPEN', 'Notes=SPRING').categories)
  t.match(x501Of(missi, own), { categories: [] })
})
