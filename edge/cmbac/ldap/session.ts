/**
 * A connection to an LDAP server on which requests are made, several at once, each answered by its number (RFC 4511 §4.1.1).
 *
 * One message that is not as it must be, or an answer that does not come in time, ends the connection: what is behind it
 * could not be believed.
 */
import type { TLSSocket } from 'node:tls'
import {
  bindRequest,
  messageLength,
  readMessage,
  type Search,
  type ServerMessage,
  searchRequest,
  unbindRequest,
} from './protocol.ts'

export type Entry = Extract<ServerMessage, { kind: 'entry' }>['attributes']

/** The server's result code (RFC 4511 §4.1.9; 0 is success), and what it found. */
export type SearchResult = Readonly<{ code: number; entries: readonly Entry[] }>

/** Each promise rejects with one line when the connection ends. */
export type Session = Readonly<{
  /** The result code. */
  bind(dn: string, password: string): Promise<number>
  search(search: Search): Promise<SearchResult>
  isOpen(): boolean
  close(): void
}>

type Request = Readonly<{
  kind: 'bound' | 'done'
  entries: Entry[]
  /** Octets of entries that may still come, and entries. */
  most: number
  settle(code: number): void
  fail(error: Error): void
  timer: NodeJS.Timeout
}>

export function openSession(socket: TLSSocket, timeoutMs: number): Session {
  const requests = new Map<number, Request>()
  let last = 0
  let kept: Buffer[] = []
  let size = 0
  /** Of the first message in `kept`; 0: not known. */
  let wanted = 0
  let over = false

  function end(why: string): void {
    if (over) return
    over = true
    kept = []
    socket.destroy()
    for (const { fail, timer } of requests.values()) {
      clearTimeout(timer)
      fail(new Error(why))
    }
    requests.clear()
  }

  /** Takes a message; or why the connection cannot go on. */
  function take(octets: Uint8Array): string | undefined {
    const message = readMessage(octets)
    if ('problem' in message) return message.problem
    const request = requests.get(message.id)
    if (request === undefined) return 'sends an answer that nobody waits for'
    if (message.kind === 'reference' && request.kind === 'done') return undefined
    if (message.kind === 'entry' && request.kind === 'done') {
      const found = request.entries.push(message.attributes)
      return found > request.most ? 'finds more than was asked for' : undefined
    }
    if (message.kind !== request.kind) return 'sends an answer of another kind'
    requests.delete(message.id)
    clearTimeout(request.timer)
    request.settle(message.code)
    return undefined
  }

  socket.on('data', (more: Buffer) => {
    kept.push(more)
    size += more.length
    // A message that is not whole is not put together again with every piece of it.
    while (!over && size > 0 && (wanted === 0 || size >= wanted)) {
      const all = kept.length === 1 ? kept[0]! : Buffer.concat(kept)
      kept = [all]
      if (wanted === 0) {
        const length = messageLength(all)
        if (typeof length === 'object') return end(length.problem)
        if (length === 0) return
        wanted = length
        continue
      }
      const rest = all.subarray(wanted)
      const octets = all.subarray(0, wanted)
      kept = rest.length === 0 ? [] : [rest]
      size = rest.length
      wanted = 0
      const problem = take(octets)
      if (problem !== undefined) end(problem)
    }
  })
  socket.on('error', (error: NodeJS.ErrnoException) =>
    end(`broke the connection (${error.code ?? error.message})`),
  )
  socket.on('close', () => end('closed the connection'))

  function request(
    kind: Request['kind'],
    most: number,
    write: (id: number) => Uint8Array,
  ): Promise<SearchResult> {
    return new Promise((resolve, reject) => {
      if (over) return reject(new Error('closed the connection'))
      last = (last % 0x7fff_ffff) + 1
      const entries: Entry[] = []
      const timer = setTimeout(() => end('does not answer in time'), timeoutMs)
      requests.set(last, {
        kind,
        entries,
        most,
        settle: (code) => resolve({ code, entries }),
        fail: reject,
        timer,
      })
      socket.write(write(last))
    })
  }

  return {
    bind: (dn, password) =>
      request('bound', 0, (id) => bindRequest(id, dn, password)).then(({ code }) => code),
    search: (search) => request('done', search.entries, (id) => searchRequest(id, search)),
    isOpen: () => !over,
    close() {
      if (!over) socket.end(unbindRequest(last + 1))
      end('was closed')
    },
  }
}
