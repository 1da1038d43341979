/** One direction of real processes whose code is a copy: a producer and a consumer around it, and what its journal says. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GuardConfig } from '../../../guard/launcher/stages.ts'
import type { Bundle } from '../../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../../rules/bundle/load.ts'
import { health, makeSite, receive, sendTo, until } from '../../guard/harness.ts'
import { configOf } from '../../guard/stage.ts'
import { framed } from './stanzas.ts'

/** What the journal and the far side know of one stanza. A verifier has said `accepted`, or the reason of its refusal. */
export type Crossed = Readonly<{
  outcome: string
  inspect: string
  verify: string
  /** What the far side received; undefined: nothing. */
  received: string | undefined
}>

/** A stanza as text, or as octets that no text has. */
export type Stanza = string | Uint8Array

export type Direction = Readonly<{
  /** A folder for the copies. */
  directory: string
  /** Starts the guard whose code is in `tree`, sends it the stanzas, waits for all answers and ends it. */
  cross(tree: string, bundle: Bundle, stanzas: readonly Stanza[]): Promise<Crossed[]>
  remove(): void
}>

/** Certificates and ports for any number of runs, one at a time. */
export async function makeDirection(): Promise<Direction> {
  const site = await makeSite()
  const config = await configOf(site)
  let runs = 0
  return {
    directory: site.directory,
    remove: site.remove,
    async cross(tree, bundle, stanzas) {
      const run = join(site.directory, `run-${++runs}`)
      const own = prepare(run, config, bundle)
      const { startGuard } = (await import(
        join(tree, 'guard/launcher/launcher.ts')
      )) as typeof import('../../../guard/launcher/launcher.ts')
      const far = receive(site)
      const guard = startGuard(own)
      try {
        await until(async () => (await health(site)).status === 200, 60_000)
        const near = sendTo(site)
        for (const [index, stanza] of stanzas.entries()) await near.send(framed(stanza, `0.${index + 1}`))
        await until(() => near.answers.size === stanzas.length, 60_000)
        near.producer.close()
      } finally {
        await guard.stop()
        far.close()
      }
      const numbers = stanzas.map((_, index) => `0.${index + 1}`)
      if (!far.order.every((number) => numbers.includes(number)))
        throw new Error('a number that was never sent')
      const verdicts = readVerdicts(own.journal.directory)
      return numbers.map((number) => ({ ...verdicts.get(number)!, received: far.payloads.get(number) }))
    },
  }
}

/** The configuration with a bundle and an empty journal of its own. */
function prepare(run: string, config: GuardConfig, bundle: Bundle): GuardConfig {
  const directory = join(run, 'journal')
  const file = join(run, 'bundle.json')
  mkdirSync(directory, { recursive: true })
  const octets = bundleOctets(bundle)
  writeFileSync(file, octets)
  return {
    ...config,
    bundle: { file, digest: bundleDigest(octets) },
    journal: { ...config.journal, directory },
  }
}

/** The verdict records of a journal by number. */
function readVerdicts(directory: string): Map<string, Omit<Crossed, 'received'>> {
  type Opinion = { verdict: string; reason?: string }
  type Verdict = { type: 'verdict'; number: string; outcome: string; inspect: Opinion; verify: Opinion }
  const said = ({ verdict, reason }: Opinion) => reason ?? verdict
  const verdicts = new Map<string, Omit<Crossed, 'received'>>()
  for (const name of readdirSync(directory).filter((name) => name.endsWith('.jsonl'))) {
    for (const line of readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1)) {
      const record = JSON.parse(line) as Verdict | { type: 'other' }
      if (record.type !== 'verdict') continue
      const { number, outcome, inspect, verify } = record
      verdicts.set(number, { outcome, inspect: said(inspect), verify: said(verify) })
    }
  }
  return verdicts
}
