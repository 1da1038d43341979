/**
 * bench: how many labelled messages a second, how late, and at what cost in processor time.
 *
 *   npm run bench                              everything, some minutes
 *   npm run bench -- --short                   one short run of each, with JIT and the shorter message only
 *   npm run bench -- --only inspect,chain      only these of relay, prosody, inspect, verify, guard, volatile,
 *                                              edge-out, edge-in, chain, memory, labels
 *   npm run bench -- --jit or --jitless        only this way of running
 *
 * Options  --seconds N    of each measured run (2)
 *          --runs N       runs of each, of which the median rate is shown (3)
 *          --stanzas N    how many go through the guard whose memory is looked at (1,000,000)
 *
 * Each subject runs with a closed window (as fast as it goes) and at a fixed 1,000 a second (where latency is what counts); guard, edge
 * and chain also at four fifths of what they do with the closed window. `volatile` is the guard with its journal in memory, so that what
 * durability costs is a ratio; `memory` is what its stages hold before and after many stanzas.
 * `labels` is what labels and policies cost by themselves: decoding, validity, access, mapping, loading a policy.
 * Load and subjects share this machine, so "driver" says what the load itself cost. Exits 1 when a stanza is lost or refused.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyRulesets, EXAMPLES } from '../../packaging/demo/rulesets.ts'
import { wholeChain } from './chain.ts'
import { createDriver, type Figures, type Load, medianRun } from './drive.ts'
import { edgeIn, edgeOut } from './edge.ts'
import { memoryOf } from './facts.ts'
import { guardDirection } from './guard.ts'
import { labelReport, measureLabels } from './labels.ts'
import { hasProsody, prosodyS2s } from './prosody.ts'
import { makeSamples } from './samples.ts'
import { type Measured, ROOT, type Setting } from './setting.ts'
import { verifierAlone } from './stage.ts'
import { plainRelay } from './yardstick.ts'

const SUBJECTS = new Map<string, Readonly<{ title: string; make: (setting: Setting) => Promise<Measured> }>>([
  ['relay', { title: 'a plain TLS byte relay, for comparison', make: plainRelay }],
  ['prosody', { title: 'Prosody, s2s in to a component, for comparison', make: prosodyS2s }],
  ['inspect', { title: '(a) inspect alone', make: (setting) => verifierAlone('inspect', setting) }],
  ['verify', { title: '(b) verify alone', make: (setting) => verifierAlone('verify', setting) }],
  ['guard', { title: '(c) one guard direction, GCXP to GCXP', make: guardDirection }],
  [
    'volatile',
    {
      title: '(c) again, with the journal in memory (not durable)',
      make: (setting) => guardDirection({ ...setting, journals: IN_MEMORY }),
    },
  ],
  ['edge-out', { title: '(e) one edge, s2s to GCXP', make: edgeOut }],
  ['edge-in', { title: '(f) one edge, GCXP to s2s', make: edgeIn }],
  ['chain', { title: '(d) s2s, edge, guard, edge, s2s', make: wholeChain }],
])

/** Labels and policies have no load and no process of their own. */
const LABELS = 'labels'
const MEMORY = 'memory'
const IN_MEMORY = '/dev/shm'
/** Subjects that have a rate of their own at which they are not pressed. */
const EASED = new Set(['guard', 'volatile', 'edge-out', 'edge-in', 'chain'])
/** Subjects of another make, which have one way of running. */
const OTHERS = new Set(['relay', 'prosody'])

const CLOSED = { kind: 'window', window: 256 } as const
const RATE: Load = { kind: 'rate', perSecond: 1000 }
const WARM_UP_SECONDS = 2

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'))
try {
  await main()
} catch (error) {
  console.error(`bench: ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', default: [...SUBJECTS.keys(), MEMORY, LABELS].join(',') },
      jit: { type: 'boolean', default: false },
      jitless: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '2' },
      runs: { type: 'string', default: '3' },
      stanzas: { type: 'string', default: '1000000' },
    },
  })
  const chosen = values.only.split(',')
  const known = [...SUBJECTS.keys(), MEMORY, LABELS]
  const unknown = chosen.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`--only knows ${known.join(', ')}, not ${unknown}`)
  const names = chosen.filter((name) => SUBJECTS.has(name))
  const { short } = values
  const ways = [
    ...(values.jit || !values.jitless ? [true] : []),
    ...(values.jitless || !(values.jit || short) ? [false] : []),
  ]
  const samples = makeSamples().slice(0, short ? 1 : undefined)
  const seconds = short ? 0.5 : positive('--seconds', values.seconds)
  const runs = short ? 1 : Math.ceil(positive('--runs', values.runs))
  const warmup = short ? 0.5 : WARM_UP_SECONDS

  if (ways.includes(false)) compileTree()
  const rulesets = copyRulesets(EXAMPLES, join(folder, 'rulesets'))
  const file = join(folder, 'bundle.json')
  const cli = join(ROOT, 'cli/sallyport.ts')
  const compile = ['rules', 'compile', rulesets['acme-to-coalition'], '-o', file]
  const digest = execFileSync(process.execPath, [cli, ...compile], { stdio: ['ignore', 'pipe', 'pipe'] })
  const bundle = { file, digest: digest.toString().trim() }

  console.log(`Node ${process.versions.node}, ${availableParallelism()} × ${cpus()[0]?.model.trim()}`)
  console.log(
    `median of ${runs} run(s) of ${seconds} s; latency from due to done; processor time in µs a stanza`,
  )
  for (const sample of names.length === 0 ? [] : samples) {
    console.log(`\n${sample.name}, ${sample.octets.length} octets`)
    let yardstick: Figures | undefined
    for (const name of names) {
      if (name === 'prosody' && !hasProsody()) {
        console.log('\n  Prosody is not installed here: left out')
        continue
      }
      for (const jit of OTHERS.has(name) ? [true] : ways) {
        const setting = { folder: mkdtempSync(join(folder, `${name}-`)), rulesets, bundle, sample, jit }
        const closed = await measure(name, setting, { runs, seconds, warmup, yardstick })
        if (name === 'relay') yardstick = closed
      }
    }
  }
  if (chosen.includes(MEMORY)) {
    const stanzas = short ? 2_000 : Math.ceil(positive('--stanzas', values.stanzas, 1e9))
    for (const jit of ways) {
      const setting = {
        folder: mkdtempSync(join(folder, 'memory-')),
        rulesets,
        bundle,
        sample: samples[0]!,
        jit,
      }
      await measureMemory(setting, stanzas)
    }
  }
  if (chosen.includes(LABELS)) {
    console.log('\nlabels and policies, one process, wall time')
    console.log(labelReport(measureLabels(seconds)))
  }
}

function positive(option: string, text: string, most = 600): number {
  const value = Number(text)
  if (!(value > 0 && value <= most))
    throw new Error(`${option} takes a number above 0 and up to ${most}, not "${text}"`)
  return value
}

/** Makes dist/, which runs without type stripping and so without WebAssembly. */
function compileTree(): void {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', join(ROOT, 'tsconfig.build.json')], { stdio: 'inherit' })
}

type Plan = Readonly<{ runs: number; seconds: number; warmup: number; yardstick: Figures | undefined }>

/** Measures and prints one subject; returns the figures of the closed window. */
async function measure(name: string, setting: Setting, plan: Plan): Promise<Figures> {
  const { title, make } = SUBJECTS.get(name)!
  mkdirSync(setting.folder, { recursive: true })
  const subject = await make(setting)
  try {
    console.log(`\n  ${title}${setting.jit ? '' : ', --jitless'}`)
    const driver = createDriver(subject)
    const of = async (load: Load) => {
      const all: Figures[] = []
      for (let run = 0; run < plan.runs; run += 1) {
        all.push(await driver.run(load, plan.seconds, run === 0 ? plan.warmup : 0.2))
      }
      return medianRun(all)
    }
    const closed = await of(CLOSED)
    show('window 256', closed, subject, plan.yardstick)
    if (EASED.has(name)) {
      const perSecond = Math.round(closed.perSecond * 0.8)
      show('at 80 %', await of({ kind: 'rate', perSecond }), subject, undefined)
    }
    const steady = await of(RATE)
    show('1,000/s', steady, subject, undefined)
    if (Math.abs(steady.perSecond - 1000) > 50)
      console.log('               not kept up: its latency is that of a queue')
    for (const fact of await subject.facts()) console.log(`      ${fact}`)
    return closed
  } finally {
    await subject.close()
  }
}

/** What the stages of a guard hold at first and after many stanzas. */
async function measureMemory(setting: Setting, stanzas: number): Promise<void> {
  const subject = await guardDirection(setting)
  try {
    const driver = createDriver(subject)
    // Past the first thousands everything has been loaded, and compiled where it is.
    await driver.pass(CLOSED, Math.min(20_000, stanzas))
    const before = memoryOf(subject)
    await driver.pass(CLOSED, stanzas)
    const after = memoryOf(subject)
    const way = setting.jit ? '' : ', --jitless'
    console.log(
      `\n  memory of one guard direction before and after ${stanzas.toLocaleString('en')} stanzas${way}`,
    )
    for (const [name, megabytes] of after) {
      console.log(
        `    ${name.padEnd(10)} ${before.get(name)!.toFixed(0).padStart(4)} MB  ${megabytes.toFixed(0).padStart(4)} MB`,
      )
    }
  } finally {
    await subject.close()
  }
}

function show(load: string, figures: Figures, subject: Measured, yardstick: Figures | undefined): void {
  const sum = (cpu: readonly number[]) => cpu.reduce((total, one) => total + one, 0)
  const parts = subject.processes.map(({ name }, i) => `${name} ${figures.cpu[i]!.toFixed(0)}`).join(', ')
  const { perSecond, p50, p99, cpu, driver } = figures
  const rate = `${Math.round(perSecond).toLocaleString('en')}/s`.padStart(10)
  const latency = `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`
  console.log(
    `    ${load.padEnd(10)} ${rate}  ${latency}  ${sum(cpu).toFixed(0)} µs (${parts}; driver ${driver.toFixed(0)})`,
  )
  if (yardstick === undefined) return
  const slower = yardstick.perSecond / perSecond
  const dearer = sum(cpu) / sum(yardstick.cpu)
  console.log(
    `               beside the relay: ${slower.toFixed(1)} times slower, ${dearer.toFixed(1)} times the processor time`,
  )
}
