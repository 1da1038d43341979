/** The facts in which two bundles differ. */
import type { Bundle } from '../bundle/bundle.ts'
import type { Change, ChildOrder, Fact } from './fact.ts'
import { factsOf, LABEL_NAME } from './facts.ts'
import { pairChanges } from './pairs.ts'
import { shortList } from './words.ts'

export function changedFacts(old: Bundle, fresh: Bundle): Change[] {
  const [was, is] = [factsOf(old), factsOf(fresh)]
  const [gone, come] = [onlyIn(was.facts, is.facts), onlyIn(is.facts, was.facts)]
  const [sentBefore, sentAfter] = [sentForms(old), sentForms(fresh)]
  // What only one bundle lets a domain send differs by that already.
  const isSent = (name: string): boolean => {
    const form = /^[^/@]*/.exec(name)![0]
    return name === form ? sentBefore(form) || sentAfter(form) : sentBefore(form) && sentAfter(form)
  }
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
      decides: decides(before, after) && ((kind !== 'form' && kind !== 'profile') || isSent(name)),
      ...(kind === 'row' ? { rows: { before: before?.row, after: after?.row } } : {}),
    })
  }
  for (const [parent, order] of is.orders) {
    const before = was.orders.get(parent)
    if (before !== undefined) changes.push(...changedOrders(before, order, isSent(parent)))
  }
  return [...changes, ...pairChanges(old, fresh)]
}

const NONE: ReadonlySet<string> = new Set()

/** Whether some domain may send a form to another. */
function sentForms({ pairs, forms }: Bundle): (form: string) => boolean {
  const sent = new Set(
    pairs === undefined ? forms.map(({ form }) => form) : pairs.flatMap((pair) => pair.forms),
  )
  return (form) => sent.has(form)
}

/** Whether a verdict of the guard could differ by a fact; where it decides nothing in one of both bundles, none does. */
function decides(before: Fact | undefined, after: Fact | undefined): boolean {
  const [was, is] = [before, after].map((fact) => fact?.deciding ?? fact?.meaning)
  const { kind } = (after ?? before)!
  return kind !== 'paper' && kind !== 'default' && was !== is && was !== '' && is !== ''
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

/** Before what only one of two lists has. */
export const ALSO = 'also '

/** Both in words; of closed lists only what differs. */
function inWords(before: Fact | undefined, after: Fact | undefined): Pick<Change, 'before' | 'after'> {
  if (before?.values !== undefined && after?.values !== undefined) {
    const [had, has] = [new Set(before.values), new Set(after.values)]
    const gone = before.values.filter((value) => !has.has(value))
    const come = after.values.filter((value) => !had.has(value))
    const list = (values: readonly string[]): string =>
      values.length === 0 ? 'the same' : `${ALSO}${shortList(values)}`
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
function changedOrders(before: ChildOrder, after: ChildOrder, decides: boolean): Change[] {
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
          decides,
        },
      ]
    }),
  )
}
