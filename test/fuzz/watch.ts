/** A target with its time watched: what takes longer than a second of processor time is as wrong as what throws. */
import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from './target.ts'

/** Most processor time of one input, in milliseconds, at the best of three tries: a busy machine is not a finding. */
const MOST_MS = 1000
/** From here on an input is tried again, to know what it costs. */
const SUSPECT_MS = 300
/** One input in so many is grown to the target's limit besides. */
const GROW_ONE_IN = 1024

/** What was wrong with which input; it may be a grown one. */
export class Finding extends Error {
  readonly input: Buffer
  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause), { cause })
    this.input = Buffer.from(input)
  }
}

/** Writes the input to a file of the directory, which is made. Gives its path. */
export function writeFinding(directory: string, { input }: Finding): string {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `wrong-${hash('sha256', input).slice(0, 16)}`)
  writeFileSync(file, input)
  return file
}

export type Watched = Readonly<{
  /** Throws a `Finding`. */
  check(input: Buffer): void
  /** The slowest so far, grown ones included. */
  slowest(): Readonly<{ ms: number; octets: number }>
}>

export function watched(target: Target): Watched {
  let slowest = { ms: 0, octets: 0 }

  const once = (input: Buffer): number => {
    const start = performance.now()
    target.check(input)
    return performance.now() - start
  }

  const check = (input: Buffer): void => {
    try {
      const ms = once(input)
      if (ms > slowest.ms) slowest = { ms, octets: input.length }
      if (ms < SUSPECT_MS) return
      const least = Math.min(...[1, 2, 3].map(() => processorTime(() => target.check(input))))
      if (least > MOST_MS) throw new Error(`takes ${Math.round(least)} ms`)
    } catch (error) {
      throw error instanceof Finding ? error : new Finding(input, error)
    }
  }

  return {
    slowest: () => slowest,
    check(input) {
      check(input)
      if (hashOf(input) % GROW_ONE_IN === 0) check(grown(input, target.grown))
    },
  }
}

function processorTime(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}

/** The input with a part of it, which its octets choose, over and over until it has `octets`. */
function grown(input: Buffer, octets: number): Buffer {
  if (input.length < 2 || input.length >= octets) return input
  const choice = hashOf(input)
  const from = 1 + (Math.floor(choice / GROW_ONE_IN) % (input.length - 1))
  const size = 1 + (Math.floor(choice / 7) % Math.min(64, input.length - from))
  const part = input.subarray(from, from + size)
  const times = Math.floor((octets - input.length) / size)
  const middle = Buffer.alloc(times * size, part)
  return Buffer.concat([input.subarray(0, from), middle, input.subarray(from)])
}

/** FNV-1a. */
function hashOf(input: Buffer): number {
  let sum = 0x811c9dc5
  for (const octet of input) sum = Math.imul(sum ^ octet, 0x01000193)
  return sum >>> 0
}
