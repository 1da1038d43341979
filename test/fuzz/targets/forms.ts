/**
 * Stanzas of the bundles' own forms, made and then changed by choices that the input's octets are: both verifiers give the same
 * verdict and the same octets. What a fuzzer of octets seldom gets by itself, an accepted stanza with one thing wrong, is the rule here.
 */
import { makeGenerator } from '../../differential/generate.ts'
import { mutate } from '../../verify/mutate.ts'
import { random } from '../../verify/random.ts'
import { choicesFrom } from '../choices.ts'
import { bundles, judge } from '../deciders.ts'
import type { Target } from '../target.ts'

const MOST_CHANGES = 4

export const target: Target = {
  kept: 85,
  grown: 4096,
  dictionary: [],
  seeds() {
    const { below } = random(1)
    return bundles.flatMap((_, bundle) =>
      Array.from({ length: 60 }, (_, length) =>
        Buffer.from([bundle, below(5), ...Array.from({ length: 4 * length }, () => below(256))]),
      ),
    )
  },
  check(input) {
    const [bundle = 0, changes = 0] = input
    const chance = choicesFrom(input.subarray(2))
    const generate = makeGenerator(bundles[bundle % bundles.length]!, chance)
    let stanza = generate()
    judge(bundle, stanza)
    for (let n = changes % (MOST_CHANGES + 1); n > 0 && !chance.spent(); n -= 1) {
      stanza = mutate(chance, stanza, [stanza])
      judge(bundle, stanza)
    }
  },
}
