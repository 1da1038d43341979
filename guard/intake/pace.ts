/**
 * How fast stanzas of one pair may follow each other: a pair of domains (`rate` and `burst` of the bundle's pairs) and a pair of
 * bare addresses (`pairRate` and `pairBurst` of its limits).
 *
 * A bucket of two addresses is forgotten only when it is full again, so nobody gains by being forgotten. Each token that is
 * missing has been taken from the direction's rate, so that rate bounds how many there are; where it is high, the table does: a
 * pair that finds it full waits until one of the others is full.
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { type Bucket, createBucket } from '../common/bucket.ts'
import { type Addresses, addressesOf, domainOf } from './addresses.ts'

/** Pairs of addresses that are remembered: at 2.6 kB for the longest two, 21 MB. */
const REMEMBERED = 8192

/** Why a stanza waits, and for how many milliseconds at least. */
export type PairDelay = Readonly<{ cause: 'domains' | 'pair'; wait: number }>

/** One stanza's claim on the buckets of its pair. */
export type Turn = Readonly<{
  /** What it waits for at `now`; undefined when it may go on. */
  delay(now: number): PairDelay | undefined
  /** It goes on. */
  take(now: number): void
}>

/** The turn of each payload; undefined when no rate but the direction's is set for it. @param remembered pairs of addresses. */
export function createPaces(
  { pairs = [], limits }: Pick<Bundle, 'pairs' | 'limits'>,
  now: number,
  remembered = REMEMBERED,
): (payload: Uint8Array) => Turn | undefined {
  const domains = new Map<string, Bucket>()
  for (const { from, to, rate, burst } of pairs) {
    if (rate !== undefined && burst !== undefined) {
      domains.set(keyOf({ from, to }), createBucket(rate, burst, now))
    }
  }
  const { pairRate, pairBurst } = limits
  const addresses =
    pairRate === undefined || pairBurst === undefined
      ? undefined
      : createTable(pairRate, pairBurst, remembered)
  if (domains.size === 0 && addresses === undefined) return () => undefined

  return (payload) => {
    const found = addressesOf(payload)
    if (found === undefined) return undefined
    const key = keyOf(found)
    const ofDomains = domains.get(keyOf({ from: domainOf(found.from), to: domainOf(found.to) }))
    return {
      delay(now) {
        const pair = addresses?.wait(key, now) ?? 0
        if (pair > 0) return { cause: 'pair', wait: pair }
        const wait = ofDomains?.wait(now) ?? 0
        return wait > 0 ? { cause: 'domains', wait } : undefined
      },
      take(now) {
        addresses?.take(key, now)
        ofDomains?.take(now)
      },
    }
  }
}

/** Equal for equal pairs only: a quotation mark ends an attribute value and so is in none. */
function keyOf({ from, to }: Addresses): string {
  return `${from}"${to}`
}

function createTable(rate: number, burst: number, most: number) {
  const buckets = new Map<string, Bucket>()

  /** Milliseconds until there is room for one more. */
  function noRoom(now: number): number {
    if (buckets.size < most) return 0
    let soonest = Number.POSITIVE_INFINITY
    for (const [key, bucket] of buckets) {
      const wait = bucket.fullIn(now)
      if (wait === 0) buckets.delete(key)
      else soonest = Math.min(soonest, wait)
    }
    return buckets.size < most ? 0 : soonest
  }

  return {
    wait: (key: string, now: number): number => buckets.get(key)?.wait(now) ?? noRoom(now),
    take(key: string, now: number): void {
      const bucket = buckets.get(key) ?? createBucket(rate, burst, now)
      buckets.set(key, bucket)
      bucket.take(now)
    },
  }
}
