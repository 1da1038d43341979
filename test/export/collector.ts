/**
 * A collector for tests: mutual TLS 1.3, and a strict reader of RFC 5425 frames and RFC 5424 messages.
 *
 * Whatever the grammar does not allow is a fault that the test must look at.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer, type TLSSocket } from 'node:tls'
import type { Folder } from './site.ts'

export type Message = Readonly<{
  octets: number
  priority: number
  timestamp: string
  hostname: string
  appName: string
  procId: string
  msgId: string
  sdId: string
  parameters: ReadonlyMap<string, string>
  bom: boolean
  text: string
}>

export type Collector = Readonly<{
  messages: Message[]
  faults: string[]
  connections(): number
  /** Reads no more until it is let go. */
  hold(): void
  letGo(): void
  /** Cuts all connections and gives up the port. */
  close(): Promise<void>
}>

export type CollectorOptions = Readonly<{
  /** The end whose certificate it shows; `logs` unless told. */
  end?: string
  /** Takes messages instead of keeping them. */
  take?: (message: Message) => void
}>

export async function collect(
  folder: Folder,
  port: number,
  options: CollectorOptions = {},
): Promise<Collector> {
  const file = (name: string) => readFileSync(join(folder.path, name))
  const end = options.end ?? 'logs'
  const messages: Message[] = []
  const faults: string[] = []
  const sockets = new Set<TLSSocket>()
  let connections = 0
  let held = false
  const server = createServer(
    {
      cert: file(`${end}.pem`),
      key: file(`${end}.key`),
      ca: file('ca.pem'),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    (socket) => {
      connections++
      sockets.add(socket)
      if (held) socket.pause()
      const read = createReader(options.take ?? ((message) => messages.push(message)), faults)
      if (!held) socket.on('data', read)
      else socket.once('resume', () => socket.on('data', read))
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    },
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    messages,
    faults,
    connections: () => connections,
    hold() {
      held = true
      for (const socket of sockets) socket.pause()
    },
    letGo() {
      held = false
      for (const socket of sockets) socket.resume()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** RFC 5425 §4.3: SYSLOG-FRAME = MSG-LEN SP SYSLOG-MSG, MSG-LEN = NONZERO-DIGIT *DIGIT. */
function createReader(take: (message: Message) => void, faults: string[]): (chunk: Buffer) => void {
  let kept: Buffer = Buffer.alloc(0)
  let dead = false
  return (chunk) => {
    if (dead) return
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    for (;;) {
      const space = kept.indexOf(0x20)
      const digits = kept.toString('latin1', 0, space === -1 ? Math.min(kept.length, 8) : space)
      if (!/^[1-9][0-9]{0,6}$/.test(digits) && !(space === -1 && digits === '')) {
        faults.push(`not a frame: ${JSON.stringify(kept.toString('latin1', 0, 40))}`)
        dead = true
        return
      }
      const length = Number(digits)
      if (space === -1 || kept.length < space + 1 + length) return
      const octets = kept.subarray(space + 1, space + 1 + length)
      kept = kept.subarray(space + 1 + length)
      const message = parseMessage(octets)
      if (typeof message === 'string') faults.push(message)
      else take(message)
    }
  }
}

const HEADER =
  /^<(0|[1-9][0-9]{0,2})>1 (-|[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) /
const SD_NAME = /^[!#-<>-\\^-~]{1,32}$/

/** RFC 5424 §6, with one SD-ELEMENT as it is sent here; a fault as text. */
export function parseMessage(octets: Buffer): Message | string {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return 'not UTF-8'
  }
  const header = HEADER.exec(text)
  if (header === null) return `no header: ${text.slice(0, 80)}`
  const [whole, priority, timestamp, hostname, appName, procId, msgId] = header as unknown as string[]
  if (Number(priority) > 191) return 'no such priority'
  let at = whole!.length
  if (text[at] !== '[') return 'no structured data'
  const word = (stop: string) => {
    let end = at
    while (end < text.length && !stop.includes(text[end]!)) end++
    const found = text.slice(at, end)
    at = end
    return found
  }
  at++
  const sdId = word(' ]')
  if (!SD_NAME.test(sdId) || !/^[^@]+@[0-9]+(\.[0-9]+)*$/.test(sdId)) return `no private SD-ID: ${sdId}`
  const parameters = new Map<string, string>()
  while (text[at] === ' ') {
    at++
    const name = word('=')
    if (!SD_NAME.test(name) || parameters.has(name)) return `no parameter name: ${name}`
    if (text.slice(at, at + 2) !== '="') return 'no value'
    at += 2
    let value = ''
    for (; text[at] !== '"'; at++) {
      if (at >= text.length || text[at] === ']')
        return 'a value that is not closed, or a bracket without backslash'
      if (text[at] === '\\') {
        if (!'"\\]'.includes(text[at + 1] ?? ' ')) return 'a backslash before what needs none'
        at++
      }
      value += text[at]
    }
    at++
    parameters.set(name, value)
  }
  if (text[at] !== ']') return `structured data does not end: ${text.slice(at, at + 20)}`
  at++
  if (text[at] !== ' ') return 'no message'
  let message = text.slice(at + 1)
  const bom = message.startsWith('\ufeff')
  if (bom) message = message.slice(1)
  if (!bom && !/^[\0-\x7f]*$/.test(message)) return 'UTF-8 without the mark that §6.4 demands'
  return {
    octets: octets.length,
    priority: Number(priority),
    timestamp: timestamp!,
    hostname: hostname!,
    appName: appName!,
    procId: procId!,
    msgId: msgId!,
    sdId,
    parameters,
    bom,
    text: message,
  }
}
