/** A TCP link in the hands of a test: it can be cut in the middle of a frame, or stand still without a word. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type Link = Readonly<{
  /** Where to connect to. */
  port: number
  /** Resets both ends (RST) when half of what comes next, from whichever end, has gone through. */
  cut(): Promise<void>
  /** From now on nothing goes through, and nobody is told. */
  hold(): void
  /** It goes on. What was held goes through, too. */
  letGo(): void
  /** How often it was made. */
  made(): number
  /** The ports from which its standing connections, to both ends, were made. */
  ports(): number[]
  close(): void
}>

/** Opens a port of 127.0.0.1 whose connections lead to the port `to`. */
export async function openLink(to: number): Promise<Link> {
  const pairs = new Set<readonly [Socket, Socket]>()
  let held = false
  let made = 0
  let cutting: (() => void) | undefined

  function carry(from: Socket, into: Socket, pair: readonly [Socket, Socket]): void {
    from.on('data', (chunk: Buffer) => {
      if (cutting === undefined || chunk.length < 2) {
        if (!into.write(chunk)) from.pause()
        return
      }
      into.write(chunk.subarray(0, 1 + Math.floor(Math.random() * (chunk.length - 1))), () => {
        for (const socket of pair) socket.resetAndDestroy()
      })
      cutting()
      cutting = undefined
    })
    into.on('drain', () => held || from.resume())
    from.on('error', () => {})
    from.on('end', () => into.end())
    from.on('close', () => {
      into.destroy()
      pairs.delete(pair)
    })
  }

  const server = createServer((near) => {
    made++
    const far = connect(to, '127.0.0.1')
    const pair = [near, far] as const
    pairs.add(pair)
    carry(near, far, pair)
    carry(far, near, pair)
    if (held) for (const socket of pair) socket.pause()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut: () =>
      new Promise((resolve) => {
        cutting = resolve
      }),
    hold() {
      held = true
      for (const socket of [...pairs].flat()) socket.pause()
    },
    letGo() {
      held = false
      for (const socket of [...pairs].flat()) socket.resume()
    },
    made: () => made,
    ports: () => [...pairs].flatMap(([near, far]) => [near.remotePort!, far.localPort!]),
    close() {
      server.close()
      for (const socket of [...pairs].flat()) socket.destroy()
    },
  }
}
