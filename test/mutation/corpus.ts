/**
 * Frames by which mutants are told from the program: made from the forms of several bundles, then changed, and written by hand.
 * What is expected of each is what the *other* verifier says; `told` is what the program itself says besides (reason and place).
 */
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { makeGenerator } from '../differential/generate.ts'
import { compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { bundle as byHand } from '../verify/fixture.ts'
import { mutate } from '../verify/mutate.ts'
import { random } from '../verify/random.ts'
import { HOSTILE } from '../xml/hostile.ts'

export type Frame = Readonly<{ bundle: number; stanza: Buffer; second: number }>

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000

export function corpusBundles(): Bundle[] {
  const examples = exampleNames().map((name) => compiled(exampleSources(name)).bundle)
  const { labels, limits } = examples[0]!
  const full = { ...byHand, labels, limits }
  return [...examples, full, narrowed(full), tight(full)]
}

/** Whose limits stanzas of its own forms exceed. */
function tight(bundle: Bundle): Bundle {
  const rows = bundle.labels.rows.filter(({ input }) => input.form === 'ess-0258')
  return {
    ...bundle,
    limits: { ...bundle.limits, depth: 4, stanzaBytes: 700 },
    labels: { ...bundle.labels, rows },
  }
}

/** With each narrowing of texts that a bundle can have. */
function narrowed(bundle: Bundle): Bundle {
  return {
    ...bundle,
    content: {
      scripts: ['Latin', 'Greek', 'Han', 'Hiragana', 'Katakana'],
      categories: ['Lu', 'Ll', 'Lo', 'Lm', 'Mn', 'Nd', 'Po', 'Ps', 'Pe', 'So', 'Sk'],
      joiners: false,
      marks: 1,
      mixedWords: false,
      links: false,
      words: ['hello', 'z'],
    },
  }
}

/** `count` frames a bundle; the same for the same seed. */
export function makeCorpus(bundles: readonly Bundle[], count: number, seed: number): Frame[] {
  return bundles.flatMap((bundle, index) => {
    const chance = random(seed + index)
    const generate = makeGenerator(bundle, chance)
    const pool = Array.from({ length: 50 }, generate)
    const frames: Frame[] = []
    for (let n = 0; n < count; n += 1) {
      let stanza = generate()
      for (let changes = [0, 0, 1, 1, 2][n % 5]!; changes > 0; changes -= 1)
        stanza = mutate(chance, stanza, pool)
      frames.push({ bundle: index, stanza, second: n % 97 === 0 ? chance.below(253_402_300_800) : SECOND })
    }
    for (const { octets } of HOSTILE)
      frames.push({ bundle: index, stanza: Buffer.from(octets), second: SECOND })
    return frames
  })
}

/** What either verifier says. */
export type Verdict =
  | Readonly<{ accepted: true; row: number; output: string; form: string; from: string; to: string }>
  | Readonly<{ accepted: false; reason: string; at: number; form: string; from: string; to: string }>

/** Verdict and octets, in which the two verifiers agree. */
export function verdictOf(verdict: Verdict): string {
  if (!verdict.accepted) return 'refused'
  const { row, output, form, from, to } = verdict
  return [row < 0 ? 0xffffffff : row, form, from, to, output].join('\0')
}

/** What a refusal says besides, in which they may differ. */
export function toldOf(verdict: Verdict): string {
  return verdict.accepted
    ? ''
    : [verdict.reason, verdict.at, verdict.form, verdict.from, verdict.to].join('\0')
}
