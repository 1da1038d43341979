/** One verifier, as release sees it: the pipe that its answers come from, and those that wait for the other verifier's. */
import type { Socket } from 'node:net'
import { createFrameReader, FrameError } from '../common/frames.ts'
import { readPipe } from '../common/pipe.ts'
import type { Report } from '../common/report.ts'
import { type Answer, HEADER_OCTETS, parseAnswer, parseHeader } from './answer.ts'

export type Verifier = Readonly<{
  name: string
  /** The oldest answer that has no counterpart yet. */
  oldest(): Answer | undefined
  /** Takes it away. */
  take(): Answer | undefined
  waiting(): number
  waitingOctets(): number
  /** When it last said something, or could again after it was held back, in milliseconds of the monotonic clock. */
  heardAt(): number
  /** Since when there is always an answer that has no counterpart yet. */
  aheadSince(): number
  /** Its header named the approved bundle. */
  agreed(): boolean
  pipe: Socket
}>

/**
 * Reads the answers of one verifier. A header of another bundle, or an answer out of format, ends the stage.
 * @param rows of the bundle; @param answerOctets the longest answer; @param changed is called after each chunk.
 */
export function readVerifier(
  fd: number,
  name: string,
  options: { digest: string; rows: number; answerOctets: number; report: Report; changed(): void },
): Verifier {
  const { report } = options
  const frames = createFrameReader(options.answerOctets)
  const answers: Answer[] = []
  let header: Uint8Array = new Uint8Array(0)
  let octets = 0
  let agreed = false
  let heardAt = 0
  let aheadSince = 0

  function take(): Answer | undefined {
    const answer = answers.shift()
    octets -= answer?.rest.length ?? 0
    return answer
  }

  /** The octets of `chunk` behind the header. */
  function readHeader(chunk: Uint8Array): Uint8Array {
    header = Buffer.concat([header, chunk])
    if (header.length < HEADER_OCTETS) return header.subarray(header.length)
    const digest = parseHeader(header)
    if (digest === undefined) report.fail(`${name}: does not begin with a header`)
    if (digest !== options.digest) report.fail(`${name}: has the bundle ${digest}, not ${options.digest}`)
    agreed = true
    return header.subarray(HEADER_OCTETS)
  }

  const pipe = readPipe(fd, `answers of ${name}`, report, (chunk) => {
    heardAt = performance.now()
    try {
      frames.feed(agreed ? chunk : readHeader(chunk))
      for (let rest = frames.read(); rest !== undefined; rest = frames.read()) {
        const answer = parseAnswer(rest, options.rows)
        if (answer === undefined) throw new FrameError('an answer does not fit its format')
        if (answers.length === 0) aheadSince = heardAt
        answers.push(answer)
        octets += rest.length
      }
    } catch (error) {
      report.fail(`${name}: ${(error as Error).message}`)
    }
    options.changed()
  })

  pipe.on('resume', () => {
    heardAt = performance.now()
  })

  return {
    name,
    oldest: () => answers[0],
    take,
    waiting: () => answers.length,
    waitingOctets: () => octets,
    heardAt: () => heardAt,
    aheadSince: () => aheadSince,
    agreed: () => agreed,
    pipe,
  }
}
