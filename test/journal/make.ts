/** Journals for tests: written record by record, or by the stage itself, to which the test is everybody else. */
import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeContent } from '../../guard/common/content.ts'
import { decodeHead, encodeRecord, HEAD_OCTETS, type JournalHead, NO_ROW } from '../../guard/common/record.ts'
import type { StanzaNumber } from '../../guard/gcxp/number.ts'
import { signCheckpoint } from '../../guard/journal/checkpoint.ts'
import { segmentName } from '../../guard/journal/files.ts'
import { writeHeadFile } from '../../guard/journal/head-file.ts'
import { type Head, NO_HEAD, writeLine } from '../../guard/journal/line.ts'
import type { GuardConfig, JournalConfig } from '../../guard/launcher/stages.ts'
import { makeSite, until } from '../guard/harness.ts'
import { configOf, type StartedStage, startStage } from '../guard/stage.ts'

export type Written = Readonly<{
  directory: string
  put(fields: object): Head
  /** A checkpoint behind the last record, signed. */
  checkpoint(key: KeyObject, guard?: string): Head
  segment(): void
  head(): Head
  lines(): string[]
  /** Writes files and `head.json` of what was put so far. */
  save(): Promise<void>
}>

/** A journal that the test writes; it begins with a segment. Times grow by a second a record from `began` on. */
export function writeJournal(directory: string, began = Date.UTC(2026, 0, 1)): Written {
  mkdirSync(directory, { recursive: true })
  const files: { name: string; lines: string[] }[] = []
  let head = NO_HEAD
  let at = began
  const time = () => new Date((at += 1000)).toISOString()
  const put = (fields: object) => {
    const written = writeLine(head, 'time' in fields ? fields : { time: time(), ...fields })
    head = written.head
    files.at(-1)!.lines.push(written.line)
    return head
  }
  const segment = () => {
    files.push({ name: segmentName(head.seq + 1), lines: [] })
    put({ type: 'segment', previous: head.chain, seen: '0.0', confirmed: '0.0' })
  }
  segment()
  return {
    directory,
    put,
    segment,
    checkpoint: (key, guard = 'high-to-low') =>
      put({ type: 'checkpoint', ...signCheckpoint(key, guard, head, time()) }),
    head: () => head,
    lines: () => files.flatMap(({ lines }) => lines),
    async save() {
      for (const { name, lines } of files) writeFileSync(join(directory, name), lines.join(''))
      await writeHeadFile(directory, head)
    },
  }
}

/** A key pair in files, as "sallyport journal signing-key" and "content-key" make them. */
export function makePair(
  folder: string,
  name: string,
  type: 'ed25519' | 'x25519',
): Readonly<{ file: string; publicFile: string; privateKey: KeyObject; publicKey: KeyObject }> {
  const pair = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
  const file = join(folder, name)
  writeFileSync(file, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  writeFileSync(`${file}.pub`, pair.publicKey.export({ type: 'spki', format: 'pem' }))
  return { file, publicFile: `${file}.pub`, ...pair }
}

type Test = Readonly<{ teardown(then: () => void): void }>

/** A site for the time of the test `t`, its configuration, and both pairs of keys in its directory. */
export async function keyedSite(t: Test) {
  const site = await makeSite()
  t.teardown(site.remove)
  return {
    site,
    config: await configOf(site),
    signing: makePair(site.directory, 'signing', 'ed25519'),
    content: makePair(site.directory, 'content', 'x25519'),
  }
}

export type RunningJournal = Readonly<{
  stage: StartedStage
  head: JournalHead
  verdict(number: StanzaNumber, outcome?: 'released' | 'refused' | 'disagreement', more?: Verdict): void
  confirmed(number: StanzaNumber): void
  declined(number: StanzaNumber): void
  content(number: StanzaNumber, sealed: Uint8Array): void
  /** How many records it has said to be durable. */
  durable(): number
  waitDurable(count: number): Promise<void>
  snapshot(): Readonly<Record<string, unknown>>
  stop(): Promise<number | null>
}>

type Verdict = Readonly<{ from?: string; to?: string; reason?: string }>

/** The journal stage alone, begun; it does not outlive the test `t`. `file` is run instead of its program. */
export async function runJournal(
  t: Test,
  config: GuardConfig,
  changed: Partial<JournalConfig> = {},
  file?: string,
): Promise<RunningJournal> {
  const stage = startStage('journal', { ...config, journal: { ...config.journal, ...changed } }, file)
  t.teardown(() => stage.process.kill('SIGKILL'))
  await until(() => stage.from(4).length >= HEAD_OCTETS, 20_000, stage.said)
  const durable = () => {
    const counts = stage.from(4).subarray(HEAD_OCTETS)
    return counts.length < 8 ? 0 : Number(counts.readBigUInt64BE(counts.length - (counts.length % 8) - 8))
  }
  return {
    stage,
    head: decodeHead(stage.from(4).subarray(0, HEAD_OCTETS)),
    verdict(number, outcome = 'released', { from, to, reason = 'label-missing' } = {}) {
      const opinion = (accepted: boolean) => ({
        accepted,
        row: accepted ? 0 : NO_ROW,
        position: 0,
        reason: accepted ? '' : reason,
        form: 'chat',
        from: from ?? 'alice@high.example/desk',
        to: to ?? 'bob@low.example',
      })
      stage.to(3).write(
        encodeRecord({
          kind: 'verdict',
          outcome,
          number,
          input: hash('sha256', `in ${number.count}`, 'buffer'),
          output: hash('sha256', `out ${number.count}`, 'buffer'),
          size: outcome === 'released' ? 100 : 0,
          inspect: opinion(outcome !== 'refused'),
          verify: opinion(outcome === 'released'),
        }),
      )
    },
    confirmed: (number) => stage.to(3).write(encodeRecord({ kind: 'confirmed', number })),
    declined: (number) => stage.to(3).write(encodeRecord({ kind: 'declined', number })),
    content: (number, sealed) => stage.to(6).write(encodeContent({ number, sealed })),
    durable,
    waitDurable: (count) => until(() => durable() >= count, 30_000, stage.said),
    snapshot: () => JSON.parse(stage.from(5).toString('latin1').trim().split('\n').at(-1)!),
    async stop() {
      stage.process.kill('SIGTERM')
      return stage.exit
    },
  }
}

export const at = (count: number, generation = 0): StanzaNumber => ({ generation, count })
