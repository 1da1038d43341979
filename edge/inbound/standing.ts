/**
 * The streams that bring stanzas, whoever opened them, and which of them are not read for now.
 */
import type { InboundStream } from '../stream/ends.ts'

export type Standing = Readonly<{
  add(stream: InboundStream): void
  remove(stream: InboundStream): void
  /** Why the stream is not being read; undefined: it is. */
  whyHeld(stream: InboundStream): string | undefined
  /** Whether that is so of one that may bring stanzas of this own domain. */
  isHeldFrom(own: string): boolean
  /** Asks for every stream again whether it is to be read. */
  flow(): void
}>

/** `mustHold` tells why nothing more is to be read of a stream for now, in words for the operator; undefined: it is to be. */
export function createStanding(mustHold: (stream: InboundStream) => string | undefined): Standing {
  const standing = new Set<InboundStream>()
  const held = new Map<InboundStream, string>()

  function hold(stream: InboundStream): void {
    const why = mustHold(stream)
    const was = held.has(stream)
    if (why === undefined) held.delete(stream)
    else held.set(stream, why)
    if (was === held.has(stream)) return
    if (was) stream.resume()
    else stream.pause()
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
    whyHeld: (stream) => held.get(stream),
    isHeldFrom: (own) => [...held.keys()].some(({ proven }) => proven.has(own)),
    flow() {
      for (const stream of standing) hold(stream)
    },
  }
}
