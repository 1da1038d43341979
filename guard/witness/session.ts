/**
 * One connection of a guard's exporter, message by message: what is found against its journal, and until then the next head.
 *
 * Everything is a question to the chain: does the sender have the held head at its place, does each record follow the one before?
 */
import type { KeyObject } from 'node:crypto'
import { readCheckpoint, verifyCheckpoint } from '../journal/checkpoint.ts'
import { type Head, readLine } from '../journal/line.ts'
import type { Heads } from './heads.ts'
import type { Finding, WitnessMessage } from './protocol.ts'

/** What a message came to. `protocol`: the sender does not speak as agreed, which says nothing about its journal. */
export type Step =
  | Readonly<{ type: 'ok' }>
  | Readonly<{ type: 'begins'; seq: number }>
  | Readonly<{ type: 'protocol'; what: string }>
  | Readonly<{ type: 'found'; finding: Finding; seq: number }>

export type Session = Readonly<{
  take(message: WitnessMessage | undefined): Step
  begun(): boolean
}>

const OK: Step = { type: 'ok' }

/** @param key the public key of the guard's checkpoints; without it they are not checked. */
export function createSession(heads: Heads, key: KeyObject | undefined): Session {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let begun = false

  function begin({ seq, chain }: Head): Step {
    if (begun) return protocol('it begins twice')
    begun = true
    const held = heads.head()
    if (held.seq === 0 && seq > 0) {
      heads.begin({ seq, chain })
      return { type: 'begins', seq: seq + 1 }
    }
    if (seq < held.seq) return found('shorter', seq)
    if (seq > held.seq) return found('missing', seq)
    return chain === held.chain ? OK : found('forked', seq)
  }

  function record(line: Uint8Array): Step {
    if (!begun) return protocol('a record comes before its beginning')
    const held = heads.head()
    let text: string
    try {
      text = decoder.decode(line)
    } catch {
      return found('forked', held.seq + 1)
    }
    const read = readLine(held, text)
    if ('problem' in read) return found('forked', held.seq + 1)
    if (key === undefined || read.fields['type'] !== 'checkpoint') {
      heads.advance(read.head)
      return OK
    }
    // A checkpoint covers the record before it, which is the head that is held here.
    const checkpoint = readCheckpoint(read.fields)
    if (
      checkpoint === undefined ||
      checkpoint.guard !== heads.name ||
      checkpoint.upTo !== held.seq ||
      checkpoint.head !== held.chain ||
      !verifyCheckpoint(checkpoint, [key])
    ) {
      return found('checkpoint', held.seq + 1)
    }
    heads.advance(read.head, checkpoint.upTo)
    return OK
  }

  return {
    begun: () => begun,
    take(message) {
      switch (message?.kind) {
        case 'begin':
          return begin(message.head)
        case 'record':
          return record(message.line)
        case 'broken':
          return found('broken', message.seq)
        default:
          return protocol('a frame is none that a sender sends')
      }
    },
  }
}

function protocol(what: string): Step {
  return { type: 'protocol', what }
}

function found(finding: Finding, seq: number): Step {
  return { type: 'found', finding, seq }
}
