/**
 * A SPIF as the second evaluator reads it: with libxml2, by the names of the Open XML SPIF schema, and nothing of ours.
 *
 * It knows the constructs of the example policies and refuses any other, rather than overlook it.
 */
import { type XmlElement as Node, XmlDocument, XmlElement } from 'libxml2-wasm'

export type Equivalent = Readonly<{ policy: string; lacv: string; applied: string; tagSet: string }>
export type Phrases = ReadonlyMap<string, string>
export type Class = Readonly<{
  name: string
  lacv: number
  colour: string
  phrases: Phrases
  equivalents: readonly Equivalent[]
}>
export type Value = Readonly<{
  name: string
  lacv: number
  phrases: Phrases
  equivalents: readonly Equivalent[]
}>
export type Tag = Readonly<{
  set: string
  id: string
  type: 'restrictive' | 'permissive' | 'informative'
  /** Numbers as a SET OF INTEGER instead of a bit map. */
  enumerated: boolean
  values: readonly Value[]
  /** Prefix and separator of the marking, by language, '' for any. */
  prefix: Phrases
  separator: string
}>
export type Policy = Readonly<{
  name: string
  id: string
  classes: readonly Class[]
  tags: readonly Tag[]
  /** Names of other policies, and the identifiers that they stand for. */
  others: ReadonlyMap<string, string>
}>

const KNOWN = new Set(
  `SPIF securityPolicyId securityClassifications securityClassification equivalentClassification markingData code
  securityCategoryTagSets securityCategoryTagSet securityCategoryTag tagCategory equivalentSecCategoryTag markingQualifier
  qualifier equivalentPolicies equivalentPolicy`.split(/\s+/),
)

export function readPolicy(octets: Uint8Array): Policy {
  const document = XmlDocument.fromBuffer(octets)
  try {
    const root = document.root
    for (const node of all(root))
      if (!KNOWN.has(node.name)) throw new Error(`the evaluator does not know ${node.name}`)
    const [policy] = named(root, 'securityPolicyId')
    return {
      name: attr(policy!, 'name'),
      id: attr(policy!, 'id'),
      classes: named(root, 'securityClassification').map((node) => ({
        name: attr(node, 'name'),
        lacv: Number(attr(node, 'lacv')),
        colour: attr(node, 'color'),
        phrases: phrases(node),
        equivalents: equivalents(node),
      })),
      tags: named(root, 'securityCategoryTagSet').flatMap((set) =>
        named(set, 'securityCategoryTag').map((node) => readTag(set, node)),
      ),
      others: new Map(named(root, 'equivalentPolicy').map((node) => [attr(node, 'name'), attr(node, 'id')])),
    }
  } finally {
    document.dispose()
  }
}

function readTag(set: Node, node: Node): Tag {
  const type = attr(node, 'tagType')
  const kind = type === 'enumerated' ? attr(node, 'enumType') : type === 'tagType7' ? 'informative' : type
  if (kind !== 'restrictive' && kind !== 'permissive' && kind !== 'informative')
    throw new Error(`tag type ${type}`)
  if (type === 'tagType7' && attr(node, 'tag7Encoding') !== 'bitSetAttributes')
    throw new Error('tag7Encoding')
  const qualifiers = named(node, 'qualifier').map((one) => ({
    code: attr(one, 'qualifierCode'),
    language: attr(one, 'lang'),
    text: attr(one, 'markingQualifier'),
  }))
  return {
    set: attr(set, 'name'),
    id: attr(set, 'id'),
    type: kind,
    enumerated: type === 'enumerated',
    values: named(node, 'tagCategory').map((value) => ({
      name: attr(value, 'name'),
      lacv: Number(attr(value, 'lacv')),
      phrases: phrases(value),
      equivalents: equivalents(value),
    })),
    prefix: new Map(
      qualifiers.filter(({ code }) => code === 'prefix').map(({ language, text }) => [language, text]),
    ),
    separator: qualifiers.find(({ code }) => code === 'separator')?.text ?? ' ',
  }
}

function phrases(node: Node): Phrases {
  return new Map(children(node, 'markingData').map((one) => [attr(one, 'lang'), attr(one, 'phrase')]))
}

function equivalents(node: Node): Equivalent[] {
  return [...children(node, 'equivalentClassification'), ...children(node, 'equivalentSecCategoryTag')].map(
    (one) => ({
      policy: attr(one, 'policyRef'),
      lacv: attr(one, 'lacv'),
      applied: attr(one, 'applied'),
      tagSet: attr(one, 'tagSetId'),
    }),
  )
}

function children(node: Node, name: string): Node[] {
  const found: Node[] = []
  for (let at = node.firstChild; at !== null; at = at.next) {
    if (at instanceof XmlElement && at.name === name) found.push(at)
  }
  return found
}

function all(node: Node): Node[] {
  const found: Node[] = [node]
  for (let at = node.firstChild; at !== null; at = at.next)
    if (at instanceof XmlElement) found.push(...all(at))
  return found
}

function named(node: Node, name: string): Node[] {
  return all(node).filter((one) => one.name === name)
}

function attr(node: Node, name: string): string {
  return node.attrs.find((one) => one.name === name)?.value ?? ''
}
