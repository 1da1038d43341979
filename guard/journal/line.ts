/**
 * A line of the journal and the chain through all of them.
 *
 * A line is one JSON object and a LF. Its last member is `chain`, 64 small hexadecimal digits:
 *
 *   h(0) = 32 zero octets
 *   h(n) = SHA-256( 00 | h(n − 1) | record(n) )
 *
 * where record(n) are the octets of line n before `,"chain":"`, and n is its member `seq`, which grows by one from 1. The chain
 * runs on from file to file. So a record that is changed, removed, put in or moved breaks the chain at its place; one cut
 * off at the end shows only against a head that was kept elsewhere.
 */
import { hash } from 'node:crypto'

/** The head: the number of records and the chain value of the last. */
export type Head = Readonly<{ seq: number; chain: string }>

export const NO_HEAD: Head = { seq: 0, chain: '0'.repeat(64) }

const CHAIN = ',"chain":"'
const TAIL_OCTETS = CHAIN.length + 64 + 2

/** The line for `fields`, numbered and chained behind `head`, and the head behind it. */
export function writeLine(head: Head, fields: object): { line: string; head: Head } {
  const seq = head.seq + 1
  const record = `{"seq":${seq},${JSON.stringify(fields).slice(1, -1)}`
  const chain = chainValue(head.chain, record)
  return { line: `${record}${CHAIN}${chain}"}\n`, head: { seq, chain } }
}

function chainValue(previous: string, record: string): string {
  const octets = Buffer.allocUnsafe(33 + Buffer.byteLength(record))
  octets[0] = 0
  octets.write(previous, 1, 'hex')
  octets.write(record, 33)
  return hash('sha256', octets)
}

/** Why a line does not follow `head`; else its members and the head behind it. `line` is without its LF. */
export function readLine(
  head: Head,
  line: string,
): Readonly<{ problem: string }> | Readonly<{ fields: Readonly<Record<string, unknown>>; head: Head }> {
  const end = line.length - TAIL_OCTETS
  if (end < 0 || line.slice(end, end + CHAIN.length) !== CHAIN || !line.endsWith('"}')) {
    return { problem: 'is not a journal line' }
  }
  const record = line.slice(0, end)
  const chain = line.slice(end + CHAIN.length, -2)
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(`${record}}`)
  } catch {
    return { problem: 'is not a journal line' }
  }
  const seq = fields['seq']
  if (seq !== head.seq + 1) return { problem: `has number ${String(seq)} where ${head.seq + 1} was due` }
  if (chain !== chainValue(head.chain, record)) {
    return { problem: 'does not chain to the one before: one of the two was changed, or records are missing' }
  }
  return { fields, head: { seq: head.seq + 1, chain } }
}
