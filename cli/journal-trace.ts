/**
 * sallyport journal trace: the story of a number, of an address or of a time, from all journals of this side.
 *
 * A verdict is followed by what becomes of its number: `declined`, and the first `confirmed` that covers it. Addresses match when they
 * are equal, whole or without their resource; never by a part.
 */
import { parseArgs } from 'node:util'
import { compareNumbers, parseNumber, type StanzaNumber } from '../guard/gcxp/number.ts'
import { normaliseJid } from '../rules/address/jid.ts'
import {
  type Damage,
  describeRecord,
  type Fields,
  printable,
  type ReadRecord,
  readRecords,
  readSpan,
  type Span,
  tellDamage,
  timeOf,
  within,
} from './journal-record.ts'
import { UsageError } from './usage.ts'

type Wanted = Readonly<{ number: string | undefined; address: string | undefined; span: Span | undefined }>

export function traceCommand(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      number: { type: 'string' },
      address: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      edge: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const directories = [...positionals, ...values.edge]
  if (directories.length === 0) throw new UsageError('trace needs a DIR, or several')
  if (values.number !== undefined && parseNumber(values.number) === undefined)
    throw new UsageError(`--number ${values.number}: write generation.count, such as 0.42`)
  const wanted: Wanted = {
    number: values.number,
    address: values.address === undefined ? undefined : readAddress(values.address),
    span: readSpan(values.from, values.to),
  }
  if (wanted.number === undefined && wanted.address === undefined && wanted.span === undefined)
    throw new UsageError('say what to trace: --number, --address, or --from and --to')
  const damage: Damage = { count: 0, first: '' }
  let found = 0
  for (const { directory, fields, text } of inOrder(directories, wanted, damage)) {
    found++
    const from = directories.length === 1 ? '' : `${printable(directory)}: `
    process.stdout.write(values.json ? `${text}\n` : `${from}${describeRecord(fields)}\n`)
  }
  const damaged = tellDamage(damage)
  if (found > 0) return damaged
  process.stderr.write('no record matches: addresses must be equal, in whole or without their resource\n')
  return 1
}

function readAddress(text: string): string {
  const address = normaliseJid(text)
  if (address === undefined) throw new UsageError(`--address ${printable(text)}: is no address`)
  return address.text
}

type Found = ReadRecord & Readonly<{ directory: string }>

/** What matches in each directory, merged by time; a record that has none stands by the one before it. */
function* inOrder(directories: readonly string[], wanted: Wanted, damage: Damage): Generator<Found> {
  const sources = directories.map((directory) => {
    const records = matching(directory, wanted, damage)
    return { directory, records, next: records.next(), at: 0 }
  })
  const behind = (source: (typeof sources)[number]) => {
    if (source.next.done !== true) source.at = timeOf(source.next.value.fields) ?? source.at
  }
  sources.forEach(behind)
  for (;;) {
    const rest = sources.filter(({ next }) => next.done !== true)
    const first = rest.reduce<(typeof sources)[number] | undefined>(
      (best, one) => (best === undefined || one.at < best.at ? one : best),
      undefined,
    )
    if (first === undefined || first.next.done === true) return
    yield { directory: first.directory, ...first.next.value }
    first.next = first.records.next()
    behind(first)
  }
}

function* matching(directory: string, wanted: Wanted, damage: Damage): Generator<ReadRecord> {
  const matches = createMatch(wanted)
  for (const record of readRecords(directory, damage)) {
    if (within(record.fields, wanted.span) && matches(record.fields)) yield record
  }
}

/** Records of a guard's journal that belong to no stanza. */
const OF_THE_JOURNAL: ReadonlySet<unknown> = new Set([
  ...['segment', 'start', 'stop', 'bundle', 'checkpoint', 'removed'],
])
/** Numbers that wait for their confirmation; a guard has at most 1,024 on their way. */
const MOST_WAITING = 4096

/** Whether a record belongs to the story; records are to be asked in their order. */
function createMatch({ number, address }: Wanted): (fields: Fields) => boolean {
  const waiting = new Map<string, StanzaNumber>()

  function confirms(upTo: StanzaNumber): boolean {
    const covered = [...waiting].filter(([, one]) => compareNumbers(one, upTo) <= 0)
    for (const [text] of covered) waiting.delete(text)
    return covered.length > 0
  }

  return (fields) => {
    if (number === undefined && address === undefined) return true
    const { type } = fields
    const told = typeof fields['number'] === 'string' ? fields['number'] : ''
    const parsed = parseNumber(told)
    if (OF_THE_JOURNAL.has(type)) return false
    if (type === 'confirmed') return parsed !== undefined && confirms(parsed)
    if (type === 'declined') return waiting.has(told)
    if (number !== undefined && told !== number) return false
    const places = type === 'verdict' ? [fields['from'], fields['to']] : Object.values(fields)
    if (address !== undefined && !places.some((place) => isAddress(place, address))) return false
    if (type === 'verdict' && parsed !== undefined) {
      if (waiting.size >= MOST_WAITING) waiting.delete(waiting.keys().next().value!)
      waiting.set(told, parsed)
    }
    return true
  }
}

function isAddress(value: unknown, address: string): boolean {
  if (typeof value !== 'string') return false
  if (value === address) return true
  const slash = value.indexOf('/')
  return slash !== -1 && value.slice(0, slash) === address
}
