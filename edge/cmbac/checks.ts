/**
 * The checks of CMBAC, confidentiality metadata based access control (Isode, "XMPP and Security Labels"): pure decisions.
 *
 *   entry      the peer that a stanza comes from; its sender, where users are configured
 *   internal   the server, both domains, both rooms
 *   exit       the peer that it goes to; its recipient, where users are configured
 *   access     who joins a room or writes to somebody, against the labels of server, domain and room
 *
 * A stanza goes on when every check that is configured lets it. A level that has no clearance of its own is held to those
 * above it, which are checked in any case: that is what "the default of the level below" comes to.
 */
import { bareOf, type Jid } from '../../rules/address/jid.ts'
import { access, type DenialReason } from '../../rules/clearance/access.ts'
import type { Clearance } from '../../rules/clearance/clearance.ts'
import type { BoundLabel } from '../../rules/label/template.ts'
import type { ReadLabels } from './labels.ts'

/** What somebody or something may see: at least one clearance. One of them must admit; they are never put together. */
export type Clearances = readonly Clearance[]

/** A level of the own hierarchy: what it may handle, and what one must be cleared for to come in. */
export type Level = Readonly<{ clearance?: Clearances; accessLabel?: BoundLabel }>

/** A peer: whoever speaks for a domain. What may come from it, and what may go to it. */
export type Peer = Readonly<{ entry?: Clearances; exit?: Clearances }>

/** The configured clearances and labels; domains and bare addresses in their one spelling. */
export type Levels = Readonly<{
  server: Level
  domains: ReadonlyMap<string, Level>
  rooms: ReadonlyMap<string, Level>
  peers: ReadonlyMap<string, Peer>
}>

/** What is known of a user. `none`: one who is to have a clearance, and has none that can be used. */
export type Standing =
  | Readonly<{ state: 'cleared'; clearances: Clearances }>
  | Readonly<{ state: 'none' }>
  | Readonly<{ state: 'unavailable' }>

/** What is known of the user of an address; undefined where users are not configured. */
export type StandingOf = (jid: Jid) => Standing | undefined

/** Why a stanza did not go on, as a closed set for counters: the check, or that a clearance cannot be had now. */
export const CMBAC_REASONS = [
  'cmbac-entry-peer',
  'cmbac-entry-user',
  'cmbac-server',
  'cmbac-domain',
  'cmbac-room',
  'cmbac-exit-peer',
  'cmbac-exit-user',
  'cmbac-access-server',
  'cmbac-access-domain',
  'cmbac-access-room',
  'clearance-unavailable',
] as const
export type CmbacReason = (typeof CMBAC_REASONS)[number]

/** For the operator, never for a peer: which check, whose clearance or label, and what the ACDF says. */
export type Denial = Readonly<{
  reason: CmbacReason
  /** A domain, a bare address, or `server`. */
  of: string
  why: DenialReason | 'no-clearance' | 'no-label' | 'unusable-label' | 'unavailable'
  detail: string
}>

/** Whom a stanza is from and to; the peers that bring it and take it on, where those are other domains than the two. */
export type Ends = Readonly<{ from: Jid; to: Jid; by?: string; via?: string }>

export type Checks = Readonly<{
  /** Why labels may not go this way; undefined when they may. `labels` are undefined where a label is missing. */
  label(labels: ReadLabels | undefined, ends: Ends): Denial | undefined
  /** Why the sender may not come in; undefined when it may. */
  access(ends: Ends): Denial | undefined
  /** Whether there are labels that say who may come in. */
  hasAccess: boolean
}>

export function createChecks({ server, domains, rooms, peers }: Levels, standingOf: StandingOf): Checks {
  function label(labels: ReadLabels | undefined, { from, to, by, via }: Ends): Denial | undefined {
    const held = (
      reason: CmbacReason,
      of: string,
      clearances: Clearances | undefined,
    ): Denial | undefined => {
      if (clearances === undefined) return undefined
      const refusal = refusalOf(labels, clearances)
      return refusal === undefined ? undefined : { reason, of, ...refusal }
    }
    const user = (reason: CmbacReason, jid: Jid): Denial | undefined => {
      const standing = standingOf(jid)
      if (standing === undefined) return undefined
      return standing.state === 'cleared'
        ? held(reason, bareOf(jid), standing.clearances)
        : without(reason, bareOf(jid), standing)
    }
    const peer = (reason: 'entry' | 'exit', domain: string | undefined): Denial | undefined =>
      domain === undefined ? undefined : held(`cmbac-${reason}-peer`, domain, peers.get(domain)?.[reason])
    return (
      (by === from.domain ? undefined : peer('entry', by)) ??
      peer('entry', from.domain) ??
      user('cmbac-entry-user', from) ??
      held('cmbac-server', 'server', server.clearance) ??
      held('cmbac-domain', from.domain, domains.get(from.domain)?.clearance) ??
      held('cmbac-domain', to.domain, domains.get(to.domain)?.clearance) ??
      held('cmbac-room', bareOf(from), rooms.get(bareOf(from))?.clearance) ??
      held('cmbac-room', bareOf(to), rooms.get(bareOf(to))?.clearance) ??
      peer('exit', to.domain) ??
      (via === to.domain ? undefined : peer('exit', via)) ??
      user('cmbac-exit-user', to)
    )
  }

  /** What stands for one who comes in: the own clearance, or that of the peer where users are not configured. */
  function comer({ from }: Ends): Standing {
    const entry = peers.get(from.domain)?.entry
    const own = standingOf(from)
    return own ?? (entry === undefined ? { state: 'none' } : { state: 'cleared', clearances: entry })
  }

  function enter(ends: Ends): Denial | undefined {
    const room = bareOf(ends.to)
    const barriers: readonly (readonly [CmbacReason, string, BoundLabel | undefined])[] = [
      ['cmbac-access-server', 'server', server.accessLabel],
      ['cmbac-access-domain', ends.to.domain, domains.get(ends.to.domain)?.accessLabel],
      ['cmbac-access-room', room, rooms.get(room)?.accessLabel],
    ]
    for (const [reason, of, barrier] of barriers) {
      if (barrier === undefined) continue
      const standing = comer(ends)
      if (standing.state !== 'cleared') return without(reason, of, standing)
      const refusal = refusalOf([barrier], standing.clearances)
      if (refusal !== undefined) return { reason, of, ...refusal }
    }
    return undefined
  }

  const levels = [server, ...domains.values(), ...rooms.values()]
  return { label, access: enter, hasAccess: levels.some(({ accessLabel }) => accessLabel !== undefined) }
}

function without(reason: CmbacReason, of: string, { state }: Standing): Denial {
  return state === 'unavailable'
    ? { reason: 'clearance-unavailable', of, why: 'unavailable', detail: reason }
    : { reason, of, why: 'no-clearance', detail: 'has no clearance, and there is no default' }
}

/**
 * Why none of the clearances admits the labels. Each label under a policy of which there is a clearance is judged, and there
 * must be one.
 */
function refusalOf(
  labels: ReadLabels | undefined,
  clearances: Clearances,
): Pick<Denial, 'why' | 'detail'> | undefined {
  if (labels === undefined) return { why: 'no-label', detail: 'there is no label' }
  if ('problem' in labels) return { why: 'unusable-label', detail: labels.problem }
  let judged = false
  for (const { label, spif } of labels) {
    const held = clearances.filter(({ policy }) => policy.id === label.policy.id)
    const decisions = held.map((clearance) => access(label, clearance, spif))
    if (decisions.some(({ permit }) => permit)) judged = true
    else {
      const [first] = decisions
      if (first !== undefined && !first.permit) return { why: first.reason, detail: first.detail }
    }
  }
  if (judged) return undefined
  const policies = labels.map(({ label }) => label.policy.name).join(', ')
  return { why: 'other-policy', detail: `the label is of ${policies}, the clearance is not` }
}
