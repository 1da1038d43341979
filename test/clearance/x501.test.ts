import t from 'tap'
import { bindX501, makeClearance, x501Of } from '../../rules/clearance/clearance.ts'
import { decodeConstraints, decodeX501, encodeX501 } from '../../rules/clearance/x501.ts'
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

t.test('informative categories do not go into MISSI clearances', async (t) => {
  const own = makeClearance(missi, missi.classifications, label(missi, 'OPEN', 'Notes=SPRING').categories)
  t.match(x501Of(missi, own), { categories: [] })
})
