/**
 * The second evaluator: from the files of a ruleset to the rows that its bundle must have, by a way of its own.
 *
 * It imports nothing of rules/: a mistake of the compiler would otherwise be enforced faithfully by both verifiers. It knows less than the
 * compiler (listed labels, the constructs of the example policies) and refuses what it does not know.
 */
import { parse } from 'yaml'
import { type Category, displayMarking, type Label, markingText, writeLabel } from './label.ts'
import { type Policy, readPolicy } from './policy.ts'

/** A row in its octets; dates as `#creation`, `#review`, `#now` and `#now+SECONDS`. */
export type ExpectedRow = Readonly<{
  name: string
  input: string
  output: string
  marking: string
  released: string
}>

type SetSource = Readonly<{
  name: string
  policy: string
  target?: string
  equivalences?: string
  accept: string[]
  release: string
  mode: string
  'marking-language': string
  'review-after'?: string
  allow: { name: string; classification: string; categories?: { 'tag-set': string; values: string[] }[] }[]
}>

const SET_KEYS = [
  ...['name', 'policy', 'target', 'equivalences', 'accept', 'release', 'mode'],
  ...['marking-language', 'review-after', 'allow'],
]

export function expectedRows(sources: ReadonlyMap<string, Uint8Array>): ExpectedRow[] {
  const ruleset = parse(Buffer.from(sources.get('ruleset.yaml')!).toString('utf8'))
  return ruleset.labels.sets.flatMap((set: SetSource) => rowsOf(set, sources))
}

function rowsOf(set: SetSource, sources: ReadonlyMap<string, Uint8Array>): ExpectedRow[] {
  for (const key of Object.keys(set))
    if (!SET_KEYS.includes(key)) throw new Error(`the evaluator does not know ${key}`)
  if (!['replace', 'equivalentlabel', 'alternative'].includes(set.mode))
    throw new Error(`the evaluator does not know the mode ${set.mode}`)
  const policy = readPolicy(sources.get(set.policy)!)
  const target = set.target === undefined ? policy : readPolicy(sources.get(set.target)!)
  return set.allow.flatMap((entry) => {
    const label = labelOf(policy, entry.classification, entry.categories ?? [])
    const released = target === policy ? label : mapped(label, target, set.equivalences === 'target')
    const language = set['marking-language']
    return set.accept.map((form) => {
      const fromEss = form.startsWith('ess')
      // What a room gives back was made on the other side: what the label becomes, then the label.
      const given = form.includes('+')
      const accepted = given ? [released, label] : [label]
      const added = given ? [released, label] : [label, released]
      const becomes = set.mode === 'replace' ? [released] : added
      const as = set.mode === 'replace' ? set.release : `${set.release}+${set.mode}`
      if (becomes.length === 2 || given) sayTheSame(label, released)
      const [creation, review] = fromEss
        ? ['#now', `#now+${days(set['review-after'])}`]
        : ['#creation', '#review']
      const shown = set.release === '4774-4778' ? '' : displayMarking(released, language)
      const fill = (text: string, c: string, r: string) => text.replaceAll('#C', c).replaceAll('#R', r)
      return {
        name: `${set.name}/${entry.name}`,
        input: fill(writeLabel(accepted, form), '#creation', '#review'),
        output: fill(writeLabel(becomes, as, shown), creation!, review!),
        marking: markingText(label, language),
        released: markingText(released, language),
      }
    })
  })
}

/** Of a pair each label is the other under the other policy, whichever of the two policies says so. */
function sayTheSame(label: Label, released: Label): void {
  if (label.policy === released.policy) throw new Error('a pair of one policy')
  const isBack = (backwards: boolean): boolean => {
    try {
      const back = mapped(released, label.policy, backwards)
      const values = (one: Label) =>
        one.categories
          .map(({ value }) => value.name)
          .sort()
          .join()
      return back.level.name === label.level.name && values(back) === values(label)
    } catch {
      return false
    }
  }
  if (!isBack(true) && !isBack(false)) throw new Error(`${label.level.name} does not come back`)
}

function days(text = '0d'): number {
  if (!text.endsWith('d')) throw new Error(`the evaluator does not know ${text}`)
  return Number(text.slice(0, -1)) * 24 * 60 * 60
}

function labelOf(
  policy: Policy,
  level: string,
  categories: { 'tag-set': string; values: string[] }[],
): Label {
  const one = policy.classes.filter(({ name }) => name === level)
  const found: Category[] = categories.flatMap(({ 'tag-set': set, values }) =>
    values.map((name) => {
      const all = policy.tags
        .filter((tag) => tag.set === set)
        .flatMap((tag) => tag.values.filter((value) => value.name === name).map((value) => ({ tag, value })))
      if (all.length !== 1) throw new Error(`${set}: ${name}`)
      return all[0]!
    }),
  )
  if (one.length !== 1) throw new Error(level)
  return { policy, level: one[0]!, categories: found }
}

/** By the equivalences of the label's own policy, or backwards by those of the target. */
function mapped(label: Label, target: Policy, backwards: boolean): Label {
  const sayer = backwards ? target : label.policy
  const other = backwards ? label.policy : target
  const names = [...sayer.others].filter(([, id]) => id === other.id).map(([name]) => name)
  const says = (equivalent: { policy: string; applied: string }): boolean =>
    names.includes(equivalent.policy) &&
    ['both', backwards ? 'decrypt' : 'encrypt'].includes(equivalent.applied)
  const only = <T>(all: T[], what: string): T => {
    if (all.length !== 1) throw new Error(`${all.length} equivalents of ${what}`)
    return all[0]!
  }
  const pairs = (policy: Policy): Category[] =>
    policy.tags.flatMap((tag) => tag.values.map((value) => ({ tag, value })))
  if (backwards) {
    const level = only(
      target.classes.filter((one) =>
        one.equivalents.some((e) => says(e) && Number(e.lacv) === label.level.lacv),
      ),
      label.level.name,
    )
    const categories = label.categories.map(({ tag, value }) =>
      only(
        pairs(target).filter((one) =>
          one.value.equivalents.some((e) => says(e) && e.tagSet === tag.id && Number(e.lacv) === value.lacv),
        ),
        value.name,
      ),
    )
    return { policy: target, level, categories }
  }
  const said = only(label.level.equivalents.filter(says), label.level.name)
  const level = only(
    target.classes.filter(({ lacv }) => lacv === Number(said.lacv)),
    label.level.name,
  )
  const categories = label.categories.map(({ value }) => {
    const equivalent = only(value.equivalents.filter(says), value.name)
    const found = pairs(target).filter(
      (one) => one.tag.id === equivalent.tagSet && one.value.lacv === Number(equivalent.lacv),
    )
    return only(found, value.name)
  })
  return { policy: target, level, categories }
}
