/**
 * What `sallyport edge queue` asks of a running edge: what waits in both spools, never what it says; another try at once; and an
 * end to waiting, of which the sender hears as when it expires. What is in flight may have arrived: it is never dropped.
 */
import { formatNumber } from '../../guard/gcxp/index.ts'
import { normaliseJid } from '../../rules/address/jid.ts'
import { type Asker, type Command, ControlProblem } from '../control/server.ts'
import type { IncomingEntry } from '../incoming/spool.ts'
import type { Log } from '../log.ts'
import type { OutgoingEntry } from '../outgoing/spool.ts'
import type { Relays } from '../relays.ts'

/** One stanza as the operator sees it. `name` is what `drop` takes; `number` is that of its frame. */
type Shown = Readonly<{
  name: string
  number: string | undefined
  since: string
  from: string
  to: string
  kind: string
  octets: number
  state: 'waiting' | 'at the guard' | 'in flight' | 'awaits its reply'
}>

export type QueueOptions = Readonly<{
  relays: Pick<Relays, 'generation' | 'spools' | 'dropIncoming' | 'waitingIncoming'>
  /** Tries what waits for a server at once; gives how many there are. */
  retry(): number
  log: Log
}>

/** The commands by their names. */
export function queueCommands({ relays, retry, log }: QueueOptions): [string, Command][] {
  const { generation } = relays
  const { outgoing, incoming } = relays.spools

  const showOutgoing = (entry: OutgoingEntry): Shown => ({
    name: `out-${entry.ticket}`,
    number: entry.count === 0 ? undefined : formatNumber({ generation, count: entry.count }),
    since: new Date(entry.at).toISOString(),
    from: entry.crossing.envelope.from.text,
    to: entry.crossing.envelope.to.text,
    kind: entry.crossing.envelope.kind,
    octets: entry.size,
    state: entry.state,
  })
  const showIncoming = (entry: IncomingEntry, waits: boolean): Shown => ({
    name: `in-${entry.ticket}`,
    number: entry.number === undefined ? undefined : formatNumber(entry.number),
    since: new Date(entry.at).toISOString(),
    from: entry.from,
    to: entry.to,
    kind: entry.kind,
    octets: entry.size,
    state: entry.state === 'waiting' && !waits ? 'in flight' : entry.state,
  })
  const all = (): Shown[] => {
    const waiting = relays.waitingIncoming()
    return [
      ...outgoing.entries().map(showOutgoing),
      ...incoming.entries().map((entry) => showIncoming(entry, waiting.has(entry))),
    ]
  }

  async function say(asker: Asker, items: Iterable<object>): Promise<void> {
    for (const item of items) {
      if (asker.gone.aborted) return
      if (!asker.item(item)) await asker.room()
    }
  }

  return [
    ['queue-list', { takes: {}, run: (_, asker) => say(asker, all()) }],
    [
      'queue-retry',
      {
        takes: {},
        run(_, asker) {
          const servers = retry()
          log.info({ servers }, 'the operator had every server that is waited for tried at once')
          asker.item({ servers })
        },
      },
    ],
    [
      'queue-drop',
      {
        takes: { name: 'string', from: 'string', to: 'string', domain: 'string' },
        async run(args, asker) {
          const wanted = chosen(args)
          const before = all().filter(wanted)
          const dropped = [
            ...outgoing.drop((entry) => wanted(showOutgoing(entry))).map(showOutgoing),
            ...relays
              .dropIncoming((entry) => wanted(showIncoming(entry, true)))
              .map((entry) => showIncoming(entry, true)),
          ]
          if (dropped.length > 0) log.warn({ ...args, count: dropped.length }, 'the operator dropped stanzas')
          await say(asker, dropped)
          asker.item({ dropped: dropped.length, inFlight: before.length - dropped.length })
        },
      },
    ],
  ]
}

/** What the arguments choose: one by its name, or all between two addresses or of a domain, by equality. */
function chosen(args: Readonly<Record<string, unknown>>): (shown: Shown) => boolean {
  const { name, from, to, domain } = args
  const given = [name, from ?? to, domain].filter((value) => value !== undefined)
  if (given.length !== 1) throw new ControlProblem('say what to drop: a name, addresses, or a domain')
  if (typeof name === 'string') return (shown) => shown.name === name
  if (typeof domain === 'string')
    return (shown) => [shown.from, shown.to].some((text) => normaliseJid(text)?.domain === domain)
  const [sender, recipient] = [addressed(from), addressed(to)]
  return (shown) => sender(shown.from) && recipient(shown.to)
}

/** Whether an address is the one that was given, whole or without its resource; every one, where none was given. */
function addressed(given: unknown): (text: string) => boolean {
  if (typeof given !== 'string') return () => true
  const wanted = normaliseJid(given)
  if (wanted === undefined) throw new ControlProblem(`${JSON.stringify(given)} is no address`)
  return (text) => text === wanted.text || (wanted.resource === '' && bareOf(text) === wanted.text)
}

function bareOf(text: string): string {
  return text.split('/', 1)[0]!
}
