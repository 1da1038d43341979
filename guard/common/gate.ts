/**
 * The gate of one direction: a file that says whether anything may leave (doc/formats.md §7).
 *
 *   DIRECTORY/gate.json   {"state":"closed","time":"2026-11-25T10:00:00Z","by":"anna","reason":"an incident"} and a LF
 *
 * The first start makes it, state `new`; after that only a person on this host writes it. It is always there: a file that
 * is missing, may not be read or does not fit is a closed gate. What a host or its disk does not give for a while says nothing
 * of the gate: nothing leaves meanwhile, and then it is what it was.
 */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { parseDate } from '../../rules/text/date.ts'

const STATES = ['new', 'open', 'closed'] as const

/** `by` is the user who turned it, `reason` that user's words. */
export type Gate = Readonly<{ state: (typeof STATES)[number]; time: string; by: string; reason: string }>

/** Most code points of `reason`, and of `by`. */
export const REASON_LENGTH = 200
export const BY_LENGTH = 64

const MEMBERS = ['state', 'time', 'by', 'reason'] as const
/** More octets than any file that fits. */
const MOST_OCTETS = 4096
/** Errors of open(2) and read(2) that are not about this file: no descriptors or memory are left, or the disk does not read. */
const PASSING: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EIO'])
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u

export function gateFile(directory: string): string {
  return join(directory, 'gate.json')
}

/** Whether a text of an operator is one line of so many printable characters. */
export function isOperatorText(text: string, length: number): boolean {
  return text !== '' && [...text].length <= length && PRINTABLE.test(text)
}

export function encodeGate({ state, time, by, reason }: Gate): string {
  return `${JSON.stringify({ state, time, by, reason })}\n`
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeGate(octets: Uint8Array): Gate | undefined {
  try {
    const text = decoder.decode(octets)
    const gate = JSON.parse(text) as Gate
    const fits =
      MEMBERS.every((member) => typeof gate[member] === 'string') &&
      STATES.includes(gate.state) &&
      parseDate(gate.time) !== undefined &&
      isOperatorText(gate.by, BY_LENGTH) &&
      isOperatorText(gate.reason, REASON_LENGTH)
    return fits && encodeGate(gate) === text ? gate : undefined
  } catch {
    return undefined
  }
}

/** Why the gate cannot be told. `passing`: by no fault of the file, so that it is not to be remembered as a closed gate. */
export type GateProblem = Readonly<{ problem: string; passing: boolean }>

/** Reads the file. Whatever hinders that is a problem, and lets nothing leave. */
export function readGate(directory: string): Gate | GateProblem {
  const file = gateFile(directory)
  const octets = new Uint8Array(MOST_OCTETS)
  let size = 0
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      size = readSync(fd, octets, 0, MOST_OCTETS, 0)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const problem = code === 'ENOENT' ? `${file} is missing` : `${file} cannot be read (${code})`
    return { problem, passing: PASSING.has(code) }
  }
  return decodeGate(octets.subarray(0, size)) ?? { problem: `${file} is damaged`, passing: false }
}
