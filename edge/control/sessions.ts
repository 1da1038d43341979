/**
 * The commands `sessions` and `end`: every s2s stream and guard connection with who is at its other end, and the links that have no
 * stream now with the reason; and the end of one.
 */
import type { Listener } from '../inbound/listener.ts'
import type { Links } from '../outbound/links.ts'
import type { Session } from '../session.ts'
import { type Command, ControlProblem } from './server.ts'

/** The connections with the guards, as they stand. */
export type GuardLinks = Readonly<{
  out: Readonly<{ peer: string; session: Session | undefined; why: string; waiting: number }>
  in: Readonly<{ peer: string; session: Session | undefined; why: string; held: boolean }>
}>

export type SessionSources = Readonly<{
  listener(): Listener | undefined
  links: Links
  guards(): GuardLinks
  /** Puts on record that the operator ended one. */
  ended(id: string, own: string, far: string): void
}>

/** What `sessions` says of each; members that do not apply are absent. */
export type SessionItem = Readonly<{
  id?: string
  protocol: 's2s' | 'gcxp'
  direction: 'inbound' | 'outbound'
  own: string
  far: string
  state: string
  proven?: readonly string[]
  held?: boolean
  waiting?: number
  why?: string
  nextTry?: string
}> &
  Partial<Session['peer'] & ReturnType<Session['figures']>>

export function sessionCommands(sources: SessionSources): [string, Command][] {
  return [
    [
      'sessions',
      {
        takes: {},
        async run(_, asker) {
          for (const item of listSessions(sources)) if (!asker.item(item)) await asker.room()
        },
      },
    ],
    [
      'end',
      {
        takes: { session: 'string' },
        run({ session: id }, asker) {
          const ended = end(sources, String(id))
          if (ended === undefined)
            throw new ControlProblem(
              `no s2s stream ${JSON.stringify(id)}: sallyport edge sessions lists them`,
            )
          sources.ended(String(id), ended.own, ended.far)
          asker.item(ended)
        },
      },
    ],
  ]
}

function listSessions({ listener, links, guards }: SessionSources): SessionItem[] {
  const inbound = (listener()?.streams() ?? []).map(({ stream, held }): SessionItem => {
    const { from, to, proven, session } = stream
    const ends = { protocol: 's2s', direction: 'inbound', own: from, far: to, state: 'open' } as const
    const why = held === undefined ? {} : { why: held }
    return { ...known(session), ...ends, proven: [...proven], held: held !== undefined, ...why }
  })
  const outbound = links.all().map(({ from, to, link }): SessionItem => {
    const { state, why, nextTry, waiting, session } = link.sight()
    return {
      ...known(session),
      protocol: 's2s',
      direction: 'outbound',
      own: to,
      far: from,
      state,
      waiting,
      ...(session === undefined ? {} : { proven: [to] }),
      ...(why === '' ? {} : { why }),
      ...(nextTry === undefined ? {} : { nextTry: new Date(nextTry).toISOString() }),
    }
  })
  const { out, in: into } = guards()
  const guard = { protocol: 'gcxp', own: 'edge' } as const
  const state = (session: Session | undefined) => (session === undefined ? 'waiting' : 'open')
  const reason = (why: string) => (why === '' ? {} : { why })
  return [
    ...inbound,
    ...outbound,
    {
      ...known(out.session),
      ...guard,
      direction: 'outbound',
      far: out.peer,
      state: state(out.session),
      waiting: out.waiting,
      ...reason(out.why),
    },
    {
      ...known(into.session),
      ...guard,
      direction: 'inbound',
      far: into.peer,
      state: state(into.session),
      held: into.held,
      ...reason(into.why),
    },
  ]
}

function known(session: Session | undefined): Partial<SessionItem> {
  return session === undefined ? {} : { id: session.id, ...session.peer, ...session.figures() }
}

/** Ends the stream with that id. */
function end({ listener, links }: SessionSources, id: string): { own: string; far: string } | undefined {
  const why = 'ended by the operator'
  for (const { stream } of listener()?.streams() ?? []) {
    if (stream.session.id !== id) continue
    stream.fail('reset', why)
    return { own: stream.from, far: stream.to }
  }
  for (const { from, to, link } of links.all()) {
    if (link.sight().session?.id !== id) continue
    link.end(why)
    return { own: to, far: from }
  }
  return undefined
}
