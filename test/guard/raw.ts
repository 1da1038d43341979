/** A producer that sends what it likes, octet by octet, and shows all that comes back. */
import { once } from 'node:events'
import { connect as connectTcp } from 'node:net'
import { connect } from 'node:tls'
import { createGcxpDecoder } from '../../guard/gcxp/codec.ts'
import {
  type Credentials,
  encodeRequest,
  PREAMBLE,
  type StanzaNumber,
  writeNumber,
} from '../../guard/gcxp/index.ts'

export type Raw = Readonly<{
  write(octets: Uint8Array): void
  /** Answers so far, such as `0a0b true`. */
  answers: string[]
  /** Octets that came back, the preamble included. */
  received(): number
  /** The connection has ended, by whatever. */
  ended(): boolean
  /** Stops reading what comes back. */
  deaf(): void
  /** Ends it once all is written. */
  end(): void
  /** Ends it without a word (RST). */
  reset(): void
  close(): void
}>

/** Connects and greets. */
export async function connectRaw(port: number, { certificate, key, ca }: Credentials): Promise<Raw> {
  const tcp = connectTcp(port, '127.0.0.1')
  const socket = connect({ socket: tcp, servername: 'guard.example', cert: certificate, key, ca })
  const decoder = createGcxpDecoder(0)
  const answers: string[] = []
  let received = 0
  let ended = false
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
    decoder.feed(chunk)
    for (let message = decoder.read(); message !== undefined; message = decoder.read()) {
      if (message.type === 'response')
        answers.push(`${Buffer.from(message.id).toString('hex')} ${message.accepted}`)
      else if (message.type !== 'preamble') answers.push(message.type)
    }
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    ended = true
  })
  await once(socket, 'secureConnect')
  socket.write(PREAMBLE)
  return {
    write: (octets) => void socket.write(octets),
    answers,
    received: () => received,
    ended: () => ended,
    deaf: () => void socket.pause(),
    end: () => void socket.end(),
    reset: () => void tcp.resetAndDestroy(),
    close: () => void socket.destroy(),
  }
}

/** The frame of a request under a number. */
export function numbered({ generation, count }: StanzaNumber, payload?: string): Uint8Array {
  const id = Buffer.alloc(8)
  writeNumber(id, 0, { generation, count })
  return encodeRequest(id, payload === undefined ? undefined : Buffer.from(payload))
}
