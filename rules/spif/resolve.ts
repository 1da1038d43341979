/**
 * What references in a SPIF document name: policies, classes and tag sets by name, tags by their kind.
 */
import { trimBlanks } from '../label/blanks.ts'
import { fold } from '../label/fold.ts'
import type { CategoryKind } from '../label/kind.ts'
import type { StatedKind } from './spif.ts'
import type { Node, Report } from './structure.ts'

/** What references name: identifiers of policies, names of classes and elements of tag sets, by their names. */
export type Build = Readonly<{
  policies: ReadonlyMap<string, string>
  classes: ReadonlyMap<string, string>
  tagSets: ReadonlyMap<string, Node>
  report: Report
}>

/**
 * What a reference names. The schema wants the very name; names that differ in the case of letters only are one name
 * everywhere else, so lenient loading takes them for it, when there is but one.
 */
export function named<T>(
  build: Build,
  known: ReadonlyMap<string, T>,
  node: Node,
  text: string,
): T | undefined {
  const name = trimBlanks(text)
  const exact = known.get(name)
  if (exact !== undefined) return exact
  const similar = [...known].filter(([other]) => fold(other) === fold(name))
  const [only, second] = similar
  if (only === undefined || second !== undefined) return undefined
  build.report('error', 'reference-spelling', `${node.name} refers to ${only[0]} as ${name}`, node.line)
  return only[1]
}

/** The kind of a tag; undefined for notApplicable, reported for one that is incomplete. */
export function kindOf(build: Build, node: Node): CategoryKind | undefined {
  const kind = statedKind(build, node)
  if (kind !== 'enumerated') return kind
  build.report('refused', 'missing-attribute', `${node.name} is enumerated and has no enumType`, node.line)
  return undefined
}

/**
 * The kind that tagType and enumType say. Where another tag set is referred to enumType may be absent (Open XML SPIF 2.1,
 * optionalCategoryData, equivalentSecCategoryTag): `enumerated`.
 */
export function statedKind(build: Build, node: Node): StatedKind | undefined {
  const tagType = node.attributes.get('tagType')
  if (tagType === 'restrictive' || tagType === 'permissive') return tagType
  if (tagType === 'tagType7') return 'informative'
  if (tagType === 'enumerated') {
    const enumType = node.attributes.get('enumType')
    if (enumType === 'restrictive') return 'enumerated-restrictive'
    return enumType === 'permissive' ? 'enumerated-permissive' : 'enumerated'
  }
  if (node.name !== 'securityCategoryTag') {
    build.report('refused', 'bad-value', `tagType notApplicable on ${node.name}`, node.line)
  }
  return undefined
}

/** The kind of the policy's own tag set that a test refers to: what it says, else the one that the enumerated tags have. */
export function ownKind(build: Build, node: Node, set: Node): CategoryKind | undefined {
  const stated = statedKind(build, node)
  if (stated !== 'enumerated') return stated
  const lacv = node.attributes.get('lacv')
  const tags = all(set, 'securityCategoryTag').filter((tag) => tag.attributes.get('tagType') === 'enumerated')
  const holding = tags.filter((tag) => all(tag, 'tagCategory').some((v) => v.attributes.get('lacv') === lacv))
  for (const fitting of [tags, holding]) {
    const kinds = new Set(fitting.map((tag) => kindOf(QUIET, tag)))
    const [only] = kinds
    if (kinds.size === 1 && only !== undefined) return only
  }
  const names = tags.map(
    (tag) => `${tag.attributes.get('name') ?? '(tag without name)'}, ${kindOf(QUIET, tag)}`,
  )
  const why = `${node.name} has no enumType, and ${nameOf(set)} has ${names.join('; ') || 'no enumerated tag'}`
  build.report('refused', 'missing-attribute', `${why}: write enumType`, node.line)
  return undefined
}

/** For asking again what has been reported once. */
export const QUIET: Build = {
  policies: new Map(),
  classes: new Map(),
  tagSets: new Map(),
  report: () => undefined,
}

/** The children of that name. */
export function all(node: Node | undefined, name: string): readonly Node[] {
  return node === undefined ? [] : node.children.filter((child) => child.name === name)
}

export function nameOf(node: Node): string {
  return trimBlanks(node.attributes.get('name') ?? '')
}
