/**
 * CMBAC at the edge: which stanzas the configured clearances let through, both ways, before the guard and after it.
 *
 *   stanza → whose clearances it needs (awaited) → its label, its ends → checks → undefined, or a denial
 *
 * Each way the label is judged as it is on this side: what the own side wrote, before it is mapped; what the guard released.
 * A pre-check with a good error for the sender: the guard decides on its own.
 *
 * Reads    nothing by itself; a directory over LDAP, where one is configured (ldap/)
 * Trusts   the configuration; the directory as far as its certificate goes; nothing that is in a stanza
 * Fails    closed: without clearance where one is to be had, without label where one is to be judged, without directory
 * Follows  Isode, "XMPP and Security Labels" (CMBAC), X.841 and ADatP-4774.1 (ACDF), XEP-0258, XEP-0045
 */
import { bareOf, type Jid, normaliseJid } from '../../rules/address/jid.ts'
import type { Bundle, LabelRow } from '../../rules/bundle/bundle.ts'
import { compileProfile } from '../../rules/decide/profile.ts'
import { nothingSeen } from '../../rules/decide/seen.ts'
import { CATALOG_NS } from '../../rules/label/catalog.ts'
import type { BoundLabel } from '../../rules/label/template.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { attribute, child, SERVER_NS, type XmlElement } from '../../rules/xml/node.ts'
import { serialiseInside } from '../../rules/xml/write.ts'
import { createChecks, type Denial, type Ends, type Levels } from './checks.ts'
import { rowsFor, spelled } from './default-label.ts'
import { createLabelReader, labelIn, type ReadLabels } from './labels.ts'
import type { Users } from './users.ts'

export type Cmbac = Readonly<{
  /**
   * Why a stanza of the own side must not go on. `label`: its label element in canonical octets, undefined without one, which
   * the bundle has allowed by then.
   */
  outgoing(stanza: XmlElement, label: string | undefined, ends: Ends): Denial | undefined
  /** Why what the guard released, as the frame of that number, must not be delivered. */
  incoming(stanza: XmlElement, ends: Ends, number: StanzaNumber): Denial | undefined
  /** What a stanza must wait for before it is judged; undefined when all is known. Never rejects. */
  awaited(stanza: XmlElement): Promise<void> | undefined
  /** Whether the label of a row may go that way, by every check and by what is known now. */
  permits(row: LabelRow, ends: Ends): boolean
  /** The rows of the outgoing bundle that stand for the default label of a room of the far side; none where none is known. */
  defaultLabelOf(room: Jid): readonly LabelRow[]
}>

export type CmbacOptions = Readonly<{
  policies: readonly Spif[]
  levels: Levels
  users: Users
  /** By bare address of the room. */
  defaultLabels: ReadonlyMap<string, BoundLabel>
  out: Bundle
  /** The bundle of the incoming direction, which says what must have a label, and the domains of rooms on both sides. */
  into: Bundle
  rooms: ReadonlySet<string>
}>

export function createCmbac(options: CmbacOptions): Cmbac {
  const { policies, levels, users, into, rooms } = options
  const read = createLabelReader(policies)
  const checks = createChecks(levels, users.standing)
  const owesLabel = createOwing(into)
  const rowLabels = new WeakMap<LabelRow, ReadLabels>()
  const defaultRows = new Map(
    [...options.defaultLabels].map(([room, label]) => [room, rowsFor(label, options.out.labels.rows, read)]),
  )

  /** One who joins a room, or has joined it (before XEP-0045 there was no sign of joining), or writes to somebody. */
  function comesIn(stanza: XmlElement, to: Jid): boolean {
    const type = attribute(stanza, 'type')
    if (stanza.name === 'presence') return type === undefined && rooms.has(to.domain) && to.local !== ''
    return stanza.name === 'message' && type !== 'groupchat' && type !== 'error'
  }

  function judge(stanza: XmlElement, label: string | undefined, isOwed: boolean, ends: Ends) {
    const entry = checks.hasAccess && comesIn(stanza, ends.to) ? checks.access(ends) : undefined
    if (entry !== undefined || (label === undefined && !isOwed)) return entry
    return checks.label(label === undefined ? undefined : read(label), ends)
  }

  /** Whose clearances a stanza is judged by. */
  function concerned(stanza: XmlElement, from: Jid, to: Jid): readonly Jid[] {
    const type = attribute(stanza, 'type')
    if (stanza.name === 'message') return type === 'error' ? [] : [from, to]
    const catalog = child(stanza, CATALOG_NS, 'catalog')
    if (catalog !== undefined) return [from, normaliseJid(attribute(catalog, 'to') ?? '') ?? to]
    if (labelIn(stanza) !== undefined || child(stanza, SERVER_NS, 'status') !== undefined) return [from, to]
    return checks.hasAccess && comesIn(stanza, to) ? [from] : []
  }

  return {
    outgoing: (stanza, label, ends) => judge(stanza, label, false, ends),
    incoming(stanza, ends, number) {
      const label = labelIn(stanza)
      if (label === undefined) return judge(stanza, undefined, owesLabel(stanza, number), ends)
      return judge(stanza, serialiseInside(label, SERVER_NS), true, ends)
    },
    awaited(stanza) {
      const from = normaliseJid(attribute(stanza, 'from') ?? '')
      const to = normaliseJid(attribute(stanza, 'to') ?? '')
      return from === undefined || to === undefined ? undefined : users.known(concerned(stanza, from, to))
    },
    permits(row, ends) {
      let labels = rowLabels.get(row)
      if (labels === undefined) {
        rowLabels.set(row, (labels = read(spelled(row.input.template))))
      }
      return checks.access(ends) === undefined && checks.label(labels, ends) === undefined
    },
    defaultLabelOf: (room) => defaultRows.get(bareOf(room)) ?? [],
  }
}

/** Whether a stanza without label is one that must have one: what the guard does not release. */
export function createOwing(bundle: Bundle): (stanza: XmlElement, number: StanzaNumber) => boolean {
  const check = compileProfile(bundle)
  return (stanza, number) => check(stanza, nothingSeen(number)) !== undefined
}
