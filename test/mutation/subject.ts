/** A verifier as mutants are tried on it: the program itself, or a mutated copy of its code. */
import { join } from 'node:path'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { encodeBundle } from '../verify/fixture.ts'
import type { Case } from './cases.ts'
import type { Side } from './targets.ts'

/**
 * What a verifier says. `verdict`: that, and the octets to release, in which both verifiers agree; `told`: what else it says, in
 * which they may differ.
 */
export type Said = Readonly<{ accepted: boolean; verdict: string; told: string }>

export type Subject = Readonly<{
  /** Reads the bundle of a case, if that has not been done. */
  prepare(one: Case): void
  say(one: Case): Said
  /** Reads bundles anew from now on. */
  forget(): void
}>

type Verdict =
  | Readonly<{ accepted: true; row: number; output: string; form: string; from: string; to: string }>
  | Readonly<{ accepted: false; reason: string; at: number; form: string; from: string; to: string }>
/** What a mutated copy throws when a mutant is reached too often. */
export const HIT_LIMIT = 'Stryker: Hit count limit reached'

type Decider = (stanza: Buffer, second: number, number: StanzaNumber) => Verdict

/** A bundle made ready: what decides by it, and what makes the answers to frames. */
type Ready = Readonly<{ decide: Decider; answer: (chunks: readonly Buffer[]) => Buffer }>

type Code = Readonly<{ read(bundle: Bundle): Ready; readFile(octets: Buffer, digest: string): void }>

/** The verifier whose code is below `tree`. */
export async function loadSubject(side: Side, tree: string, bundles: readonly Bundle[]): Promise<Subject> {
  const code = side === 'verify' ? await loadVerify(tree) : await loadInspect(tree)
  let ready: (Ready | { error: unknown } | undefined)[] = []

  const readyFor = (bundle: number): Ready => {
    let one = ready[bundle]
    if (one === undefined) {
      try {
        one = code.read(bundles[bundle]!)
      } catch (error) {
        one = { error }
      }
      ready[bundle] = one
    }
    if ('error' in one) throw one.error
    return one
  }

  return {
    prepare: (one) => void (one.kind === 'bundle' || readyFor(one.bundle)),
    say(one) {
      if (one.kind === 'stanza')
        return saidOf(readyFor(one.bundle).decide(one.stanza, one.second, one.number))
      try {
        if (one.kind === 'pipe') {
          const answers = readyFor(one.bundle).answer(one.chunks).toString('latin1')
          return { accepted: true, verdict: answers, told: '' }
        }
        code.readFile(one.octets, one.digest)
        return { accepted: true, verdict: 'read', told: '' }
      } catch (error) {
        // The process ends, and the direction with it.
        if (!(error instanceof Error) || error.message.startsWith(HIT_LIMIT)) throw error
        const told = error.constructor.name === 'Fault' ? error.message : error.constructor.name
        return { accepted: false, verdict: 'refused', told }
      }
    },
    forget() {
      ready = []
    },
  }
}

async function loadVerify(tree: string): Promise<Code> {
  const load = async (name: string) => await import(join(tree, 'guard/verify', name))
  const { readBundle }: typeof import('../../guard/verify/bundle.ts') = await load('bundle.ts')
  const { makeDecider }: typeof import('../../guard/verify/decide.ts') = await load('decide.ts')
  const { makeFrameReader }: typeof import('../../guard/verify/frame.ts') = await load('frame.ts')
  const { encodeAnswer, encodeStart }: typeof import('../../guard/verify/answer.ts') = await load('answer.ts')
  return {
    read(source) {
      const { octets, digest } = encodeBundle(source)
      const bundle = readBundle(octets, digest)
      const decide = makeDecider(bundle)
      return {
        decide,
        answer(chunks) {
          const answers = [encodeStart(bundle.digest)]
          const take = makeFrameReader(bundle.stanzaBytes, (frame) => {
            const verdict = decide(frame.stanza, frame.second, frame.number)
            answers.push(encodeAnswer(frame, verdict))
          })
          for (const chunk of chunks) take(chunk)
          return Buffer.concat(answers)
        },
      }
    },
    readFile: (octets, digest) => void readBundle(octets, digest),
  }
}

async function loadInspect(tree: string): Promise<Code> {
  const load = async (name: string) => await import(join(tree, name))
  const { createDecider }: typeof import('../../rules/decide/decide.ts') =
    await load('rules/decide/decide.ts')
  const { createFrameReader }: typeof import('../../guard/common/frames.ts') =
    await load('guard/common/frames.ts')
  const { FRAME_HEAD, parseFrame }: typeof import('../../guard/inspect/frame.ts') =
    await load('guard/inspect/frame.ts')
  const { encodeAnswer, encodeHeader }: typeof import('../../guard/inspect/answer.ts') =
    await load('guard/inspect/answer.ts')
  return {
    read(source) {
      const decide = createDecider(source)
      return {
        decide,
        answer(chunks) {
          const answers = [Buffer.from(encodeHeader(encodeBundle(source).digest))]
          const frames = createFrameReader(source.limits.stanzaBytes + FRAME_HEAD)
          for (const chunk of chunks) {
            frames.feed(chunk)
            for (let rest = frames.read(); rest !== undefined; rest = frames.read()) {
              const frame = parseFrame(rest)
              if (frame === undefined) return Buffer.concat([...answers, Buffer.from('no frame')])
              const verdict = decide(frame.payload, frame.second, frame.number)
              answers.push(Buffer.from(encodeAnswer(rest, verdict)))
            }
          }
          return Buffer.concat(answers)
        },
      }
    },
    // Whether octets are a bundle has been asked before, by guard/common.
    readFile: (octets) => void createDecider(JSON.parse(octets.toString('utf8'))),
  }
}

export function saidOf(verdict: Verdict): Said {
  const { accepted, form, from, to } = verdict
  if (!accepted) {
    return { accepted, verdict: 'refused', told: [verdict.reason, verdict.at, form, from, to].join('\0') }
  }
  const { row, output } = verdict
  return {
    accepted,
    verdict: [row < 0 ? 0xffffffff : row, form, from, to, output].join('\0'),
    told: '',
  }
}
