/**
 * Marking text: what people read of a label, in a place and a language, with colours for XEP-0258.
 *
 * Open XML SPIF gives the pieces and no algorithm. This is the one of the field's reference product, which
 * reproduces the published NATO markings: policy word, class phrase, then per tag its prefix, values and suffix, all
 * joined by the policy's separator and put between the policy's prefix and suffix. What `securityClassifications` and
 * `privacyMarks` say holds for each of theirs: markingData where the item has none that is for this place, prefix and suffix
 * around the item with its own. (Their separator stands between several, which only a clearance has.) Language is chosen for
 * each piece by itself: the one asked for, its primary part, none, then English.
 *
 * Codes. `replacePolicy`: the phrase stands for the policy's name. `suppressClassName`: the class is left out.
 * `noNameDisplay`: no name where there is no phrase. `noMarkingDisplay`: nothing shown; on a class the policy word too.
 */
import type { Clearance } from '../clearance/clearance.ts'
import type { Label, LabelCategory } from '../label/label.ts'
import { readableOn } from './colour.ts'
import type { Location, MarkingData, Markings, Qualifier, Spif, Tag } from './spif.ts'

export type MarkingOptions = Readonly<{
  /** The place that the marking is for; pageBottom when not given. */
  location?: Location | undefined
  /** A BCP 47 tag. */
  language?: string | undefined
}>

/** The text, and colours as `#rrggbb`: black on white where the policy gives the class no colour. */
export type Marking = Readonly<{ text: string; fgcolor: string; bgcolor: string }>

type Wanted = Readonly<{ location: Location; languages: readonly (string | undefined)[] }>

/** The marking of a label. */
export function marking(label: Label, spif: Spif, options: MarkingOptions = {}): Marking {
  const wanted = wantedOf(options)
  const { classification, categories, privacyMark } = label
  const ofClasses = spif.markings.classifications
  const hidden =
    chosen([classification.markings, ofClasses], wanted)?.codes.includes('noMarkingDisplay') === true
  const classText = isClassSuppressed(label, spif)
    ? ''
    : memberText(classification.name, classification.markings, ofClasses, wanted)
  const mark =
    privacyMark === undefined
      ? ''
      : memberText(privacyMark, ofMark(spif, privacyMark), spif.markings.privacyMarks, wanted)
  const parts = [
    ...(hidden ? [] : [policyWord(label, spif, wanted), classText]),
    ...categoryTexts(spif, categories, wanted),
    mark,
  ]
  const bgcolor = classification.colour ?? '#ffffff'
  return { text: assemble(spif, parts, wanted), bgcolor, fgcolor: readableOn(bgcolor) }
}

/** The marking of a clearance: classes in braces, in the order of their hierarchy, and categories. */
export function clearanceMarking(clearance: Clearance, spif: Spif, options: MarkingOptions = {}): string {
  const wanted = wantedOf(options)
  const classes = [...clearance.classifications].sort((a, b) => compareHierarchy(a.hierarchy, b.hierarchy))
  const between = qualifier(spif.markings.classifications.qualifiers, 'separator', wanted) ?? '|'
  const parts = [
    `{${classes.map((c) => c.name).join(between)}}`,
    ...categoryTexts(spif, clearance.categories, wanted),
  ]
  return assemble(spif, parts, wanted)
}

/** Order of hierarchies, which are decimal numbers of any size. */
export function compareHierarchy(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function wantedOf({ location = 'pageBottom', language }: MarkingOptions): Wanted {
  const asked = language === undefined || language === '' ? [] : [language, language.split('-')[0]]
  return { location, languages: [...new Set([...asked, undefined, 'en'])] }
}

function assemble(spif: Spif, parts: readonly string[], wanted: Wanted): string {
  const qualifiers = spif.markings.spif.qualifiers
  const separator = qualifier(qualifiers, 'separator', wanted) ?? ' '
  const text = parts.filter((part) => part !== '').join(separator)
  return (
    (qualifier(qualifiers, 'prefix', wanted) ?? '') + text + (qualifier(qualifiers, 'suffix', wanted) ?? '')
  )
}

/** In the policy's own order, tag by tag: prefix, values with separators between, suffix. */
function categoryTexts(spif: Spif, categories: readonly LabelCategory[], wanted: Wanted): readonly string[] {
  return spif.tagSets.flatMap(({ tags }) =>
    tags.map((tag: Tag) => {
      const texts = tag.values
        .flatMap((value) => categories.filter((category) => category.value === value))
        .map((category) => categoryText(category, wanted))
        .filter((text) => text !== '')
      if (texts.length === 0) return ''
      const between = qualifier(tag.qualifiers, 'separator', wanted) ?? '/'
      const before = qualifier(tag.qualifiers, 'prefix', wanted) ?? ''
      return before + texts.join(between) + (qualifier(tag.qualifiers, 'suffix', wanted) ?? '')
    }),
  )
}

/** The word for the policy: of the SPIF, else of the class, else of the first category or the mark with one, else its name. */
function policyWord({ classification, categories, privacyMark }: Label, spif: Spif, wanted: Wanted): string {
  const holders = [
    spif.markings.spif,
    classification.markings,
    spif.markings.classifications,
    ...categories.map((category) => category.value.markings),
    ...(privacyMark === undefined ? [] : [ofMark(spif, privacyMark), spif.markings.privacyMarks]),
  ]
  for (const { data } of holders) {
    const replacing = best(
      data.filter((d) => d.codes.includes('replacePolicy')),
      wanted,
    )
    if (replacing?.phrase !== undefined) return replacing.phrase
  }
  return itemText(spif.name, spif.markings.policy, wanted)
}

function isClassSuppressed({ categories, privacyMark }: Label, spif: Spif): boolean {
  const holders = [
    ...categories.map(({ value }) => value.markings),
    ...(privacyMark === undefined ? [] : [ofMark(spif, privacyMark), spif.markings.privacyMarks]),
  ]
  return holders.some(({ data }) => data.some(({ codes }) => codes.includes('suppressClassName')))
}

const UNMARKED: Markings = { data: [], qualifiers: [] }

/** What the policy says of a privacy mark; one that it does not list is shown by its name. */
function ofMark(spif: Spif, name: string): Markings {
  return spif.privacyMarks?.marks.find((mark) => mark.name === name)?.markings ?? UNMARKED
}

/** A class or privacy mark: what is said of it, else of all of them, within the qualifiers of both. */
function memberText(name: string, own: Markings, ofAll: Markings, wanted: Wanted): string {
  const text = phraseOf(name, chosen([own, ofAll], wanted))
  return around(around(text, own, wanted), ofAll, wanted)
}

/** A category; of a value that leaves its text to the user that text, which no phrase can stand for. */
function categoryText({ value, input }: LabelCategory, wanted: Wanted): string {
  if (input === undefined) return itemText(value.name, value.markings, wanted)
  const isHidden = chosen([value.markings], wanted)?.codes.includes('noMarkingDisplay') === true
  return around(isHidden ? '' : input, value.markings, wanted)
}

/** A phrase in place of a name, between the item's own prefix and suffix. */
function itemText(name: string, markings: Markings, wanted: Wanted): string {
  return around(phraseOf(name, chosen([markings], wanted)), markings, wanted)
}

function around(text: string, { qualifiers }: Markings, wanted: Wanted): string {
  if (text === '') return ''
  const before = qualifier(qualifiers, 'prefix', wanted) ?? ''
  return before + text + (qualifier(qualifiers, 'suffix', wanted) ?? '')
}

function phraseOf(name: string, data: MarkingData | undefined): string {
  if (data === undefined) return name
  if (data.codes.includes('noMarkingDisplay')) return ''
  if (data.phrase !== undefined && !data.codes.includes('replacePolicy')) return data.phrase
  return data.codes.includes('noNameDisplay') ? '' : name
}

/** What says how an item is shown here, of the first that says so: not what only replaces the policy's name. */
function chosen(markings: readonly Markings[], wanted: Wanted): MarkingData | undefined {
  for (const { data } of markings) {
    const found = best(
      data.filter((d) => !d.codes.includes('replacePolicy') || d.codes.includes('noNameDisplay')),
      wanted,
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** The first of those for the place, else of those for any, each in the languages wanted, in their order. */
function best(data: readonly MarkingData[], { location, languages }: Wanted): MarkingData | undefined {
  const here = data.filter((d) => d.codes.some((code) => isFor(code, location)))
  const anywhere = data.filter((d) => !d.codes.some(isLocation))
  for (const set of [here, anywhere]) {
    for (const language of languages) {
      const found = set.find((d) => isLanguage(d.language, language))
      if (found !== undefined) return found
    }
  }
  return undefined
}

/** A qualifier for the place, else one for any, else one for another place: published policies give one place only. */
function qualifier(
  qualifiers: readonly Qualifier[],
  code: Qualifier['code'],
  { location, languages }: Wanted,
): string | undefined {
  const own = qualifiers.filter((q) => q.code === code)
  const here = own.filter((q) => q.location !== undefined && isFor(q.location, location))
  const anywhere = own.filter((q) => q.location === undefined)
  for (const set of [here, anywhere, own]) {
    for (const language of languages) {
      const found = set.find((q) => isLanguage(q.language, language))
      if (found !== undefined) return found.text
    }
  }
  return undefined
}

/** `pageTopBottom` is both. */
function isFor(code: string, location: Location): boolean {
  if (code === location) return true
  if (code === 'pageTopBottom') return location === 'pageTop' || location === 'pageBottom'
  return location === 'pageTopBottom' && (code === 'pageTop' || code === 'pageBottom')
}

const HOW_NOT_WHERE: ReadonlySet<string> = new Set([
  'noNameDisplay',
  'noMarkingDisplay',
  'suppressClassName',
  'replacePolicy',
])

function isLocation(code: string): boolean {
  return !HOW_NOT_WHERE.has(code)
}

/** Language tags are compared without regard to case (RFC 5646 §2.1.1). */
function isLanguage(own: string | undefined, wanted: string | undefined): boolean {
  return own?.toLowerCase() === wanted?.toLowerCase()
}
