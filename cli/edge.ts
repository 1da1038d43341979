/**
 * sallyport edge: runs or checks the edge of one side (doc/edge.md).
 */
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type EdgeConfig, loadEdgeConfig } from '../edge/config/load.ts'
import { limitLog } from '../edge/log.ts'
import { startEdge } from '../edge/main.ts'
import { portProblem } from './ports.ts'
import { stateProblem } from './state.ts'
import { UsageError } from './usage.ts'

const HELP = `usage: sallyport edge run --config FILE
       sallyport edge check --config FILE

run     runs the edge until SIGTERM or SIGINT
check   proves the configuration and the files that it names; prints one line a finding
`

const LAST_WORDS_MS = 4_000

/** Exit code 0 done, 1 the configuration or the edge failed, 2 the command line is wrong. */
export async function edgeCommand(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    allowPositionals: true,
    strict: true,
  })
  if (values.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const [verb, ...rest] = positionals
  if (rest.length > 0 || (verb !== 'run' && verb !== 'check')) throw new UsageError('say run or check')
  if (values.config === undefined) throw new UsageError('--config FILE is missing')
  const config = loadEdgeConfig(values.config, Date.now())
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`)
    return 1
  }
  if (verb === 'check') {
    const problems = await checkHost(config)
    for (const problem of problems) process.stderr.write(`${values.config}: ${problem}\n`)
    if (problems.length > 0) return 1
    process.stdout.write(`${values.config}: ${config.name} of the side ${config.side} can be run\n`)
    return 0
  }
  return run(config)
}

/** What the host does not have for it: the ports, and a state folder that may be written. */
async function checkHost(config: EdgeConfig): Promise<string[]> {
  const ports = {
    's2s.listen': config.s2s.listen,
    ...(config.s2s.listenDirect === undefined ? {} : { 's2s.listenDirect': config.s2s.listenDirect }),
    'gcxp.in.listen': config.in.listen,
    'metrics.listen': config.metrics,
  }
  const problems = await Promise.all(
    Object.entries(ports).map(async ([key, address]) => {
      const problem = await portProblem(address)
      return problem === undefined ? [] : [`${key} ${address.host}:${address.port}: ${problem}`]
    }),
  )
  const state = stateProblem(config.state)
  return [...problems.flat(), ...(state === undefined ? [] : [`state ${state}`])]
}

async function run(config: EdgeConfig): Promise<number> {
  // Lines that nobody reads are dropped, not waited for.
  const log = limitLog(
    pino(
      { base: { edge: config.name }, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ dest: 2, sync: false, maxLength: 1 << 20 }),
    ),
    Date.now,
  )
  const edge = await startEdge(config, log)
  const { s2sPort: s2s, s2sDirectPort: s2sDirect, gcxpPort: gcxp, metricsPort: metrics } = edge
  log.info({ s2s, s2sDirect, gcxp, metrics }, 'edge runs')
  const stopped = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined))
  })
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
