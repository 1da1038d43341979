/**
 * Puts on record who came, who went and who was turned away, on s2s and GCXP; and remembers who the guards are at present.
 *
 * Strangers can connect as often as they like: of what did not become a connection only some a second are recorded one by one, so
 * that nobody can push older records out; the rest is counted.
 */
import type { ConsumerState, ProducerState } from '../../guard/gcxp/index.ts'
import type { LinkState } from '../outbound/link.ts'
import { beginSession, type Session } from '../session.ts'
import type { InboundStream } from '../stream/ends.ts'
import type { Records } from './records.ts'

/** A guard's connection: the session, or why there is none. */
export type GuardPresence = Readonly<{ session: Session | undefined; why: string }>

export type SessionRecorder = Readonly<{
  inboundOpened(stream: InboundStream): void
  inboundEnded(stream: InboundStream | undefined, why: string, address: string): void
  outbound(far: string, own: string, state: LinkState, why: string, session: Session | undefined): void
  guardOut(state: ProducerState): void
  guardIn(state: ConsumerState): void
  guards(): Readonly<{ out: GuardPresence; in: GuardPresence }>
}>

const TURNED_AWAY_A_SECOND = 10

/** `now` in milliseconds. */
export function createSessionRecorder(record: Records['record'], now: () => number): SessionRecorder {
  /** Of each outbound link, the session that stands, or why there is none. */
  const links = new Map<string, Readonly<{ session: string | undefined; why: string }>>()
  const nobody: GuardPresence = { session: undefined, why: '' }
  let out = nobody
  let into = nobody
  let second = 0
  let turnedAway = 0

  /** Records one who was turned away, or counts it. */
  function limited(write: () => void): void {
    const current = Math.floor(now() / 1000)
    if (current !== second) {
      if (turnedAway > TURNED_AWAY_A_SECOND)
        record({ type: 'turned-away', more: turnedAway - TURNED_AWAY_A_SECOND })
      second = current
      turnedAway = 0
    }
    if (turnedAway++ < TURNED_AWAY_A_SECOND) write()
  }

  return {
    inboundOpened({ from, to, session }) {
      const ends = { direction: 'inbound', own: from, far: to } as const
      record({ type: 'session', state: 'opened', session: session.id, ...ends, ...session.peer })
    },
    inboundEnded(stream, why, address) {
      const direction = 'inbound'
      if (stream === undefined)
        return limited(() => record({ type: 'session', state: 'refused', direction, address, why }))
      const { from, to, session } = stream
      record({ type: 'session', state: 'closed', direction, own: from, far: to, session: session.id, why })
    },
    outbound(far, own, state, why, session) {
      if (state === 'connecting') return
      const key = `${far} ${own}`
      const ends = { direction: 'outbound', own, far } as const
      const before = links.get(key)
      if (session !== undefined)
        record({ type: 'session', state: 'opened', session: session.id, ...ends, ...session.peer })
      else if (before?.session !== undefined)
        record({ type: 'session', state: 'closed', session: before.session, ...ends, why })
      else if (why !== '' && why !== before?.why) record({ type: 'session', state: 'absent', ...ends, why })
      links.set(key, { session: session?.id, why })
    },
    guardOut(state) {
      if (state.state === 'connected') {
        const session = beginSession(state.socket, 'direct')
        out = { session, why: '' }
        record({ type: 'guard', direction: 'out', state: 'connected', ...session.peer })
        return
      }
      out = { session: undefined, why: state.problem }
      if (!state.again) record({ type: 'guard', direction: 'out', state: 'lost', why: state.problem })
    },
    guardIn(state) {
      if (state.state === 'connected') {
        const session = beginSession(state.socket, 'direct')
        into = { session, why: '' }
        record({ type: 'guard', direction: 'in', state: 'connected', ...session.peer })
      } else if (state.state === 'disconnected') {
        into = { session: undefined, why: state.problem }
        record({ type: 'guard', direction: 'in', state: 'lost', why: state.problem })
      } else if (state.state === 'rejected') {
        if (into.session === undefined) into = { session: undefined, why: state.problem }
        limited(() => record({ type: 'guard', direction: 'in', state: 'rejected', why: state.problem }))
      }
    },
    guards: () => ({ out, in: into }),
  }
}
