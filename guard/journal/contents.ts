/**
 * Sealed contents that wait for their verdict.
 *
 * intake writes one for every frame, in the order of the frames; release tells verdicts in that order too. So the oldest content
 * is that of the next verdict, or one of the two has lost its place and the direction must end.
 *
 * What is held is bounded, and nobody waits in a circle. No more are read while HELD_OCTETS of them are here; then that of the next
 * verdict is here, and that verdict depends on no content still to be read: intake gave its frame to the verifiers when it
 * wrote its content, and a full pipe of contents only keeps intake from taking further stanzas. The other way round, a verdict
 * waits for its content only while none is here, so while they are read, and intake writes it whatever happens downstream.
 */
import { contentOctets, decodeContent, type SealedContent } from '../common/content.ts'
import { createFrameReader } from '../common/frames.ts'
import { readPipe } from '../common/pipe.ts'
import type { Outcome } from '../common/record.ts'
import type { Report } from '../common/report.ts'
import { compareNumbers, formatNumber, type StanzaNumber } from '../gcxp/number.ts'

/** Of which verdicts content is kept: of none, of those that were not released, of all. */
export const KEEPING = ['none', 'refused', 'all'] as const
export type Keeping = (typeof KEEPING)[number]

export type Contents = Readonly<{
  /** Whether the next verdict can be recorded: its content is here, or none is ever sent. */
  ready(): boolean
  /** Takes the content of the next verdict away; undefined where it is not to be kept. Another number ends the stage. */
  take(number: StanzaNumber, outcome: Outcome): Uint8Array | undefined
}>

/** Octets of contents without verdict from which on no more are read. */
const HELD_OCTETS = 16 * 1024 * 1024

/** Reads contents on `fd`. `onContent` is called when some came, `onEnd` when the pipe ended. */
export function readContents(
  fd: number,
  options: {
    keeping: Keeping
    stanzaBytes: number
    report: Report
    onContent(): void
    onEnd(why: string): void
  },
): Contents {
  const { keeping, report } = options
  const frames = createFrameReader(contentOctets(options.stanzaBytes))
  const held: SealedContent[] = []
  let octets = 0

  const pipe = readPipe(
    fd,
    'contents',
    report,
    (chunk) => {
      if (keeping === 'none') report.fail('contents: one came, and none is to be kept')
      try {
        frames.feed(chunk)
        for (let rest = frames.read(); rest !== undefined; rest = frames.read()) {
          const content = decodeContent(rest)
          if (content === undefined) throw new Error('a content does not fit its format')
          held.push(content)
          octets += content.sealed.length
        }
      } catch (error) {
        report.fail(`contents: ${(error as Error).message}`)
      }
      if (octets > HELD_OCTETS) pipe.pause()
      options.onContent()
    },
    options.onEnd,
  )

  return {
    ready: () => keeping === 'none' || held.length > 0,
    take(number, outcome) {
      if (keeping === 'none') return undefined
      const next = held.shift()
      if (next === undefined || compareNumbers(next.number, number) !== 0) {
        return report.fail(`contents: that of ${formatNumber(number)} is not the next one`)
      }
      octets -= next.sealed.length
      if (octets <= HELD_OCTETS && pipe.isPaused()) pipe.resume()
      return keeping === 'all' || outcome !== 'released' ? next.sealed : undefined
    },
  }
}
