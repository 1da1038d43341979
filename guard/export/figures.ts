/** Every figure of an exporter. Label values are of closed sets: the two destinations. */
import { Counter, Gauge, Registry } from 'prom-client'

export type DestinationName = 'collector' | 'witness'

/** What is known of one destination. */
export type DestinationState = {
  connected: boolean
  /** The last record that counts as arrived there; 0 for none. */
  seq: number
  breaks: number
  /** Why nothing arrives, in one line; empty while it does. */
  trouble: string
  /** Nothing is sent any more until a person has looked. */
  stopped: boolean
  notAfter: number
}

export type ExportState = Readonly<{
  destinations: ReadonlyMap<DestinationName, DestinationState>
  /** The last record of the journal that is known to be durable. */
  journal(): number
}>

export function createFigures({ destinations, journal }: ExportState): Registry {
  const registry = new Registry()
  const gauge = (name: string, help: string, read: (state: DestinationState) => number) =>
    new Gauge({
      name: `sallyport_export_${name}`,
      help,
      labelNames: ['destination'],
      registers: [registry],
      collect() {
        for (const [destination, state] of destinations) this.set({ destination }, read(state))
      },
    })
  new Gauge({
    name: 'sallyport_export_journal_record',
    help: 'Number of the last record of the journal that is known to be durable',
    registers: [registry],
    collect() {
      this.set(journal())
    },
  })
  gauge('record', 'Number of the last record that arrived', ({ seq }) => seq)
  gauge('connected', 'Whether there is a connection', ({ connected }) => Number(connected))
  gauge('stopped', 'Whether nothing is sent any more because the journal is not sound', ({ stopped }) =>
    Number(stopped),
  )
  new Counter({
    name: 'sallyport_export_breaks_total',
    help: 'Connections that failed or broke',
    labelNames: ['destination'],
    registers: [registry],
    collect() {
      this.reset()
      for (const [destination, { breaks }] of destinations) this.inc({ destination }, breaks)
    },
  })
  gauge(
    'certificate_days_left',
    'Days until the own certificate expires',
    ({ notAfter }) => (notAfter - Date.now()) / 86_400_000,
  )
  return registry
}

/** Why records do not arrive, in one line; undefined when they do. */
export function exportTrouble({ destinations, journal }: ExportState): string | undefined {
  const troubles = [...destinations].flatMap(([name, { trouble }]) =>
    trouble === '' ? [] : [`${name}: ${trouble}`],
  )
  if (troubles.length > 0) return troubles.join('; ')
  return journal() > 0
    ? undefined
    : 'the journal shows no record yet: is it the right directory, and may head.json be read?'
}
