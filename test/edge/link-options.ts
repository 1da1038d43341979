/** Links of the far domain low.example by themselves, without an edge: nothing is asked of DNS, and nothing expires in a test's time. */
import { createControls } from '../../edge/controls.ts'
import { createBarriers } from '../../edge/outbound/barriers.ts'
import type { createLinks } from '../../edge/outbound/links.ts'
import { led } from './manners.ts'

type Options = Parameters<typeof createLinks>[0]

/** What a test of links does not look at; `states` gets their states, each with its reason. */
export function linkOptions(states: string[]): Omit<Options, 'own' | 'routes' | 'tls'> {
  return {
    far: ['low.example'],
    names: undefined,
    inboundOnly: new Set(),
    failBackMs: 60_000,
    limits: { stanzaBytes: 10_000, depth: 20, hardBytes: 20_000 },
    handshakeMs: 2000,
    stanzaMs: 1000,
    clocks: { idleMs: 60_000, acknowledgeMs: 60_000 },
    manners: led({ acknowledge: 'none' }),
    admit: createControls(undefined).admit,
    barriers: createBarriers(),
    isHeldFrom: () => false,
    back: { onOpen() {}, onEnd() {}, onStanza() {}, onSpoilt() {} },
    bound: 10_000,
    expireMs: 60_000,
    onRoom() {},
    onState: (_from, _to, state, why) => void states.push(`${state}: ${why}`),
  }
}
