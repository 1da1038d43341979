/**
 * Loads a SPIF: document → structure → model, with findings that name lines.
 *
 * Strict refuses whatever the schema refuses, and dangling references besides. Lenient forgives what real files have
 * (order, stray text, missing informational attributes, references that are written in another case) and says so. Both refuse
 * what could widen a decision: unknown elements, attributes, tag types, operations and versions, numbers that are none,
 * references to policies and tag sets that are not there, and exclusions of what is not there. What is required and not there
 * is required in vain, which lenient loading leaves so.
 */

import { trimBlanks } from '../label/blanks.ts'
import { MISSI_LABEL } from '../label/category.ts'
import { type CategoryKind, isEnumerated } from '../label/kind.ts'
import { isCanonicalNumber } from '../label/oid.ts'
import { colourOf } from './colour.ts'
import { checkReferences } from './references.ts'
import { all, type Build, kindOf, named, nameOf, ownKind, QUIET, statedKind } from './resolve.ts'
import type * as S from './spif.ts'
import { type Node, type Report, readStructure } from './structure.ts'
import { parseDocument } from './xml.ts'

/** What loading gives: a policy with what was forgiven, or why not. The first problem stands first. */
export type LoadedSpif =
  | Readonly<{ spif: S.Spif; findings: readonly S.Finding[] }>
  | Readonly<{ problems: readonly S.Finding[] }>

/** Loads a policy from its XML text. */
export function loadSpif(source: string, { strict }: Readonly<{ strict: boolean }>): LoadedSpif {
  const document = parseDocument(source)
  if ('problem' in document) {
    return {
      problems: [
        { weight: 'refused', kind: 'not-well-formed', message: document.problem, line: document.line },
      ],
    }
  }
  const findings: S.Finding[] = []
  const report: Report = (weight, kind, message, line) => findings.push({ weight, kind, message, line })
  const root = versionOf(document, report) ? readStructure(document, report) : undefined
  const fatal = (): S.Finding[] =>
    findings.filter((f) => f.weight === 'refused' || (strict && f.weight === 'error'))
  if (root === undefined || fatal().length > 0) return { problems: fatal() }
  const spif = buildSpif(root, report)
  checkReferences(spif, root, findings)
  return fatal().length > 0 ? { problems: fatal() } : { spif, findings }
}

/** Whether the version is one that we know, so that a later one is refused by its name and not for its elements. */
function versionOf(
  document: { attributes: readonly { name: string; value: string }[]; line: number },
  report: Report,
): boolean {
  const version = document.attributes.find((a) => a.name === 'schemaVersion')?.value
  if (version === undefined || ['1.0', '2.0', '2.1'].includes(version)) return true
  report(
    'refused',
    'unknown-version',
    `SPIF schema version ${version} is not supported (1.0, 2.0, 2.1 are)`,
    document.line,
  )
  return false
}

function one(node: Node, name: string): Node | undefined {
  return node.children.find((child) => child.name === name)
}

/** Builds the model; what refers to nothing is reported here where it would otherwise be lost. */
function buildSpif(root: Node, report: Report): S.Spif {
  const a = root.attributes
  const policy = one(root, 'securityPolicyId')!
  const defaultPolicy = one(root, 'defaultSecurityPolicyId')
  const classifications = one(root, 'securityClassifications')!
  const tagSetNodes = all(one(root, 'securityCategoryTagSets'), 'securityCategoryTagSet')
  const privacyMarks = one(root, 'privacyMarks')
  const policies = new Map<string, string>()
  if (defaultPolicy !== undefined) policies.set(nameOf(defaultPolicy), defaultPolicy.attributes.get('id')!)
  const equivalents = all(one(root, 'equivalentPolicies'), 'equivalentPolicy')
  for (const node of equivalents) policies.set(nameOf(node), node.attributes.get('id')!)
  const classNodes = all(classifications, 'securityClassification')
  const build: Build = {
    policies,
    classes: new Map(classNodes.map((node) => [nameOf(node), nameOf(node)])),
    tagSets: new Map(tagSetNodes.map((node) => [nameOf(node), node])),
    report,
  }
  return {
    schemaVersion: (a.get('schemaVersion') ?? '1.0') as S.Spif['schemaVersion'],
    version: a.get('version') ?? '1',
    creationDate: a.get('creationDate') ?? '',
    originator: a.get('originatorDN') ?? '',
    name: nameOf(policy),
    id: policy.attributes.get('id')!,
    ...(defaultPolicy === undefined
      ? {}
      : { defaultPolicy: { name: nameOf(defaultPolicy), id: defaultPolicy.attributes.get('id')! } }),
    syntax: a.get('rbacId') === MISSI_LABEL ? 'missi' : 'acp145',
    ...optional('notBefore', a.get('notBefore')),
    ...optional('notAfter', a.get('notAfter')),
    classifications: classNodes.map((node) => classification(build, node)),
    tagSets: tagSetNodes.map((node) => tagSet(build, node)),
    ...(privacyMarks === undefined
      ? {}
      : {
          privacyMarks: {
            marks: all(privacyMarks, 'privacyMark').map((node) => ({
              name: nameOf(node),
              obsolete: flag(node, 'obsolete'),
              markings: markings(node),
            })),
            ...selection(privacyMarks),
          },
        }),
    equivalentPolicies: equivalents.map((node) => ({
      name: nameOf(node),
      id: node.attributes.get('id')!,
      required: targetRequirements(build, node),
    })),
    markings: {
      policy: markings(policy),
      spif: markings(root),
      classifications: markings(classifications),
      privacyMarks: privacyMarks === undefined ? { data: [], qualifiers: [] } : markings(privacyMarks),
    },
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V }
}

function flag(node: Node, name: string): boolean {
  return node.attributes.get(name) === 'true'
}

function selection(node: Node): { minSelection: number; maxSelection: number } {
  const min = node.attributes.get('minSelection')
  const max = node.attributes.get('maxSelection')
  return {
    minSelection: min === undefined || min === 'unbounded' ? 0 : Number(min),
    maxSelection: max === undefined || max === 'unbounded' ? Number.POSITIVE_INFINITY : Number(max),
  }
}

function classification(build: Build, node: Node): S.Classification {
  const colour = node.attributes.get('color')
  return {
    name: nameOf(node),
    lacv: node.attributes.get('lacv')!,
    hierarchy: node.attributes.get('hierarchy')!,
    ...optional('colour', colour === undefined ? undefined : colourOf(colour)),
    obsolete: flag(node, 'obsolete'),
    equivalents: all(node, 'equivalentClassification').flatMap((equivalent) => {
      const policy = policyOf(build, equivalent)
      if (policy === undefined) return []
      return [
        {
          policy,
          lacv: equivalent.attributes.get('lacv')!,
          applied: appliedOf(equivalent),
          required: targetRequirements(build, equivalent),
        },
      ]
    }),
    markings: markings(node),
    required: requirements(build, node),
  }
}

function tagSet(build: Build, node: Node): S.TagSet {
  return {
    name: nameOf(node),
    id: node.attributes.get('id')!,
    tags: all(node, 'securityCategoryTag').flatMap((tagNode, index) => tag(build, node, tagNode, index)),
    equivalents: all(node, 'equivalentSecurityCategoryTagSet').flatMap((equivalent) => {
      const policy = policyOf(build, equivalent)
      if (policy === undefined) return []
      return [
        {
          policy,
          ...optional('name', equivalent.attributes.get('name')),
          ...optional('id', equivalent.attributes.get('id')),
          required: targetRequirements(build, equivalent),
        },
      ]
    }),
  }
}

/** A tag, unless its values can stand in no label (tagType notApplicable). */
function tag(build: Build, setNode: Node, node: Node, index: number): readonly S.Tag[] {
  const kind = kindOf(build, node)
  if (kind === undefined) return []
  const name = node.attributes.get('name')
  const encoding =
    isEnumerated(kind) || node.attributes.get('tag7Encoding') === 'securityAttributes' ? 'integers' : 'bits'
  const twins = sameKind(setNode, kind)
  return [
    {
      ...optional('name', name === undefined ? undefined : trimBlanks(name)),
      index,
      kind,
      encoding: kind === 'informative' || isEnumerated(kind) ? encoding : 'bits',
      singleSelection: flag(node, 'singleSelection'),
      ...selection(node),
      values: all(node, 'tagCategory').map((value) => categoryValue(build, value, twins)),
      qualifiers: markings(node).qualifiers,
    },
  ]
}

/** How often each number stands in the tags of one kind of a tag set. */
function sameKind(setNode: Node, kind: CategoryKind): ReadonlyMap<string, number> {
  const count = new Map<string, number>()
  for (const node of all(setNode, 'securityCategoryTag')) {
    if (kindOf(QUIET, node) !== kind) continue
    for (const value of all(node, 'tagCategory')) {
      const lacv = value.attributes.get('lacv')!
      count.set(lacv, (count.get(lacv) ?? 0) + 1)
    }
  }
  return count
}

function categoryValue(build: Build, node: Node, count: ReadonlyMap<string, number>): S.CategoryValue {
  const a = node.attributes
  const lacv = a.get('lacv')!
  if (lacv === '') build.report('refused', 'bad-value', 'tagCategory has an empty lacv', node.line)
  return {
    name: nameOf(node),
    lacv,
    obsolete: flag(node, 'obsolete'),
    ...optional('userInput', a.get('userInput') as 'string' | 'integer' | 'date' | undefined),
    ...optional('dateFormat', a.get('dateFormat')),
    ...optional('notBefore', a.get('notBefore')),
    ...optional('notAfter', a.get('notAfter')),
    ...optional('requiredClass', className(build, node, a.get('requiredClass'))),
    excludedClasses: all(node, 'excludedClass').map((excluded) => className(build, excluded, excluded.text)!),
    required: requirements(build, node),
    excluded: all(node, 'excludedCategory').flatMap((excluded) => {
      hasLacvOrAll(build, excluded)
      return categoryTest(build, excluded)
    }),
    equivalents: all(node, 'equivalentSecCategoryTag').flatMap((e) => equivalentCategory(build, e)),
    markings: markings(node),
    ambiguous: (count.get(lacv) ?? 0) > 1 || !isCanonicalNumber(lacv),
  }
}

/** The policy's own spelling of a class; of an unknown one the given, which is reported with the other references. */
function className(build: Build, node: Node, text: string | undefined): string | undefined {
  return text === undefined ? undefined : (named(build, build.classes, node, text) ?? trimBlanks(text))
}

function equivalentCategory(build: Build, node: Node): readonly S.EquivalentCategory[] {
  const policy = policyOf(build, node)
  const kind = statedKind(build, node)
  if (policy === undefined || kind === undefined) return []
  const discard = node.attributes.get('action') === 'discard'
  if (node.attributes.get('lacv') === '' && !discard) {
    build.report('refused', 'bad-value', `${node.name} has an empty lacv`, node.line)
  }
  return [
    {
      policy,
      tagSetId: node.attributes.get('tagSetId')!,
      kind,
      lacv: node.attributes.get('lacv')!,
      applied: appliedOf(node),
      discard,
    },
  ]
}

/** A missing `applied` is forgiven by lenient loading only, and read as `both`, as its drafts did. */
function appliedOf(node: Node): S.Applied {
  return (node.attributes.get('applied') ?? 'both') as S.Applied
}

/** An equivalence of a policy that is not declared cannot be left out: another one would then be the only one. */
function policyOf(build: Build, node: Node): string | undefined {
  const name = node.attributes.get('policyRef')!
  const id = named(build, build.policies, node, name)
  if (id === undefined)
    build.report('refused', 'dangling-policy', `policyRef ${name} names no equivalent policy`, node.line)
  return id
}

function requirements(build: Build, node: Node): readonly S.RequiredCategory[] {
  return all(node, 'requiredCategory').map((required) =>
    isUnderstood(build, required)
      ? {
          operation: required.attributes.get('operation') as S.RequiredCategory['operation'],
          groups: all(required, 'categoryGroup').flatMap((group) => categoryTest(build, group)),
        }
      : UNMEETABLE,
  )
}

/** A requirement that nothing meets. */
const UNMEETABLE = { operation: 'oneOrMore', groups: [] } as const

/** Whether a requirement says what it is (else lenient loading only): its operation, and of each group lacv or all. */
function isUnderstood(build: Build, node: Node): boolean {
  const groups = all(node, 'categoryGroup').map((group) => hasLacvOrAll(build, group))
  return node.attributes.has('operation') && groups.every((isSaid) => isSaid)
}

function categoryTest(build: Build, node: Node): readonly S.CategoryTest[] {
  const name = node.attributes.get('tagSetRef')!
  const set = named(build, build.tagSets, node, name)
  if (set === undefined) {
    build.report('refused', 'dangling-tag-set', `tagSetRef ${name} names no tag set`, node.line)
    return []
  }
  const kind = ownKind(build, node, set)
  if (kind === undefined) return []
  return [{ tagSetId: set.attributes.get('id')!, kind, ...optional('lacv', node.attributes.get('lacv')) }]
}

function targetRequirements(build: Build, node: Node): readonly S.TargetRequirement[] {
  return all(node, 'requiredCategory').map((required) => {
    if (!isUnderstood(build, required)) return UNMEETABLE
    const groups = all(required, 'categoryGroup').flatMap((group) => {
      const kind = statedKind(build, group)
      if (kind === undefined) return []
      const tagSetName = trimBlanks(group.attributes.get('tagSetRef')!)
      return [{ tagSetName, kind, ...optional('lacv', group.attributes.get('lacv')) }]
    })
    return { operation: required.attributes.get('operation') as S.TargetRequirement['operation'], groups }
  })
}

/**
 * Whether there is "one and only one of lacv or all". With neither an exclusion is of every value of the tag set, and a
 * requirement is not understood.
 */
function hasLacvOrAll(build: Build, node: Node): boolean {
  const hasLacv = node.attributes.has('lacv')
  const isAll = node.attributes.get('all') === 'true'
  if (hasLacv && isAll) {
    build.report('refused', 'lacv-and-all', `${node.name} has both lacv and all`, node.line)
  }
  if (!hasLacv && !isAll) {
    build.report('error', 'neither-lacv-nor-all', `${node.name} has neither lacv nor all`, node.line)
  }
  return hasLacv || isAll
}

function markings(node: Node): S.Markings {
  return {
    data: all(node, 'markingData').map((data) => ({
      ...optional('phrase', data.attributes.get('phrase')),
      ...optional('language', data.attributes.get('xml:lang')),
      codes: all(data, 'code').map((code) => code.text as S.Location | S.DisplayCode),
    })),
    qualifiers: all(node, 'markingQualifier').flatMap((group) =>
      all(group, 'qualifier').map((qualifier) => ({
        code: qualifier.attributes.get('qualifierCode') as S.Qualifier['code'],
        text: qualifier.attributes.get('markingQualifier')!,
        ...optional('language', qualifier.attributes.get('xml:lang') ?? group.attributes.get('xml:lang')),
        ...optional('location', group.attributes.get('markingCode') as S.Location | undefined),
      })),
    ),
  }
}
