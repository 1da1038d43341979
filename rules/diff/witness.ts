/**
 * Stanzas on which two bundles differ: made from the rules of both, and judged by both.
 */
import type { Bundle, LabelRow } from '../bundle/bundle.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import { createDecider, type Decider } from '../decide/decide.ts'
import { formProbes, rowProbe, sizedProbe } from '../examples/probe.ts'
import { SAMPLE_NUMBER } from '../examples/values.ts'

/** `rule` is what the stanza is about. `now`: only the new bundle accepts it; `no-longer`: only the old one; `changed`: both, differently. */
export type Witness = Readonly<{
  rule: string
  stanza: string
  outcome: 'now' | 'no-longer' | 'changed'
  before: string
  after: string
}>

/** When witnesses are judged; their dates are about it. */
const SECOND = Date.UTC(2026, 0, 1) / 1000

export type Judge = (rule: string, stanza: string | undefined, second?: number) => Witness | undefined

/** Judges stanzas by both bundles; undefined when both say the same. */
export function judgeOf(old: Bundle, fresh: Bundle): Judge {
  const [before, after] = [createDecider(old), createDecider(fresh)]
  const judge = (decide: Decider, stanza: string, second: number): string | undefined => {
    const verdict = decide(new TextEncoder().encode(stanza), second, SAMPLE_NUMBER)
    return verdict.accepted ? verdict.output : undefined
  }
  return (rule, stanza, second = SECOND) => {
    if (stanza === undefined) return undefined
    const [was, is] = [judge(before, stanza, second), judge(after, stanza, second)]
    if (was === is) return undefined
    const outcome = was === undefined ? 'now' : is === undefined ? 'no-longer' : 'changed'
    return { rule, stanza, outcome, before: was ?? 'refused', after: is ?? 'refused' }
  }
}

/** The witnesses on what stanzas may hold and how large they are; with what both have in common wherever that will do. */
export function profileWitnesses(old: Bundle, fresh: Bundle, judge: Judge): Witness[] {
  const row = commonRow(old, fresh)
  const common = [alignDomains(old, fresh), alignDomains(fresh, old)]
  const found: Witness[] = []
  const seen = new Set<string>()
  for (const bundle of common) {
    const sizes = [old, fresh].flatMap(({ limits }) =>
      [limits.stanzaBytes, limits.stanzaBytes + 1].map((octets) => ({
        rule: 'limit/stanza',
        stanza: sizedProbe(bundle, octets, SECOND, row),
      })),
    )
    for (const { rule, stanza } of [...formProbes(bundle, SECOND, row), ...sizes]) {
      if (stanza === undefined || seen.has(`${rule} ${stanza}`)) continue
      seen.add(`${rule} ${stanza}`)
      const witness = judge(rule, stanza)
      if (witness !== undefined) found.push(witness)
    }
  }
  return found
}

/** The witness of one row. */
export function rowWitness(bundle: Bundle, row: LabelRow, judge: Judge): Witness | undefined {
  return judge(`row/${row.name}`, rowProbe(bundle, row, { creation: SECOND, review: SECOND }))
}

/** Witnesses of the windows for dates, at both bounds of each; of no use for labels without dates. */
export function windowWitnesses(old: Bundle, fresh: Bundle, judge: Judge): Witness[] {
  const rows = new Set(old.labels.rows.map(key))
  const row = fresh.labels.rows.find((one) => rows.has(key(one)) && one.input.template.length > 1)
  if (row === undefined) return []
  const bundle = alignDomains(fresh, old)
  const found: (Witness | undefined)[] = []
  for (const { labels } of [old, fresh]) {
    const { creationPast, creationFuture, reviewAfterCreation } = labels.windows
    for (const beyond of [0, 1]) {
      const at = (rule: string, creation: number, review: number): void => {
        found.push(judge(rule, rowProbe(bundle, row, { creation, review })))
      }
      const past = SECOND - creationPast - beyond
      const future = SECOND + creationFuture + beyond
      if (past >= 0) at('window/past', past, past)
      at('window/future', future, future)
      at('window/review', SECOND, SECOND + reviewAfterCreation + beyond)
    }
  }
  return found.filter((witness) => witness !== undefined)
}

function commonRow(old: Bundle, fresh: Bundle): LabelRow | undefined {
  const known = new Map(old.labels.rows.map((row) => [key(row), canonicalJson(row.output.template)]))
  const same = fresh.labels.rows.find((row) => known.get(key(row)) === canonicalJson(row.output.template))
  return (
    same ?? fresh.labels.rows.find((row) => known.has(key(row))) ?? fresh.labels.rows[0] ?? old.labels.rows[0]
  )
}

function key(row: LabelRow): string {
  return canonicalJson(row.input.template)
}

/** The bundle with the domains that the other has too in front, from which sample addresses are made. */
function alignDomains(bundle: Bundle, other: Bundle): Bundle {
  const side = (name: 'from' | 'to'): Bundle['from'] => {
    const known = new Set(other[name].domains.map((domain) => domain.name))
    const domains = bundle[name].domains.toSorted(
      (a, b) => Number(known.has(b.name)) - Number(known.has(a.name)),
    )
    const common = domains.some((domain) => known.has(domain.name))
    // Sample addresses take the first domain of users; of those, one in common.
    const users = domains.filter((domain) => domain.kind === 'im' && known.has(domain.name))
    const rest = domains.filter((domain) => !users.includes(domain))
    return common && users.length === 0
      ? { ...bundle[name], domains: domains.map((domain) => ({ ...domain, kind: 'rooms' as const })) }
      : { ...bundle[name], domains: [...users, ...rest] }
  }
  return { ...bundle, from: side('from'), to: side('to') }
}
