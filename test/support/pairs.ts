/**
 * The two example rulesets with pairs of labels: what ACME releases keeps ACME's label beside the coalition's, and what the
 * coalition's rooms give back with both is accepted.
 */
import { parse, stringify } from 'yaml'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { type ExampleName, exampleSources } from './ruleset.ts'

export const PAIR_FORMS: readonly PairForm[] = [
  'ess-0258+equivalentlabel',
  '4774-0258+equivalentlabel',
  '4774-0258+alternative',
  '4774-4778+alternative',
]

export type PairRulesets = Readonly<{ out: Map<string, Uint8Array>; back: Map<string, Uint8Array> }>

/** Sources in which the sets that map release `form` on the way out and accept it on the way back; `back` is their mode there. */
export function pairRulesets(
  form: PairForm,
  back: 'replace' | 'equivalentlabel' | 'alternative' = 'replace',
): PairRulesets {
  const [single, mode] = form.split('+') as [string, string]
  return {
    out: changed('acme-to-coalition', { release: single, mode }),
    back: changed('coalition-to-acme', (set) => ({
      accept: [...new Set([...(set['accept'] as string[]), single, form])],
      ...(back === 'replace' ? {} : { release: single, mode: back }),
    })),
  }
}

/** The way back with every form of label and of pair accepted. */
export function everyPair(): Map<string, Uint8Array> {
  return changed('coalition-to-acme', { accept: ['ess-0258', '4774-0258', '4774-4778', ...PAIR_FORMS] })
}

type Fields = Record<string, unknown>

/** An example with other fields in its set that has a target. */
function changed(name: ExampleName, fields: Fields | ((set: Fields) => Fields)): Map<string, Uint8Array> {
  const sources = exampleSources(name)
  const ruleset = parse(new TextDecoder().decode(sources.get('ruleset.yaml')))
  ruleset.labels.sets = ruleset.labels.sets.map((set: Fields) => {
    if (set['target'] === undefined) return set
    const { 'review-after': _, ...made }: Fields = {
      ...set,
      ...(typeof fields === 'function' ? fields(set) : fields),
    }
    const dated =
      made['release'] !== 'ess-0258' && (made['accept'] as string[]).some((one) => one.startsWith('ess'))
    return dated ? { ...made, 'review-after': '365d' } : made
  })
  return sources.set(
    'ruleset.yaml',
    new TextEncoder().encode(stringify(ruleset, { aliasDuplicateObjects: false })),
  )
}

/** The payload of a label element: of the first label in it. */
export function payloadOf(element: string): string {
  const found = /<(esssecuritylabel|originatorConfidentialityLabel)[ >].*?<\/\1>/.exec(element)
  if (found === null) throw new Error(`no payload in ${element}`)
  return found[0]
}

/** A label element around those payloads, the first of which stands for itself; written by hand, not by the compiler's writer. */
export function compose(form: PairForm, first: string, ...others: readonly string[]): string {
  const [single, mode] = form.split('+')
  const second = others.map((one) =>
    mode === 'alternative'
      ? one.replaceAll('originatorConfidentialityLabel', 'alternativeConfidentialityLabel')
      : one,
  )
  if (single === '4774-4778') {
    const metadata = [first, ...second].map((one) => `<Metadata>${one}</Metadata>`).join('')
    return (
      '<BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:0"><BindingDataObject>' +
      '<BindingInformation xmlns="urn:nato:stanag:4778:bindinginformation:1:0"><MetadataBindingContainer><MetadataBinding>' +
      `${metadata}<DataReference URI=""></DataReference></MetadataBinding></MetadataBindingContainer>` +
      '</BindingInformation></BindingDataObject></BindingData>'
    )
  }
  const equivalents = second.map((one) => `<equivalentlabel>${one}</equivalentlabel>`).join('')
  return `<securitylabel xmlns="urn:xmpp:sec-label:0"><label>${first}</label>${equivalents}</securitylabel>`
}
