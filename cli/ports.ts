/** Whether a port can be had, found by opening it for a moment. */
import { createServer } from 'node:net'

/** Why it cannot be listened on, and what to do; undefined when it can. */
export function portProblem(address: Readonly<{ host: string; port: number }>): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        error.code === 'EADDRINUSE'
          ? 'the port is in use: stop the other program, or choose another port'
          : `cannot be opened (${error.code ?? 'unknown'}): give an address of this host and a free port`,
      )
    })
    server.listen(address.port, address.host, () => server.close(() => resolve(undefined)))
  })
}
