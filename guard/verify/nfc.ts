/**
 * Unicode Normalization Form C (UAX #15), from our own tables: decide whether a text is its own NFC.
 *
 * Most texts hold only code points that are steady (class 0, never changed, never joined to what stands before them) and
 * need no more than that look-up. The others are decomposed, reordered, composed (Unicode §3.11) and compared.
 */
import { COMBINING, DECOMPOSITION, EXCLUDED } from './tables/unicode.ts'
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

const decompositions = readDecompositions()
const pairs = readPairs()
/** Canonical_Combining_Class, as ranks. */
const classes = readClasses()
const steady = findSteady()

/** Whether the code points from `from` to before `to` are in NFC. Linear when runs of marks are short. */
export function isNfc(points: Uint32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i += 1) {
    if (steady[points[i]!] === 0) return equalsOwnNfc(points, from, to)
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

function decompose(point: number, out: number[]): void {
  const s = point - S_BASE
  if (s >= 0 && s < S_COUNT) {
    out.push(L_BASE + Math.floor(s / (V_COUNT * T_COUNT)))
    out.push(V_BASE + Math.floor((s % (V_COUNT * T_COUNT)) / T_COUNT))
    if (s % T_COUNT !== 0) out.push(T_BASE + (s % T_COUNT))
    return
  }
  const mapping = decompositions.get(point)
  if (mapping === undefined) out.push(point)
  else for (const part of mapping) decompose(part, out)
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
  return pairs.get(first)?.get(second)
}

function readDecompositions(): ReadonlyMap<number, readonly number[]> {
  const out = new Map<number, readonly number[]>()
  for (const word of DECOMPOSITION.trim().split(/[ \n]/)) {
    const [point, parts] = word.split('=')
    out.set(
      Number.parseInt(point!, 16),
      parts!.split('+').map((part) => Number.parseInt(part, 16)),
    )
  }
  return out
}

/** The primary composites: what decomposes into two and is not excluded from composition. */
function readPairs(): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const excluded = new Set<number>()
  eachRange(EXCLUDED, (first, last) => {
    for (let point = first; point <= last; point += 1) excluded.add(point)
  })
  const out = new Map<number, Map<number, number>>()
  for (const [composite, [first, second]] of decompositions) {
    if (second === undefined || excluded.has(composite)) continue
    const seconds = out.get(first!) ?? new Map<number, number>()
    out.set(first!, seconds.set(second, composite))
  }
  return out
}

function readClasses(): Uint8Array {
  const out = new Uint8Array(0x110000)
  for (const group of COMBINING.trim().split(/[ \n](?=[0-9]+:)/)) {
    const colon = group.indexOf(':')
    const rank = Number.parseInt(group.slice(0, colon), 10)
    eachRange(group.slice(colon + 1), (first, last) => out.fill(rank, first, last + 1))
  }
  return out
}

/** 1 for a code point whose presence alone cannot take a text out of NFC (NFC_Quick_Check=Yes and class 0). */
function findSteady(): Uint8Array {
  const out = new Uint8Array(0x110000).fill(1)
  const seconds = new Set<number>()
  for (const after of pairs.values()) for (const second of after.keys()) seconds.add(second)
  for (let v = 0; v < V_COUNT; v += 1) seconds.add(V_BASE + v)
  for (let t = 1; t < T_COUNT; t += 1) seconds.add(T_BASE + t)
  for (const second of seconds) out[second] = 0
  for (let point = 0; point < out.length; point += 1) if (classes[point] !== 0) out[point] = 0
  for (const point of decompositions.keys()) {
    const full: number[] = []
    decompose(point, full)
    const back = compose(full)
    // Never composed again, or it begins with what joins to something before it.
    if (back.length !== 1 || back[0] !== point || out[full[0]!] === 0) out[point] = 0
  }
  return out
}
