/**
 * One direction under load, to which a test does something bad, and one way of judging what came of it (the fault table of
 * doc/guard.md, "What happens when").
 *
 * Whatever was done: nothing left that was refused, or without a record of these octets; every number that was sent is answered
 * in the end; what came twice came with equal octets under its number, so that the receiving edge drops it; the journal is sound; the
 * flow went on by itself; and where it stood still, health said why.
 */
import { createHmac, hash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { listSegments } from '../../guard/journal/files.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { benign, released, unlabelled } from '../guard/bundle.ts'
import {
  makeSite,
  type Receiver,
  type RunningGuard,
  receive,
  runGuard,
  type Sender,
  type Site,
  sendTo,
  until,
} from '../guard/harness.ts'
import { pace } from '../support/pace.ts'
import { type Link, openLink } from './link.ts'

/** The long form of the fault table: `npm run faults`. */
export const LONG = process.env['FAULTS'] === 'long'

/** What health says once a stage has failed: of that one, or of another that was told sooner that its pipe has ended. */
export const ENDED = /^[a-z]+ ended with exit code 1: its last line in the log says why/

const PER_SECOND = 100
/** How long a direction may take to flow again once the cause is gone: room for a busy machine, no promise. */
const AGAIN_MS = 60_000
/** Every tenth stanza of the load has no label and must stay, as all of a flood. */
const EVERY = 10
const FLOOD_TEXT = 'x'.repeat(8_000)

export type Fault = Readonly<{
  /** What is done, as the table has it. */
  name: string
  /** What health must have said while it lasted; absent where the flow need not stand still. */
  health?: RegExp
  /** A verifier lies: a stanza that both should accept may stay, as a disagreement, and is answered so. */
  lies?: true
  /** Does it, and takes the cause away again; returns when it is gone. The load goes on meanwhile. */
  strike(): Promise<void>
}>

export type Direction = Readonly<{
  site: Site
  near: Sender
  far: Receiver
  /** What the connections of producer and consumer go through. */
  links: Readonly<{ producer: Link; consumer: Link }>
  guard(): RunningGuard
  /** Starts the guard again, after its launcher has ended. */
  startAgain(): void
  /** Waits until so many more stanzas have come out. */
  flows(more?: number): Promise<void>
  /** Sends so many more stanzas as fast as they are taken, each large and without label. */
  flood(stanzas: number): Promise<void>
  /** Waits until health says so, while nothing comes out. */
  healthSays(pattern: RegExp): Promise<void>
  /** Whether nothing comes out for `ms`. */
  standsStill(ms: number): Promise<boolean>
  endure(t: Test, fault: Fault): Promise<void>
}>

export type DirectionOptions = Readonly<{
  site?: Site
  /** Starts the guard where it is not the product's own command. */
  start?: (site: Site) => RunningGuard
  /** Called before anything of the site is removed. */
  atEnd?: () => Promise<void> | void
}>

/** Starts a guard, its peers and nothing else; `t` ends them. */
export async function underLoad(t: Test, options: DirectionOptions = {}): Promise<Direction> {
  const site = options.site ?? (await makeSite())
  const start = options.start ?? runGuard
  const links = { producer: await openLink(site.port.intake), consumer: await openLink(site.port.release) }
  const text = readFileSync(site.config, 'utf8')
  writeFileSync(site.config, text.replace(/connect: .*/, `connect: 127.0.0.1:${links.consumer.port}`))
  let arrivedAt = performance.now()
  let stoodStill = 0
  const far = receive(site, (number, connection) => {
    const now = performance.now()
    stoodStill = Math.max(stoodStill, now - arrivedAt)
    arrivedAt = now
    connection.answer(number, true)
  })
  let guard = start(site)
  const near = sendTo({ ...site, port: { ...site.port, intake: links.producer.port } })
  t.teardown(async () => {
    near.producer.close()
    if (guard.process.exitCode === null && guard.process.signalCode === null) await guard.stop()
    far.close()
    links.producer.close()
    links.consumer.close()
    await options.atEnd?.()
    site.remove()
  })
  await guard.ready()

  let broken = false
  let watch: ReturnType<typeof watchHealth> | undefined
  let sent = 0
  const stays = new Set<number>()
  let sending: Promise<unknown> = Promise.resolve()
  /** One behind the other, so that the text tells the number. */
  function send(flood: boolean): Promise<unknown> {
    sending = sending.then(() => {
      const i = ++sent
      if (flood || i % EVERY === 0) stays.add(i)
      return near.send(stays.has(i) ? unlabelled(`n${i}${flood ? FLOOD_TEXT : ''}`) : benign(`n${i}`))
    })
    return sending
  }

  const direction: Direction = {
    site,
    near,
    far,
    links,
    guard: () => guard,
    startAgain() {
      guard = start(site)
    },
    async flows(more = 20) {
      const before = far.payloads.size
      await until(() => far.payloads.size >= before + more, AGAIN_MS, guard.said)
    },
    async flood(stanzas) {
      for (let i = 0; i < stanzas; i++) await send(true)
    },
    healthSays: (pattern) =>
      until(() => watch?.said().some((line) => pattern.test(line)) === true, AGAIN_MS, guard.said),
    async standsStill(ms) {
      // What was on its way when the cause came may still arrive.
      await delay(200)
      const before = far.order.length
      await delay(ms)
      return far.order.length === before
    },
    async endure(t, fault) {
      if (broken) throw new Error('an earlier fault has not ended: there is nothing to judge')
      broken = true
      watch = watchHealth(site)
      const began = { sent, twice: far.order.length - far.payloads.size, released: far.payloads.size }
      const load = pace(PER_SECOND, () => send(false))
      try {
        await direction.flows()
        stoodStill = 0
        arrivedAt = performance.now()
        await fault.strike()
        const known = sent
        await until(() => near.answers.size >= known, AGAIN_MS, guard.said)
        const still = stoodStill
        await direction.flows()
        await load.stop()
        await until(() => near.answers.size >= sent, AGAIN_MS, guard.said)
        const said = watch.said()
        const faults = await judge({ site, near, far, sent, stays, lies: fault.lies === true })
        if (fault.health !== undefined && !said.some((line) => fault.health?.test(line)))
          faults.push(`health never said ${fault.health}, but: ${said.join(' | ') || 'always ready'}`)
        const left = far.payloads.size - began.released
        const twice = far.order.length - far.payloads.size - began.twice
        t.comment(
          [
            fault.name.padEnd(64),
            `stood still ${(still / 1000).toFixed(1).padStart(6)} s`,
            `sent ${sent - began.sent}, released ${left}, refused ${sent - began.sent - left}, twice ${twice}`,
            faults.length === 0 ? 'holds' : 'BROKEN',
          ].join(' | '),
        )
        broken = false
        t.same(faults, [], fault.name)
      } finally {
        await Promise.race([load.stop(), delay(1000)])
        await watch.stop()
      }
    },
  }
  return direction
}

/** Notes what health says while it is not ready. */
function watchHealth(site: Site): Readonly<{ said(): string[]; stop(): Promise<void> }> {
  const said = new Set<string>()
  let watching = true
  const done = (async () => {
    while (watching) {
      try {
        const url = `http://127.0.0.1:${site.port.metrics}/healthz`
        const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) })
        const text = (await answer.text()).trim()
        if (answer.status !== 200) said.add(text)
      } catch {
        said.add('no answer')
      }
      await delay(50)
    }
  })()
  return {
    said: () => [...said],
    stop() {
      watching = false
      return done
    },
  }
}

type Judged = Readonly<{
  site: Site
  near: Sender
  far: Receiver
  sent: number
  /** The numbers that must stay. */
  stays: ReadonlySet<number>
  lies: boolean
}>

/** Whatever is not as it must be, one line each. All that was ever sent is looked at; nothing may be on its way. */
async function judge({ site, near, far, sent, stays, lies }: Judged): Promise<string[]> {
  const faults = new Set<string>()
  let journal = readJournal(site)
  // The last confirmation is recorded a little later than it is given.
  for (const end = performance.now() + 5_000; journal.problems.length > 0 && performance.now() < end; ) {
    await delay(200)
    journal = readJournal(site)
  }
  for (const problem of journal.problems) faults.add(`the journal is not sound: ${problem}`)

  for (const number of [...far.payloads.keys(), ...near.answers.keys(), ...journal.verdicts.keys()]) {
    const [generation, count] = number.split('.').map(Number)
    if (generation !== 0 || count! < 1 || count! > sent) faults.add(`${number} was never sent`)
  }
  for (const number of far.changed) faults.add(`${number} came again with other octets`)
  for (let i = 1; i <= sent; i++) {
    const number = `0.${i}`
    const answer = near.answers.get(number)
    const payload = far.payloads.get(number)
    const verdicts = journal.verdicts.get(number) ?? []
    const said = (what: string) =>
      faults.add(`${number} (${stays.has(i) ? 'must stay' : 'may pass'}): ${what}`)
    if (answer === undefined) said('is lost: never answered')
    if (verdicts.length === 0) said('has no record')
    verdicts.slice(1).some(({ again }) => again !== true) && said('was judged again without the mark')
    if (verdicts[0]?.again === true) said('is marked as judged again at its first record')
    if (payload !== undefined) {
      if (stays.has(i)) said('left although it must stay')
      if (payload !== released(`n${i}`)) said('left with other octets')
      const output = createHmac('sha256', JOURNAL_KEY)
        .update(hash('sha256', payload, 'buffer'))
        .digest('hex')
      if (!verdicts.some((one) => one.outcome === 'released' && one.output === output))
        said('left without a record of its octets')
    }
    if (answer === true && payload === undefined) said('was answered "accepted" and did not arrive')
    if (stays.has(i) && answer === true) said('was answered "accepted"')
    const disagreed = verdicts.some(({ outcome }) => outcome === 'disagreement')
    if (disagreed && !lies) said('the verifiers disagreed')
    if (!stays.has(i) && answer === false && !(lies && disagreed)) said('was answered "refused"')
  }
  for (const digest of journal.starts)
    if (digest !== site.digest) faults.add(`a run began with the bundle ${digest}`)
  return [...faults].slice(0, 10)
}

/** The digest key of a site. */
const JOURNAL_KEY = Buffer.from('0f'.repeat(32), 'hex')

type VerdictLine = Readonly<{ number: string; outcome: string; output?: string; again?: true }>

function readJournal(site: Site) {
  const { problems } = verifyJournal(site.journal, [])
  const verdicts = new Map<string, VerdictLine[]>()
  const starts: string[] = []
  for (const { name } of listSegments(site.journal)) {
    for (const line of readFileSync(join(site.journal, name), 'utf8').split('\n').slice(0, -1)) {
      const record = JSON.parse(line)
      if (record.type === 'start') starts.push(record.bundle)
      if (record.type !== 'verdict') continue
      const known = verdicts.get(record.number)
      if (known === undefined) verdicts.set(record.number, [record])
      else known.push(record)
    }
  }
  return { problems, verdicts, starts }
}
