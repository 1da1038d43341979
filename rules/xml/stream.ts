/**
 * Reads an XML stream of RFC 6120 §4 as it comes from a connection: its header, then whole children of the root.
 *
 * What is delivered does not depend on how the octets are cut into chunks: what was complete before an error is
 * delivered before it, and after it nothing is.
 */

import type { Reason } from '../reasons.ts'
import type { XmlElement } from './node.ts'
import type { StanzaLimits } from './parse.ts'
import { bare, Restricted, Stop, TreeParser } from './tree.ts'

/** What breaks a stream: a reason of a refusal, or what XML has and streams must not (RFC 6120 §4.9.3.18, §11.1). */
export type StreamFault = Reason | 'restricted-xml'

export type StreamEvents = Readonly<{
  /** The stream header: namespace, name and attributes; no children. */
  onOpen(header: XmlElement): void
  /** A child of the root, whole; `size` in octets, from its `<` to the end of its end tag. */
  onElement(element: XmlElement, size: number): void
  /** The stream's end tag. What comes behind it is not read. */
  onClose(): void
  /** The stream is broken near the octet `at`; nothing more is read of it. */
  onError(fault: StreamFault, at: number): void
}>

/**
 * How a stream lives on after a child that breaks a limit: it is read to its end, little of it is kept meanwhile, and only its
 * name and what says whose it is are told. One above `hardBytes`, in octets, or absurdly deep breaks the stream all the same.
 */
export type Tolerance = Readonly<{
  hardBytes: number
  onSpoilt(bare: XmlElement, reason: Reason, size: number): void
}>

export type StreamReader = Readonly<{
  /** Reads the octets and calls back before it returns. To be called from no callback of the same reader. */
  write(octets: Uint8Array): void
  /** Ends the reading: nothing is delivered any more, not even of what was read. Any callback may call it. */
  end(): void
  /** Octets of the header or child that is not complete yet, so that a peer can be held to finish it. */
  pending(): number
}>

/**
 * A reader of one stream. After STARTTLS and SASL a stream begins anew, and so does a reader (RFC 6120 §5.4.3.3).
 * `limits.stanzaBytes` bounds the header and each child while they are read, `limits.depth` counts from the child; what is beyond
 * breaks the stream where there is no `tolerance`.
 */
export function createStreamReader(
  options: StreamEvents & Readonly<{ limits: StanzaLimits; tolerance?: Tolerance }>,
): StreamReader {
  const { stanzaBytes, depth } = options.limits
  const { tolerance } = options
  const hardBytes = tolerance?.hardBytes ?? stanzaBytes
  const decoder = createDecoder()
  const counter = createCounter()
  /** What this write has found, told when the parser is out of the way. */
  let found: (() => void)[] = []
  let over = false
  /** Whether a child is being read, and the octet at which it began; or that behind the last one. */
  let inside = false
  let start = 0

  const parser = new TreeParser({
    level: 2,
    depth,
    declaration: true,
    onRoot: (header) => {
      start = counter.at(parser.position)
      found.push(() => options.onOpen(header))
    },
    onStart: (spelling) => {
      inside = true
      start = counter.at(parser.position) - Buffer.byteLength(`<${spelling} `)
    },
    onOpen: ({ ns, name }) => {
      if (ns === STREAMS_NS && name === 'stream') throw new Stop('not-well-formed')
    },
    onElement: (element) => {
      const size = measure()
      if (size > stanzaBytes) found.push(() => tolerance?.onSpoilt(bare(element), 'too-big', size))
      else found.push(() => options.onElement(element, size))
    },
    ...(tolerance !== undefined && {
      onSpoilt: (element: XmlElement, reason: Reason) => {
        const size = measure()
        found.push(() => tolerance.onSpoilt(element, reason, size))
      },
    }),
    onClose: () => {
      throw new Closed()
    },
  })

  /** Octets of the child that has just been read to its end. */
  function measure(): number {
    const end = counter.at(parser.position)
    const size = end - start
    if (size > hardBytes) throw new Stop('too-big')
    inside = false
    start = end
    return size
  }

  function read(octets: Uint8Array): void {
    const { text, broken } = decoder.decode(octets)
    if (counter.total() === 0 && text.charCodeAt(0) === 0xfeff) throw new Stop('not-utf8')
    counter.add(text)
    parser.write(text)
    if (broken) throw new Stop('not-utf8')
    if (parser.tags.length === 1 && !inside && parser.forgetBlanks()) start = counter.total()
    const pending = counter.total() - start
    if (pending <= stanzaBytes) return
    if (!inside || pending > hardBytes) throw new Stop('too-big')
    parser.spoil('too-big')
  }

  function last(event: () => void): void {
    found.push(() => {
      over = true
      event()
    })
  }

  return {
    write(octets) {
      if (over) return
      try {
        read(octets)
      } catch (error) {
        const at = counter.at(parser.position)
        if (error instanceof Closed) last(options.onClose)
        else if (error instanceof Restricted) last(() => options.onError('restricted-xml', at))
        else if (error instanceof Stop) last(() => options.onError(error.reason, at))
        else throw error
      }
      const events = found
      found = []
      for (const event of events) if (!over) event()
    },
    end() {
      over = true
    },
    pending: () => counter.total() - start,
  }
}

/** RFC 6120 §4.8.1. */
const STREAMS_NS = 'http://etherx.jabber.org/streams'

/** Takes the parser out of a stream that is closed. */
class Closed extends Error {}

/** UTF-8 in chunks: the characters up to the first broken sequence, and whether there was one. */
function createDecoder(): { decode(octets: Uint8Array): { text: string; broken: boolean } } {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = new Uint8Array(0)
  return {
    decode(octets) {
      const all = rest.length === 0 ? octets : Buffer.concat([rest, octets])
      const whole = all.length - unfinished(all)
      rest = all.slice(whole)
      try {
        return { text: decoder.decode(all.subarray(0, whole)), broken: false }
      } catch {
        return { text: soundStart(all), broken: true }
      }
    },
  }
}

/** How many octets at the end begin a character that more octets may finish (RFC 3629 §3). */
function unfinished(octets: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= octets.length; back++) {
    const octet = octets[octets.length - back]!
    if (octet < 0x80) return 0
    if (octet >= 0xc0) return back < (octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4) ? back : 0
  }
  return 0
}

/** The characters before the first broken sequence; by halving, for it is asked once in the life of a stream. */
function soundStart(octets: Uint8Array): string {
  let sound = 0
  let broken = octets.length
  let text = ''
  while (broken - sound > 1) {
    const middle = (sound + broken) >> 1
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
      text = decoder.decode(octets.subarray(0, middle), { stream: true })
      sound = middle
    } catch {
      broken = middle
    }
  }
  return text
}

/** Octets of a text that the parser counts in UTF-16 units. */
function createCounter(): { add(text: string): void; at(units: number): number; total(): number } {
  let text = ''
  let ascii = true
  let unitsBefore = 0
  let octetsBefore = 0
  let total = 0
  let markUnits = 0
  let markOctets = 0
  return {
    add(next) {
      unitsBefore += text.length
      octetsBefore = total
      text = next
      const octets = Buffer.byteLength(next)
      ascii = octets === next.length
      total += octets
      markUnits = markOctets = 0
    },
    /** Octets before a position in the last text; positions asked for do not go back. */
    at(units) {
      const here = Math.max(markUnits, Math.min(units - unitsBefore, text.length))
      markOctets += ascii ? here - markUnits : Buffer.byteLength(text.slice(markUnits, here))
      markUnits = here
      return octetsBefore + markOctets
    },
    total: () => total,
  }
}
