/** sallyport journal show: the records of a journal, or those of an outcome or a time. */
import { parseArgs } from 'node:util'
import {
  createCounts,
  type Damage,
  describeRecord,
  type ReadRecord,
  readRecords,
  readSpan,
  tellDamage,
  within,
} from './journal-record.ts'
import { UsageError } from './usage.ts'

const OUTCOMES: readonly string[] = ['released', 'refused', 'disagreement']

export function showCommand(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      last: { type: 'string' },
      outcome: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  })
  const [directory, ...more] = positionals
  const { last, outcome, json } = values
  if (directory === undefined || more.length > 0) throw new UsageError('show needs one DIR')
  if (last !== undefined && !/^[1-9][0-9]{0,8}$/.test(last))
    throw new UsageError(`--last ${last}: write a number of records`)
  if (outcome !== undefined && !OUTCOMES.includes(outcome))
    throw new UsageError(`--outcome ${outcome}: write one of ${OUTCOMES.join(', ')}`)
  const span = readSpan(values.from, values.to)
  const counts = createCounts()
  let shown = 0
  const put = ({ fields, text }: ReadRecord) => {
    shown++
    counts.add(fields)
    process.stdout.write(`${json ? text : describeRecord(fields)}\n`)
  }
  const damage: Damage = { count: 0, first: '' }
  const keep = last === undefined ? undefined : Number(last)
  const latest: ReadRecord[] = []
  for (const record of readRecords(directory, damage)) {
    const { fields } = record
    if (!within(fields, span)) continue
    if (outcome !== undefined && !(fields['type'] === 'verdict' && fields['outcome'] === outcome)) continue
    if (keep === undefined) put(record)
    else if (latest.push(record) > keep) latest.shift()
  }
  latest.forEach(put)
  if (!json) process.stdout.write(`${shown} records: ${counts.words()}\n`)
  return tellDamage(damage)
}
