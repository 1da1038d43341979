/**
 * The policy that the sample of hostile and benign stanzas assumes (conformance/stanzas/policy.json), as a ruleset.
 *
 * Both policies keep their labels: CWIX25 in STANAG 4774 and ACME in ESS, inside XEP-0258, markings made anew. Listed are
 * each allowed classification without category, and with each set of Releasable To values that contains AUS.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

type Policy = Readonly<{
  senderDomains: readonly string[]
  recipientDomains: readonly string[]
  allow: readonly Readonly<{
    policy: string
    classifications: readonly Readonly<{ name: string }>[]
    categories: readonly Readonly<{
      tagSet: string
      ifPresentMustContain: string
      allowedValues: readonly Readonly<{ name: string }>[]
    }>[]
  }>[]
  limits: Readonly<{
    stanzaBytes: number
    depth: number
    bodyChars: number
    subjectChars: number
    idChars: number
    jidPartOctets: number
  }>
}>

const FORMS = { CWIX25: '4774-0258', ACME: 'ess-0258' } as const

/** The files of the ruleset by name; `stanzas` is the folder conformance/stanzas. */
export function sampleSources(stanzas: string): Map<string, Uint8Array> {
  const policy = JSON.parse(readFileSync(join(stanzas, 'policy.json'), 'utf8')) as Policy
  const sources = new Map<string, Uint8Array>()
  const ruleset = {
    format: 'sallyport-ruleset-1',
    name: 'high-to-low',
    version: 1,
    from: { name: 'high', domains: domains(policy.senderDomains) },
    to: { name: 'low', domains: domains(policy.recipientDomains) },
    profile: {
      messages: true,
      headlines: true,
      presence: true,
      subscriptions: true,
      errors: true,
      discovery: true,
      rooms: true,
      'chat-states': true,
      receipts: true,
      markers: true,
      corrections: true,
      delay: true,
    },
    unlabelled: ['presence', 'discovery', 'errors', 'chat-states', 'receipts', 'markers', 'empty-subject'],
    languages: ['en', 'fr'],
    limits: {
      'stanza-octets': policy.limits.stanzaBytes,
      depth: policy.limits.depth,
      'body-characters': policy.limits.bodyChars,
      'subject-characters': policy.limits.subjectChars,
      'id-characters': policy.limits.idChars,
      'local-characters': policy.limits.jidPartOctets,
      'resource-characters': policy.limits.jidPartOctets,
    },
    labels: {
      windows: { 'creation-past': '7300d', 'creation-future': '5m', 'review-after-creation': '7300d' },
      sets: policy.allow.map((allowed) => {
        const file = `${allowed.policy.toLowerCase()}.spif.xml`
        const form = FORMS[allowed.policy as keyof typeof FORMS]
        sources.set(file, readFileSync(join(stanzas, 'spif', file)))
        return {
          name: allowed.policy.toLowerCase(),
          policy: file,
          accept: [form],
          release: form,
          mode: 'replace',
          'marking-language': 'en',
          allow: labels(allowed),
        }
      }),
    },
    edge: {
      strip: [
        'caps',
        'avatars',
        'status-text',
        'nicknames',
        'idle',
        'signed-presence',
        'presence-delay',
        'stanza-ids',
        'hints',
        'presentation',
        'thread-parent',
        'room-details',
        'join-history',
        'error-text',
        'discovery-details',
        'discovery-forms',
      ],
    },
  }
  sources.set('ruleset.yaml', new TextEncoder().encode(stringify(ruleset, { aliasDuplicateObjects: false })))
  return sources
}

/** Writes the ruleset into a directory, which it makes. */
export function writeSampleRuleset(stanzas: string, directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const [file, octets] of sampleSources(stanzas)) writeFileSync(join(directory, file), octets)
}

function domains(names: readonly string[]): { name: string; kind: 'im' | 'rooms' }[] {
  return names.map((name) => ({ name, kind: name.startsWith('conference.') ? 'rooms' : 'im' }))
}

type AllowedLabel = {
  name: string
  classification: string
  categories?: { 'tag-set': string; values: string[] }[]
}

function labels(allowed: Policy['allow'][number]): AllowedLabel[] {
  const listed: AllowedLabel[] = []
  for (const { name: classification } of allowed.classifications) {
    const name = classification.toLowerCase().replaceAll(' ', '-')
    listed.push({ name, classification })
    for (const { tagSet, ifPresentMustContain: must, allowedValues } of allowed.categories) {
      const others = allowedValues.map((value) => value.name).filter((value) => value !== must)
      for (const rest of subsets(others)) {
        const values = [must, ...rest]
        listed.push({
          name: [name, ...values].join('-').toLowerCase(),
          classification,
          categories: [{ 'tag-set': tagSet, values }],
        })
      }
    }
  }
  return listed
}

function subsets(items: readonly string[]): string[][] {
  const [first, ...rest] = items
  if (first === undefined) return [[]]
  const without = subsets(rest)
  return [...without, ...without.map((subset) => [first, ...subset])]
}
