/**
 * A stanza made ready for the guard under a number: canonical, and decided on as the guard will. Once when it comes; and anew when it
 * gets its number later, as far as the number or the time changes anything.
 */
import type { StanzaNumber } from '../../guard/gcxp/index.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { createWrittenDecider } from '../../rules/decide/written.ts'
import { type Reason, refused } from '../../rules/reasons.ts'
import { compareNumbers } from '../../rules/text/numbered.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import type { Identifiers } from '../identifiers.ts'
import { createNormaliser } from '../normalise/index.ts'
import type { Naming } from '../normalise/naming.ts'
import { octetsFor } from './crossing.ts'
import type { OutgoingEntry } from './spool.ts'

type Prepared = ReturnType<ReturnType<typeof createNormaliser>>

export type Preparation = Readonly<{
  /** Brings a stanza to the canonical form for that number, and decides on it. */
  prepare(stanza: XmlElement, lang: string | undefined, number: StanzaNumber, naming: Naming): Prepared
  /** The octets of a stanza for its number, which it may have waited for; or why they may not cross any more. */
  octetsOf(entry: OutgoingEntry, number: StanzaNumber): Uint8Array | Reason
  /** Why canonical octets may not cross; undefined when they may. */
  decide(octets: Uint8Array, number: StanzaNumber): Reason | undefined
}>

/** A stanza that has waited less is judged as it was when it came: dates are in whole seconds. */
const SAME_MS = 1_000
/** What an own server has sent was within the limits then. */
const SOURCE_LIMITS = { stanzaBytes: Number.MAX_SAFE_INTEGER, depth: 256 }

/** @param now in milliseconds since 1970. */
export function createPreparation(bundle: Bundle, identifiers: Identifiers, now: () => number): Preparation {
  const normalise = createNormaliser(bundle)
  const decider = createDecider(bundle)
  const foretell = createWrittenDecider(bundle)
  const second = () => Math.floor(now() / 1000)

  function prepare(
    stanza: XmlElement,
    lang: string | undefined,
    number: StanzaNumber,
    naming: Naming,
  ): Prepared {
    const normal = normalise(stanza, lang, second(), naming)
    if (normal.outcome !== 'ready') return normal
    const reason = foretell(normal, second(), number)
    return reason === undefined ? normal : { outcome: 'refused', reason, stripped: normal.stripped }
  }

  function decide(octets: Uint8Array, number: StanzaNumber): Reason | undefined {
    const verdict = decider(octets, second(), number)
    return verdict.accepted ? undefined : verdict.reason
  }

  return {
    prepare,
    decide,
    octetsOf({ crossing, at }, number) {
      const { envelope, source } = crossing
      const isOther = crossing.number !== undefined && compareNumbers(crossing.number, number) !== 0
      if (isOther && source !== undefined) {
        const stanza = parseText(source.stanza, SOURCE_LIMITS)
        if (refused(stanza)) return stanza.refused
        const normal = prepare(stanza, source.lang, number, identifiers.naming(number, envelope))
        if (normal.outcome === 'ready') return Buffer.from(normal.octets, 'utf8')
        return normal.outcome === 'refused' ? normal.reason : 'no-content'
      }
      const octets = octetsFor(crossing, number)
      if (now() - at < SAME_MS) return octets
      return decide(octets, number) ?? octets
    },
  }
}
