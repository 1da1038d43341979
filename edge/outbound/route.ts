/**
 * Where the servers of an own domain are: the configured routes, else DNS as RFC 6120 §3.2 and XEP-0368 have it.
 */
import type { LookupAddress, SrvRecord } from 'node:dns'
import { lookup, resolveSrv } from 'node:dns/promises'
import { inOrder, type Target } from './srv.ts'

export type Address = Readonly<{ host: string; port: number }>

/** `domain` is of the own side. */
export type Route = Target & Readonly<{ domain: string }>

/** What is asked of DNS; each rejects as `node:dns/promises` does. */
export type Names = Readonly<{
  resolveSrv(name: string): Promise<readonly SrvRecord[]>
  /** The addresses of a host, by the system: its own files, then A and AAAA, through CNAMEs. */
  lookup(host: string): Promise<readonly LookupAddress[]>
}>

export const SYSTEM_NAMES: Names = {
  resolveSrv,
  lookup: (host) => lookup(host, { all: true, order: 'verbatim' }),
}

/** The targets to try, best first, or why there are none: one line for the operator. */
export type Found = Readonly<{ targets: readonly Target[] }> | Readonly<{ problem: string }>

const PORT = 5269
/** Servers that DNS says and that are tried in one round: each can take its time. */
const MOST = 16

/**
 * Looks for the servers of `domain`. Never rejects. Where `names` is undefined, nothing is asked and only routes count.
 * `random` as in `inOrder`.
 */
export async function findTargets(
  domain: string,
  routes: readonly Route[],
  names: Names | undefined,
  random: () => number,
): Promise<Found> {
  const configured = routes.filter((route) => route.domain === domain)
  if (configured.length > 0) return { targets: inOrder(configured, random) }
  if (names === undefined) return { problem: `there is no route to ${domain}, and dns is off: add one` }
  const [direct, starttls] = await Promise.all([
    ask(names, `_xmpps-server._tcp.${domain}`),
    ask(names, `_xmpp-server._tcp.${domain}`),
  ])
  const targets: Target[] = [
    ...targetsOf(direct).map((record) => ({ ...record, tls: 'direct' as const })),
    ...targetsOf(starttls).map((record) => ({ ...record, tls: 'starttls' as const })),
  ]
  if (targets.length > 0) return { targets: inOrder(targets, random).slice(0, MOST) }
  for (const [name, answer] of [
    ['_xmpp-server', starttls],
    ['_xmpps-server', direct],
  ] as const) {
    if (answer === 'failed')
      return { problem: `DNS gives no answer for ${name}._tcp.${domain}: mend it, or configure a route` }
    if (answer !== 'none')
      return {
        problem: `DNS says that ${domain} offers no s2s (target "." of ${name}): mend it, or configure a route`,
      }
  }
  // RFC 6120 §3.2.2: without SRV records it is the domain's own address.
  return { targets: [{ host: domain, port: PORT, tls: 'starttls', priority: 0, weight: 0 }] }
}

type Answer = readonly SrvRecord[] | 'none' | 'failed'

async function ask(names: Names, name: string): Promise<Answer> {
  try {
    return await names.resolveSrv(name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOTFOUND' || code === 'ENODATA' ? 'none' : 'failed'
  }
}

/**
 * The records of an answer whose target is a host name (RFC 1123 §2.1); a target `.` says that the service is not offered
 * (RFC 2782, "Target").
 */
function targetsOf(answer: Answer): Omit<Target, 'tls'>[] {
  if (typeof answer === 'string') return []
  return answer
    .filter(({ name }) => /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$/.test(name))
    .map(({ name, port, priority, weight }) => ({ host: name, port, priority, weight }))
}
