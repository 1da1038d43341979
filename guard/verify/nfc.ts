/**
 * Unicode Normalization Form C (UAX #15), from our own tables: decide whether a text is its own NFC.
 *
 * Most texts hold only code points that are steady (class 0, never changed, never joined to what stands before them) and
 * need no more than that look-up. The others are decomposed, reordered, composed (Unicode §3.11) and compared.
 */
import { COMBINING, COMPOSITION, DECOMPOSITION, UNSTEADY } from './tables/unicode.ts'
import { eachRange } from './unicode.ts'

// Hangul syllables are composed by arithmetic (Unicode §3.12).
const L_BASE = 0x1100
const V_BASE = 0x1161
const T_BASE = 0x11a7
const S_BASE = 0xac00
const L_COUNT = 19
const V_COUNT = 21
const T_COUNT = 28
const S_COUNT = L_COUNT * V_COUNT * T_COUNT

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
  for (let i = from; i < to; i += 1) decompose(points[i]!, full)
  reorder(full)
  const composed = compose(full)
  if (composed.length !== to - from) return false
  for (let i = 0; i < composed.length; i += 1) if (composed[i] !== points[from + i]) return false
  return true
}

/** Hangul syllables stay whole: of what composes with them, nothing needs their parts. */
function decompose(point: number, out: number[]): void {
  out.push(...(decompositions.get(point) ?? [point]))
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
      const composite = composePair(out[starter]!, point)
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

function composePair(first: number, second: number): number | undefined {
  const l = first - L_BASE
  const v = second - V_BASE
  if (l >= 0 && l < L_COUNT && v >= 0 && v < V_COUNT) return S_BASE + (l * V_COUNT + v) * T_COUNT
  const s = first - S_BASE
  const t = second - T_BASE
  if (s >= 0 && s < S_COUNT && s % T_COUNT === 0 && t > 0 && t < T_COUNT) return first + t
  return composites.get(second)?.get(first)
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
