/**
 * inspect: decides on one stanza at a time, the first of two verifiers.
 *
 *   node guard/inspect/main.ts --name DIRECTION --bundle FILE --digest HEX
 *
 * Reads    fd 3: frames from intake (number, second, canonical octets)
 * Writes   fd 4: answers to release (number, digest of the frame, verdict, output)
 * Trusts   the bundle, by the digest in its arguments; nothing that is in a frame
 * Rights   reads its own code and the bundle; no network, no writing, no randomness, no clock but for diagnostics
 * Fails    any exception, a frame out of format, the end of a pipe: the process ends, and with it the direction
 * Reports  on stderr, never content; reason codes in rules/reasons.ts
 * Follows  doc/formats.md; RFC 6120 §8 and §11, XEP-0258 §3, ADatP-4774, ADatP-4778
 *
 * The same frames and bundle give the same octets. To read how a verdict comes about, begin at rules/decide/decide.ts.
 */

import { createDecider } from '../../rules/decide/decide.ts'
import { stageArguments } from '../common/arguments.ts'
import { readBundle } from '../common/bundle.ts'
import { createFrameReader, FrameError } from '../common/frames.ts'
import { readPipe, writePipe } from '../common/pipe.ts'
import { createReport, type Report } from '../common/report.ts'
import { encodeAnswer, encodeHeader } from './answer.ts'
import { FRAME_HEAD, parseFrame } from './frame.ts'

const FRAMES = 3
const ANSWERS = 4

const options = stageArguments(process.argv.slice(2), ['name', 'bundle', 'digest'])
const report: Report = createReport('inspect', options.name)

const bundle = readBundle(options.bundle, options.digest)
if ('problem' in bundle) report.fail(bundle.problem)

const unicode = process.versions.unicode?.split('.').slice(0, 2).join('.') ?? 'none'
if (unicode !== bundle.unicode) {
  report.fail(
    `Node has Unicode ${unicode}, the bundle is for ${bundle.unicode}: install the Node of its release`,
  )
}

const decide = createDecider(bundle)
const frames = createFrameReader(bundle.limits.stanzaBytes + FRAME_HEAD)
const answers = writePipe(ANSWERS, 'the pipe to release', report)
answers.write(encodeHeader(options.digest))

/** A chunk of frames in, a chunk of answers out; no more is read while release does not keep up. */
const source = readPipe(FRAMES, 'the pipe from intake', report, (chunk) => {
  const batch: Uint8Array[] = []
  frames.feed(chunk)
  for (let rest = nextFrame(); rest !== undefined; rest = nextFrame()) {
    const frame = parseFrame(rest)
    if (frame === undefined) report.fail('a frame of intake does not fit its format')
    batch.push(encodeAnswer(rest, decide(frame.payload, frame.second, frame.number)))
  }
  if (batch.length > 0 && !answers.write(Buffer.concat(batch))) source.pause()
})
answers.on('drain', () => source.resume())

function nextFrame(): Uint8Array | undefined {
  try {
    return frames.read()
  } catch (error) {
    if (error instanceof FrameError) report.fail(`the pipe from intake: ${error.message}`)
    throw error
  }
}
