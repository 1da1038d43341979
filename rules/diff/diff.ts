/**
 * The difference between two bundles, from what they mean: what is now allowed, what no longer, what changed.
 *
 * Every difference of the tables is told; where it shows in a verdict, a stanza goes with it that only one of both lets through. And the
 * other way round: every stanza that was tried and is judged differently belongs to a difference that is told, or is told itself.
 */
import type { Bundle } from '../bundle/bundle.ts'
import { type ChildOrder, type Fact, factsOf, LABEL_NAME } from './facts.ts'
import { judgeOf, profileWitnesses, rowWitness, type Witness, windowWitnesses } from './witness.ts'

/** `before` and `after` are words; one is absent when the fact is only in the other bundle. */
export type Difference = Readonly<{
  where: readonly string[]
  /** `%` in it stands for `names`, when there are any. */
  what: string
  names: readonly string[]
  before?: string
  after?: string
  now?: Witness
  noLonger?: Witness
  changed?: Witness
}>

/** Differences of `fresh` against `old`; empty when both mean the same. Version, sources, examples and origins mean nothing. */
export function differences(old: Bundle, fresh: Bundle): Difference[] {
  const judge = judgeOf(old, fresh)
  const changes = changedFacts(old, fresh)
  const witnesses = [...profileWitnesses(old, fresh, judge), ...windowWitnesses(old, fresh, judge)]
  const shown = attributed(changes, witnesses, old, fresh)
  const found = changes.map((change): Difference => {
    const row = change.row?.after ?? change.row?.before
    if (row === undefined) return described(change, shown.get(change) ?? [])
    const witness = rowWitness(change.row?.after === undefined ? old : fresh, row, judge)
    return described(change, witness === undefined ? [] : [witness])
  })
  const explained = new Set([...shown.values()].flat())
  const rowsDiffer = changes.some(({ kind }) => kind === 'row')
  const others = witnesses.filter(
    (witness) => !explained.has(witness) && !(rowsDiffer && carriesLabel(witness)),
  )
  return merged([...found, ...others.map(unexplained)])
}

/** Each witness with the changes that can be its cause: those that it is about, else those that it touches. */
function attributed(
  changes: readonly Change[],
  witnesses: readonly Witness[],
  old: Bundle,
  fresh: Bundle,
): Map<Change, Witness[]> {
  const shown = new Map<Change, Witness[]>()
  for (const witness of witnesses) {
    const about = changes.filter((change) => isAbout(witness, change, old, fresh))
    const causes = about.length > 0 ? about : changes.filter((change) => isTouched(witness.rule, change))
    for (const change of causes) shown.set(change, [...(shown.get(change) ?? []), witness])
  }
  return shown
}

/** A fact that is in one bundle only, or means another thing in each. */
type Change = Readonly<{
  kind: Fact['kind'] | 'order'
  name: string
  where: string
  what: string
  names: readonly string[]
  before?: string
  after?: string
  row?: Readonly<{ before: Fact['row'] | undefined; after: Fact['row'] | undefined }>
}>

function changedFacts(old: Bundle, fresh: Bundle): Change[] {
  const [was, is] = [factsOf(old), factsOf(fresh)]
  const changes: Change[] = []
  for (const name of new Set([...was.facts.keys(), ...is.facts.keys()])) {
    const before = was.facts.get(name)
    const after = is.facts.get(name)
    if (before?.meaning === after?.meaning && before !== undefined && after !== undefined) continue
    const { kind, where, what, names = [] } = (after ?? before)!
    if (kind === 'profile' && before === undefined && isBelow(name, was.facts, is.facts)) continue
    if (kind === 'profile' && after === undefined && isBelow(name, is.facts, was.facts)) continue
    changes.push({
      kind,
      name,
      where,
      what,
      names,
      ...inWords(before, after),
      row: { before: before?.row, after: after?.row },
    })
  }
  for (const [parent, order] of is.orders) {
    const before = was.orders.get(parent)
    if (before !== undefined) changes.push(...changedOrders(before, order))
  }
  return changes
}

/** Whether a fact is told already, since something that holds it is only in one of both. */
function isBelow(
  name: string,
  without: ReadonlyMap<string, Fact>,
  facts: ReadonlyMap<string, Fact>,
): boolean {
  for (const [other, { kind }] of facts) {
    if (kind !== 'form' && kind !== 'profile') continue
    if (
      other !== name &&
      !without.has(other) &&
      (name.startsWith(`${other}/`) || name.startsWith(`${other}@`))
    )
      return true
  }
  return false
}

/** Both in words; of closed lists only what differs. */
function inWords(before: Fact | undefined, after: Fact | undefined): Pick<Change, 'before' | 'after'> {
  if (before?.values !== undefined && after?.values !== undefined) {
    const [had, has] = [new Set(before.values), new Set(after.values)]
    const gone = before.values.filter((value) => !has.has(value))
    const come = after.values.filter((value) => !had.has(value))
    const rest = (fact: Fact): string => fact.value.replace(/(one of [^;]*|“[^”]*”)/, 'values as before')
    if (gone.length + come.length > 0) {
      const list = (values: readonly string[]): string =>
        values.length === 0 ? 'the same' : `also ${values.join(', ')}`
      return rest(before) === rest(after)
        ? { before: list(gone), after: list(come) }
        : { before: `${list(gone)}; ${rest(before)}`, after: `${list(come)}; ${rest(after)}` }
    }
  }
  return {
    ...(before === undefined ? {} : { before: before.value }),
    ...(after === undefined ? {} : { after: after.value }),
  }
}

/** Children that both know and that stand in another order now, or that exclude each other now or no longer. */
function changedOrders(before: ChildOrder, after: ChildOrder): Change[] {
  const place = (order: ChildOrder): Map<string, number> =>
    new Map(order.slots.flatMap((names, index) => names.map((name): [string, number] => [name, index])))
  const [was, is] = [place(before), place(after)]
  const names = [...is.keys()].filter((name) => was.has(name))
  const relation = (places: Map<string, number>, a: string, b: string): number =>
    Math.sign(places.get(a)! - places.get(b)!)
  const words = ['in front of', 'in place of', 'behind']
  return names.flatMap((a, index) =>
    names.slice(index + 1).flatMap((b): Change[] => {
      const [then, now] = [relation(was, a, b), relation(is, a, b)]
      if (then === now) return []
      const short = (name: string): string =>
        name === LABEL_NAME ? 'the label' : name.replace(/^\{[^}]*\}/, '')
      return [
        {
          kind: 'order',
          name: `${after.parent}/${a}<${b}`,
          where: after.where,
          what: `order of ${short(a)} and ${short(b)}`,
          names: [],
          before: `${short(a)} ${words[then + 1]} ${short(b)}`,
          after: `${short(a)} ${words[now + 1]} ${short(b)}`,
        },
      ]
    }),
  )
}

/** Whether a stanza was made to show what a change is about. */
function isAbout({ rule, stanza }: Witness, change: Change, old: Bundle, fresh: Bundle): boolean {
  const { kind, name, before, after } = change
  switch (kind) {
    case 'form':
    case 'profile': {
      const inOneOnly = before === undefined || after === undefined
      const inside =
        ['/', '@'].some((next) => rule.startsWith(name + next)) && (inOneOnly || !rule.includes('<'))
      return rule === name || inside || (inOneOnly && pairOf(rule).includes(name))
    }
    case 'order':
      return (
        rule === name || pairOf(rule).join() === pairOf(name).reverse().join() || name.includes(LABEL_NAME)
      )
    case 'domain':
      return stanza.includes(name.split('/').slice(2).join('/'))
    case 'window':
      return rule === name
    case 'size':
      return Buffer.byteLength(stanza) > Math.min(old.limits.stanzaBytes, fresh.limits.stanzaBytes)
    case 'depth':
      return depthOf(stanza) > Math.min(old.limits.depth, fresh.limits.depth)
    default:
      return false
  }
}

/** Whether a change is of something that stands in the stanzas of a rule: the element itself, one of two, or what is in it. */
function isTouched(rule: string, { name }: Change): boolean {
  return [rule, ...pairOf(rule)].some(
    (held) => name === held || name.startsWith(`${held}/`) || name.startsWith(`${held}@`),
  )
}

/** The names of both elements of a rule on two: `P/{a}x<{b}y` is on `P/{a}x` and `P/{b}y`. */
function pairOf(rule: string): string[] {
  const parts = /^(.*\/)(\{[^}]*\}[^/<]*)<(\{.*)$/.exec(rule)
  return parts === null ? [] : [`${parts[1]}${parts[2]}`, `${parts[1]}${parts[3]}`]
}

function depthOf(stanza: string): number {
  let depth = 0
  let deepest = 0
  for (const [tag] of stanza.matchAll(/<\/?/g)) {
    depth += tag === '</' ? -1 : 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function carriesLabel({ stanza }: Witness): boolean {
  return stanza.includes('<securitylabel ') || stanza.includes('<BindingData ')
}

function described({ where, what, names, before, after }: Change, witnesses: readonly Witness[]): Difference {
  const best = (outcome: Witness['outcome']): Witness | undefined =>
    witnesses
      .filter((witness) => witness.outcome === outcome)
      .toSorted((a, b) => a.stanza.length - b.stanza.length)[0]
  const [now, noLonger, changed] = [best('now'), best('no-longer'), best('changed')]
  return {
    where: [where],
    what,
    names,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(now === undefined ? {} : { now }),
    ...(noLonger === undefined ? {} : { noLonger }),
    ...(changed === undefined ? {} : { changed }),
  }
}

function unexplained(witness: Witness): Difference {
  const difference = { where: ['A stanza that was tried'], what: `about ${witness.rule}`, names: [] }
  if (witness.outcome === 'now') return { ...difference, now: witness }
  return witness.outcome === 'no-longer'
    ? { ...difference, noLonger: witness }
    : { ...difference, changed: witness }
}

/** The same difference in several places, or of several names in the same places, is told once. */
function merged(all: readonly Difference[]): Difference[] {
  const places = grouped(
    all,
    ({ names }) => names,
    (one, other) => ({
      ...one,
      where: [...new Set([...one.where, ...other.where])],
    }),
  )
  return grouped(
    places,
    ({ where }) => where,
    (one, other) => ({
      ...one,
      names: [...new Set([...one.names, ...other.names])],
    }),
  )
}

function grouped(
  all: readonly Difference[],
  keep: (one: Difference) => readonly string[],
  join: (one: Difference, other: Difference) => Difference,
): Difference[] {
  const groups = new Map<string, Difference>()
  for (const one of all) {
    const shows = [one.now, one.noLonger, one.changed].map((witness) => witness !== undefined)
    const key = JSON.stringify([one.what, keep(one), one.before ?? null, one.after ?? null, shows])
    const known = groups.get(key)
    groups.set(key, known === undefined ? one : join(known, one))
  }
  return [...groups.values()]
}

/** What a difference is about, in words. */
export function subjectOf({ what, names }: Difference): string {
  return names.length === 0 ? what : what.replace('%', () => names.join(', '))
}
