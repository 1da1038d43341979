/** One stage alone, as its launcher starts it; the test holds the other ends of its pipes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { Socket } from 'node:net'
import { loadGuardConfig } from '../../cli/guard-config.ts'
import { codeTree, nodeFlags, stageFile } from '../../guard/launcher/flags.ts'
import { openPipes } from '../../guard/launcher/pipes.ts'
import { type GuardConfig, pipesOf, type StageName, stageArguments } from '../../guard/launcher/stages.ts'
import type { Site } from './harness.ts'

export type StartedStage = Readonly<{
  process: ChildProcess
  /** The pipe that the stage reads on this descriptor, to write to. */
  to(fd: number): Socket
  /** What came so far on the pipe that the stage writes on this descriptor. */
  from(fd: number): Buffer
  /** From now on what the stage writes there stays in the pipe. */
  stopReading(fd: number): void
  said(): string
  exit: Promise<number | null>
}>

export async function configOf(site: Site): Promise<GuardConfig> {
  const config = await loadGuardConfig(site.config, Date.now())
  if ('problems' in config) throw new Error(config.problems.join('\n'))
  return config
}

/** Starts `stage`; `file` replaces its program under the same flags, and has `environment`. */
export function startStage(
  stage: StageName,
  config: GuardConfig,
  file?: string,
  environment: Record<string, string> = {},
): StartedStage {
  const code = codeTree(config.jit)
  const pipes = openPipes(config)
  const program = file ?? stageFile(stage, code)
  const flags = nodeFlags(stage, config, code).concat(file === undefined ? [] : [`--allow-fs-read=${file}`])
  const child = spawn(process.execPath, [...flags, program, ...stageArguments(stage, config)], {
    stdio: ['ignore', 'ignore', 'pipe', ...pipes.of(stage)],
    env: environment,
    cwd: '/',
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const inputs = new Map<number, Socket>()
  const outputs = new Map<number, Buffer[]>()
  const readers = new Map<number, Socket>()
  for (const { writer, reader } of pipesOf(config)) {
    const ours = reader.stage === stage ? writer : writer.stage === stage ? reader : undefined
    if (ours === undefined) continue
    // Opened once more: the launcher's own ends are closed below, as it closes them.
    const held = `/proc/self/fd/${pipes.of(ours.stage)[ours.fd - 3]}`
    const fd = openSync(held, reader.stage === stage ? 'w' : 'r')
    if (reader.stage === stage) {
      const socket = new Socket({ fd, readable: false, writable: true })
      socket.on('error', () => {})
      inputs.set(reader.fd, socket)
    } else {
      const chunks: Buffer[] = []
      const socket = new Socket({ fd, readable: true, writable: false })
      socket.on('data', (chunk: Buffer) => chunks.push(chunk))
      outputs.set(writer.fd, chunks)
      readers.set(writer.fd, socket)
    }
  }
  pipes.close()
  return {
    process: child,
    to: (fd) => inputs.get(fd)!,
    from: (fd) => Buffer.concat(outputs.get(fd)!),
    stopReading: (fd) => readers.get(fd)!.pause(),
    said: () => said,
    exit: once(child, 'exit').then(([code]) => {
      for (const socket of inputs.values()) socket.destroy()
      return code as number | null
    }),
  }
}
