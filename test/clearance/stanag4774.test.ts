import t from 'tap'
import { bind4774Clearance, clearance4774Of, makeClearance } from '../../rules/clearance/clearance.ts'
import { CLEARANCE_NS, read4774Clearance, write4774Clearance } from '../../rules/clearance/stanag4774.ts'
import { isProblem } from '../../rules/label/label.ts'
import { LABEL_NS } from '../../rules/label/stanag4774.ts'
import { parse } from '../label/xml.ts'
import { label, orchard } from '../spif/policies.ts'

const clearance = (inside: string, attributes = '') =>
  parse(
    `<c:ConfidentialityClearance xmlns:c="${CLEARANCE_NS}" xmlns="${LABEL_NS}"${attributes}>${inside}</c:ConfidentialityClearance>`,
  )
const policy = '<PolicyIdentifier URI="urn:oid:2.999.1">Orchard</PolicyIdentifier>'
const list =
  '<c:ClassificationList><Classification>OPEN</Classification><Classification>INNER</Classification></c:ClassificationList>'
const category = '<Category Type="PERMISSIVE" TagName="Pickers"><GenericValue>ASHBY</GenericValue></Category>'

t.test('read and bound', async (t) => {
  const read = read4774Clearance(clearance(policy + list + category), 'strict')
  if ('problem' in read) throw new Error(read.problem)
  t.match(read.clearance, { policyName: 'Orchard', policy: '2.999.1', classifications: ['OPEN', 'INNER'] })
  const bound = bind4774Clearance(orchard, read.clearance)
  if (isProblem(bound)) throw new Error(bound.detail)
  t.same(
    bound.classifications.map((c) => c.name),
    ['OPEN', 'INNER'],
  )
  t.same(
    bound.categories.map((c) => c.value.name),
    ['ASHBY'],
  )
})

t.test('written and read again: the same', async (t) => {
  const own = makeClearance(
    orchard,
    orchard.classifications,
    label(orchard, 'OPEN', 'Blight=RUST', 'Notes=FIRST').categories,
  )
  const read = read4774Clearance(write4774Clearance(clearance4774Of(orchard, own)), 'strict')
  t.same('problem' in read ? read : bind4774Clearance(orchard, read.clearance), own)
})

t.test('refused in both modes', async (t) => {
  for (const [bad, why] of [
    [list, 'no policy'],
    [policy, 'no list'],
    [policy + '<c:ClassificationList/>', 'empty list'],
    [list + policy, 'order'],
    [policy + list + policy, 'something behind the list'],
    [`${policy}${list}text`, 'text'],
    [policy.replace('urn:oid:2.999.1', 'http://example.org'), 'a URI that is none'],
    [policy + list + category.replace('PERMISSIVE', 'permissive'), 'type in small letters'],
    [policy + list + category.replace('<GenericValue>ASHBY</GenericValue>', ''), 'a category without value'],
  ] as const) {
    for (const mode of ['strict', 'lenient'] as const)
      t.match(read4774Clearance(clearance(bad), mode), { problem: String }, why)
  }
  t.match(read4774Clearance(parse('<ConfidentialityClearance/>'), 'lenient'), { problem: String })
})

t.test('extensions: refused strictly, findings leniently, granting nothing', async (t) => {
  const extended =
    policy +
    list +
    '<c:ConfidentialityClearanceExtensions><x:y xmlns:x="urn:x"/></c:ConfidentialityClearanceExtensions>'
  t.match(read4774Clearance(clearance(extended), 'strict'), { problem: String })
  t.match(read4774Clearance(clearance(extended), 'lenient'), { findings: [{ finding: String }] })
  t.match(read4774Clearance(clearance(policy + list, ' x="y"'), 'strict'), { problem: String })
})

t.test(
  'values and classes that the policy does not know are ignored, others of the category are not',
  async (t) => {
    const odd =
      policy +
      list.replace('INNER', 'OUTER') +
      category.replace('</Category>', '<GenericValue>ELM</GenericValue></Category>')
    const read = read4774Clearance(clearance(odd), 'strict')
    const bound = 'problem' in read ? undefined : bind4774Clearance(orchard, read.clearance)
    t.match(bound, {
      ignored: ['class OUTER', 'unknown-category ELM in Pickers'],
      categories: [{ value: { name: 'ASHBY' } }],
    })
  },
)
