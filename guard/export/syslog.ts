/**
 * A journal record as a syslog message: RFC 5424, in the octet-counting frame of RFC 5425 §4.3.
 *
 *   MSG-LEN SP <PRI>1 TIMESTAMP HOSTNAME sallyport - MSGID [sallyport@NUMBER guard="…" seq="…" chain="…" …] MSG
 *
 * MSG is the line of the journal as it stands, so the chain can be recomputed from it; a byte order mark is in front only where the
 * line is not ASCII, as §6.4 wants. The same record gives the same octets whenever it is sent. The SD-ID needs a private enterprise
 * number (§7.2.2); 32473 is the one for examples (RFC 5612).
 */
import { classOf } from '../journal/read.ts'
import type { Followed } from './follow.ts'

/** Facility 13, "log audit" (§6.2.1). */
const LOG_AUDIT = 13
const SEVERITY = { critical: 2, error: 3, warning: 4, notice: 5, informational: 6 } as const
const BOM = '\ufeff'

/** Members of a record that are worth to be searched for, in the order in which they stand in the structured data. */
const PARAMETERS = ['number', 'outcome', 'class', 'from', 'to', 'label', 'releasedLabel'] as const

export type SyslogOrigin = Readonly<{ hostname: string; guard: string; enterprise: number }>

/** One frame. */
export function syslogFrame(origin: SyslogOrigin, { line, fields, head }: Followed): Buffer {
  const { type, time, outcome } = fields
  const priority = 8 * LOG_AUDIT + severityOf(type, outcome)
  const header = `<${priority}>1 ${timestamp(time)} ${printable(origin.hostname, 255)} sallyport - ${printable(type, 32)}`
  const named = { ...fields, class: classOf(fields) } as Readonly<Record<string, unknown>>
  const parameters = [
    parameter('guard', origin.guard),
    parameter('seq', `${head.seq}`),
    parameter('chain', head.chain),
    ...PARAMETERS.map((name) => (typeof named[name] === 'string' ? parameter(name, named[name]) : '')),
  ]
  const data = `[sallyport@${origin.enterprise}${parameters.join('')}]`
  const message = Buffer.from(`${header} ${data} ${isAscii(line) ? '' : BOM}${line}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

/** What a watcher of the collector should be woken by: verifiers that differ, then what the far side did not take, then refusals. */
function severityOf(type: unknown, outcome: unknown): number {
  if (type === 'verdict')
    return outcome === 'released'
      ? SEVERITY.informational
      : outcome === 'refused'
        ? SEVERITY.warning
        : SEVERITY.critical
  if (type === 'declined') return SEVERITY.error
  return type === 'confirmed' || type === 'segment' || type === 'checkpoint'
    ? SEVERITY.informational
    : SEVERITY.notice
}

/** §6.2.3: as the journal writes times; NILVALUE for anything else. */
function timestamp(time: unknown): string {
  const form = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/
  return typeof time === 'string' && form.test(time) ? time : '-'
}

/** PRINTUSASCII of at most `most` octets; NILVALUE for anything else. */
function printable(value: unknown, most: number): string {
  return typeof value === 'string' && value.length > 0 && value.length <= most && /^[!-~]+$/.test(value)
    ? value
    : '-'
}

function parameter(name: string, value: string): string {
  return ` ${name}="${escapeValue(value)}"`
}

/** §6.3.3: a backslash before `"`, `\` and `]`. What could steer a terminal, or break a line, is shown as `?`; MSG has it in JSON. */
function escapeValue(value: string): string {
  return value.replace(/\p{C}/gu, '?').replace(/["\\\]]/g, '\\$&')
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text)
}
