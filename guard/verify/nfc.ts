/**
 * Unicode Normalization Form C (UAX #15), from our own tables: decide whether a text is its own NFC.
 *
 * Most texts hold only code points that are steady (class 0, never changed, never joined to what stands before them) and
 * need no more than that look-up. The others are decomposed, reordered, composed (Unicode §3.11) and compared.
 */
import { COMBINING, COMPOSITION, DECOMPOSITION, UNSTEADY } from './tables/unicode.ts'
import { eachRange } from './unicode.ts'

const decompositions = new Map(readMapping(DECOMPOSITION).map(([point, parts]) => [point![0]!, parts!]))
/** The composite of two, by the second and then by the first. */
const composites = readComposites()
/** Canonical_Combining_Class, as ranks. */
const classes = readClasses()
const unsteady = readUnsteady()

/** Whether the code points from `from` to before `to` are in NFC. Linear when runs of marks are short. */
export function isNfc(points: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) {
    if (unsteady[points[i]!] === 1) return equalsOwnNfc(points, from, to)
  }
  return true
}

function equalsOwnNfc(points: Uint32Array, from: number, to: number): boolean {
  const full: number[] = []
  for (let i = from; i < to; i += 1) {
    if (makeSyllable(points[i - 1]!, points[i]!)) return false
    full.push(...(decompositions.get(points[i]!) ?? [points[i]!]))
  }
  reorder(full)
  const composed = compose(full)
  if (composed.length !== to - from) return false
  for (let i = 0; i < composed.length; i += 1) if (composed[i] !== points[from + i]) return false
  return true
}

/**
 * Whether two code points make a Hangul syllable together (Unicode §3.12): a leading consonant and a vowel, or a syllable without
 * final consonant and one.
 */
function makeSyllable(first: number, second: number): boolean {
  if (second >= 0x1161 && second <= 0x1175) return first >= 0x1100 && first <= 0x1112
  const final = second >= 0x11a8 && second <= 0x11c2
  return final && first >= 0xac00 && first <= 0xd7a3 && (first - 0xac00) % 28 === 0
}

/** Sorts each run of code points with a class above 0 by class, leaving equals in place. */
function reorder(points: number[]): void {
  for (let i = 1; i < points.length; i += 1) {
    const point = points[i]!
    const rank = classes[point]!
    if (rank === 0) continue
    let at = i
    while (at > 0 && classes[points[at - 1]!]! > rank) {
      points[at] = points[at - 1]!
      at -= 1
    }
    points[at] = point
  }
}

function compose(points: readonly number[]): number[] {
  const out: number[] = []
  let starter = -1
  let last = 0
  for (const point of points) {
    const rank = classes[point]!
    // Nothing between, or only lower classes: not blocked from the starter.
    if (starter >= 0 && (starter === out.length - 1 || last < rank)) {
      const composite = composites.get(point)?.get(out[starter]!)
      if (composite !== undefined) {
        out[starter] = composite
        continue
      }
    }
    if (rank === 0) starter = out.length
    last = rank
    out.push(point)
  }
  return out
}

/** The two sides of each `one+two=three+four` in a table. */
function readMapping(table: string): number[][][] {
  const side = (text: string) => text.split('+').map((part) => Number.parseInt(part, 16))
  return table
    .trim()
    .split(/[ \n]/)
    .map((word) => word.split('=').map(side))
}

function readComposites(): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const out = new Map<number, Map<number, number>>()
  for (const [pair, composite] of readMapping(COMPOSITION)) {
    const [first, second] = pair!
    const firsts = out.get(second!) ?? new Map<number, number>()
    out.set(second!, firsts.set(first!, composite![0]!))
  }
  return out
}

function readClasses(): Uint8Array {
  const out = new Uint8Array(0x110000)
  for (const group of COMBINING.trim().split(/[ \n](?=[0-9]+:)/)) {
    const [rank, set] = group.split(':')
    eachRange(set!, (first, last) => out.fill(Number(rank), first, last + 1))
  }
  return out
}

/** 1 for a code point whose presence may take a text out of NFC: NFC_Quick_Check is not Yes, or the class is not 0. */
function readUnsteady(): Uint8Array {
  const out = new Uint8Array(0x110000)
  eachRange(UNSTEADY, (first, last) => out.fill(1, first, last + 1))
  return out
}
