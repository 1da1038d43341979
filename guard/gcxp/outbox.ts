/** Writes of one turn of the event loop, joined into one: fewer system calls and TLS records under load. */
import type { Socket } from 'node:net'

export type Outbox = Readonly<{
  /** Queues `octets`, which the caller must not change afterwards. */
  push(octets: Uint8Array): void
}>

export function createOutbox(socket: Socket): Outbox {
  let parts: Uint8Array[] = []
  let octets = 0

  function flush(): void {
    const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts, octets)
    parts = []
    octets = 0
    if (!socket.destroyed) socket.write(whole)
  }

  return {
    push(part) {
      if (parts.push(part) === 1) setImmediate(flush)
      octets += part.length
    },
  }
}
