/**
 * verify: decides on one stanza at a time, the second of two verifiers.
 *
 * Usage    verify --name DIRECTION --bundle FILE --digest SHA256
 * Reads    fd 3: frames from intake (number, second, canonical octets)
 * Writes   fd 4: answers to release (number, frame digest, verdict, output octets)
 * Trusts   the bundle, by the digest in its arguments; nothing that is in a frame
 * Rights   reads its own code and the bundle; no network, no writing, no clock, no randomness
 * Keeps    nothing from one frame to the next: the same frame and bundle give the same answer
 * Shares   no code with inspect or anything else of ours; imports Node's own modules only
 * Fails    any exception and the end of either pipe end the process with exit code 1, and with it the direction
 * Reports  one line on stderr when it ends, never content; reasons.ts lists the reasons of its refusals
 * Follows  doc/formats.md
 *
 * To read it: frame → profile (by reader, rules, labels) → write → answer. What a stanza may be is said by the bundle
 * (bundle), what a text may be by content, address, nfc and tables/unicode,
 * what an identifier may be by numbered.
 */
import { readFileSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { parseArgs } from 'node:util'
import { encodeAnswer, encodeStart } from './answer.ts'
import { readBundle } from './bundle.ts'
import { makeDecider } from './decide.ts'
import { makeFrameReader } from './frame.ts'
import { Fault } from './reasons.ts'

const FRAMES = 3
const ANSWERS = 4
const STDERR = 2

let name = '?'
process.on('uncaughtException', end)
main()

function main(): void {
  const { values } = parseArgs({
    options: { name: { type: 'string' }, bundle: { type: 'string' }, digest: { type: 'string' } },
  })
  if (values.name === undefined || values.bundle === undefined || values.digest === undefined) {
    throw new Fault('usage: verify --name DIRECTION --bundle FILE --digest SHA256')
  }
  name = values.name
  const bundle = readBundle(readFileSync(values.bundle), values.digest)
  const decide = makeDecider(bundle)

  const frames = new Socket({ fd: FRAMES, readable: true, writable: false })
  const answers = new Socket({ fd: ANSWERS, readable: false, writable: true })
  let batch: Buffer[] = []
  const take = makeFrameReader(bundle.stanzaBytes, (frame) => {
    batch.push(encodeAnswer(frame, decide(frame.stanza, frame.second, frame.number)))
  })
  frames.on('data', (octets: Buffer) => {
    take(octets)
    if (batch.length === 0) return
    // Answers to what came at once leave at once; nothing is read while they wait.
    if (!answers.write(Buffer.concat(batch))) frames.pause()
    batch = []
  })
  answers.on('drain', () => frames.resume())
  frames.on('end', () => end(new Fault('intake has closed the pipe of frames')))
  answers.on('close', () => end(new Fault('release has closed the pipe of answers')))
  answers.write(encodeStart(bundle.digest))
}

/** Ends the process. Only a Fault's message is known to hold no content; of other errors the place is told. */
function end(error: unknown): never {
  const place =
    error instanceof Error ? (error.stack ?? '').split('\n').find((line) => line.startsWith('    at ')) : ''
  const code = (error as { code?: unknown } | null)?.code
  const said =
    error instanceof Fault
      ? error.message
      : `${error instanceof Error ? error.name : 'thrown'} ${typeof code === 'string' ? code : ''}${place ?? ''}`
  // In the form of the other stages' lines, but without a time: there is no clock here.
  writeSync(STDERR, `${JSON.stringify({ guard: name, stage: 'verify', level: 'fatal', message: said })}\n`)
  process.exit(1)
}
