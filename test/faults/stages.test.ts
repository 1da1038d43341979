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
import { LONG, underLoad } from './endure.ts'

t.setTimeout(1_000_000)

const cli = compileProduct()
const direction = await underLoad(t, { start: (site) => runGuard(site, cli) })
const pid = (stage: StageName): number => direction.guard().pids()[stage]!
const limit = (process: number, what: string) => execFileSync('prlimit', ['--pid', `${process}`, what])
const startedAgain = (stage: StageName, before: number) =>
  until(() => pid(stage) !== before, 30_000, direction.guard().said)

// How the others do in the short form is in stall.test.ts.
const STOPPED: [StageName, RegExp | undefined][] = [
  ['release', /^release is stuck: look at its log$/],
  ['intake', /^intake is stuck: look at its log$/],
]
const ALSO: [StageName, RegExp | undefined][] = [
  ['inspect', undefined],
  ['verify', undefined],
  ['journal', /^journal is stuck: look at its log$/],
  ['metrics', undefined],
]
for (const [stage, health] of LONG ? [...STOPPED, ...ALSO] : STOPPED) {
  t.test(`${stage} hangs`, (t) =>
    direction.endure(t, {
      name: `SIGSTOP of ${stage}${LONG ? ' for 30 s' : ''}`,
      ...(health && { health }),
      async strike() {
        const stopped = pid(stage)
        process.kill(stopped, 'SIGSTOP')
        if (LONG) await delay(30_000)
        else if (health !== undefined) await direction.healthSays(health)
        // A verifier is ended because the other one has answered.
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
      t.ok(await direction.standsStill(1_000), 'nothing moves')
      for (const stranger of strangers) stranger.destroy()
      limit(intake, '--nofile=4096:4096')
    },
  })
  // The one cannot read its gate, which no person has closed; the other cannot write its head.
  for (const stage of ['release', 'journal'] as const) {
    await direction.endure(t, {
      name: `no descriptors for ${stage}`,
      health: new RegExp(`^${stage} ended with exit code 1`),
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
      t.ok(await direction.standsStill(1_000), 'nothing moves')
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
      t.ok(await direction.standsStill(1_000), 'nothing moves')
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
