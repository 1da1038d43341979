/**
 * witness: holds the heads of guards' journals on another host, and refuses a journal that does not go on from them.
 *
 * Reads    its configuration, through `sallyport journal witness`; over mutual TLS 1.3, each guard's records in order (protocol.ts)
 * Writes   a file a guard in its state directory: the head under its own signature, and what was found (heads.ts); to a
 *          sender, the head that is held, heads that are durable, and why it is refused
 * Trusts   a guard by its certificate, and only for its own journal; nothing in a record but that it chains
 * Rights   its port, its keys, its state directory; no other connection, no child processes
 * Fails    what a sender does ends its own connection. A head never goes back, whatever is sent. A state directory that cannot be
 *          written: the process ends, so no head is held that is not durable
 * Reports  on stderr, an `alarm` for every new finding; figures and health on a management address, when one is configured
 * Follows  doc/formats.md §6 and §8; RFC 8032 (Ed25519)
 *
 * Of each guard there is one connection, the newest. A connection holds at most one frame, whose length is checked first.
 */
import { constants, type KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer, type TLSSocket } from 'node:tls'
import { cannotWrite } from '../../rules/unreadable.ts'
import { createFrameReader, FrameError } from '../common/frames.ts'
import { type Health, servePage } from '../common/page.ts'
import { createReport, type Report } from '../common/report.ts'
import { chainProblem, peerProblem, TLS_VERSION } from '../gcxp/identity.ts'
import { type Credentials, createWaitingRoom } from '../gcxp/index.ts'
import { createFigures, witnessTrouble } from './figures.ts'
import { type Heads, openHeads } from './heads.ts'
import { decodeMessage, encodeMessage, type Finding, FROM_SENDER_OCTETS } from './protocol.ts'
import { createSession } from './session.ts'

const HANDSHAKES = 64
const HANDSHAKE_MS = 5_000
/** How long a sender may take to find its place in its journal. */
const BEGIN_MS = 60_000
const KEEP_ALIVE_MS = 15_000
const UNREAD_OCTETS = 65_536

/** Paths are absolute. */
export type WitnessConfig = Readonly<{
  listen: Readonly<{ host: string; port: number }>
  credentials: Credentials
  /** With which heads are signed: an Ed25519 private key. */
  key: KeyObject
  state: string
  /** `peer` is the DNS name in the certificate of the guard's exporter, `checkpoints` the public key of its checkpoints. */
  guards: readonly Readonly<{ name: string; peer: string; checkpoints?: KeyObject }>[]
  metrics?: string
}>

type Guard = Readonly<{
  peer: string
  checkpoints: KeyObject | undefined
  heads: Heads
  report: Report
}> & { current: TLSSocket | undefined }

/** Runs until `signal`. */
export async function runWitness(config: WitnessConfig, signal: AbortSignal): Promise<void> {
  const { listen, credentials } = config
  const report = createReport('witness', '')
  const guards = openGuards(config, report)
  let turnedAway = 0

  const server = createServer({
    ...TLS_VERSION,
    cert: credentials.certificate,
    key: credentials.key,
    ca: credentials.ca,
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    // No tickets: every connection shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
  })
  const waiting = createWaitingRoom(HANDSHAKES)
  const where = `${listen.host}:${listen.port}`
  const away = (why: string) => {
    turnedAway++
    report.problem(`witness on ${where}: turned a connection away: ${why}`)
  }
  server.on('connection', waiting.enter)
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    away(
      socket.authorizationError
        ? chainProblem(socket.authorizationError)
        : `the TLS handshake failed (${error.code ?? 'unknown'}): it needs TLS 1.3 and a certificate of the configured CA`,
    )
  })
  server.on('secureConnection', (socket) => {
    waiting.leave(socket)
    socket.on('error', () => {})
    const guard = guardOf(socket, guards)
    if (typeof guard !== 'string') return serve(socket, guard)
    socket.destroy()
    away(guard)
  })
  server.on('error', (error: NodeJS.ErrnoException) => {
    report.fail(
      `witness on ${where}: ${error.code === 'EADDRINUSE' ? 'the port is in use: stop the other program, or choose another port' : `failed (${error.code ?? 'unknown'})`}`,
    )
  })
  server.listen(listen.port, listen.host, () =>
    report.info(`listens on ${where} for ${guards.length} guards`),
  )

  let closePage = () => {}
  if (config.metrics !== undefined) {
    const shown = {
      guards: guards.map((guard) => ({ heads: guard.heads, connected: () => guard.current !== undefined })),
      turnedAway: () => turnedAway,
      notAfter: credentials.notAfter,
    }
    const health = (): Health => {
      const trouble = witnessTrouble(shown)
      return trouble === undefined ? { status: 200, text: 'ready' } : { status: 503, text: trouble }
    }
    closePage = servePage(config.metrics, createFigures(shown), health, report)
  }

  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  server.close()
  closePage()
  for (const guard of guards) guard.current?.destroy()
  // A head that was taken in this turn is kept in the next.
  await new Promise(setImmediate)
  await Promise.all(guards.map(({ heads }) => heads.flush()))
  report.info('stopped')
}

function openGuards({ state, key, guards }: WitnessConfig, report: Report): Guard[] {
  const failed = (error: unknown) =>
    report.fail(`state ${state} ${cannotWrite(error, 'make the directory, for the user that runs this')}`)
  try {
    mkdirSync(state, { recursive: true, mode: 0o700 })
  } catch (error) {
    failed(error)
  }
  return guards.map(({ name, peer, checkpoints }) => {
    try {
      const heads = openHeads(state, name, key, failed)
      return { peer, checkpoints, heads, report: createReport('witness', name), current: undefined }
    } catch (error) {
      return report.fail((error as Error).message)
    }
  })
}

/** The one guard whose name the certificate holds, or why there is none. */
function guardOf(socket: TLSSocket, guards: readonly Guard[]): Guard | string {
  const now = Date.now()
  const named = guards.filter(({ peer }) => peerProblem(socket, peer, now) === undefined)
  if (named.length > 1) return `its certificate is for ${named.length} guards: each exporter needs its own`
  const names = guards.map(({ peer }) => peer).join(' or ')
  return named[0] ?? peerProblem(socket, names, now) ?? 'it is no configured guard'
}

function serve(socket: TLSSocket, guard: Guard): void {
  const { heads, report } = guard
  const session = createSession(heads, guard.checkpoints)
  const frames = createFrameReader(FROM_SENDER_OCTETS)
  const tooSlow = setTimeout(() => end('did not say where its journal stands'), BEGIN_MS)
  let ended = false

  function end(why: string): void {
    if (ended) return
    ended = true
    clearTimeout(tooSlow)
    if (guard.current === socket) {
      guard.current = undefined
      heads.tell(undefined)
    }
    report.problem(`the exporter ${why}; record ${heads.head().seq} is held`)
    // What was written goes out first; a peer that does not take it is cut off.
    socket.destroySoon()
    setTimeout(() => socket.destroy(), HANDSHAKE_MS).unref()
  }

  function refuse(finding: Finding, seq: number): void {
    const held = heads.head().seq
    if (heads.remember(finding, seq)) report.alarm(`ALARM: ${describe(finding, seq, held)}`)
    socket.write(encodeMessage({ kind: 'refused', finding }))
    end(`was refused: ${finding} at record ${seq}`)
  }

  socket.on('data', (chunk: Buffer) => {
    try {
      if (ended) return
      frames.feed(chunk)
      for (let rest = frames.read(); rest !== undefined && !ended; rest = frames.read()) {
        const step = session.take(decodeMessage(rest))
        if (session.begun()) clearTimeout(tooSlow)
        if (step.type === 'begins')
          report.problem(
            `its journal begins with record ${step.seq}: whether there were earlier ones is not known here`,
          )
        else if (step.type === 'protocol') end(`does not speak as agreed: ${step.what}`)
        else if (step.type === 'found') refuse(step.finding, step.seq)
      }
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      end(`does not speak as agreed: ${error.message}`)
    }
  })
  socket.on('close', () => end('closed the connection, or it broke'))

  guard.current?.destroy()
  guard.current = socket
  heads.tell((signed) => {
    // Who does not read is not told.
    if (socket.writableLength < UNREAD_OCTETS) socket.write(encodeMessage({ kind: 'durable', signed }))
  })
  socket.write(encodeMessage({ kind: 'held', head: heads.head() }))
  report.info(`the exporter is connected; record ${heads.head().seq} is held`)
}

/** What was found, for the person who has to act. */
function describe(finding: Finding, seq: number, held: number): string {
  switch (finding) {
    case 'shorter':
      return `the journal ends with record ${seq}, yet record ${held} is held: records were cut off`
    case 'forked':
      return `the journal is another one at record ${seq}, while record ${held} is held: it was written anew`
    case 'missing':
      return `the journal begins behind record ${seq}, while record ${held} is held: records are missing between`
    case 'checkpoint':
      return `the checkpoint in record ${seq} is not signed by the key of this guard, or is for another place`
    case 'broken':
      return `the exporter finds its own journal not sound at record ${seq}, while record ${held} is held`
  }
}
