/**
 * Whether the own servers can be reached: found, connected to, believed, and offering EXTERNAL to the far domain that calls. The
 * stream ends there; nobody has said who they are, and no stanza goes.
 */
import type { Socket } from 'node:net'
import type { EdgeConfig } from '../config/load.ts'
import { createControls } from '../controls.ts'
import { dial } from '../outbound/dial.ts'
import type { Names } from '../outbound/route.ts'
import { findTargets } from '../outbound/route.ts'
import type { Target } from '../outbound/srv.ts'
import { initiateStream, type OutboundSite } from '../outbound/stream.ts'
import { linkSettings, wireLimits } from '../reload.ts'
import { streamTls } from '../tls-ext/index.ts'
import { type Finding, problem, warning } from './finding.ts'

export async function checkServers(config: EdgeConfig): Promise<Finding[]> {
  const { out, s2s } = config
  const { routes, names, inboundOnly, manners, ...settings } = linkSettings(config)
  const tls = streamTls(s2s)
  const limits = wireLimits(config)
  const { admit, carrier } = createControls(config.controls)
  // What is behind another server (a trunk) is reached by that one.
  const carriers = new Set(out.bundle.from.domains.map(({ name }) => carrier(name)))
  const own = [...carriers].filter((name) => !inboundOnly.has(name))
  // One far domain of each certificate stands for the others.
  const far = s2s.certificates.map(({ domains }) => domains[0]!)
  const pairs = own.flatMap((to) => far.map((from) => ({ from, to })))
  const findings = await Promise.all(
    pairs.map(async ({ from, to }): Promise<Finding[]> => {
      const found = await findTargets(to, routes, names, () => 0)
      if ('problem' in found) return [problem(`server of ${to}: ${found.problem}`)]
      const manner = manners.get(to)!
      const site = { from, to, own: new Set<string>(), admit, manner, tls, limits, ...settings }
      const tried = await Promise.all(
        found.targets.map(async (target) => ({ target, why: await probe(target, site, names) })),
      )
      const failed = tried.filter(({ why }) => why !== undefined)
      const level = failed.length === tried.length ? problem : warning
      return failed.map(({ target, why }) =>
        level(`server of ${to} at ${target.host}:${target.port}, for ${from}: ${why}`),
      )
    }),
  )
  return findings.flat()
}

/** Why it is of no use, or undefined. */
async function probe(
  target: Target,
  site: OutboundSite,
  names: Names | undefined,
): Promise<string | undefined> {
  const socket: Socket | string = await dial(target.host, target.port, names).catch(
    (error: Error) => error.message,
  )
  if (typeof socket === 'string') return socket
  return new Promise((resolve) => {
    let offered = false
    initiateStream(socket, target.tls, site, {
      onOffered() {
        offered = true
        return false
      },
      onOpen() {},
      onDrain() {},
      onEnd: (why) => resolve(offered ? undefined : why),
      back: undefined,
    })
  })
}
