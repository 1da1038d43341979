/** What a running guard says of itself, asked on its management address. */
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { parseHostPort } from '../guard/common/address.ts'
import type { GuardConfig } from '../guard/launcher/stages.ts'

/** How long an answer may take, and how long nobody may answer until no guard is said to run. */
const ANSWER_MS = 2_000
const ABSENT_MS = 3_000
const PAUSE_MS = 50
const LONGEST_ANSWER = 1 << 20

/** The text of `path`, such as `/healthz`, whatever its status; undefined when nobody answers. */
function askGuard(config: GuardConfig, path: string): Promise<string | undefined> {
  const address = parseHostPort(config.metrics.listen)
  if (address === undefined) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const request = get(
      { host: address.host, port: address.port, path, timeout: ANSWER_MS, agent: false },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
          if (text.length > LONGEST_ANSWER) request.destroy()
        })
        answer.on('end', () => resolve(text.trimEnd()))
        answer.on('error', () => resolve(undefined))
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(undefined))
  })
}

/** Whether the guard of that name runs, with the management address that the configuration has. */
export async function guardRuns(config: GuardConfig): Promise<boolean> {
  const text = await askGuard(config, '/metrics')
  return text?.includes(`sallyport_guard_ready{guard="${config.name}"}`) === true
}

/** `said`: it said what was waited for. `absent`: nobody answers. `late`: it goes on saying something else, `text` last. */
export type Heard = Readonly<{ kind: 'said' | 'absent' | 'late'; text: string }>

/** Asks for `path` until `expected` holds for the answer, for at most `ms`; `absentMs` is how long nobody may answer. */
export async function hearGuard(
  config: GuardConfig,
  path: string,
  expected: (text: string) => boolean,
  ms: number,
  absentMs = ABSENT_MS,
): Promise<Heard> {
  const began = performance.now()
  let heardAt = began
  let last = ''
  for (;;) {
    const text = await askGuard(config, path)
    const now = performance.now()
    if (text !== undefined) {
      if (expected(text)) return { kind: 'said', text }
      heardAt = now
      last = text
    } else if (now - heardAt > absentMs) {
      return { kind: 'absent', text: last }
    }
    if (now - began > ms) return { kind: 'late', text: last }
    await delay(PAUSE_MS)
  }
}
