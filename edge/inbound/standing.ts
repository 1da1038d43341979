/**
 * The streams that bring stanzas, whoever opened them, and which of them are not read for now.
 */
import type { InboundStream } from '../stream/ends.ts'

export type Standing = Readonly<{
  add(stream: InboundStream): void
  remove(stream: InboundStream): void
  /** Whether the stream is not being read. */
  isHeld(stream: InboundStream): boolean
  /** Whether that is so of one that may bring stanzas of this own domain. */
  isHeldFrom(own: string): boolean
  /** Asks for every stream again whether it is to be read. */
  flow(): void
}>

/** `mustHold` tells whether nothing more is to be read of a stream for now. */
export function createStanding(mustHold: (stream: InboundStream) => boolean): Standing {
  const standing = new Set<InboundStream>()
  const held = new Set<InboundStream>()

  function hold(stream: InboundStream): void {
    const wanted = mustHold(stream)
    if (wanted === held.has(stream)) return
    if (wanted) {
      held.add(stream)
      stream.pause()
    } else {
      held.delete(stream)
      stream.resume()
    }
  }

  return {
    add(stream) {
      standing.add(stream)
      hold(stream)
    },
    remove(stream) {
      standing.delete(stream)
      held.delete(stream)
    },
    isHeld: (stream) => held.has(stream),
    isHeldFrom: (own) => [...held].some(({ proven }) => proven.has(own)),
    flow() {
      for (const stream of standing) hold(stream)
    },
  }
}
