/**
 * launcher: runs the six stages of one direction as processes of their own, and keeps them together.
 *
 * Reads    its configuration, through `sallyport guard`
 * Writes   FIFOs in a temporary directory, gone before the first stanza; the gate of a first start (gate.ts); lines of JSON
 *          on stderr
 * Trusts   whoever starts it
 * Rights   those of whoever starts it; all stages run as that user (the units in systemd/ give each its own)
 * Fails    when a stage ends, all others are ended, and all are started again on fresh pipes, waiting longer each time. A guard
 *          that cannot start a stage starts none
 * Reloads  intake takes nothing more, what is on its way is settled, for a while; then all start on fresh pipes with what they are
 *          to go by now
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createReport } from '../common/report.ts'
import { answerBetween } from './between.ts'
import { codeTree, LOCKED, NO_CORE, nodeFlags, stageFile, stageLock, WITH_LAUNCHER } from './flags.ts'
import { makeGate } from './gate.ts'
import { openPipes } from './pipes.ts'
import { type GuardConfig, STAGES, type StageName, stageArguments, startsAgain } from './stages.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
/** A run this long was sound: the next wait is the first again. */
const SOUND_MS = 1_000
/** How long a stage may take to end by itself. */
const STOP_MS = 3_000
/** How long what is on its way may take to be settled before a reload; what is not is sent again by the producer. */
const DRAIN_MS = 5_000

export type Guard = Readonly<{
  /** Ends all stages and starts none again. */
  stop(): Promise<void>
  /** Ends the stages and starts them with another configuration, which has been checked. */
  reload(next: GuardConfig): void
  /** Process ids of the running stages. */
  pids(): Readonly<Partial<Record<StageName, number>>>
}>

/** For this process and all that it starts. */
function forbidCores(): void {
  const [command, ...words] = NO_CORE
  try {
    execFileSync(command, [...words, `${process.pid}`], { stdio: 'ignore' })
  } catch {
    throw new Error(`${command} cannot take core dumps away: install util-linux`)
  }
}

/** Starts the stages. Throws an Error with one line when they cannot be started; later faults are mended by starting anew. */
export function startGuard(first: GuardConfig): Guard {
  const report = createReport('launcher', first.name)
  forbidCores()
  let config = first
  let reloading: GuardConfig | undefined
  let running = new Map<StageName, ChildProcess>()
  let wait = FIRST_WAIT_MS
  let stopping = false
  let timer: NodeJS.Timeout | undefined
  let startedAt = 0
  let ending = false
  let again = 0
  let because = ''
  let allEnded: (() => void) | undefined
  let endBetween = () => {}
  let draining: NodeJS.Timeout | undefined

  function start(): void {
    const code = codeTree(config.jit)
    for (const stage of STAGES) {
      if (!existsSync(stageFile(stage, code)))
        throw new Error(`${stageFile(stage, code)} is missing: install it anew`)
    }
    makeGate(config.gate)
    timer = undefined
    startedAt = performance.now()
    ending = false
    running = new Map()
    const pipes = openPipes(config)
    try {
      for (const stage of STAGES) {
        const [command, ...words] = [...WITH_LAUNCHER, ...stageLock(stage, config), process.execPath]
        const child = spawn(
          command!,
          [
            ...words,
            ...nodeFlags(stage, config, code),
            stageFile(stage, code),
            ...stageArguments(stage, config),
            ...(stage === 'metrics' ? startsAgain(again, because) : []),
          ],
          { stdio: ['ignore', 'ignore', 'inherit', ...pipes.of(stage)], env: {}, cwd: '/' },
        )
        running.set(stage, child)
        child.once('error', (error) => ended(stage, `could not be started (${error.message})`))
        child.once('exit', (status, signal) => {
          const how =
            stage === 'journal' && status === LOCKED
              ? 'found its directory in use by another guard (give each its own, or stop the other)'
              : signal === null
                ? `ended with exit code ${status}`
                : `was ended by ${signal}`
          ended(stage, how)
        })
      }
    } finally {
      pipes.close()
    }
    const pids = [...running].map(([stage, child]) => `${stage} ${child.pid}`).join(', ')
    report.info(`started ${pids}`)
  }

  function ended(stage: StageName, how: string): void {
    if (!running.delete(stage)) return
    if (!ending) {
      ending = true
      clearTimeout(draining)
      if (reloading === undefined) {
        again++
        because = `${stage} ${how}`
        if (!stopping) report.problem(`${because}: ending all stages, starting them again on fresh pipes`)
      }
      endAll()
    }
    if (running.size > 0) return
    if (stopping) {
      allEnded?.()
      return
    }
    if (reloading !== undefined) {
      config = reloading
      reloading = undefined
      wait = FIRST_WAIT_MS
      startAgain()
      return
    }
    wait = performance.now() - startedAt > SOUND_MS ? FIRST_WAIT_MS : Math.min(wait * 2, LONGEST_WAIT_MS)
    endBetween = answerBetween({
      guard: config.name,
      listen: config.metrics.listen,
      startsAgain: again,
      because,
    })
    timer = setTimeout(startAgain, wait)
  }

  function startAgain(): void {
    endBetween()
    try {
      start()
    } catch (error) {
      report.problem(`the stages cannot be started: ${(error as Error).message}`)
      ending = true
      for (const child of running.values()) child.kill('SIGKILL')
      if (running.size === 0) {
        wait = Math.min(wait * 2, LONGEST_WAIT_MS)
        timer = setTimeout(startAgain, wait)
      }
    }
  }

  /** Ends the stages; only the journal has something to write before. */
  function endAll(): void {
    for (const [stage, child] of running) child.kill(stage === 'journal' ? 'SIGTERM' : 'SIGKILL')
    const late = running
    setTimeout(() => {
      for (const child of late.values()) child.kill('SIGKILL')
    }, STOP_MS).unref()
  }

  try {
    start()
  } catch (error) {
    for (const child of running.values()) child.kill('SIGKILL')
    throw error
  }

  return {
    async stop() {
      stopping = true
      clearTimeout(timer)
      clearTimeout(draining)
      endBetween()
      if (running.size === 0) return
      const done = new Promise<void>((resolve) => {
        allEnded = resolve
      })
      if (!ending) {
        ending = true
        endAll()
      }
      await done
      report.info('stopped')
    },
    reload(next) {
      report.info('reloads: intake takes nothing more until all stages have started anew')
      if (running.size === 0) {
        // Between two starts: the next one need not wait.
        config = next
        clearTimeout(timer)
        wait = FIRST_WAIT_MS
        startAgain()
        return
      }
      reloading = next
      if (ending) return
      running.get('intake')?.kill('SIGHUP')
      clearTimeout(draining)
      draining = setTimeout(() => {
        report.problem(
          `what was on its way was not settled in ${DRAIN_MS / 1000} s: the producer sends it again`,
        )
        ending = true
        endAll()
      }, DRAIN_MS)
    },
    pids: () =>
      Object.fromEntries([...running].map(([stage, child]) => [stage, child.pid])) as Partial<
        Record<StageName, number>
      >,
  }
}
