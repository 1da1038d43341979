/** sallyport journal verify: whether a journal is sound, what is signed of it, and how many verdicts of each class it holds. */
import type { KeyObject } from 'node:crypto'
import { parseArgs } from 'node:util'
import { readPublicKey } from '../guard/common/keys.ts'
import { type JournalFindings, type KeptHead, verifyJournal } from '../guard/journal/verify.ts'
import { classCounts } from './journal-record.ts'
import { UsageError } from './usage.ts'

export function verifyCommand(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      head: { type: 'string', multiple: true, default: [] },
      'public-key': { type: 'string', multiple: true, default: [] },
    },
    allowPositionals: true,
  })
  const [directory, ...more] = positionals
  if (directory === undefined || more.length > 0) throw new UsageError('verify needs one DIR')
  const heads = values.head.map(keptHead)
  const keys: KeyObject[] = []
  for (const file of values['public-key']) {
    const key = readPublicKey(file, 'ed25519')
    if ('problem' in key) {
      process.stderr.write(`${file} ${key.problem}\n`)
      return 2
    }
    keys.push(key)
  }
  const findings = verifyJournal(directory, heads, keys)
  const { problems, notes, guard, first, head, verdicts } = findings
  for (const note of notes) process.stdout.write(`note: ${note}\n`)
  for (const problem of problems) process.stdout.write(`NOT SOUND: ${problem}\n`)
  if (problems.length > 0) return 1
  process.stdout.write(`${signedWords(findings, keys.length > 0)}\n`)
  process.stdout.write(`verdicts: ${classCounts(verdicts)}\n`)
  process.stdout.write(
    `sound: ${guard === undefined ? '' : `journal of ${guard}, `}records ${first} to ${head.seq}, head ${head.seq}:${head.chain}\n`,
  )
  return 0
}

function keptHead(text: string): KeptHead {
  const match = /^([1-9][0-9]{0,14}):([0-9a-f]{12,64})$/.exec(text)
  if (match === null)
    throw new UsageError(`--head ${text}: write SEQ:HASH, the hash as 12 to 64 small hexadecimal digits`)
  return { seq: Number(match[1]), chain: match[2]!, from: '--head' }
}

function signedWords({ signed, head }: JournalFindings, checked: boolean): string {
  if (signed === undefined) return 'signed: nothing, there is no checkpoint'
  const behind = head.seq - signed - 1
  const tail = behind === 1 ? '1 record stands' : `${behind} records stand`
  const signature = checked ? '' : ' (signatures not checked: give --public-key)'
  return `signed: up to record ${signed}${signature}; ${tail} behind the last checkpoint`
}
