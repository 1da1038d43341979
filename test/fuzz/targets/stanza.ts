/** Any octets as a stanza: both verifiers give the same verdict and the same octets. */
import { bundles, judge, ownStanzas } from '../deciders.ts'
import type { Target } from '../target.ts'
import { XML_TOKENS } from '../xml-tokens.ts'

export const target: Target = {
  kept: 70,
  grown: Math.max(...bundles.map(({ limits }) => limits.stanzaBytes)),
  dictionary: XML_TOKENS,
  seeds: () =>
    ownStanzas(40)
      .filter(({ stanza }) => stanza.length < 4000)
      .map(({ bundle, stanza }) => Buffer.concat([Uint8Array.of(bundle), stanza])),
  check: (input) => judge(input[0] ?? 0, input.subarray(1)),
}
