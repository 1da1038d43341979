/**
 * What the schema of Open XML SPIF cannot or does not check: that names and numbers are unique where they identify, and
 * that what a rule refers to exists.
 *
 * Values that share a number are a warning: the published NATO policy has them. They are usable by name
 * (STANAG 4774), and refused where only the number is known (ESS).
 */
import { trimBlanks } from '../label/blanks.ts'
import { fold } from '../label/fold.ts'
import { KINDS } from '../label/kind.ts'
import type { CategoryTest, Finding, RequiredCategory, Spif, Tag, TagSet } from './spif.ts'
import type { Node } from './structure.ts'

/** Adds findings about `spif`, which was built from `root`. */
export function checkReferences(spif: Spif, root: Node, findings: Finding[]): void {
  const lines = linesOf(root)
  const add = (
    weight: Finding['weight'],
    kind: string,
    message: string,
    node: string,
    more: Partial<Finding> = {},
  ) => findings.push({ weight, kind, message, line: lines.get(node) ?? root.line, ...more })
  const unique = (weight: Finding['weight'], kind: string, node: string, names: readonly string[]) => {
    for (const name of repeated(names)) add(weight, kind, `${node} ${name} stands twice`, `${node} ${name}`)
  }
  const { classifications, tagSets, equivalentPolicies, defaultPolicy } = spif
  unique(
    'refused',
    'duplicate-class',
    'securityClassification',
    classifications.map((c) => fold(c.name)),
  )
  unique(
    'refused',
    'duplicate-class-lacv',
    'securityClassification',
    classifications.map((c) => c.lacv),
  )
  unique(
    'warning',
    'duplicate-hierarchy',
    'securityClassification',
    classifications.map((c) => c.hierarchy),
  )
  unique('error', 'duplicate-colour', 'securityClassification', coloursOf(root))
  unique(
    'refused',
    'duplicate-tag-set',
    'securityCategoryTagSet',
    tagSets.map((t) => fold(t.name)),
  )
  unique(
    'refused',
    'duplicate-tag-set-id',
    'securityCategoryTagSet',
    tagSets.map((t) => t.id),
  )
  unique(
    'refused',
    'duplicate-policy',
    'equivalentPolicy',
    equivalentPolicies.map((p) => p.name),
  )
  unique(
    'refused',
    'duplicate-policy-id',
    'equivalentPolicy',
    equivalentPolicies.map((p) => p.id),
  )
  for (const { name, id } of defaultPolicy === undefined ? [] : equivalentPolicies) {
    if (name === defaultPolicy?.name || id === defaultPolicy?.id) {
      add(
        'error',
        'duplicate-policy',
        `equivalentPolicy ${name} is the default policy too`,
        `equivalentPolicy ${name}`,
      )
    }
  }
  for (const name of emptyNames(spif)) add('refused', 'empty-name', `a ${name} has an empty name`, name)
  for (const c of classifications) {
    if (c.lacv.startsWith('-'))
      add('refused', 'bad-lacv', `${c.name} has a negative lacv`, `securityClassification ${c.name}`)
    checkRequired(c.required, `securityClassification ${c.name}`)
  }
  for (const set of tagSets) {
    for (const tag of set.tags) checkTag(set, tag)
    for (const kind of KINDS)
      checkTwins(
        set,
        set.tags.filter((tag) => tag.kind === kind),
      )
  }
  for (const node of untrimmed(root)) {
    findings.push({
      weight: 'warning',
      kind: 'untrimmed-name',
      message: `blanks around the name ${JSON.stringify(node.attributes.get('name'))}`,
      line: node.line,
      names: [node.attributes.get('name')!],
    })
  }

  /** Of what is not there "exactly one" may be met too easily; the other operations are met not at all. */
  function checkRequired(required: readonly RequiredCategory[], node: string): void {
    for (const { operation, groups } of required) {
      for (const test of groups) checkTest(test, node, operation === 'onlyOne' ? 'refused' : 'error')
    }
  }

  function checkTest(test: CategoryTest, node: string, weight: Finding['weight']): void {
    const tags = tagSets.find((set) => set.id === test.tagSetId)!.tags.filter((tag) => tag.kind === test.kind)
    const found = tags.some((tag) => test.lacv === undefined || tag.values.some((v) => v.lacv === test.lacv))
    if (!found) {
      add(
        weight,
        'dangling-category',
        `${node} refers to a ${test.kind} category ${test.lacv ?? ''} that is not there`,
        node,
      )
    }
  }

  function checkTag(set: TagSet, tag: Tag): void {
    const classes = new Set(classifications.map((c) => c.name))
    for (const value of tag.values) {
      const node = `tagCategory ${value.name}`
      if (value.lacv.startsWith('-')) add('refused', 'bad-lacv', `${value.name} has a negative lacv`, node)
      if (value.requiredClass !== undefined && !classes.has(value.requiredClass)) {
        add(
          'error',
          'dangling-class',
          `${value.name} requires the unknown class ${value.requiredClass}`,
          node,
        )
      }
      for (const name of value.excludedClasses) {
        if (!classes.has(name))
          add('refused', 'dangling-class', `${value.name} excludes the unknown class ${name}`, node)
      }
      for (const name of repeated(value.excludedClasses)) {
        add('error', 'duplicate-excluded-class', `${value.name} excludes ${name} twice`, node)
      }
      checkRequired(value.required, node)
      for (const test of value.excluded) checkTest(test, node, 'refused')
    }
    const own = `securityCategoryTagSet ${fold(set.name)}`
    if (tag.minSelection > (tag.singleSelection ? 1 : tag.maxSelection)) {
      add('error', 'bad-selection', `more must be selected than may be in ${set.name}`, own)
    }
  }

  /** Values that share a number or a name among the tags of one kind, which ESS and STANAG 4774 do not tell apart. */
  function checkTwins(set: TagSet, tags: readonly Tag[]): void {
    const values = tags.flatMap((tag) => tag.values)
    const own = `securityCategoryTagSet ${fold(set.name)}`
    for (const [lacv, names] of grouped(
      values,
      (v) => v.lacv,
      (v) => v.name,
    )) {
      const text = `${names.join(', ')} share the number ${lacv} in ${set.name}`
      add('warning', 'duplicate-lacv', text, own, { tagSet: set.name, lacv, names })
    }
    const twice = grouped(
      values,
      (v) => fold(v.name),
      (v) => v.name,
    ).map(([, names]) => names[0]!)
    if (twice.length > 0) {
      const text = `${twice.join(', ')} stand more than once in ${set.name}`
      add('warning', 'duplicate-name', text, own, { tagSet: set.name, names: twice })
    }
  }
}

function repeated(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const twice = new Set<string>()
  for (const name of names) (seen.has(name) ? twice : seen).add(name)
  return [...twice]
}

/** The keys under which more than one item stands, each with a property of its items. */
function grouped<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  propertyOf: (item: T) => string,
): [string, string[]][] {
  const groups = new Map<string, string[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), propertyOf(item)])
  return [...groups].filter(([, values]) => values.length > 1)
}

/** Colours as they are written: the schema compares spellings, so that `red` and `#ff0000` are two. */
function coloursOf(node: Node): readonly string[] {
  const own = node.name === 'securityClassification' ? node.attributes.get('color') : undefined
  return own === undefined ? node.children.flatMap(coloursOf) : [own]
}

function emptyNames(spif: Spif): readonly string[] {
  const empty: string[] = []
  if (spif.name === '') empty.push('securityPolicyId')
  if (spif.classifications.some((c) => c.name === '')) empty.push('securityClassification')
  if (spif.tagSets.some((t) => t.name === '')) empty.push('securityCategoryTagSet')
  if (spif.tagSets.some((t) => t.tags.some((tag) => tag.values.some((v) => v.name === ''))))
    empty.push('tagCategory')
  return empty
}

/** The line of the last element of each kind and name (or number), for findings. */
function linesOf(root: Node): ReadonlyMap<string, number> {
  const lines = new Map<string, number>()
  const visit = (node: Node): void => {
    for (const name of ['name', 'id', 'lacv', 'hierarchy', 'color']) {
      const value = node.attributes.get(name)
      if (value !== undefined) {
        lines.set(`${node.name} ${trimBlanks(value)}`, node.line)
        lines.set(`${node.name} ${fold(trimBlanks(value))}`, node.line)
      }
    }
    node.children.forEach(visit)
  }
  visit(root)
  return lines
}

function untrimmed(root: Node): readonly Node[] {
  const name = root.attributes.get('name')
  const own = name !== undefined && name !== trimBlanks(name) ? [root] : []
  return [...own, ...root.children.flatMap(untrimmed)]
}
