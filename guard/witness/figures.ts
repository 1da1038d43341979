/** Every figure of a witness. Label values are closed sets: the guards of its configuration, and the findings. */
import { Counter, Gauge, Registry } from 'prom-client'
import type { Heads } from './heads.ts'
import { FINDINGS } from './protocol.ts'

export type WitnessState = Readonly<{
  guards: readonly Readonly<{ heads: Heads; connected(): boolean }>[]
  turnedAway(): number
  notAfter: number
}>

export function createFigures({ guards, turnedAway, notAfter }: WitnessState): Registry {
  const registry = new Registry()
  const registers = [registry]
  const gauge = (name: string, help: string, read: (guard: WitnessState['guards'][number]) => number) =>
    new Gauge({
      name: `sallyport_witness_${name}`,
      help,
      labelNames: ['guard'],
      registers,
      collect() {
        for (const guard of guards) this.set({ guard: guard.heads.name }, read(guard))
      },
    })
  gauge('record', 'Number of the last record that was checked', ({ heads }) => heads.head().seq)
  gauge(
    'checkpoint_record',
    'Number of the last record that a good checkpoint covers',
    ({ heads }) => heads.known().checkpoint,
  )
  gauge('connected', 'Whether the exporter of this guard is connected', ({ connected }) =>
    Number(connected()),
  )
  gauge(
    'head_time_seconds',
    'When the last head was signed, seconds since 1970; 0 for never',
    ({ heads }) => heads.known().signed?.second ?? 0,
  )
  new Gauge({
    name: 'sallyport_witness_incidents',
    help: 'What was found against the journal of a guard and is kept',
    labelNames: ['guard', 'finding'],
    registers,
    collect() {
      for (const { heads } of guards) {
        for (const finding of FINDINGS) {
          const count = heads.known().incidents.filter((one) => one.finding === finding).length
          this.set({ guard: heads.name, finding }, count)
        }
      }
    },
  })
  new Counter({
    name: 'sallyport_witness_turned_away_total',
    help: 'Connections that were not of a configured guard',
    registers,
    collect() {
      this.reset()
      this.inc(turnedAway())
    },
  })
  new Gauge({
    name: 'sallyport_witness_certificate_days_left',
    help: 'Days until the own certificate expires',
    registers,
    collect() {
      this.set((notAfter - Date.now()) / 86_400_000)
    },
  })
  return registry
}

/** What a person must look at, in one line; undefined when there is nothing. */
export function witnessTrouble({ guards }: WitnessState): string | undefined {
  const troubles = guards.flatMap(({ heads, connected }) => {
    const { incidents } = heads.known()
    const last = incidents.at(-1)
    if (last !== undefined)
      return `${heads.name}: ${incidents.length} incidents, the last: ${last.finding} at record ${last.seq}`
    return connected() ? [] : [`${heads.name}: its exporter is not connected`]
  })
  return troubles.length === 0 ? undefined : troubles.join('; ')
}
