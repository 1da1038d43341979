/** The boundary host of the interoperation tests with both edges and both guards, and the name servers of the two sides. */
import { join } from 'node:path'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { type Crossing, startCrossing } from '../support/crossing.ts'
import { writeClearances } from './clearances.ts'
import { ADDRESS, openNetwork, startNames } from './network.ts'
import { writeRulesets } from './rulesets.ts'
import type { Side } from './servers.ts'

/** What comes before a command to run it on the gate. */
export const GATE = ['ip', 'netns', 'exec', 'sallyport-gate'] as const

/**
 * Makes the three hosts and starts all of the crossing; labels leave as such pairs. `more`: what startCrossing takes besides.
 * The names `gone.<side>.example` lead to the gate too, which knows no such domains.
 */
export async function openGate(
  folder: string,
  pairs: PairForm,
  more: Readonly<{
    edges?: Record<string, object>
    s2s?: Partial<Record<Side, object>>
    /** Whether users have clearances at the high side's edge. */
    cleared?: boolean
  }> = {},
): Promise<Crossing> {
  openNetwork()
  const side = (name: string, host: Side) => ({
    name,
    domains: [`${host}.example`, `conference.${host}.example`],
    listen: `${ADDRESS[host].gate}:5269`,
    servers: { host: ADDRESS[host].server, port: 5269 },
    ...(more.s2s?.[host] && { s2s: more.s2s[host] }),
  })
  const [near, far] = [side('acme', 'high'), side('coalition', 'low')]
  const rulesets = writeRulesets(folder, pairs)
  const crossing = await startCrossing({
    folder: join(folder, 'crossing'),
    near: more.cleared ? { ...near, edge: writeClearances(folder, rulesets.out) } : near,
    far,
    rulesets,
    ports: 7000,
    ...(more.edges && { edges: more.edges }),
    prefix: GATE,
  })
  startNames('high', near.domains, [...far.domains, 'gone.low.example'])
  startNames('low', far.domains, [...near.domains, 'gone.high.example'])
  return crossing
}
