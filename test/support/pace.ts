/** A load of so many stanzas a second, for as long as a test lasts. */
import { setTimeout as delay } from 'node:timers/promises'

export type Pace = Readonly<{
  /** How many were sent. */
  sent(): number
  /** How many a second, since the start. */
  rate(): number
  stop(): Promise<void>
}>

/** Calls `send` with 1, 2, 3 … so that `perSecond` are sent on average; what is late is made up for. */
export function pace(perSecond: number, send: (i: number) => unknown): Pace {
  let sent = 0
  let sending = true
  const began = performance.now()
  const load = (async () => {
    while (sending) {
      const due = ((performance.now() - began) / 1000) * perSecond
      while (sent < due && sending) await send(++sent)
      await delay(5)
    }
  })()
  return {
    sent: () => sent,
    rate: () => sent / ((performance.now() - began) / 1000),
    async stop() {
      sending = false
      await load
    },
  }
}
