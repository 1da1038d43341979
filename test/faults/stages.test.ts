/** Stages that hang, or are left without memory, descriptors or the lock of their journal. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { STAGES, type StageName } from '../../guard/launcher/stages.ts'
import { runGuard, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { ENDED, LONG, underLoad } from './endure.ts'

t.setTimeout(1_000_000)

const cli = compileProduct()
const direction = await underLoad(t, { start: (site) => runGuard(site, cli) })
const pid = (stage: StageName): number => direction.guard().pids()[stage]!
const limit = (process: number, what: string) => execFileSync('prlimit', ['--pid', `${process}`, what])
const startedAgain = (stage: StageName, before: number) =>
  until(() => pid(stage) !== before, 30_000, direction.guard().said)

const STUCK = {
  journal: /^journal is stuck: look at its log$/,
  release: /^release is stuck: look at its log$/,
  intake: /^intake is stuck: look at its log$/,
}

// How each of the others does alone is in stall.test.ts.
t.test('release and intake hang', (t) =>
  direction.endure(t, {
    name: 'SIGSTOP of release and intake, which go on one after the other',
    health: STUCK.release,
    async strike() {
      const stopped = [pid('release'), pid('intake')] as const
      for (const one of stopped) process.kill(one, 'SIGSTOP')
      await direction.healthSays(STUCK.release)
      process.kill(stopped[0], 'SIGCONT')
      await direction.healthSays(STUCK.intake)
      process.kill(stopped[1], 'SIGCONT')
    },
  }),
)

for (const stage of LONG ? STAGES : []) {
  t.test(`${stage} hangs for 30 s`, (t) =>
    direction.endure(t, {
      name: `SIGSTOP of ${stage} for 30 s`,
      ...(stage in STUCK && { health: STUCK[stage as keyof typeof STUCK] }),
      async strike() {
        const stopped = pid(stage)
        process.kill(stopped, 'SIGSTOP')
        await delay(30_000)
        // A verifier was ended meanwhile, because the other one had answered.
        if (existsSync(`/proc/${stopped}`)) process.kill(stopped, 'SIGCONT')
      },
    }),
  )
}

t.test('no descriptors are left', async (t) => {
  await direction.endure(t, {
    name: 'no descriptors for intake, its peer comes anew, strangers flood it',
    async strike() {
      const intake = pid('intake')
      limit(intake, '--nofile=3:4096')
      const strangers = flood()
      await direction.links.producer.cut()
      t.ok(await direction.standsStill(500), 'nothing moves')
      for (const stranger of strangers) stranger.destroy()
      limit(intake, '--nofile=4096:4096')
    },
  })
  // The one cannot read its gate, which no person has closed; the other cannot write its head.
  for (const stage of ['release', 'journal'] as const) {
    await direction.endure(t, {
      name: `no descriptors for ${stage}`,
      health: ENDED,
      async strike() {
        const before = pid(stage)
        limit(before, '--nofile=3:4096')
        await startedAgain(stage, before)
        t.match(direction.guard().said(), /cannot be (read|written) \(EMFILE\)/)
      },
    })
  }
})

t.test('no memory is left', async (t) => {
  await direction.endure(t, {
    name: 'no more memory for any stage, a flood of stanzas and of strangers',
    async strike() {
      const stages = STAGES.map((stage) => [stage, pid(stage)] as const)
      for (const [, one] of stages) {
        const data = /^VmData:\s+([0-9]+)/m.exec(readFileSync(`/proc/${one}/status`, 'latin1'))![1]
        limit(one, `--data=${Number(data) * 1024}:unlimited`)
      }
      const strangers = flood()
      await direction.flood(1_500)
      for (const stranger of strangers) stranger.destroy()
      const ended = stages.filter(([stage, one]) => pid(stage) !== one)
      t.comment(ended.length === 0 ? 'all stages bore it' : 'they ended and began anew')
      for (const [, one] of ended.length === 0 ? stages : []) limit(one, '--data=unlimited:unlimited')
    },
  })
  await direction.endure(t, {
    name: 'no memory for stages that start',
    health: NO_START,
    async strike() {
      limit(direction.guard().process.pid!, `--data=${64 * 1024 * 1024}:unlimited`)
      process.kill(pid('inspect'), 'SIGKILL')
      await direction.healthSays(NO_START)
      t.ok(await direction.standsStill(500), 'nothing moves')
      limit(direction.guard().process.pid!, '--data=unlimited:unlimited')
    },
  })
})

t.test('another one has the lock of the journal', (t) =>
  direction.endure(t, {
    name: 'the lock of the journal is taken',
    health: /^journal found its directory in use by another guard/,
    async strike() {
      process.kill(pid('journal'), 'SIGKILL')
      const holder = spawn('flock', [direction.site.journal, 'sleep', '600'], { detached: true })
      await direction.healthSays(/^journal found its directory in use/)
      t.ok(await direction.standsStill(500), 'nothing moves')
      process.kill(-holder.pid!, 'SIGKILL')
      await once(holder, 'exit')
    },
  }),
)

/** One that starts without memory. */
const NO_START =
  /^[a-z]+ (was ended by SIG(ABRT|TRAP|ILL|SEGV)|ended with exit code [0-9]+): its last line in the log/

/** Connections to intake that say nothing. */
function flood() {
  return Array.from({ length: 200 }, () =>
    connect(direction.site.port.intake, '127.0.0.1').on('error', () => {}),
  )
}
