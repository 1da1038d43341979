/**
 * What the witness knows of one guard, in one small file `NAME.json` that is replaced whole and durably.
 *
 * The last head is enough, for it fixes every record before it; a file for each guard, so that whoever holds one guard's key touches
 * nothing of another's. The head never goes back: what does not follow it is remembered as an incident, beside it.
 */
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cannotRead } from '../../rules/unreadable.ts'
import { createKeeper } from '../common/whole.ts'
import { type Head, NO_HEAD } from '../journal/line.ts'
import {
  countersign,
  readSignedHead,
  type SignedHead,
  type SignedHeadFields,
  signedHeadFields,
} from './countersign.ts'
import { FINDINGS, type Finding } from './protocol.ts'

/** Something found against a journal: at which record, while which head was held. */
export type Incident = Readonly<{ time: string; finding: Finding; seq: number; held: number }>

/** Incidents that are kept; the first ones tell most. */
const INCIDENTS = 16

/** As it stands in the file. `signed` is absent before the first head, `begins` is the first record that was seen. */
export type GuardFile = Readonly<{
  signed?: SignedHeadFields
  begins: number
  /** The last record that a good checkpoint covers; 0 for none. */
  checkpoint: number
  incidents: readonly Incident[]
  /** Incidents beyond those kept. */
  more: number
}>

const EMPTY: GuardFile = { begins: 1, checkpoint: 0, incidents: [], more: 0 }

export type Heads = Readonly<{
  name: string
  /** The head behind the last record that was checked. It may not be durable yet. */
  head(): Head
  known(): GuardFile
  /** For a guard of which nothing is known: the journal is taken from behind `head`, which is not record 0. */
  begin(head: Head): void
  /** The record behind the head was checked; `checkpoint` when it is one, with the record that it covers. */
  advance(head: Head, checkpoint?: number): void
  /** Remembers an incident; false when it is remembered already. */
  remember(finding: Finding, seq: number): boolean
  /** Whom to tell of heads that have become durable. */
  tell(listener: ((signed: SignedHead) => void) | undefined): void
  flush(): Promise<void>
}>

/** Reads `NAME.json`, when there is one. Throws an Error with one line when it is not sound: it is not begun anew by itself. */
export function openHeads(
  directory: string,
  name: string,
  key: KeyObject,
  onFailure: (error: unknown) => void,
): Heads {
  const path = join(directory, `${name}.json`)
  let known = readGuardFile(path, name) ?? EMPTY
  let head: Head = known.signed === undefined ? NO_HEAD : { seq: known.signed.seq, chain: known.signed.chain }
  let listener: ((signed: SignedHead) => void) | undefined
  const keeper = createKeeper(path, onFailure)
  let due = false

  /** Once a turn of the event loop: a burst of records is one head. */
  function save(): void {
    if (due) return
    due = true
    setImmediate(() => {
      due = false
      if (head.seq === 0) return keeper.keep(fileText(known))
      const signed = countersign(key, name, head, Math.floor(Date.now() / 1000))
      known = { ...known, signed: signedHeadFields(name, signed) }
      keeper.keep(fileText(known), () => listener?.(signed))
    })
  }

  return {
    name,
    head: () => head,
    known: () => known,
    begin(from) {
      head = from
      known = { ...known, begins: from.seq + 1 }
      save()
    },
    advance(next, checkpoint) {
      head = next
      if (checkpoint !== undefined) known = { ...known, checkpoint }
      save()
    },
    remember(finding, seq) {
      const { incidents, more } = known
      if (incidents.some((one) => one.finding === finding && one.seq === seq && one.held === head.seq))
        return false
      const incident = { time: new Date().toISOString(), finding, seq, held: head.seq }
      known =
        incidents.length < INCIDENTS
          ? { ...known, incidents: [...incidents, incident] }
          : { ...known, more: more + 1 }
      save()
      return incidents.length < INCIDENTS
    },
    tell(to) {
      listener = to
    },
    flush: keeper.flush,
  }
}

function fileText(known: GuardFile): string {
  return `${JSON.stringify(known)}\n`
}

/** The file of the guard `name`; undefined when there is none. Throws an Error with one line. */
export function readGuardFile(path: string, name: string): GuardFile | undefined {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${path} ${cannotRead(error, 'let the user that runs this read it')}`)
  }
  const file = parseGuardFile(text)
  if (file === undefined || (file.signed !== undefined && file.signed.guard !== name))
    throw new Error(
      `${path} does not hold what a witness writes: keep it as evidence, and bring back a copy of it`,
    )
  return file
}

function parseGuardFile(text: string): GuardFile | undefined {
  let value: Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { begins, checkpoint, incidents, more } = value ?? {}
  const signed = value?.['signed'] === undefined ? undefined : readSignedHead(value['signed'])
  if (value?.['signed'] !== undefined && signed === undefined) return undefined
  if (!isCount(begins) || !isCount(checkpoint) || !isCount(more) || !Array.isArray(incidents))
    return undefined
  if (!incidents.every(isIncident)) return undefined
  return { ...(signed && { signed }), begins, checkpoint, incidents, more }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isIncident(value: unknown): value is Incident {
  if (typeof value !== 'object' || value === null) return false
  const { time, finding, seq, held } = value as Record<string, unknown>
  return (
    typeof time === 'string' &&
    (FINDINGS as readonly unknown[]).includes(finding) &&
    isCount(seq) &&
    isCount(held)
  )
}
