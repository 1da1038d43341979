/** sallyport edge sessions, end: who is connected, and the end of one stream. */
import type { Members } from '../edge/control/lines.ts'
import { ask } from './edge-asked.ts'
import { printable } from './journal-record.ts'

/** Prints each s2s stream and guard connection: as people read it, or as JSON, one a line. */
export function sessionsCommand(file: string, json: boolean): Promise<number> {
  const now = Date.now()
  return ask(file, 'sessions', {}, (item) => {
    process.stdout.write(
      json ? `${JSON.stringify(item)}\n` : `${describeSession(item, now).map(printable).join('\n')}\n`,
    )
  })
}

export function endCommand(file: string, session: string): Promise<number> {
  return ask(file, 'end', { session }, ({ own, far }) => {
    process.stdout.write(`${printable(`the stream ${session} of ${own} with ${far} was ended`)}\n`)
  })
}

/** A session in some lines. `now` in milliseconds since 1970. */
function describeSession(item: Members, now: number): string[] {
  const { protocol, direction, own, far, state, id } = item
  const ends =
    direction === 'inbound'
      ? `${word(protocol === 'gcxp' ? far : own)} → ${word(protocol === 'gcxp' ? own : far)}`
      : `${word(protocol === 'gcxp' ? own : far)} → ${word(protocol === 'gcxp' ? far : own)}`
  const held = item['held'] === true ? ', held back: not read now' : ''
  const waiting = Number(item['waiting'] ?? 0) > 0 ? `, ${word(item['waiting'])} waiting` : ''
  const lines = [
    `${word(protocol)} ${word(direction)} ${ends}: ${word(state)}${held}${waiting}${id === undefined ? '' : `, session ${word(id)}`}`,
  ]
  if (id !== undefined) {
    const proven = Array.isArray(item['proven']) ? `proven ${item['proven'].map(word).join(', ')}; ` : ''
    lines.push(
      `  ${word(item['address'])}, ${word(item['version'])} ${word(item['cipher'])}, ${item['mode'] === 'direct' ? 'direct TLS' : 'STARTTLS'}`,
      `  ${proven}${word(item['subject'])} (${word(item['names'])}), issued by ${word(item['issuer'])}, until ${word(item['expires'])}`,
      `  since ${word(item['since'])} (${span(item['since'], now)}), last stanza ${word(item['last'])}; ${word(item['stanzas'])} stanzas, ${word(item['octetsIn'])} octets in, ${word(item['octetsOut'])} out`,
    )
  }
  if (item['why'] !== undefined) {
    const next = item['nextTry']
    const tried = typeof next === 'string' ? `; tried again in ${seconds(Date.parse(next) - now)}` : ''
    lines.push(`  ${word(item['why'])}${tried}`)
  }
  return lines
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : String(value ?? '-')
}

function span(since: unknown, now: number): string {
  return seconds(now - Date.parse(word(since)))
}

function seconds(milliseconds: number): string {
  const all = Math.max(0, Math.round(milliseconds / 1000))
  if (all < 120) return `${all} s`
  if (all < 7200) return `${Math.floor(all / 60)} min`
  return all < 172_800 ? `${Math.floor(all / 3600)} h` : `${Math.floor(all / 86_400)} days`
}
