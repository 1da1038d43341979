/**
 * What release tells the journal (doc/formats.md §4). Integers are big-endian; str is u16 length, UTF-8.
 *
 *   record    u32 length of the rest | u8 kind | fields
 *   verdict   kind 1 | u8 outcome | u64 number | 32 octets SHA-256 of the frame | 32 octets SHA-256 of the output
 *             | u32 octets of the output | opinion of inspect | opinion of verify
 *   opinion   u8 accepted | u32 row | u32 position | str reason | str form | str from | str to
 *   confirmed kind 2 | u64 number    every number up to this one is settled
 *   declined  kind 3 | u64 number    the consumer downstream answered "refused" to it
 *   gate      kind 5 | u8 closed | str time | str by | str reason    whether anything may leave from here on
 *   self-test kind 6 | u32 cases    both verifiers gave the expected verdicts to so many
 *   bundle    kind 4 | u64 version | 32 octets digest    the signed bundle that release goes by from here on
 */
import { NO_NUMBER, readNumber, type StanzaNumber, writeNumber } from '../gcxp/number.ts'
import { allocateFrame } from './frames.ts'

/** What one verifier said. `row` is ffffffff for none; the texts are empty where the verifier gave none. */
export type Opinion = Readonly<{
  accepted: boolean
  row: number
  position: number
  reason: string
  form: string
  from: string
  to: string
}>

/** `released`: both accepted, equally. `refused`: both refused. `disagreement`: anything else. */
export type Outcome = 'released' | 'refused' | 'disagreement'

export type VerdictRecord = Readonly<{
  kind: 'verdict'
  outcome: Outcome
  number: StanzaNumber
  input: Uint8Array
  output: Uint8Array
  size: number
  inspect: Opinion
  verify: Opinion
}>

export type JournalRecord =
  | VerdictRecord
  | Readonly<{ kind: 'confirmed'; number: StanzaNumber }>
  | Readonly<{ kind: 'declined'; number: StanzaNumber }>
  | Readonly<{ kind: 'bundle'; bundle: ApprovedBundle }>
  | GateRecord
  | Readonly<{ kind: 'self-test'; cases: number }>

/** `time` is when it was turned; empty, as `by`, where the file cannot tell, and `reason` is the problem then. */
export type GateRecord = Readonly<{ kind: 'gate'; closed: boolean; time: string; by: string; reason: string }>

/** A bundle whose signatures release has checked. */
export type ApprovedBundle = Readonly<{ version: number; digest: string }>

/** In a row field: none. */
export const NO_ROW = 0xffffffff

/** The longest rest of a record: two opinions with texts of the longest length. */
export const RECORD_OCTETS = 90 + 2 * (9 + 4 * (2 + 0xffff))

const OUTCOMES = ['refused', 'released', 'disagreement'] as const
const DIGEST = 32
const VERDICT_HEAD = 1 + 1 + 8 + 2 * DIGEST + 4

export function encodeRecord(record: JournalRecord): Uint8Array {
  if (record.kind === 'bundle') {
    const frame = allocateFrame(1 + BUNDLE_OCTETS)
    frame[4] = 4
    writeBundle(frame, 5, record.bundle)
    return frame
  }
  if (record.kind === 'gate') {
    const told = [record.time, record.by, record.reason]
    const frame = allocateFrame(2 + textOctets(told))
    frame[4] = 5
    frame[5] = record.closed ? 1 : 0
    writeTexts(frame, 6, told)
    return frame
  }
  if (record.kind === 'self-test') {
    const frame = allocateFrame(5)
    frame[4] = 6
    frame.writeUInt32BE(record.cases, 5)
    return frame
  }
  if (record.kind !== 'verdict') {
    const frame = allocateFrame(9)
    frame[4] = record.kind === 'confirmed' ? 2 : 3
    writeNumber(frame, 5, record.number)
    return frame
  }
  const { inspect, verify } = record
  const frame = allocateFrame(VERDICT_HEAD + opinionOctets(inspect) + opinionOctets(verify))
  frame[4] = 1
  frame[5] = OUTCOMES.indexOf(record.outcome)
  writeNumber(frame, 6, record.number)
  frame.set(record.input, 14)
  frame.set(record.output, 14 + DIGEST)
  frame.writeUInt32BE(record.size, 14 + 2 * DIGEST)
  writeOpinion(frame, writeOpinion(frame, 4 + VERDICT_HEAD, inspect), verify)
  return frame
}

function texts(opinion: Opinion): string[] {
  return [opinion.reason, opinion.form, opinion.from, opinion.to]
}

function opinionOctets(opinion: Opinion): number {
  return 9 + textOctets(texts(opinion))
}

function writeOpinion(frame: Buffer, at: number, opinion: Opinion): number {
  frame[at] = opinion.accepted ? 1 : 0
  frame.writeUInt32BE(opinion.row, at + 1)
  frame.writeUInt32BE(opinion.position, at + 5)
  return writeTexts(frame, at + 9, texts(opinion))
}

function textOctets(told: readonly string[]): number {
  return told.reduce((sum, text) => sum + 2 + Buffer.byteLength(text), 0)
}

/** Writes each as a str; gives the place behind them. */
function writeTexts(frame: Buffer, at: number, told: readonly string[]): number {
  for (const text of told) {
    const octets = frame.write(text, at + 2)
    frame.writeUInt16BE(octets, at)
    at += 2 + octets
  }
  return at
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the rest of a record. Undefined when it does not fit the format exactly. */
export function decodeRecord(rest: Uint8Array): JournalRecord | undefined {
  const octets = Buffer.from(rest.buffer, rest.byteOffset, rest.length)
  const kind = octets[0]
  if (kind === 2 || kind === 3) {
    if (octets.length !== 9) return undefined
    return { kind: kind === 2 ? 'confirmed' : 'declined', number: readNumber(octets, 1) }
  }
  if (kind === 4) {
    const bundle = octets.length === 1 + BUNDLE_OCTETS ? readBundle(octets, 1) : undefined
    return bundle === undefined ? undefined : { kind: 'bundle', bundle }
  }
  if (kind === 6)
    return octets.length === 5 ? { kind: 'self-test', cases: octets.readUInt32BE(1) } : undefined
  if (kind === 5) {
    const told = octets.length < 2 || octets[1]! > 1 ? undefined : readTexts(octets, 2, 3)
    if (told?.end !== octets.length) return undefined
    const [time, by, reason] = told.texts as [string, string, string]
    return { kind: 'gate', closed: octets[1] === 1, time, by, reason }
  }
  const outcome = OUTCOMES[octets[1] ?? -1]
  if (kind !== 1 || outcome === undefined || octets.length < VERDICT_HEAD) return undefined
  const inspect = readOpinion(octets, VERDICT_HEAD)
  const verify = inspect && readOpinion(octets, inspect.end)
  if (inspect === undefined || verify === undefined || verify.end !== octets.length) return undefined
  return {
    kind: 'verdict',
    outcome,
    number: readNumber(octets, 2),
    input: octets.subarray(10, 10 + DIGEST),
    output: octets.subarray(10 + DIGEST, 10 + 2 * DIGEST),
    size: octets.readUInt32BE(10 + 2 * DIGEST),
    inspect: inspect.opinion,
    verify: verify.opinion,
  }
}

function readOpinion(octets: Buffer, at: number): { opinion: Opinion; end: number } | undefined {
  if (octets.length - at < 9 || octets[at]! > 1) return undefined
  const accepted = octets[at] === 1
  const row = octets.readUInt32BE(at + 1)
  const position = octets.readUInt32BE(at + 5)
  const told = readTexts(octets, at + 9, 4)
  if (told === undefined) return undefined
  const [reason, form, from, to] = told.texts as [string, string, string, string]
  return { opinion: { accepted, row, position, reason, form, from, to }, end: told.end }
}

/** Reads so many of str, from `at` on. */
function readTexts(
  octets: Buffer,
  at: number,
  count: number,
): Readonly<{ texts: readonly string[]; end: number }> | undefined {
  const found: string[] = []
  for (let i = 0; i < count; i++) {
    if (octets.length - at < 2) return undefined
    const end = at + 2 + octets.readUInt16BE(at)
    if (end > octets.length) return undefined
    try {
      found.push(decoder.decode(octets.subarray(at + 2, end)))
    } catch {
      return undefined
    }
    at = end
  }
  return { texts: found, end: at }
}

/** u64 version, 0 for none, and the digest. */
const BUNDLE_OCTETS = 8 + DIGEST

function writeBundle(octets: Buffer, at: number, { version, digest }: ApprovedBundle): void {
  octets.writeBigUInt64BE(BigInt(version), at)
  octets.write(digest, at + 8, 'hex')
}

function readBundle(octets: Buffer, at: number): ApprovedBundle | undefined {
  const version = Number(octets.readBigUInt64BE(at))
  return version === 0 ? undefined : { version, digest: octets.toString('hex', at + 8, at + BUNDLE_OCTETS) }
}

/**
 * The head of the journal, as it tells release at start; `approved` is the last signed bundle that release went by, `gateClosed`
 * what became of the gate.
 */
export type JournalHead = Readonly<{
  records: number
  seen: StanzaNumber
  confirmed: StanzaNumber
  approved?: ApprovedBundle
  gateClosed?: boolean
}>

export const HEAD_OCTETS = 24 + BUNDLE_OCTETS + 1

export function encodeHead(head: JournalHead): Uint8Array {
  const octets = Buffer.alloc(HEAD_OCTETS)
  writeNumber(octets, 0, { ...NO_NUMBER, count: head.records })
  writeNumber(octets, 8, head.seen)
  writeNumber(octets, 16, head.confirmed)
  if (head.approved !== undefined) writeBundle(octets, 24, head.approved)
  if (head.gateClosed === true) octets[HEAD_OCTETS - 1] = 1
  return octets
}

export function decodeHead(head: Uint8Array): JournalHead {
  const octets = Buffer.from(head.buffer, head.byteOffset, head.length)
  const approved = readBundle(octets, 24)
  return {
    records: readNumber(octets, 0).count,
    seen: readNumber(octets, 8),
    confirmed: readNumber(octets, 16),
    ...(approved === undefined ? {} : { approved }),
    ...(octets[HEAD_OCTETS - 1] === 0 ? {} : { gateClosed: true }),
  }
}
