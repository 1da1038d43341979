/**
 * What comes of own servers, on its way from a stream to the relay:
 *
 *   stanza → the answer to a ping of ours? → counted, against its server's rate → in order behind what waits for a clearance → relay
 *
 * Once it is durable it is taken over, and acknowledged where the server has stream management.
 */
import type { RunningCmbac } from '../cmbac/start.ts'
import type { Controls, Rates } from '../controls.ts'
import type { Barriers } from '../outbound/barriers.ts'
import type { OutgoingRelay } from '../outgoing/relay.ts'
import type { InboundStream, StanzaEvents } from '../stream/ends.ts'

export type TakingOptions = Readonly<{
  barriers: Barriers
  controls: Controls
  rates: Rates
  /** Both are made after this. */
  clearances(): Pick<RunningCmbac, 'take'>
  relay(): Pick<OutgoingRelay, 'take' | 'takeSpoilt'>
  counted(): void
  /** Whether streams are to be read may have changed. */
  onFull(): void
}>

export function createTaking(options: TakingOptions): StanzaEvents {
  const { barriers, controls, rates, clearances, relay, counted, onFull } = options

  function came({ from, session }: InboundStream): void {
    session.passed(1)
    counted()
    const control = controls.ruleFor(from)
    if (control !== undefined) rates.took(from, control, performance.now())
  }

  return {
    onStanza(stream, stanza, octets, taken) {
      if (barriers.take(stream.proven, stanza)) return taken()
      came(stream)
      const at = performance.now()
      const go = () => relay().take(stream, stanza, octets, at, taken)
      if (!clearances().take(stream, octets, () => stanza, go)) onFull()
    },
    onSpoilt(stream, stanza, reason, taken) {
      came(stream)
      const go = () => relay().takeSpoilt(stream, stanza, reason, taken)
      // In its turn; there is nothing in it to be looked at.
      if (!clearances().take(stream, 0, () => undefined, go)) onFull()
    },
  }
}
