/** An account in use: a client process on its server's host, with what it received. */
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { start } from './network.ts'
import { PASSWORD, type Side } from './servers.ts'

export type Account = Readonly<{
  address: string
  /** Every stanza that came, in order. */
  received: readonly string[]
  send(stanza: string): void
  /** The first stanza from index `since` on for which the test holds; rejects after `seconds`, naming what was awaited. */
  expect(
    what: string,
    test: (stanza: string) => boolean,
    options?: { since?: number; seconds?: number },
  ): Promise<string>
  close(): void
}>

/** Logs in; resolves when the session is bound. */
export async function login(side: Side, user: string, ca: string): Promise<Account> {
  const domain = `${side}.example`
  const child: ChildProcess = start(
    side,
    process.execPath,
    [
      fileURLToPath(new URL('client.ts', import.meta.url)),
      'xmpp://127.0.0.1:5222',
      domain,
      user,
      PASSWORD,
      'test',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'], env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: ca } },
  )
  const received: string[] = []
  const errors: string[] = []
  const waiting = new Set<() => void>()
  const online = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as { online?: string; stanza?: string; error?: string }
      if (event.online) resolve()
      if (event.error) errors.push(event.error)
      if (event.stanza) received.push(event.stanza)
      for (const look of waiting) look()
    })
  })
  const timer = AbortSignal.timeout(90_000)
  await Promise.race([
    online,
    new Promise((_, reject) =>
      timer.addEventListener('abort', () =>
        reject(new Error(`${user}@${domain} could not log in: ${errors.join('; ')}`)),
      ),
    ),
  ])
  return {
    address: `${user}@${domain}/test`,
    received,
    send: (stanza) => void child.stdin!.write(`${JSON.stringify(stanza)}\n`),
    expect(what, test, { since = 0, seconds = 60 } = {}) {
      return new Promise((resolve, reject) => {
        let next = since
        const look = () => {
          for (; next < received.length; next++) {
            if (!test(received[next]!)) continue
            waiting.delete(look)
            clearTimeout(timeout)
            return resolve(received[next]!)
          }
        }
        const timeout = setTimeout(() => {
          waiting.delete(look)
          reject(
            new Error(
              `${user}@${domain} did not receive ${what} within ${seconds} s; since then it received:\n${received.slice(since).join('\n')}`,
            ),
          )
        }, seconds * 1000)
        waiting.add(look)
        look()
      })
    },
    close: () => void child.stdin!.end(),
  }
}
