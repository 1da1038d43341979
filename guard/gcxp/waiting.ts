/**
 * The waiting room of a port: connections that have not shown yet who they are. Anybody can fill it, so it must not keep
 * out the one that belongs there.
 *
 * When it is full, a connection goes of the address that has the most in it, and of those the oldest. So whoever holds
 * connections open loses them to newcomers, and an address that floods loses its own; a peer's handshake, which
 * takes milliseconds, is through before its turn comes.
 */
import type { Socket } from 'node:net'

export type WaitingRoom = Readonly<{
  enter(socket: Socket): void
  /** It has shown who it is. The socket may be the one that entered, or the TLS socket over it. */
  leave(socket: Socket): void
  size(): number
}>

/** @param places how many may wait. */
export function createWaitingRoom(places: number): WaitingRoom {
  /** By both ends of the connection, oldest first. */
  const waiting = new Map<string, Readonly<{ socket: Socket; address: string }>>()
  const held = new Map<string, number>()

  function leave(key: string): void {
    const one = waiting.get(key)
    if (one === undefined) return
    waiting.delete(key)
    const left = held.get(one.address)! - 1
    if (left > 0) held.set(one.address, left)
    else held.delete(one.address)
  }

  function makeRoom(): void {
    const most = Math.max(...held.values())
    for (const [key, { socket, address }] of waiting) {
      if (held.get(address) !== most) continue
      leave(key)
      socket.destroy()
      return
    }
  }

  return {
    enter(socket) {
      const key = keyOf(socket)
      const address = socket.remoteAddress ?? ''
      waiting.set(key, { socket, address })
      held.set(address, (held.get(address) ?? 0) + 1)
      socket.once('close', () => {
        if (waiting.get(key)?.socket === socket) leave(key)
      })
      if (waiting.size > places) makeRoom()
    },
    leave: (socket) => leave(keyOf(socket)),
    size: () => waiting.size,
  }
}

function keyOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`
}
