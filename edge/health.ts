/**
 * Why stanzas do not cross, in words: what `GET /healthz` of an edge says.
 *
 * Names in it are of the configuration and the bundles; nothing of a stanza.
 */
import type { Expiring } from './expiry.ts'

export type Guard = 'outgoing guard' | 'incoming guard'

export type Health = Readonly<{
  /** The guard is connected (undefined), or why it is not. */
  guard(which: Guard, problem: string | undefined): void
  /** The stream for a far domain to an own server stands or is not needed (undefined), or why it waits. */
  server(far: string, own: string, problem: string | undefined): void
  /** The directory of clearances answers (undefined), or why it does not. */
  directory(problem: string | undefined): void
  /** What keeps every stanza of a direction from crossing; empty when the edge is ready. */
  missing(now: number): string[]
  /** What keeps some of them. */
  notes(now: number): string[]
}>

export type HealthOptions = Readonly<{
  /** Where the incoming guard is awaited. */
  awaited: string
  /** Why nothing moves, of spools and records. */
  troubles(): readonly string[]
  isOpen(): boolean
  isFull(): boolean
  expiring(): readonly Expiring[]
}>

export function createHealth(options: HealthOptions): Health {
  const guards = new Map<Guard, string>([
    ['outgoing guard', 'not connected yet'],
    [
      'incoming guard',
      `nobody has connected to ${options.awaited} yet: start the guard; its log says why it cannot`,
    ],
  ])
  const servers = new Map<string, string>()
  const set = <K>(map: Map<K, string>, key: K, problem: string | undefined): void => {
    if (problem === undefined) map.delete(key)
    else map.set(key, problem)
  }
  return {
    guard: (which, problem) => set(guards, which, problem),
    server: (far, own, problem) => set(servers, `s2s from ${far} to ${own}`, problem),
    directory: (problem) => set(servers, 'directory of clearances', problem),
    missing: (now) => [
      ...options.troubles(),
      ...(options.isOpen() ? [] : ['s2s port: not open yet']),
      ...[...guards].map(([which, problem]) => `${which}: ${problem}`),
      ...options
        .expiring()
        .filter(({ kind, until }) => kind === 'certificate' && until < now)
        .map(({ name }) => `certificate ${name}: has expired: have it renewed`),
    ],
    notes: (now) => [
      ...options
        .expiring()
        .filter(({ kind, until }) => kind !== 'certificate' && until < now)
        .map(({ kind, name }) => `${kind} ${name}: has expired: no server is let in by it`),
      ...[...servers].map(([which, problem]) => `${which}: ${problem}`),
      ...(options.isFull()
        ? ['the outgoing queue is full: own servers that filled it are not read until the guard takes more']
        : []),
    ],
  }
}
