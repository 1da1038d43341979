/**
 * Links from here to a peer, over mutual TLS 1.3: one connection after the other, with a growing wait between them.
 *
 * Who the peer is, is asked of its certificate by the code that GCXP uses (guard/gcxp/identity.ts). Nothing is queued here: `send`
 * is done when there is room for more, and rejects when the connection breaks or stands still.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { connectionProblem, UNREACHABLE } from '../gcxp/broken.ts'
import { peerProblem, TLS_VERSION } from '../gcxp/identity.ts'
import type { Credentials } from '../gcxp/index.ts'
import { TryAgain } from './again.ts'

const CONNECT_MS = 10_000
const KEEP_ALIVE_MS = 15_000
/** How long a peer may take nothing of what is written. */
const STALL_MS = 60_000
const GOODBYE_MS = 2_000
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 15_000
/** A connection that stood this long was sound: the next wait is the first again. */
const SOUND_MS = 5_000

export type Peer = Readonly<{ host: string; port: number; peer: string; credentials: Credentials }>

export type Link = Readonly<{
  /** What the peer sends goes to `take`. Called once, or the end of the connection is not seen. */
  onData(take: (chunk: Buffer) => void): void
  /** Writes `octets` and waits until there is room for more; `written` is called once the system has taken them. */
  send(octets: Uint8Array, written?: () => void): Promise<void>
  /** Waits, or rejects when the connection breaks. */
  pause(ms: number): Promise<void>
  /** Waits for what `begin` hands to its argument; after `ms` the link breaks with `late`. */
  wait<T>(ms: number, late: string, begin: (resolve: (value: T) => void) => void): Promise<T>
  /** Sends what is written, says goodbye, and waits a moment for the peer to do so. */
  finish(): Promise<void>
}>

/** Connects and proves the peer. Rejects with `TryAgain`. */
async function openLink({ host, port, peer, credentials }: Peer): Promise<Link> {
  const socket: TLSSocket = connectTls({
    ...TLS_VERSION,
    host,
    port,
    servername: peer,
    cert: credentials.certificate,
    key: credentials.key,
    ca: credentials.ca,
    // The whole question is asked below.
    checkServerIdentity: () => undefined,
  })
  let problem: string | undefined
  let broken: TryAgain | undefined
  const waiting = new Set<() => void>()

  function breakOff(why: string): void {
    problem ??= why
    socket.destroy()
  }

  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  socket.on('error', (error: NodeJS.ErrnoException) => {
    problem ??= connectionProblem(error, socket)
  })
  socket.on('close', () => {
    broken = new TryAgain(problem ?? 'the peer closed the connection')
    for (const fail of waiting) fail()
  })

  function wait<T>(ms: number, late: string, begin: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (broken !== undefined) return reject(broken)
      const timer = setTimeout(breakOff, ms, late)
      const fail = () => {
        clearTimeout(timer)
        reject(broken)
      }
      waiting.add(fail)
      begin((value) => {
        clearTimeout(timer)
        waiting.delete(fail)
        resolve(value)
      })
    })
  }

  await wait<void>(CONNECT_MS, UNREACHABLE, (resolve) => socket.once('secureConnect', resolve))
  const why = peerProblem(socket, peer, Date.now())
  if (why !== undefined) {
    breakOff(why)
    throw new TryAgain(why)
  }
  return {
    onData: (take) => void socket.on('data', take),
    async send(octets, written) {
      if (broken !== undefined) throw broken
      const room = socket.write(octets, (error) => {
        if (error === undefined || error === null) written?.()
      })
      if (!room)
        await wait<void>(
          STALL_MS,
          'the peer takes nothing any more: look at its log and its disk',
          (resolve) => socket.once('drain', resolve),
        )
    },
    pause: (ms) => wait<void>(ms + STALL_MS, '', (resolve) => setTimeout(resolve, ms)),
    wait,
    finish: () =>
      new Promise((resolve) => {
        if (broken !== undefined) return resolve()
        setTimeout(() => socket.destroy(), GOODBYE_MS).unref()
        socket.once('close', resolve)
        socket.end()
      }),
  }
}

export type KeepOptions = Readonly<{
  peer: Peer
  /** Uses a connection until it breaks (`TryAgain`) or `signal` ends it. Anything else that it throws ends all. */
  serve(link: Link): Promise<void>
  onConnected(): void
  /** `again` when the problem is the one told last. */
  onBroken(problem: string, again: boolean): void
  signal: AbortSignal
}>

/** Connects again and again until `signal` says that it is enough. */
export async function keepLink(options: KeepOptions): Promise<void> {
  const { signal } = options
  let wait = FIRST_WAIT_MS
  let last = ''
  while (!signal.aborted) {
    let connectedAt = Number.POSITIVE_INFINITY
    try {
      const link = await openLink(options.peer)
      connectedAt = performance.now()
      options.onConnected()
      try {
        await options.serve(link)
      } finally {
        await link.finish()
      }
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error
      const sound = performance.now() - connectedAt > SOUND_MS
      options.onBroken(error.message, error.message === last && !sound)
      last = error.message
      if (sound) wait = FIRST_WAIT_MS
      await delay(wait, undefined, { signal }).catch(() => {})
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    }
  }
}
