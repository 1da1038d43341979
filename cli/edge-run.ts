/** sallyport edge run: the edge in the foreground until it is stopped; SIGHUP has it go by its configuration as it is then. */
import { pino } from 'pino'
import { loadEdgeConfig } from '../edge/config/load.ts'
import { limitLog } from '../edge/log.ts'
import { type Edge, startEdge } from '../edge/main.ts'
import { complain } from './edge-asked.ts'

const LAST_WORDS_MS = 4_000

export async function runCommand(file: string): Promise<number> {
  const config = loadEdgeConfig(file, Date.now())
  if ('problems' in config) return complain(config.problems)
  // Lines that nobody reads are dropped, not waited for.
  const log = limitLog(
    pino(
      { base: { edge: config.name }, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: 2, sync: false, maxLength: 1 << 20 }),
    ),
    Date.now,
  )
  const stopped = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined))
  })
  // Of itself Node ends at this signal, and a terminal that closes sends it too.
  let edge: Edge | undefined
  process.on('SIGHUP', () => void edge?.reload('SIGHUP'))
  edge = await startEdge(config, log, () => loadEdgeConfig(file, Date.now()))
  const { s2sPort: s2s, s2sDirectPort: s2sDirect, gcxpPort: gcxp, metricsPort: metrics } = edge
  log.info({ s2s, s2sDirect, gcxp, metrics }, 'edge runs')
  const problem = await Promise.race([stopped, edge.failed])
  edge.stop()
  // Peers get a moment to hear the end of their streams; what is still open then is cut.
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref()
  if (problem === undefined) {
    log.info({}, 'edge stops')
    return 0
  }
  process.stderr.write(`sallyport edge: ${problem}\n`)
  return 1
}
