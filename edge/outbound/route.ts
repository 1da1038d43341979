/**
 * Where the server of an own domain is: the configured route, else DNS as RFC 6120 §3.2 has it, in the order of RFC 2782.
 */
import { resolveSrv } from 'node:dns/promises'

export type Address = Readonly<{ host: string; port: number }>

/** `domain` is of the own side. */
export type Route = Address & Readonly<{ domain: string }>

const PORT = 5269

/** The addresses to try, best first. Never rejects: without SRV records it is the domain's own address. */
export async function findAddresses(domain: string, routes: readonly Route[]): Promise<Address[]> {
  const configured = routes.filter((route) => route.domain === domain)
  if (configured.length > 0) return configured.map(({ host, port }) => ({ host, port }))
  try {
    const records = await resolveSrv(`_xmpp-server._tcp.${domain}`)
    if (records.length === 1 && records[0]!.name === '') return []
    return inOrder(records)
  } catch {
    return [{ host: domain, port: PORT }]
  }
}

type Srv = Readonly<{ name: string; port: number; priority: number; weight: number }>

/** Lower priorities first; within one, at random by weight (RFC 2782). */
function inOrder(records: readonly Srv[]): Address[] {
  const left = records.toSorted((a, b) => a.priority - b.priority || a.weight - b.weight)
  const out: Address[] = []
  while (left.length > 0) {
    const same = left.filter((record) => record.priority === left[0]!.priority)
    let at = Math.random() * (same.reduce((sum, record) => sum + record.weight, 0) + 1)
    let chosen = same.find((record) => (at -= record.weight) < 0) ?? same.at(-1)!
    if (same.length === 1) chosen = same[0]!
    left.splice(left.indexOf(chosen), 1)
    out.push({ host: chosen.name, port: chosen.port })
  }
  return out
}
