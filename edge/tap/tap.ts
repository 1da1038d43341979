/**
 * The tap: stanzas as they pass, for the eyes of the operator, with what users wrote hidden (redact.ts).
 *
 *   out   in → normalised → decided → sent          in   in → decided → sent
 *
 * Who looks never slows who sends: a look costs a bounded time a second, and what the looker does not take is left out and counted.
 * Beginning and end are on record.
 */
import { formatNumber, type StanzaNumber } from '../../guard/gcxp/index.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import { refused } from '../../rules/reasons.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import { parseText } from '../../rules/xml/parse.ts'
import type { Members } from '../control/lines.ts'
import { type Asker, type Command, ControlProblem } from '../control/server.ts'
import type { Records } from '../record/records.ts'
import { redact } from './redact.ts'

/** What is seen of a stanza at one point of its way. */
export type Sight = Readonly<{
  direction: 'out' | 'in'
  point: 'in' | 'normalised' | 'decided' | 'sent'
  /** As it is there: read, or the text of one. */
  stanza: XmlElement | string | Uint8Array
  /** What was decided. */
  verdict?: string
  number?: StanzaNumber
  /** Names of what was taken out. */
  taken?: readonly string[]
}>

export type Tap = Readonly<{
  /** Takes a sight, when anybody looks; costs nothing else. */
  see(sight: Sight): void
  command: Command
}>

const LOOKERS = 4
const LOOKS_A_SECOND = 200
const SECONDS = { standard: 60, most: 3600 }
/** Of a text that the edge itself wrote or checked: larger ones are not read again. */
const LIMITS = { stanzaBytes: 1 << 20, depth: 128 }

const KINDS: ReadonlySet<unknown> = new Set(['message', 'presence', 'iq'])

type Looker = { wanted: (stanza: XmlElement) => boolean; show(sight: Sight, stanza: XmlElement): void }

/** `now` in milliseconds. */
export function createTap(record: Records['record'], now: () => number): Tap {
  const lookers = new Set<Looker>()

  async function look(args: Members, asker: Asker): Promise<void> {
    if (lookers.size >= LOOKERS) throw new ControlProblem(`${LOOKERS} taps are open: end one, then try again`)
    const wanted = readFilter(args)
    const count = number(args, 'count', Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER)
    const seconds = number(args, 'seconds', SECONDS.standard, SECONDS.most)
    const { from = '', to = '', kind = '' } = args as Readonly<Record<string, string>>
    let shown = 0
    let dropped = 0
    let told = 0
    let isFull = false
    let second = 0
    let looks = 0
    let end = () => {}
    const over = new Promise<void>((resolve) => {
      end = resolve
    })
    const tellDropped = () => {
      if (dropped > told) asker.item({ dropped: dropped - told })
      told = dropped
    }
    const looker: Looker = {
      wanted,
      show(sight, stanza) {
        if (shown >= count) return
        const current = Math.floor(now() / 1000)
        if (current !== second) {
          second = current
          looks = 0
        }
        if (isFull || ++looks > LOOKS_A_SECOND) {
          dropped++
          return
        }
        tellDropped()
        isFull = !asker.item(describe(sight, stanza, now()))
        if (isFull)
          void asker.room().then(() => {
            isFull = false
          })
        if (++shown >= count) end()
      },
    }
    const timer = setTimeout(end, seconds * 1000)
    asker.gone.addEventListener('abort', end)
    record({ type: 'tap', state: 'began', from, to, kind })
    lookers.add(looker)
    await over
    lookers.delete(looker)
    clearTimeout(timer)
    tellDropped()
    record({ type: 'tap', state: 'ended', shown, dropped })
  }

  return {
    see(sight) {
      if (lookers.size === 0) return
      const text =
        sight.stanza instanceof Uint8Array ? Buffer.from(sight.stanza).toString('utf8') : sight.stanza
      const stanza = typeof text === 'string' ? parseText(text, LIMITS) : text
      if (refused(stanza)) return
      for (const looker of lookers) if (looker.wanted(stanza)) looker.show(sight, stanza)
    },
    command: {
      takes: { from: 'string', to: 'string', kind: 'string', count: 'number', seconds: 'number' },
      run: look,
    },
  }
}

function describe(
  { direction, point, verdict, number, taken = [] }: Sight,
  stanza: XmlElement,
  now: number,
): object {
  return {
    time: new Date(now).toISOString(),
    direction,
    point,
    ...(verdict === undefined ? {} : { verdict }),
    ...(number === undefined ? {} : { number: formatNumber(number) }),
    ...(taken.length === 0 ? {} : { taken }),
    stanza: redact(stanza),
  }
}

/** An address matches that is equal: whole, without its resource, or, where a domain alone is given, in its domain. */
function readFilter(args: Members): (stanza: XmlElement) => boolean {
  const { kind } = args
  if (kind !== undefined && !KINDS.has(kind)) throw new ControlProblem('kind: write message, presence or iq')
  const ends = (['from', 'to'] as const).map((name) => {
    const text = args[name]
    if (text === undefined) return () => true
    const address = normaliseJid(String(text))
    if (address === undefined) throw new ControlProblem(`${name}: is no address`)
    return (stanza: XmlElement) => {
      const found = normaliseJid(attribute(stanza, name) ?? '')
      if (found === undefined) return false
      if (address.resource !== '') return found.text === address.text
      return found.domain === address.domain && (address.local === '' || found.local === address.local)
    }
  })
  return (stanza) => (kind === undefined || stanza.name === kind) && ends.every((matches) => matches(stanza))
}

function number(args: Members, name: string, standard: number, most: number): number {
  const value = args[name] ?? standard
  if (value === standard) return standard
  if (!Number.isSafeInteger(value) || Number(value) < 1 || Number(value) > most)
    throw new ControlProblem(`${name}: write a whole number from 1 to ${most}`)
  return Number(value)
}
