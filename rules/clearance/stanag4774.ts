/**
 * The ConfidentialityClearance of STANAG 4774 (ADatP-4774 App. 2, schema 1.2), as it is encoded.
 *
 *   ConfidentialityClearance
 *     PolicyIdentifier (label namespace)   1
 *     ClassificationList                   1    Classification (label namespace) 1..n
 *     Category (label namespace)           0..n as in a label
 *
 * Extensions are refused when strict and a finding when lenient: they grant nothing here.
 */
import {
  childElements,
  fail,
  forgive,
  type LabelFinding,
  type LabelProblem,
  nameOf,
  problemAt,
  reading,
} from '../label/reading.ts'
import {
  type Category4774,
  compareText,
  LABEL_NS,
  readCategory,
  readUri,
  sortCategories,
  writeCategory,
} from '../label/stanag4774.ts'
import { element, type XmlElement } from '../xml/node.ts'

export const CLEARANCE_NS = 'urn:nato:stanag:4774:confidentialityclearance:1:0'

export type Clearance4774 = Readonly<{
  policyName: string
  policy?: string
  classifications: readonly string[]
  categories: readonly Category4774[]
}>

/** Reads a ConfidentialityClearance element. */
export function read4774Clearance(
  root: XmlElement,
  mode: 'strict' | 'lenient',
): Readonly<{ clearance: Clearance4774; findings: readonly LabelFinding[] }> | LabelProblem {
  if (root.ns !== CLEARANCE_NS || root.name !== 'ConfidentialityClearance')
    return problemAt(root, 'not a clearance')
  const read = reading(mode, (reader) => {
    for (const a of root.attributes) forgive(reader, root, `unknown attribute ${a.name}`)
    const children = childElements(root).filter((child) => {
      const isOwn =
        child.ns === LABEL_NS || (child.ns === CLEARANCE_NS && child.name === 'ClassificationList')
      if (!isOwn) forgive(reader, child, `foreign element ${child.name}`)
      return isOwn
    })
    const [policy, list, ...rest] = children
    if (policy?.name !== 'PolicyIdentifier' || policy.ns !== LABEL_NS)
      fail(policy ?? root, 'no PolicyIdentifier')
    if (list?.name !== 'ClassificationList' || list.ns !== CLEARANCE_NS)
      fail(list ?? root, 'no ClassificationList')
    const wrong = rest.find((child) => child.name !== 'Category' || child.ns !== LABEL_NS)
    if (wrong !== undefined) fail(wrong, `${wrong.name} behind ClassificationList`)
    const id = readUri(reader, policy, [])
    const classifications: string[] = []
    for (const child of childElements(list)) {
      if (child.ns === LABEL_NS && child.name === 'Classification') classifications.push(nameOf(child))
      else forgive(reader, child, `foreign element ${child.name}`)
    }
    if (classifications.length === 0) fail(list, 'an empty ClassificationList')
    return {
      policyName: nameOf(policy),
      ...(id === undefined ? {} : { policy: id }),
      classifications,
      categories: rest.map((child) => readCategory(reader, child)),
    }
  })
  return 'problem' in read ? read : { clearance: read.value, findings: read.findings }
}

/** The clearance as a canonical element: classes and categories in code-unit order. */
export function write4774Clearance(clearance: Clearance4774): XmlElement {
  const { policyName, policy, classifications, categories } = clearance
  return element(
    CLEARANCE_NS,
    'ConfidentialityClearance',
    [],
    [
      element(LABEL_NS, 'PolicyIdentifier', policy === undefined ? [] : { URI: `urn:oid:${policy}` }, [
        policyName,
      ]),
      element(
        CLEARANCE_NS,
        'ClassificationList',
        [],
        [...classifications].sort(compareText).map((name) => element(LABEL_NS, 'Classification', [], [name])),
      ),
      ...sortCategories(categories).map(writeCategory),
    ],
  )
}
