/** sallyport edge check: proves before a start all that an edge needs; one line a finding. */
import { resolve } from 'node:path'
import { checkDirectory } from '../edge/check/directory.ts'
import { checkFiles } from '../edge/check/files.ts'
import { type Finding, problem, warning } from '../edge/check/finding.ts'
import { checkGuard } from '../edge/check/guard.ts'
import { checkServers } from '../edge/check/servers.ts'
import { readEdgeFile } from '../edge/config/file.ts'
import { type EdgeConfig, loadEdgeConfig } from '../edge/config/load.ts'
import { askEdge } from '../edge/control/client.ts'
import { complain } from './edge-asked.ts'
import { portProblem } from './ports.ts'
import { stateProblem } from './state.ts'

/** Warnings alone leave the exit code at 0. `offline`: nobody is asked or connected to. */
export async function checkCommand(file: string, offline: boolean): Promise<number> {
  const now = Date.now()
  const read = readEdgeFile(file)
  if ('problems' in read) return complain(read.problems)
  const config = loadEdgeConfig(file, now)
  if ('problems' in config) return complain(config.problems)
  const isRunning = await runs(resolve(read.folder, read.source.state))
  const findings = [
    ...checkFiles(file, read, config, now),
    ...checkFolder('state', config.state),
    ...(config.records.folder.startsWith(`${config.state}/`)
      ? []
      : checkFolder('records.folder', config.records.folder)),
    ...(isRunning ? [] : await checkPorts(config)),
    ...(offline ? [] : await checkServers(config)),
    ...(offline ? [] : await checkDirectory(config)),
    ...(offline || isRunning ? [] : await checkGuard(config, now)),
  ]
  for (const { level, line } of findings)
    process.stderr.write(`${file}: ${level === 'warning' ? 'warning: ' : ''}${line}\n`)
  if (findings.some(({ level }) => level === 'problem')) return 1
  process.stdout.write(
    `${file}: ${config.name} of the side ${config.side} ${isRunning ? 'runs: its ports and guards were left out' : 'can be run'}${offline ? ', as far as can be said offline' : ''}\n`,
  )
  return 0
}

/** Whether an edge lives in that state folder. */
async function runs(state: string): Promise<boolean> {
  try {
    await askEdge(state, 'about', {}, () => {})
    return true
  } catch {
    return false
  }
}

function checkFolder(words: string, folder: string): Finding[] {
  const found = stateProblem(folder)
  return found === undefined ? [] : [problem(`${words} ${found}`)]
}

async function checkPorts(config: EdgeConfig): Promise<Finding[]> {
  const ports = {
    's2s.listen': config.s2s.listen,
    's2s.listenDirect': config.s2s.listenDirect,
    'gcxp.in.listen': config.in.listen,
    'metrics.listen': config.metrics,
  }
  const findings = await Promise.all(
    Object.entries(ports).map(async ([key, address]) => {
      const found = address && (await portProblem(address))
      return found === undefined ? [] : [problem(`${key} ${address!.host}:${address!.port}: ${found}`)]
    }),
  )
  return [...findings.flat(), ...checkReach(config)]
}

/** Figures and health name what is inside: they are for the management network. */
function checkReach({ metrics }: EdgeConfig): Finding[] {
  return metrics.host === '0.0.0.0' || metrics.host === '::'
    ? [
        warning(
          `metrics.listen ${metrics.host}: everybody who reaches this host may read it: give a management address`,
        ),
      ]
    : []
}
