/** The whole chain as a subject: an XMPP domain on each side of it, both in this process. */
import { join } from 'node:path'
import { descendants } from '../../packaging/demo/process.ts'
import { startWorld } from '../../packaging/demo/world.ts'
import type { Subject } from './drive.ts'
import { journalFacts, processFacts, stagesOf } from './facts.ts'
import { type Measured, ROOT, type Setting } from './setting.ts'

/** (d): raw s2s, edge, guard, edge, raw s2s. */
export async function wholeChain({ folder, rulesets, sample, jit }: Setting): Promise<Measured> {
  let handler = (_: number) => {}
  const world = await startWorld({
    folder,
    rulesets,
    jit,
    ...(jit ? {} : { command: ['--jitless', join(ROOT, 'dist/cli/sallyport.js')] }),
    onOctets: () => handler(1),
  })
  const link = await world.domains.acme.stream('acme.example', 'coalition.example')
  const guard = world.guards['acme-to-coalition']
  const edges = Object.entries(world.edges).map(([side, edge]) => ({
    name: `edge-${side}`,
    pid: descendants(edge.program.pid).at(-1)!.pid,
  }))
  const subject: Subject = {
    name: 'chain',
    send: () => void link.write(sample.octets),
    onResults(next) {
      handler = next
    },
    processes: [...edges, ...stagesOf(guard.program.pid)],
    close: () => world.close(),
  }
  return {
    ...subject,
    facts: async () => [...processFacts(subject), await journalFacts(guard.journal, guard.metrics)],
  }
}
