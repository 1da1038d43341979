/** How many labelled messages a second cross in one direction, from one XMPP domain to the other. */
import type { Spif } from '../../rules/spif/spif.ts'
import { writeLabel } from './labels.ts'
import type { World } from './world.ts'

const STANZAS = 10_000
/** Sent and not yet received, at most. */
const WINDOW = 512

/** Lines that say it. Throws when stanzas do not arrive. */
export async function measureThroughput(world: World, acme: Spif): Promise<string[]> {
  const { acme: near, coalition: far } = world.domains
  const label = writeLabel(acme, { form: 'ess-0258', classification: 'OPEN' })
  const stanza = (n: number) =>
    `<message from='alice@acme.example/desk' to='bob@coalition.example/ship' id='load-${n}' type='chat' xml:lang='en'><body>${'Load. '.repeat(10)}</body>${label}</message>`
  const link = await near.stream('acme.example', 'coalition.example')
  const before = far.received.length
  const arrived = () => far.received.length - before
  const started = performance.now()
  let last = { count: 0, at: started }
  for (let sent = 0; arrived() < STANZAS; ) {
    const count = arrived()
    while (sent < STANZAS && sent - count < WINDOW) link.write(stanza(sent++))
    if (count > last.count) last = { count, at: performance.now() }
    if (performance.now() - last.at > 10_000)
      throw new Error(`${sent - count} stanzas of the load did not arrive`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const rate = STANZAS / ((performance.now() - started) / 1000)
  return [
    `${STANZAS} labelled messages of ${Buffer.byteLength(stanza(0))} octets, one direction: ${Math.round(rate)} a second,`,
    'each judged by both verifiers and recorded durably before its release; sender, receiver and all processes share this machine.',
  ]
}
