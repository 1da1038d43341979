/** Policies, labels and clearances at random, for property tests: everything passes through SPIF text and the loader. */
import fc from 'fast-check'
import { type Clearance, makeClearance } from '../../rules/clearance/clearance.ts'
import { allCategories, type Label, makeLabel } from '../../rules/label/label.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { load } from './policies.ts'

/** Names that XML, blanks and case folding could spoil. */
const name = fc
  .string({ unit: fc.constantFrom(...'abzKé&<>"\'/|=,— 日'), minLength: 1, maxLength: 8 })
  .map((text) => text.trim())
  .filter((text) => text !== '')

/** Distinct without regard to case, as names must be. */
function distinctNames(max: number) {
  return fc.uniqueArray(name, { minLength: 1, maxLength: max, selector: (text) => text.toLowerCase() })
}

const smallNumber = fc.integer({ min: 0, max: 300 }).map(String)
const anyNumber = fc.oneof(smallNumber, fc.bigInt({ min: 0n, max: 2n ** 70n }).map(String))

const KINDS = [
  'tagType="restrictive"',
  'tagType="permissive"',
  'tagType="enumerated" enumType="restrictive"',
  'tagType="enumerated" enumType="permissive"',
  'tagType="tagType7" tag7Encoding="bitSetAttributes"',
  'tagType="tagType7" tag7Encoding="securityAttributes"',
]

type Tag = Readonly<{ kind: string; values: readonly Readonly<{ name: string; lacv: string }>[] }>
type Policy = Readonly<{
  classes: readonly string[]
  tagSets: readonly Readonly<{ name: string; tags: readonly Tag[] }>[]
}>

const tag: fc.Arbitrary<Tag> = fc.constantFrom(...KINDS).chain((kind) => {
  const lacv = /enumerated|securityAttributes/.test(kind) ? anyNumber : smallNumber
  return fc
    .tuple(distinctNames(5), fc.uniqueArray(lacv, { minLength: 5, maxLength: 5 }))
    .map(([names, numbers]) => ({
      kind,
      values: names.map((text, i) => ({ name: text, lacv: numbers[i]! })),
    }))
})

/** A tag set in which neither names nor numbers stand twice in what ESS and STANAG 4774 do not tell apart. */
const tagSet = fc
  .tuple(
    name,
    fc.uniqueArray(tag, {
      minLength: 1,
      maxLength: 3,
      selector: ({ kind }) => kind.replace(/ tag7Encoding.*/, ''),
    }),
  )
  .map(([text, tags]) => {
    const seen = new Set<string>()
    const unique = tags.map((each) => ({
      ...each,
      values: each.values.filter((v) => !seen.has(v.name.toLowerCase()) && seen.add(v.name.toLowerCase())),
    }))
    return { name: text, tags: unique.filter((each) => each.values.length > 0) }
  })

const policy: fc.Arbitrary<Policy> = fc.record({
  classes: distinctNames(5),
  tagSets: fc.uniqueArray(tagSet, { maxLength: 4, selector: ({ name: text }) => text.toLowerCase() }),
})

function quoted(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

/**
 * How a value stands in the other policy, and what a class needs there besides: a value by its places, if there is one. Not of
 * permissive tags: a second value of one lets more people see, by the policy's own word.
 */
type Knots = Readonly<{
  values: readonly ('both' | 'encrypt' | 'decrypt' | 'discard' | 'none' | 'twice')[]
  needs: readonly (readonly [set: number, tag: number, value: number] | undefined)[]
}>

function isPermissive(kind: string): boolean {
  return kind.includes('permissive')
}

const PLAIN: Knots = { values: ['both'], needs: [undefined] }

const knots: fc.Arbitrary<Knots> = fc.record({
  values: fc.array(
    fc.constantFrom('both', 'both', 'both', 'encrypt', 'decrypt', 'discard', 'none', 'twice'),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
  needs: fc.array(
    fc.option(fc.tuple(fc.nat(3), fc.nat(2), fc.nat(4)), { freq: 2 }).map((n) => n ?? undefined),
    {
      minLength: 1,
      maxLength: 5,
    },
  ),
})

/**
 * The source of a policy. With `other`, each class and value is equivalent to the one of the same place in that policy,
 * which has the same structure under other names, numbers and identifiers.
 */
function source(
  { classes, tagSets }: Policy,
  rbac: string,
  self: 'A' | 'B',
  other?: 'A' | 'B',
  { values: ways, needs }: Knots = PLAIN,
): string {
  let turn = 0
  const root = { A: '2.999.10', B: '2.999.20' }
  const shift = (lacv: string, policyName: 'A' | 'B') => String(BigInt(lacv) + (policyName === 'A' ? 0n : 7n))
  const body = tagSets.map((set, s) => {
    const tags = set.tags.map(({ kind, values }) => {
      const items = values.map(({ name: text, lacv }) => {
        const way = ways[turn++ % ways.length]!
        const applied = way === 'encrypt' || way === 'decrypt' ? way : 'both'
        const stands = (number: string, applied: string) =>
          `<equivalentSecCategoryTag policyRef="${other}" tagSetId="${root[other!]}.${s}" ${kind.replace(/ tag7Encoding.*/, '')} lacv="${shift(number, other!)}" applied="${applied}"${way === 'discard' ? ' action="discard"' : ''}/>`
        const equivalent =
          other === undefined || way === 'none'
            ? ''
            : stands(lacv, applied) +
              (way === 'twice' && !isPermissive(kind) ? stands(values[0]!.lacv, 'encrypt') : '')
        return `<tagCategory name="${quoted(text)}${self}" lacv="${shift(lacv, self)}">${equivalent}</tagCategory>`
      })
      return `<securityCategoryTag ${kind}>${items.join('')}</securityCategoryTag>`
    })
    return `<securityCategoryTagSet name="${quoted(set.name)}${self}" id="${root[self]}.${s}">${tags.join('')}</securityCategoryTagSet>`
  })
  const classItems = classes.map((text, c) => {
    const need = needs[c % needs.length]
    const set = need === undefined ? undefined : tagSets[need[0]]
    const tag = set?.tags[need![1]]
    const value = tag?.values[need![2]]
    const group =
      value === undefined || other === undefined || isPermissive(tag!.kind)
        ? ''
        : `<requiredCategory operation="all"><categoryGroup tagSetRef="${quoted(set!.name)}${other}" ${tag!.kind.replace(/ tag7Encoding.*/, '')} lacv="${shift(value.lacv, other)}"/></requiredCategory>`
    const equivalent =
      other === undefined
        ? ''
        : `<equivalentClassification policyRef="${other}" lacv="${shift(String(c * 3), other)}" applied="both">${group}</equivalentClassification>`
    return `<securityClassification name="${quoted(text)}${self}" lacv="${shift(String(c * 3), self)}" hierarchy="${c}">${equivalent}</securityClassification>`
  })
  const equivalents =
    other === undefined
      ? ''
      : `<equivalentPolicies><equivalentPolicy name="${other}" id="${root[other]}"/></equivalentPolicies>`
  return `<SPIF xmlns="http://www.xmlspif.org/spif" schemaVersion="2.1" creationDate="" originatorDN="" keyIdentifier="" privilegeId="${rbac}" rbacId="${rbac}"><securityPolicyId name="${self}" id="${root[self]}"/><securityClassifications>${classItems.join('')}</securityClassifications>${body.length === 0 ? '' : `<securityCategoryTagSets>${body.join('')}</securityCategoryTagSets>`}${equivalents}</SPIF>`
}

const ACP145 = '2.16.840.1.101.2.1.8.3'
const MISSI = '2.16.840.1.101.2.1.8.1'

/** Whether a tag set has two enumerated tags, which MISSI does not tell apart. */
function hasTwins({ tagSets }: Policy): boolean {
  return tagSets.some(({ tags }) => tags.filter(({ kind }) => kind.includes('enumerated')).length > 1)
}

/** A policy with ESS categories in the ACP-145(A) syntax, or sometimes MISSI. */
export const spif: fc.Arbitrary<Spif> = fc
  .tuple(policy, fc.constantFrom(ACP145, ACP145, MISSI))
  .map(([made, rbac]) => load(source(made, hasTwins(made) ? ACP145 : rbac, 'A')))

/** Two policies, the first with equivalences for everything in the second. */
export const pair: fc.Arbitrary<Readonly<{ own: Spif; other: Spif }>> = policy.map((made) => ({
  own: load(source(made, ACP145, 'A', 'B')),
  other: load(source(made, ACP145, 'B')),
}))

/** Such policies whose equivalences add, leave out, go one way only, or are not there. */
export const knottedPair: fc.Arbitrary<Readonly<{ own: Spif; other: Spif }>> = fc
  .tuple(policy, knots)
  .map(([made, tied]) => ({
    own: load(source(made, ACP145, 'A', 'B', tied)),
    other: load(source(made, ACP145, 'B')),
  }))

/** A label of a policy, valid or not. */
export function labelOf(own: Spif): fc.Arbitrary<Label> {
  return fc
    .tuple(
      fc.constantFrom(...own.classifications),
      fc.subarray([...allCategories(own)], { maxLength: Math.min(12, allCategories(own).length) }),
      fc.option(name, { nil: undefined, freq: 3 }),
    )
    .map(([classification, categories, mark]) => makeLabel(own, classification, categories, mark))
}

export function clearanceOf(own: Spif): fc.Arbitrary<Clearance> {
  return fc
    .tuple(fc.subarray([...own.classifications]), fc.subarray([...allCategories(own)]))
    .map(([classes, categories]) => makeClearance(own, classes, categories))
}
