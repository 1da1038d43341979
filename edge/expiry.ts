/**
 * What an edge uses that runs out: its certificates, the CAs that it trusts and their CRLs. The operator is told in time,
 * once for each step, and hears it again when the day has come.
 */
import { daysLeft } from '../guard/gcxp/index.ts'
import type { Log } from './log.ts'

/** `name` is of the configuration; `until` in milliseconds since 1970. */
export type Expiring = Readonly<{ kind: 'certificate' | 'ca' | 'crl'; name: string; until: number }>

/** Days before the end at which a line is written; a CRL is made anew every few days, so only the last one counts for it. */
const STEPS = { certificate: [30, 14, 7, 1, 0], ca: [30, 14, 7, 1, 0], crl: [1, 0] } as const
const WHAT = {
  certificate: 'certificate',
  ca: 'CA certificate',
  crl: 'CRL',
} as const
const MEND = {
  certificate: 'have it renewed, put it in its place and reload',
  ca: 'put the next one beside it and reload',
  crl: 'put the present one in its place and reload; without it no server of its CA is let in',
} as const

/** Returns what is to be called from time to time, with what is in use and the time. */
export function createExpiryWatch(log: Log): (all: readonly Expiring[], now: number) => void {
  const told = new Map<string, number>()
  return (all, now) => {
    const known = new Set<string>()
    for (const { kind, name, until } of all) {
      const days = daysLeft(until, now)
      // One that is replaced has another end, and begins anew.
      const key = `${kind} ${name} ${until}`
      known.add(key)
      const step = STEPS[kind].findLast((limit) => days <= limit)
      if (step === undefined || (told.get(key) ?? Number.POSITIVE_INFINITY) <= step) continue
      told.set(key, step)
      const when = new Date(until).toUTCString()
      const line =
        days <= 0
          ? `${WHAT[kind]} ${name} expired on ${when}: ${MEND[kind]}`
          : `${WHAT[kind]} ${name} expires on ${when}, in ${Math.ceil(days)} days: ${MEND[kind]}`
      if (days <= 1) log.error({}, line)
      else log.warn({}, line)
    }
    for (const key of told.keys()) if (!known.has(key)) told.delete(key)
  }
}
