/**
 * Every metric of a guard, made from the last snapshots of its stages. Names and label values are closed sets: nothing that
 * came in with a stanza stands here.
 */
import { type MetricType, Registry } from 'prom-client'
import { REASONS } from '../../rules/reasons.ts'
import {
  type IntakeSnapshot,
  type JournalSnapshot,
  LATENCY_BOUNDS,
  type ReleaseSnapshot,
} from '../common/metrics.ts'
import { refusalClass, type VerdictClass } from '../common/verdict-class.ts'

/** The last snapshot of each stage, undefined before the first. */
export type Latest = {
  intake: IntakeSnapshot | undefined
  release: ReleaseSnapshot | undefined
  journal: JournalSnapshot | undefined
}

type Value = Readonly<{ value: number; labels: Record<string, string | number>; metricName?: string }>
type Kind = 'counter' | 'gauge' | 'histogram'

export type CatalogueOptions = Readonly<{
  guard: string
  latest: Latest
  /** How often the stages were started again before this run. */
  startsAgain: number
  /** Why the guard is not ready, or undefined. */
  ready(): string | undefined
  /** Milliseconds since 1970. */
  now(): number
}>

/** The registry that `GET /metrics` prints. Values are absolute: they are taken from `latest` at each scrape. */
export function createCatalogue({ guard, latest, startsAgain, ready, now }: CatalogueOptions): Registry {
  const registry = new Registry()
  const started = now() / 1000

  function metric(kind: Kind, name: string, help: string, values: () => Value[]): void {
    const aggregator = 'sum' as const
    const self = {
      name,
      help,
      type: kind as unknown as MetricType,
      aggregator,
      get: async () => ({ ...self, values: values() }),
    }
    registry.registerMetric(self as never)
  }

  function one(kind: Kind, name: string, help: string, value: () => number | boolean | undefined): void {
    metric(kind, name, help, () => {
      const current = value()
      return current === undefined ? [] : [{ value: Number(current), labels: { guard } }]
    })
  }

  function labelled(
    kind: Kind,
    name: string,
    help: string,
    label: string,
    values: () => Record<string, number | boolean | undefined> | undefined,
  ): void {
    metric(kind, name, help, () =>
      Object.entries(values() ?? {})
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => ({ value: Number(value), labels: { guard, [label]: key } })),
    )
  }

  const days = (notAfter: number | undefined) =>
    notAfter === undefined ? undefined : (notAfter - now()) / 86_400_000

  one('gauge', 'sallyport_guard_ready', '1 when stanzas can cross', () => ready() === undefined)
  one(
    'gauge',
    'sallyport_guard_gate_closed',
    '1 while the gate is closed: nothing leaves until a person opens it',
    () => latest.release && latest.release.gate !== '',
  )
  one('gauge', 'sallyport_guard_start_time_seconds', 'When this run of the stages began', () => started)
  one(
    'counter',
    'sallyport_guard_starts_again_total',
    'Times that a stage ended and all were started again, since the launcher was started',
    () => startsAgain,
  )
  labelled(
    'gauge',
    'sallyport_guard_up',
    '1 when the end is up: intake listens, its producer is connected, release is connected',
    'end',
    () => ({
      listening: latest.intake?.listening,
      producer: latest.intake?.connected,
      consumer: latest.release?.connected,
    }),
  )
  metric('gauge', 'sallyport_guard_bundle_info', 'The bundle that both verifiers have', () =>
    latest.release === undefined ? [] : [{ value: 1, labels: { guard, digest: latest.release.bundle } }],
  )
  labelled(
    'gauge',
    'sallyport_guard_certificate_days_left',
    'Days until the own certificate expires',
    'stage',
    () => ({
      intake: days(latest.intake?.certificateNotAfter),
      release: days(latest.release?.certificateNotAfter),
    }),
  )

  one('counter', 'sallyport_guard_received_total', 'Stanzas that intake took', () => latest.intake?.received)
  one(
    'counter',
    'sallyport_guard_released_total',
    'Stanzas that both verifiers accepted',
    () => latest.release?.released,
  )
  one(
    'counter',
    'sallyport_guard_confirmed_total',
    'Stanzas that the consumer confirmed',
    () => latest.release?.confirmed,
  )
  labelled(
    'counter',
    'sallyport_guard_refused_total',
    'Stanzas that both verifiers refused, by the reason of inspect',
    'reason',
    () => Object.fromEntries(REASONS.map((reason) => [reason, latest.release?.refused[reason] ?? 0])),
  )
  labelled(
    'counter',
    'sallyport_guard_verdicts_total',
    'Verdicts by class: what passed, and what its label, or the lack of one, kept from passing',
    'class',
    () => latest.release && verdictsByClass(latest.release),
  )
  one(
    'counter',
    'sallyport_guard_disagreements_total',
    'Stanzas on which the verifiers disagreed: always to be looked into',
    () => latest.release?.disagreements,
  )
  one(
    'counter',
    'sallyport_guard_declined_total',
    'Released stanzas that the consumer refused',
    () => latest.release?.declined,
  )

  one(
    'counter',
    'sallyport_guard_producer_connections_total',
    'Connections of the producer',
    () => latest.intake?.connections,
  )
  one(
    'counter',
    'sallyport_guard_turned_away_total',
    'Connections to intake that were not the producer',
    () => latest.intake?.turnedAway,
  )
  one(
    'counter',
    'sallyport_guard_violations_total',
    'Connections that intake closed because of what the producer sent',
    () => latest.intake?.violations,
  )
  one(
    'counter',
    'sallyport_guard_missing_total',
    'Numbers that the producer left out, where it is not answered: each is a stanza lost on the way',
    () => latest.intake?.missing,
  )
  one(
    'counter',
    'sallyport_guard_consumer_breaks_total',
    'Connections to the consumer that failed or broke',
    () => latest.release?.breaks,
  )
  labelled(
    'counter',
    'sallyport_guard_held_milliseconds_total',
    'Time in which intake held the producer back, by cause',
    'cause',
    () => ({
      rate: latest.intake?.held.rate,
      domains: latest.intake?.held.domains,
      pair: latest.intake?.held.pair,
      window: latest.intake?.held.window,
      verifiers: latest.intake?.held.pipes,
    }),
  )
  labelled(
    'gauge',
    'sallyport_guard_queue_stanzas',
    'Stanzas on their way, by what they wait for',
    'waiting_for',
    () => ({
      confirmation: latest.intake?.outstanding,
      verify: latest.release?.waitingForVerify,
      inspect: latest.release?.waitingForInspect,
      journal: latest.release?.waitingForJournal,
      consumer: latest.release?.unanswered,
    }),
  )
  one(
    'gauge',
    'sallyport_guard_oldest_wait_seconds',
    'How long the oldest stanza on its way has been waiting for its confirmation',
    () => latest.intake && latest.intake.oldestWaits / 1000,
  )
  metric(
    'histogram',
    'sallyport_guard_latency_seconds',
    'From the frame read by intake to its confirmation',
    latency,
  )

  one(
    'gauge',
    'sallyport_guard_journal_records',
    'Number of the last durable record',
    () => latest.journal?.records,
  )
  one(
    'gauge',
    'sallyport_guard_journal_head_prefix',
    'First 48 bits of the chain value of that record',
    () => latest.journal?.headPrefix,
  )
  one(
    'counter',
    'sallyport_guard_journal_flushes_total',
    'Synchronous writes of the journal, each a write and an fdatasync in one',
    () => latest.journal?.flushes,
  )
  one(
    'counter',
    'sallyport_guard_journal_octets_total',
    'Octets written to the journal',
    () => latest.journal?.octets,
  )

  one(
    'gauge',
    'sallyport_guard_journal_free_octets',
    'Octets that the file system of the journal still takes',
    () => latest.journal?.freeOctets,
  )

  function latency(): Value[] {
    if (latest.intake === undefined) return []
    const name = 'sallyport_guard_latency_seconds'
    const { counts, sum } = latest.intake.latency
    let below = 0
    const values: Value[] = [...LATENCY_BOUNDS, '+Inf'].map((le, i) => {
      below += counts[i] ?? 0
      return { metricName: `${name}_bucket`, value: below, labels: { guard, le } }
    })
    values.push({ metricName: `${name}_sum`, value: sum, labels: { guard } })
    values.push({ metricName: `${name}_count`, value: below, labels: { guard } })
    return values
  }
  return registry
}

function verdictsByClass({
  released,
  disagreements,
  refused,
}: ReleaseSnapshot): Record<VerdictClass, number> {
  const counts = { passed: released, 'label-invalid': 0, 'label-missing': 0, other: disagreements }
  for (const reason of REASONS) counts[refusalClass(reason)] += refused[reason] ?? 0
  return counts
}
