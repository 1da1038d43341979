/** How many labelled messages a second cross in one direction, from one XMPP domain to the other. */
import type { Spif } from '../../rules/spif/spif.ts'
import { writeLabel } from './labels.ts'
import type { World } from './world.ts'

/** How long the load is kept up. */
const MILLISECONDS = 3_000
/** Sent and not yet received, at most. */
const WINDOW = 512
/** Nothing for so long means that something is lost. */
const STALL = 10_000

/** Lines that say it. Throws when stanzas do not arrive. */
export async function measureThroughput(world: World, acme: Spif): Promise<string[]> {
  const { acme: near, coalition: far } = world.domains
  const label = writeLabel(acme, { form: 'ess-0258', classification: 'OPEN' })
  const stanza = (n: number) =>
    `<message from='alice@acme.example/desk' to='bob@coalition.example/ship' id='load-${n}' type='chat' xml:lang='en'><body>${'Load. '.repeat(10)}</body>${label}</message>`
  const link = await near.stream('acme.example', 'coalition.example')
  const before = far.received.length
  const started = performance.now()
  let sent = 0
  let arrived = 0
  let last = started
  while (arrived < sent || performance.now() - started < MILLISECONDS) {
    while (performance.now() - started < MILLISECONDS && sent - arrived < WINDOW) link.write(stanza(sent++))
    await new Promise((resolve) => setTimeout(resolve, 1))
    const now = performance.now()
    if (far.received.length - before > arrived) last = now
    else if (now - last > STALL) throw new Error(`${sent - arrived} stanzas of the load did not arrive`)
    arrived = far.received.length - before
  }
  const rate = arrived / ((last - started) / 1000)
  return [
    `${arrived} labelled messages of ${Buffer.byteLength(stanza(0))} octets, one direction: ${Math.round(rate)} a second,`,
    'each judged by both verifiers and recorded durably before its release; sender, receiver and all processes share this machine.',
  ]
}
