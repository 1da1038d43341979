/**
 * A TCP connection to a host with several addresses (RFC 8305): they are tried one after the other, IPv6 and IPv4 in
 * turn, each next one a moment later without waiting for the one before; the first that stands is taken.
 *
 * Node's own way gives an attempt up when the next one begins, and so never reaches a server behind a slow link.
 */
import type { LookupAddress } from 'node:dns'
import { connect, isIP, type Socket } from 'node:net'
import type { Names } from './route.ts'

/** RFC 8305 §5, "Connection Attempt Delay". */
const DELAY_MS = 250
const CONNECT_MS = 10_000
/** Addresses of one host that are tried. */
const MOST = 8

/** Rejects with one line for the operator. An address literal is not asked of anybody. */
export async function dial(host: string, port: number, names: Names | undefined): Promise<Socket> {
  const addresses = interleave(await addressesOf(host, names)).slice(0, MOST)
  return new Promise((resolve, reject) => {
    const open = new Set<Socket>()
    let left = addresses.length
    let why = 'the host name has no address: correct the route, or its DNS'
    let timer: NodeJS.Timeout | undefined
    const next = () => {
      clearTimeout(timer)
      const address = addresses.shift()
      if (address === undefined) return
      timer = setTimeout(next, DELAY_MS)
      attempt(address)
    }
    const attempt = (address: string) => {
      const socket = connect({
        host: address,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: 15_000,
      })
      open.add(socket)
      const failed = (problem: string) => {
        open.delete(socket)
        socket.destroy()
        why = problem
        if (--left === 0) reject(new Error(why))
        else next()
      }
      const onError = (error: NodeJS.ErrnoException) => failed(connectProblem(error))
      socket.once('error', onError)
      socket.setTimeout(CONNECT_MS, () => failed('nobody answers: check address, route and firewall'))
      socket.once('connect', () => {
        clearTimeout(timer)
        addresses.length = 0
        socket.setTimeout(0)
        socket.removeAllListeners('timeout')
        socket.off('error', onError)
        open.delete(socket)
        for (const other of open) {
          other.removeAllListeners('error')
          other.on('error', () => {}).destroy()
        }
        resolve(socket)
      })
    }
    if (left === 0) reject(new Error(why))
    else next()
  })
}

async function addressesOf(host: string, names: Names | undefined): Promise<readonly LookupAddress[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  if (names === undefined) throw new Error('the host is a name, and dns is off: write its address')
  try {
    return await names.lookup(host)
  } catch {
    throw new Error('the host name is not known: configure a route, or its DNS')
  }
}

/** Families in turn, beginning with IPv6 (RFC 8305 §4). */
function interleave(addresses: readonly LookupAddress[]): string[] {
  const six = addresses.filter(({ family }) => family === 6)
  const four = addresses.filter(({ family }) => family === 4)
  const out: string[] = []
  for (let i = 0; i < Math.max(six.length, four.length); i++)
    for (const one of [six[i], four[i]]) if (one !== undefined) out.push(one.address)
  return out
}

function connectProblem(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens there: start the server, or correct the route'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way to it (${error.code}): check address, route and network`
    default:
      return `cannot be reached (${error.code ?? 'unknown'})`
  }
}
