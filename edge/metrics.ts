/**
 * What an edge counts, and the page that shows it: GET /metrics (Prometheus) and GET /healthz.
 *
 * Label values are of closed sets: directions, states, reasons, and names out of the bundle. Nothing of a stanza.
 */
import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Address } from './outbound/route.ts'

export type EdgeMetrics = ReturnType<typeof createMetrics>

/** What is read when the page is asked for. */
export type Readings = Readonly<{
  streams(): Readonly<{ direction: 'inbound' | 'outbound'; state: string; count: number }>[]
  queues(): Readonly<
    Record<
      'outgoing' | 'unanswered' | 'incoming' | 'delivery' | 'iq_asked' | 'iq_asked_of_us' | 'clearance',
      number
    >
  >
  certificates(): Readonly<{ certificate: string; days: number }>[]
  /** What keeps the edge from its work, a line each; empty when it is ready. */
  missing(): string[]
  /** What keeps it from a part of it. */
  notes(): string[]
}>

export function createMetrics(
  info: Readonly<Record<'name' | 'side' | 'bundle_out' | 'bundle_in', string>>,
  readings: Readings,
) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
    new Gauge({
      name: `sallyport_edge_${name}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset()
        collect(this)
      },
    })
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `sallyport_edge_${name}`, help, labelNames, registers })

  gauge('info', 'Name, side and bundles of this edge; always 1', Object.keys(info), (g) => g.set(info, 1))
  gauge('ready', 'Whether both guards are connected and the s2s port is open', [], (g) =>
    g.set(readings.missing().length === 0 ? 1 : 0),
  )
  gauge('streams', 's2s streams by direction and state', ['direction', 'state'], (g) => {
    for (const { direction, state, count } of readings.streams()) g.set({ direction, state }, count)
  })
  gauge('queue', 'Stanzas (or requests) that wait', ['queue'], (g) => {
    for (const [queue, size] of Object.entries(readings.queues())) g.set({ queue }, size)
  })
  gauge('certificate_days', 'Days until a certificate expires', ['certificate'], (g) => {
    for (const { certificate, days } of readings.certificates()) g.set({ certificate }, days)
  })
  return {
    registry,
    stanzas: counter(
      'stanzas_total',
      'Stanzas taken from own servers (out) and delivered to them (in)',
      'direction',
    ),
    stripped: counter('stripped_total', 'What was taken out of stanzas before the guard', 'name'),
    refused: counter('refused_total', 'Stanzas of own servers that did not go to the guard', 'reason'),
    answered: counter('answered_total', 'Queries for far servers and users, answered here', 'query'),
    errors: counter('errors_total', 'Error stanzas and answers that were dropped, the queue being full'),
    guardRefusals: counter(
      'guard_refusals_total',
      'Stanzas that the guard refused although this edge found them acceptable: an alarm',
    ),
    incoming: counter('incoming_total', 'Frames of the incoming guard by what became of them', 'outcome'),
    streamErrors: counter(
      'stream_ends_total',
      'Streams that ended, by direction and whether they had been open',
      'direction',
      'open',
    ),
    guardBreaks: counter(
      'gcxp_breaks_total',
      'Times that a connection to a guard was lost or refused',
      'direction',
    ),
    latency: new Histogram({
      name: 'sallyport_edge_latency_seconds',
      help: 'From the last octet of a stanza to its frame for the guard (sent), to the answer (answered); from the frame of the guard until the server has acknowledged the stanza (delivered)',
      labelNames: ['step'],
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
      registers,
    }),
  }
}

/** The open page. */
export type MetricsPage = Readonly<{ port: number; close(): void }>

/** Opens the page. Rejects with one line when the port cannot be had. */
export function serveMetrics(
  listen: Address,
  metrics: EdgeMetrics,
  readings: Readings,
): Promise<MetricsPage> {
  const server = createServer((request, response) => {
    const path = request.method === 'GET' ? request.url : undefined
    if (path === '/metrics') {
      metrics.registry.metrics().then(
        (page) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(page),
        () => response.writeHead(500).end(),
      )
    } else if (path === '/healthz') {
      const missing = readings.missing()
      const status = missing.length === 0 ? 200 : 503
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(`${JSON.stringify({ ready: missing.length === 0, missing, notes: readings.notes() })}\n`)
    } else response.writeHead(404).end()
  })
  server.headersTimeout = 5_000
  server.requestTimeout = 5_000
  server.maxConnections = 16
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(listenProblem('metrics', listen, error))),
    )
    server.listen(listen.port, listen.host, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : listen.port
      resolve({ port, close: () => void server.close() })
    })
  })
}

/** Why a port could not be opened, in one line. */
export function listenProblem(what: string, { host, port }: Address, error: NodeJS.ErrnoException): string {
  const why =
    error.code === 'EADDRINUSE'
      ? 'the port is in use: stop the other program, or choose another port'
      : error.code === 'EADDRNOTAVAIL'
        ? 'this host does not have that address: correct it'
        : error.code === 'EACCES'
          ? 'the port may not be opened: choose one above 1023'
          : `failed (${error.code ?? 'unknown'})`
  return `${what} on ${host}:${port}: ${why}`
}
