/** The facts in which two bundles differ. */
import type { Bundle } from '../bundle/bundle.ts'
import type { Change, ChildOrder, Fact } from './fact.ts'
import { factsOf, LABEL_NAME } from './facts.ts'
import { pairChanges } from './pairs.ts'
import { shortList } from './words.ts'

export function changedFacts(old: Bundle, fresh: Bundle): Change[] {
  const [was, is] = [factsOf(old), factsOf(fresh)]
  const [gone, come] = [onlyIn(was.facts, is.facts), onlyIn(is.facts, was.facts)]
  const changes: Change[] = []
  for (const name of new Set([...was.facts.keys(), ...is.facts.keys()])) {
    const before = was.facts.get(name)
    const after = is.facts.get(name)
    if (before?.meaning === after?.meaning && before !== undefined && after !== undefined) continue
    const { kind, where, what, names = [] } = (after ?? before)!
    if (kind === 'profile' && isBelow(name, before === undefined ? come : after === undefined ? gone : NONE))
      continue
    changes.push({
      kind,
      name,
      where,
      what,
      names,
      ...inWords(before, after),
      decides: kind !== 'paper' && decidingOf(before) !== decidingOf(after),
      ...(kind === 'row' ? { rows: { before: before?.row, after: after?.row } } : {}),
    })
  }
  for (const [parent, order] of is.orders) {
    const before = was.orders.get(parent)
    if (before !== undefined) changes.push(...changedOrders(before, order))
  }
  return [...changes, ...pairChanges(old, fresh)]
}

const NONE: ReadonlySet<string> = new Set()

function decidingOf(fact: Fact | undefined): string | undefined {
  return fact?.deciding ?? fact?.meaning
}

/** The names of forms, elements and attributes that only one bundle has. */
function onlyIn(facts: ReadonlyMap<string, Fact>, without: ReadonlyMap<string, Fact>): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [name, { kind }] of facts)
    if ((kind === 'form' || kind === 'profile') && !without.has(name)) names.add(name)
  return names
}

/** Whether a fact is told already, since something that holds it is in the same bundle only. */
function isBelow(name: string, only: ReadonlySet<string>): boolean {
  for (let end = name.length - 1; end > 0; end--) {
    const at = name[end]
    if ((at === '/' || at === '@') && only.has(name.slice(0, end))) return true
  }
  return false
}

/** Both in words; of closed lists only what differs. */
function inWords(before: Fact | undefined, after: Fact | undefined): Pick<Change, 'before' | 'after'> {
  if (before?.values !== undefined && after?.values !== undefined) {
    const [had, has] = [new Set(before.values), new Set(after.values)]
    const gone = before.values.filter((value) => !has.has(value))
    const come = after.values.filter((value) => !had.has(value))
    const list = (values: readonly string[]): string =>
      values.length === 0 ? 'the same' : `also ${shortList(values)}`
    const both = (fact: Fact, values: readonly string[]): string =>
      [fact.rest ?? '', list(values)].filter((words) => words !== '').join('; ')
    if (gone.length + come.length > 0) {
      return before.rest === after.rest
        ? { before: list(gone), after: list(come) }
        : { before: both(before, gone), after: both(after, come) }
    }
  }
  const words = (fact: Fact, other: Fact | undefined): string =>
    other === undefined && fact.alone ? `${fact.value}; ${fact.alone}` : fact.value
  return {
    ...(before === undefined ? {} : { before: words(before, after) }),
    ...(after === undefined ? {} : { after: words(after, before) }),
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
          decides: true,
        },
      ]
    }),
  )
}
