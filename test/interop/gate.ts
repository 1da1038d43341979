/** The boundary host of the interoperation tests with both edges and both guards, and the name servers of the two sides. */
import { join } from 'node:path'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { type Crossing, startCrossing } from '../support/crossing.ts'
import { ADDRESS, openNetwork, startNames } from './network.ts'
import { writeRulesets } from './rulesets.ts'
import type { Side } from './servers.ts'

/** What comes before a command to run it on the gate. */
export const GATE = ['ip', 'netns', 'exec', 'sallyport-gate'] as const

/** Makes the three hosts and starts all of the crossing; labels leave as such pairs. `more`: what startCrossing takes besides. */
export async function openGate(
  folder: string,
  pairs: PairForm,
  more: Readonly<{ edges?: Record<string, object>; s2s?: Partial<Record<Side, object>> }> = {},
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
  const crossing = await startCrossing({
    folder: join(folder, 'crossing'),
    near,
    far,
    rulesets: writeRulesets(folder, pairs),
    ports: 7000,
    ...(more.edges && { edges: more.edges }),
    prefix: GATE,
  })
  startNames('high', near.domains, far.domains)
  startNames('low', far.domains, near.domains)
  return crossing
}
