/**
 * Stanzas on which two bundles differ: made from the rules of both, judged by both, and each with the differences that cause it.
 */
import type { Bundle, LabelRow, StanzaForm } from '../bundle/bundle.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import { createDecider, type Verdict } from '../decide/decide.ts'
import {
  carriesLabel,
  contextOf,
  formProbes,
  type Probe,
  plainStanza,
  plainStanzas,
  type StanzaContext,
  textProbe,
} from '../examples/probe.ts'
import { type Settings, settingsOf, type Wanted } from '../examples/setting.ts'
import { sizedStanza } from '../examples/sized.ts'
import { tellingTexts } from '../examples/texts.ts'
import { SAMPLE_NUMBER } from '../examples/values.ts'
import { fill } from '../label/template.ts'
import { formatDate, LAST_SECOND } from '../text/date.ts'
import { createCauses, rowName } from './cause.ts'
import type { Change } from './fact.ts'

/**
 * `rule` is what the stanza is about, `causes` are the names of the changes that show in it. `now`: only the new bundle accepts it;
 * `no-longer`: only the old one; `changed`: both, and release it differently. `edge`: the sending edge has added a label first.
 */
export type Witness = Readonly<{
  rule: string
  stanza: string
  outcome: 'now' | 'no-longer' | 'changed'
  before: string
  after: string
  causes: readonly string[]
  edge?: true
}>

/** What shows a difference, for each outcome that does. */
export type Shown = Readonly<{ now?: Witness; noLonger?: Witness; changed?: Witness }>

/** When witnesses are judged; their dates are about it. */
export const SECOND = Date.UTC(2026, 0, 1) / 1000

/** Judges a stanza by one bundle. */
export type Judge = (stanza: string) => Verdict

export function judgeOf(bundle: Bundle): Judge {
  const decide = createDecider(bundle)
  return (stanza) => decide(new TextEncoder().encode(stanza), SECOND, SAMPLE_NUMBER)
}

/** What became of a stanza under both; undefined when both say the same. */
export function outcomeOf(
  was: Verdict,
  is: Verdict,
): Pick<Witness, 'outcome' | 'before' | 'after'> | undefined {
  const [before, after] = [was, is].map((verdict) => (verdict.accepted ? verdict.output : 'refused')) as [
    string,
    string,
  ]
  if (before === after) return undefined
  const outcome = !was.accepted ? 'now' : !is.accepted ? 'no-longer' : 'changed'
  return { outcome, before, after }
}

/** One bundle, from whose rules stanzas are made, beside the one from which it is to be told apart. */
type Side = Readonly<{
  is: 'before' | 'after'
  bundle: Bundle
  other: Bundle
  judge: Judge
  settings: Settings
  /** A row whose label stanzas carry, one that both have where there is any. */
  row: LabelRow | undefined
}>

function sideOf(is: Side['is'], bundle: Bundle, other: Bundle, judge: Judge): Side {
  return { is, bundle, other, judge, settings: settingsOf(bundle, other), row: commonRow(bundle, other) }
}

/** The witnesses of the changes between two bundles, and of what else was seen on the way. */
export function witnessesOf(old: Bundle, fresh: Bundle, changes: readonly Change[]): Witness[] {
  const [before, after] = [judgeOf(old), judgeOf(fresh)]
  const causes = {
    now: createCauses(fresh, old, 'now', changes),
    'no-longer': createCauses(old, fresh, 'no-longer', changes),
  }
  const sides = [sideOf('after', fresh, old, after), sideOf('before', old, fresh, before)]
  const found: Witness[] = []
  const tried = new Set<string>()
  for (const { rule, stanza } of sides.flatMap((side) => [...probesOf(side, changes)])) {
    if (tried.has(stanza)) continue
    tried.add(stanza)
    const [was, is] = [before(stanza), after(stanza)]
    const outcome = outcomeOf(was, is)
    if (outcome === undefined) continue
    const unlisted = [was, is].some((one) => !one.accepted && one.reason === 'label-unlisted')
    const names =
      outcome.outcome === 'changed'
        ? [rowName(fresh, is.accepted ? is.row : -1)]
        : unlisted && rule.startsWith('row/')
          ? [rule]
          : causes[outcome.outcome](stanza, SECOND)
    found.push({ rule, stanza, ...outcome, causes: names })
  }
  return found
}

function* probesOf(side: Side, changes: readonly Change[]): Iterable<Probe> {
  const { bundle, settings, row } = side
  yield* formProbes(bundle, SECOND, row, settings)
  for (const change of changes) yield* changeProbes(side, change)
  const rows = changes.flatMap(({ name, rows }) => {
    const one = rows?.[side.is]
    return one === undefined ? [] : [{ name, row: one }]
  })
  if (rows.length > 0) yield* rowProbes(side, rows)
  if (changes.some(({ kind }) => kind === 'content')) yield* contentProbes(side)
}

/** Stanzas that a change is about, where the rules of the forms do not show it. */
function* changeProbes(side: Side, { kind, name, pairs = [] }: Change): Iterable<Probe> {
  const about = (stanzas: Iterable<string>): Iterable<Probe> =>
    [...stanzas].map((stanza) => ({ rule: name, stanza }))
  if (kind === 'domain') yield* about(domainStanzas(side, name))
  else if (kind === 'pair') {
    for (const [from, to] of pairs.slice(0, FEW)) yield* about(plains(side, { from, to }))
  } else if (kind === 'window') yield* about(windowStanzas(side, name))
  else if (kind === 'size') yield* about(sizedStanzas(side))
  else if (kind === 'depth') yield* about(deepStanzas(side))
}

/** So many of what is alike are tried. */
const FEW = 4

/** From and to what is wanted, in each form an accepted stanza that holds as little as it may. */
function* plains(side: Side, wanted: Wanted): Generator<string> {
  for (const form of side.bundle.forms) {
    const labels = carriesLabel(form) ? [spelling(side.row), ''] : ['']
    const found = plainStanzas(form, contextFor(side, form, wanted))
      .flatMap((make) => labels.map(make))
      .find((stanza) => side.judge(stanza).accepted)
    if (found !== undefined) yield found
  }
}

/** Stanzas of a domain that the other bundle does not know, or knows as another kind; of users and rooms that it does not list. */
function* domainStanzas(side: Side, name: string): Iterable<string> {
  const [, end, domain] = name.split('/') as [string, 'from' | 'to', string]
  const of = ({ [end]: { domains } }: Bundle) => domains.find((one) => one.name === domain)
  const [own, other] = [of(side.bundle), of(side.other)]
  if (own === undefined) return
  const at = { [end]: domain }
  if (other === undefined) return yield* plains(side, at).take(FEW)
  if (own.kind !== other.kind) {
    const settings: Settings = (form) => side.settings(form, at)
    yield* formProbes(side.bundle, SECOND, side.row, settings).map(({ stanza }) => stanza)
  }
  if (other.locals === undefined) return
  const listed = new Set(other.locals)
  const local = (own.locals ?? NAMES).find((one) => !listed.has(one))
  if (local !== undefined) yield* plains(side, { ...at, [`${end}Local`]: local }).take(FEW)
}

/** Users and rooms; a list of all of them leaves others out. */
const NAMES = ['anna', 'eve', 'ops', ...Array.from('abcdefghijklmnopqrstuvwxyz0123456789')]

/** At the bound of a window, with a label that has such a date. */
function* windowStanzas(side: Side, name: string): Iterable<string> {
  const { windows, rows } = side.bundle.labels
  const hole = name === 'window/review' ? 'review' : 'creation'
  const dated = (row: LabelRow | undefined): boolean =>
    row?.input.template.some((part) => typeof part !== 'string' && part.hole === hole) ?? false
  const row = dated(side.row) ? side.row : rows.find(dated)
  const past = Math.max(0, SECOND - windows.creationPast)
  const future = Math.min(LAST_SECOND, SECOND + windows.creationFuture)
  const review = Math.min(LAST_SECOND, SECOND + windows.reviewAfterCreation)
  const dates = { 'window/past': [past, past], 'window/future': [future, future] }[name] ?? [SECOND, review]
  if (row !== undefined) for (const make of labelled(side)) yield make(spelling(row, ...dates))
}

/** Larger than the other bundle lets through, with the longest of the labels too. */
function* sizedStanzas(side: Side): Iterable<string> {
  const { bundle, other, row } = side
  const above = other.limits.stanzaBytes
  if (bundle.limits.stanzaBytes <= above) return
  const length = ({ input }: LabelRow): number => input.template.join('').length
  const longest = bundle.labels.rows.reduce((most, one) => (length(one) > length(most) ? one : most), row!)
  for (const form of bundle.forms) {
    for (const one of new Set([row, longest])) {
      const stanza = sizedStanza(form, above, contextFor(side, form), one)
      if (stanza !== undefined) yield stanza
    }
  }
}

/** With a label of each depth that there is. */
function* deepStanzas(side: Side): Iterable<string> {
  const { bundle, other } = side
  if (bundle.limits.depth <= other.limits.depth) return
  const rows = new Map(bundle.labels.rows.map((row) => [depthOf(spelling(row)), row]))
  for (const row of rows.values()) for (const make of labelled(side)) yield make(spelling(row))
}

function depthOf(canonical: string): number {
  let depth = 0
  let deepest = 0
  for (const [tag] of canonical.matchAll(/<\/?/g)) {
    depth += tag === '</' ? -1 : 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function* rowProbes(side: Side, rows: readonly { name: string; row: LabelRow }[]): Iterable<Probe> {
  for (const make of labelled(side)) {
    for (const { name, row } of rows) yield { rule: name, stanza: make(spelling(row)) }
  }
}

/** What makes a labelled stanza of a label, in the first form in which its like is accepted. */
function labelled(side: Side): ((label: string) => string)[] {
  const makers = side.bundle.forms
    .filter(carriesLabel)
    .map((form) => plainStanza(form, contextFor(side, form)))
  const found = makers.find((make) => side.judge(make(spelling(side.row))).accepted)
  return found === undefined ? [] : [found]
}

/** Texts that the other bundle does not let through. */
function* contentProbes(side: Side): Iterable<Probe> {
  const { bundle, other, judge, row } = side
  for (const text of tellingTexts(bundle.content ?? {}, other.content ?? {})) {
    const stanza = bundle.forms
      .values()
      .map((form) => textProbe(form, text, contextFor(side, form), row))
      .find((one) => one !== undefined && judge(one).accepted)
    if (stanza !== undefined) yield { rule: 'content', stanza }
  }
}

function contextFor({ bundle, settings }: Side, form: StanzaForm, wanted: Wanted = {}): StanzaContext {
  return contextOf(form, bundle, SECOND, settings(form, wanted))
}

function spelling(row: LabelRow | undefined, creation = SECOND, review = creation): string {
  if (row === undefined) return ''
  return fill(row.input.template, { creation: formatDate(creation), review: formatDate(review) }) ?? ''
}

/** A row of `bundle`, one that the other bundle has too and releases as the same, if there is any. */
function commonRow({ labels }: Bundle, other: Bundle): LabelRow | undefined {
  const key = ({ input }: LabelRow): string => canonicalJson(input.template)
  const known = new Map(other.labels.rows.map((row) => [key(row), canonicalJson(row.output.template)]))
  const { rows } = labels
  return (
    rows.find((row) => known.get(key(row)) === canonicalJson(row.output.template)) ??
    rows.find((row) => known.has(key(row))) ??
    rows[0]
  )
}
