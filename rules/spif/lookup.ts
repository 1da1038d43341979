/**
 * Finding what a policy names, by name and by number: maps made once a policy and kept with it.
 *
 * A name that stands in two tags of one type, and a number that stands twice among the tags of one kind, have more than one
 * hit; who asks decides what that means.
 */
import { fold } from '../label/fold.ts'
import { type CategoryKind, type CategoryType, categoryType, isEnumerated } from '../label/kind.ts'
import type { CategoryTest, CategoryValue, Classification, Spif, StatedKind, Tag, TagSet } from './spif.ts'

/** A value with its tag and tag set: what a label's category is. */
export type Place = Readonly<{ tagSet: TagSet; tag: Tag; value: CategoryValue }>

/** The maps of one tag set. */
export type TagSetLookup = Readonly<{
  tagSet: TagSet
  /** By type and folded name; a name twice in one tag is its first value. */
  named: ReadonlyMap<string, readonly Place[]>
  /** By kind, encoding and number. */
  numbered: ReadonlyMap<string, readonly Place[]>
}>

type Lookup = Readonly<{
  /** Every value, in the order of the policy. */
  places: readonly Place[]
  /** The place of each value in that order. */
  order: ReadonlyMap<CategoryValue, number>
  classNamed: ReadonlyMap<string, Classification>
  classNumbered: ReadonlyMap<string, Classification>
  setNamed: ReadonlyMap<string, TagSetLookup>
  setIdentified: ReadonlyMap<string, TagSetLookup>
}>

const made = new WeakMap<Spif, Lookup>()

/** The maps of a policy. */
export function lookup(spif: Spif): Lookup {
  let found = made.get(spif)
  if (found === undefined) made.set(spif, (found = make(spif)))
  return found
}

/** The places of a name among the tags of a type. */
export function placesNamed(set: TagSetLookup, type: CategoryType, name: string): readonly Place[] {
  return set.named.get(`${type} ${fold(name)}`) ?? NONE
}

/** The places of a number among the tags of a kind and encoding. */
export function placesNumbered(
  set: TagSetLookup,
  kind: CategoryKind,
  encoding: Tag['encoding'],
  lacv: string,
): readonly Place[] {
  return set.numbered.get(`${kind} ${encoding} ${lacv}`) ?? NONE
}

/** What a rule's test names, in words. */
export function testName(spif: Spif, { tagSetId, kind, lacv }: CategoryTest): string {
  const { name, tags } = lookup(spif).setIdentified.get(tagSetId)!.tagSet
  if (lacv === undefined) return `${name}: any ${kind} value`
  const values = tags.filter((tag) => tag.kind === kind).flatMap((tag) => tag.values)
  return `${name}: ${values.find((value) => value.lacv === lacv)?.name ?? lacv}`
}

/**
 * The kind that is meant in a tag set: `enumerated` is what its enumerated tags are, or those of them that have the number,
 * when they are of one kind. Undefined when two kinds fit, or none.
 */
export function kindIn(
  { tags }: TagSet,
  stated: StatedKind,
  lacv: string | undefined,
): CategoryKind | undefined {
  if (stated !== 'enumerated') return stated
  const enumerated = tags.filter((tag) => isEnumerated(tag.kind))
  const holding = enumerated.filter((tag) => tag.values.some((value) => value.lacv === lacv))
  for (const fitting of [enumerated, holding]) {
    if (new Set(fitting.map((tag) => tag.kind)).size === 1) return fitting[0]!.kind
  }
  return undefined
}

const NONE: readonly Place[] = []

function make(spif: Spif): Lookup {
  const sets = spif.tagSets.map(makeSet)
  const places = spif.tagSets.flatMap((tagSet) =>
    tagSet.tags.flatMap((tag) => tag.values.map((value) => ({ tagSet, tag, value }))),
  )
  return {
    places,
    order: new Map(places.map(({ value }, i) => [value, i])),
    classNamed: new Map(spif.classifications.map((c) => [fold(c.name), c])),
    classNumbered: new Map(spif.classifications.map((c) => [c.lacv, c])),
    setNamed: new Map(sets.map((set) => [fold(set.tagSet.name), set])),
    setIdentified: new Map(sets.map((set) => [set.tagSet.id, set])),
  }
}

function makeSet(tagSet: TagSet): TagSetLookup {
  const named = new Map<string, Place[]>()
  const numbered = new Map<string, Place[]>()
  for (const tag of tagSet.tags) {
    const own = new Set<string>()
    for (const value of tag.values) {
      const name = `${categoryType(tag.kind)} ${fold(value.name)}`
      if (!own.has(name)) add(named, name, { tagSet, tag, value })
      own.add(name)
      add(numbered, `${tag.kind} ${tag.encoding} ${value.lacv}`, { tagSet, tag, value })
    }
  }
  return { tagSet, named, numbered }
}

function add(places: Map<string, Place[]>, key: string, place: Place): void {
  const list = places.get(key)
  if (list === undefined) places.set(key, [place])
  else list.push(place)
}
