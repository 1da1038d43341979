/**
 * The network of the interoperation tests: three hosts as network namespaces.
 *
 * ```
 *   high 10.99.1.2 ──── 10.99.1.1 gate 10.99.2.1 ──── 10.99.2.2 low
 * ```
 *
 * `high` and `low` are the servers of the two sides, `gate` is the boundary host with both edges and both guards. The gate does not
 * forward, and neither server has a route to the other: what arrives has come through the guard.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'

export type Host = 'high' | 'low' | 'gate'

/** Address of each server, and of the gate as that server sees it. */
export const ADDRESS = {
  high: { server: '10.99.1.2', gate: '10.99.1.1' },
  low: { server: '10.99.2.2', gate: '10.99.2.1' },
} as const

const namespace = (host: Host) => `sallyport-${host}`

function ip(...words: string[]): string {
  return execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Whether this machine lets us make network namespaces (root, and the tools are there). */
export function networkAvailable(): true | string {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces'
  try {
    ip('netns', 'add', 'sallyport-probe')
    ip('netns', 'del', 'sallyport-probe')
    return true
  } catch (error) {
    return `network namespaces cannot be made here: ${(error as Error).message.split('\n')[0]}`
  }
}

/** Makes the three hosts; removes what an earlier run left. */
export function openNetwork(): void {
  closeNetwork()
  for (const host of ['high', 'low', 'gate'] as const) {
    ip('netns', 'add', namespace(host))
    ip('-n', namespace(host), 'link', 'set', 'lo', 'up')
    mkdirSync(`/etc/netns/${namespace(host)}`, { recursive: true })
    writeFileSync(`/etc/netns/${namespace(host)}/resolv.conf`, 'nameserver 127.0.0.1\n')
    writeFileSync(`/etc/netns/${namespace(host)}/hosts`, '127.0.0.1 localhost\n')
  }
  for (const side of ['high', 'low'] as const) {
    const [near, far] = [`sp-${side}-s`, `sp-${side}-g`]
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
    ip('link', 'set', near, 'netns', namespace(side))
    ip('link', 'set', far, 'netns', namespace('gate'))
    ip('-n', namespace(side), 'addr', 'add', `${ADDRESS[side].server}/24`, 'dev', near)
    ip('-n', namespace('gate'), 'addr', 'add', `${ADDRESS[side].gate}/24`, 'dev', far)
    ip('-n', namespace(side), 'link', 'set', near, 'up')
    ip('-n', namespace('gate'), 'link', 'set', far, 'up')
  }
  run('gate', 'sh', ['-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward'])
}

/** Removes the hosts; quiet when there are none. */
export function closeNetwork(): void {
  for (const host of ['high', 'low', 'gate'] as const) {
    try {
      const pids = execFileSync('ip', ['netns', 'pids', namespace(host)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // no such namespace, or the process is gone already
    }
    try {
      execFileSync('ip', ['netns', 'del', namespace(host)], { stdio: 'ignore' })
    } catch {
      // no such namespace
    }
    rmSync(`/etc/netns/${namespace(host)}`, { recursive: true, force: true })
  }
}

/** Runs a program on a host to its end and gives its standard output; throws with its standard error. */
function run(host: Host, program: string, args: readonly string[]): string {
  return execFileSync('ip', ['netns', 'exec', namespace(host), program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** Starts a program on a host. */
export function start(
  host: Host,
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  return spawn('ip', ['netns', 'exec', namespace(host), program, ...args], options)
}

/** Whether `host` has a route to an address. */
export function hasRoute(host: Host, address: string): boolean {
  try {
    run(host, 'ip', ['route', 'get', address])
    return true
  } catch {
    return false
  }
}

/** A server as DNS names it: its domain and address, and what SRV says of it. */
export type NamedServer = Readonly<{
  name: string
  address: string
  service: '_xmpp-server' | '_xmpps-server'
  port: number
  /** 0 unless told otherwise. */
  priority?: number
  /** Another name that SRV has for it, a CNAME of its own. */
  alias?: string
}>

/** A name server on a server's host, which knows the own names and sends the far ones to the gate. */
export function startNames(
  side: 'high' | 'low',
  own: readonly string[],
  far: readonly string[],
): ChildProcess {
  const server = (address: string) => (name: string) =>
    ({ name, address, service: '_xmpp-server', port: 5269 }) as const
  return serveNames(side, [...own.map(server(ADDRESS[side].server)), ...far.map(server(ADDRESS[side].gate))])
}

/** A name server on a host, which knows these servers and nothing else. */
export function serveNames(host: Host, servers: readonly NamedServer[]): ChildProcess {
  const records = servers.flatMap(({ name, address, service, port, priority = 0, alias }) => [
    `--host-record=${name},${address}`,
    ...(alias === undefined ? [] : [`--cname=${alias},${name}`]),
    `--srv-host=${service}._tcp.${name},${alias ?? name},${port},${priority}`,
  ])
  return start(
    host,
    'dnsmasq',
    [
      '--no-daemon',
      '--conf-file=/dev/null',
      '--no-hosts',
      '--no-resolv',
      '--port=53',
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--user=root',
      ...records,
    ],
    { stdio: 'ignore' },
  )
}
