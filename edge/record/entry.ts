/**
 * What an edge puts on record: a closed list. No text of a user is in it, and no identifier; addresses are. `kind` and
 * `subtype` are the stanza's name and its attribute `type`.
 */
import type { StanzaNumber } from '../../guard/gcxp/index.ts'
import { attribute, type XmlElement } from '../../rules/xml/node.ts'
import type { Session } from '../session.ts'

/** Whose stanza it was. */
export type About = Readonly<{ from: string; to: string; kind: string; subtype: string }>

/** Of an address that may be none, and as long as a stanza, so much is put on record. */
const UNREAD_CHARACTERS = 200

/** Whose stanza it says that it is. */
export function aboutUnread(stanza: XmlElement): About {
  const [from, to, subtype] = ['from', 'to', 'type'].map((name) =>
    (attribute(stanza, name) ?? '').slice(0, UNREAD_CHARACTERS),
  ) as [string, string, string]
  return { from, to, kind: stanza.name.slice(0, UNREAD_CHARACTERS), subtype }
}

type Ends = Readonly<{ direction: 'inbound' | 'outbound'; own: string; far: string }>

export type Entry =
  /** A stanza of an own server that did not go to the guard; `peer` is the domain of its stream, `told` whether its sender was. */
  | (About &
      Readonly<{ type: 'refused'; peer: string; reason: string; told: boolean; stripped: readonly string[] }>)
  /** What was taken out of a stanza that went to the guard. */
  | (About & Readonly<{ type: 'stripped'; number: StanzaNumber; names: readonly string[] }>)
  /** The guard refused what this edge had found acceptable. */
  | Readonly<{ type: 'guard-refused'; number: StanzaNumber; about: About | undefined }>
  /** A frame of the guard that was not delivered; or, without number, an answer of the edge's own. */
  | Readonly<{ type: 'dropped'; number: StanzaNumber | undefined; outcome: string; about: About | undefined }>
  /** A stanza that its server could not be reached for in time. */
  | Readonly<{ type: 'expired'; about: About; bounced: boolean }>
  /** A request that crossed and got no answer in time: its asker was told. */
  | (About & Readonly<{ type: 'unanswered' }>)
  /** An s2s stream came to stand, ended, or did not come to stand. */
  | (Readonly<{ type: 'session'; state: 'opened'; session: string }> & Ends & Session['peer'])
  | (Readonly<{ type: 'session'; state: 'closed'; session: string; why: string }> & Ends)
  | Readonly<{ type: 'session'; state: 'refused'; direction: 'inbound'; address: string; why: string }>
  | (Readonly<{ type: 'session'; state: 'absent'; why: string }> & Ends)
  /** So many more, in one second, did not become a connection. */
  | Readonly<{ type: 'turned-away'; more: number }>
  /** The configuration was loaded anew, or refused; places in words of edge.yaml. */
  | Readonly<{
      type: 'reload'
      by: 'SIGHUP' | 'control'
      refused: boolean
      changed: readonly string[]
      waiting: readonly string[]
      ended: number
    }>
  /** Somebody began or ended to look at the stanzas that pass. */
  | Readonly<{ type: 'tap'; state: 'began'; from: string; to: string; kind: string }>
  | Readonly<{ type: 'tap'; state: 'ended'; shown: number; dropped: number }>
  /** The operator ended one. */
  | (Readonly<{ type: 'ended'; session: string }> & Omit<Ends, 'direction'>)
  /** The connection with a guard. */
  | (Readonly<{ type: 'guard'; direction: 'out' | 'in'; state: 'connected' }> & Session['peer'])
  | Readonly<{ type: 'guard'; direction: 'out' | 'in'; state: 'lost' | 'rejected'; why: string }>

/** The members of its record, `type` first; numbers as the guard's journal writes them. */
export function entryFields(
  entry: Entry,
  formatted: (number: StanzaNumber) => string,
): Record<string, unknown> {
  const fields: Record<string, unknown> = { type: entry.type }
  for (const [name, value] of Object.entries(entry)) {
    if (name === 'type' || value === undefined || value === '') continue
    if (name === 'number') fields[name] = formatted(value as StanzaNumber)
    else if (name === 'about') Object.assign(fields, value)
    else if (!Array.isArray(value) || value.length > 0) fields[name] = value
  }
  return fields
}
