/**
 * The XML of the spiffing project (namespace http://surevine.com/xmlns/spiffy), which the conformance cases use.
 *
 *   <label|clearance> <policy id/> <classification lacv/>… <tag type id lacv/>…
 *
 * The product does not read it: it is here to show that a further payload needs nothing but a reader in a list.
 */

import { type Clearance, makeClearance } from '../../../rules/clearance/clearance.ts'
import { bindCategories } from '../../../rules/label/bind.ts'
import type { SecurityCategory } from '../../../rules/label/category.ts'
import type { CategoryKind } from '../../../rules/label/kind.ts'
import {
  type BindingProblem,
  isProblem,
  type Label,
  type LabelCategory,
  makeLabel,
} from '../../../rules/label/label.ts'
import type { LabelProblem } from '../../../rules/label/reading.ts'
import type { Payload } from '../../../rules/label/xep0258.ts'
import type { Spif } from '../../../rules/spif/spif.ts'
import { attribute, elements, type XmlElement } from '../../../rules/xml/node.ts'

export const SPIFFY_NS = 'http://surevine.com/xmlns/spiffy'

/** A label or clearance as numbers; also what the cases call `model`. */
export type Model = Readonly<{
  policyId: string
  classifications: readonly string[]
  categories: readonly Readonly<{ tagSetId: string; kind: CategoryKind; lacv: string }>[]
}>

const KINDS: ReadonlyMap<string, CategoryKind> = new Map([
  ['restrictive', 'restrictive'],
  ['permissive', 'permissive'],
  ['enumeratedRestrictive', 'enumerated-restrictive'],
  ['enumeratedPermissive', 'enumerated-permissive'],
  ['enumerated-restrictive', 'enumerated-restrictive'],
  ['enumerated-permissive', 'enumerated-permissive'],
  ['informative', 'informative'],
])

export function kindNamed(name: string): CategoryKind | undefined {
  return KINDS.get(name)
}

export function readSpiffy(node: XmlElement, root: 'label' | 'clearance'): Model | LabelProblem {
  if (node.ns !== SPIFFY_NS || node.name !== root) return { problem: `not a spiffy ${root}` }
  const children = elements(node)
  const policies = children.filter((c) => c.name === 'policy')
  const classes = children.filter((c) => c.name === 'classification')
  const policyId = policies.length === 1 ? attribute(policies[0]!, 'id') : undefined
  if (policyId === undefined) return { problem: 'not one policy' }
  if (root === 'label' && classes.length !== 1) return { problem: 'not one classification' }
  const categories = []
  for (const child of children) {
    if (child.ns !== SPIFFY_NS) return { problem: 'a foreign element' }
    if (child.name === 'policy' || child.name === 'classification') continue
    const kind = kindNamed(attribute(child, 'type') ?? '')
    const tagSetId = attribute(child, 'id')
    const lacv = attribute(child, 'lacv')
    if (child.name !== 'tag' || kind === undefined || tagSetId === undefined || lacv === undefined) {
      return { problem: 'not a tag' }
    }
    categories.push({ tagSetId, kind, lacv: BigInt(lacv).toString() })
  }
  const lacvs = classes.map((c) => attribute(c, 'lacv') ?? '')
  return { policyId, classifications: lacvs, categories }
}

export function bindModel(spif: Spif, model: Model): Label | BindingProblem {
  if (model.policyId !== spif.id) return { problem: 'wrong-policy', detail: model.policyId }
  const classification = spif.classifications.find((c) => c.lacv === model.classifications[0])
  if (classification === undefined)
    return { problem: 'unknown-classification', detail: String(model.classifications[0]) }
  const categories: LabelCategory[] = []
  for (const category of model.categories) {
    const bound = bindOne(spif, category)
    if (isProblem(bound)) return bound
    categories.push(...bound)
  }
  return makeLabel(spif, classification, categories)
}

export function bindModelClearance(spif: Spif, model: Model): Clearance | BindingProblem {
  if (model.policyId !== spif.id) return { problem: 'wrong-policy', detail: model.policyId }
  const classes = spif.classifications.filter((c) => model.classifications.includes(c.lacv))
  const categories = model.categories.flatMap((category) => {
    const bound = bindOne(spif, category)
    return isProblem(bound) ? [] : bound
  })
  return makeClearance(spif, classes, categories)
}

/** By way of the ACP-145(A) syntax, whose numbers these are; an informative one in either encoding. */
function bindOne(
  spif: Spif,
  { tagSetId, kind, lacv }: Model['categories'][number],
): readonly LabelCategory[] | BindingProblem {
  const encoded = (encoding: 'bits' | 'integers'): SecurityCategory => ({
    syntax: 'acp145',
    kind,
    tagSet: tagSetId,
    encoding,
    values: [lacv],
  })
  const first = bindCategories(spif, [encoded(kind.startsWith('enumerated') ? 'integers' : 'bits')])
  return isProblem(first) && kind === 'informative' ? bindCategories(spif, [encoded('integers')]) : first
}

export function readSpiffyPayload(node: XmlElement): Payload | LabelProblem {
  const model = readSpiffy(node, 'label')
  return 'problem' in model ? model : { format: 'other', bind: (spif) => bindModel(spif, model) }
}
