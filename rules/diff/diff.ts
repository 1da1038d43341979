/**
 * The difference between two bundles, from what they mean: what is now allowed, what no longer, what changed.
 *
 * Every difference of the tables is told; where it shows in a verdict, a stanza goes with it that only one of both lets through. And the
 * other way round: every stanza that was tried and is judged differently belongs to a difference that is told; if it belongs to none,
 * that is told as well.
 */
import type { Bundle } from '../bundle/bundle.ts'
import { formTitle, number } from '../review/words.ts'
import { changedFacts } from './changes.ts'
import { defaultWitnesses } from './defaults.ts'
import type { Change } from './fact.ts'
import { createWarnings } from './warnings.ts'
import { type Shown, type Witness, witnessesOf } from './witness.ts'
import { shortList } from './words.ts'

/**
 * `before` and `after` are words; one is absent when the fact is only in the other bundle. `unshown`: a verdict could differ by it, and
 * no stanza was found that shows whether one does.
 */
export type Difference = Shown &
  Readonly<{
    kind: Change['kind'] | 'unexplained'
    where: readonly string[]
    /** `%` in it stands for `names`, when there are any. */
    what: string
    names: readonly string[]
    before?: string
    after?: string
    /** What must not be overlooked. */
    warnings: readonly string[]
    unshown: boolean
  }>

/** Differences of `fresh` against `old`; empty when both mean the same. Version, sources, examples and origins mean nothing. */
export function differences(old: Bundle, fresh: Bundle): Difference[] {
  const changes = changedFacts(old, fresh)
  const witnesses = [...witnessesOf(old, fresh, changes), ...defaultWitnesses(old, fresh, changes)]
  const shown = new Map<string, Witness[]>()
  const known = new Set(changes.map(({ name }) => name))
  for (const witness of witnesses) {
    for (const name of witness.causes) {
      const list = shown.get(name)
      if (list === undefined) shown.set(name, [witness])
      else list.push(witness)
    }
  }
  const warnings = createWarnings(old, fresh)
  const found = changes.map((change) => {
    const shows = shownBy(shown.get(change.name) ?? [])
    return described(change, shows, warnings(change, shows))
  })
  const others = witnesses.filter(({ causes }) => !causes.some((name) => known.has(name)))
  return [...merged(found).map((one) => shortened(one, old, fresh)), ...unexplained(others)]
}

/** What is so in every form of both bundles is said so. */
function shortened(one: Difference, old: Bundle, fresh: Bundle): Difference {
  const titles = new Set([...old.forms, ...fresh.forms].map(formTitle))
  const everywhere = titles.size > 2 && [...titles].every((title) => one.where.includes(title))
  return everywhere ? { ...one, where: ['Every kind of stanza'] } : one
}

function described(
  { kind, where, what, names, before, after, decides }: Change,
  shows: Shown,
  warnings: readonly string[],
): Difference {
  return {
    kind,
    where: [where],
    what,
    names,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    warnings,
    unshown: decides && Object.keys(shows).length === 0,
    ...shows,
  }
}

/** For each outcome the best witness: one that shows nothing else, and a short one. */
function shownBy(witnesses: readonly Witness[]): Shown {
  const best = (outcome: Witness['outcome']): Witness | undefined =>
    witnesses
      .filter((witness) => witness.outcome === outcome)
      .reduce<Witness | undefined>(
        (one, other) => (one === undefined || isBetter(other, one) ? other : one),
        undefined,
      )
  const [now, noLonger, changed] = [best('now'), best('no-longer'), best('changed')]
  return {
    ...(now === undefined ? {} : { now }),
    ...(noLonger === undefined ? {} : { noLonger }),
    ...(changed === undefined ? {} : { changed }),
  }
}

/** Shorter by less than this is no better than what was tried first, which is the plainest. */
const MUCH_SHORTER = 80

function isBetter(one: Witness, other: Witness): boolean {
  const fewer = one.causes.length - other.causes.length
  return fewer !== 0 ? fewer < 0 : one.stanza.length + MUCH_SHORTER < other.stanza.length
}

/** What no difference explains: one for each outcome, however many stanzas there are. */
function unexplained(witnesses: readonly Witness[]): Difference[] {
  return [...Map.groupBy(witnesses, ({ outcome }) => outcome).values()].map((these) => ({
    kind: 'unexplained',
    where: ['Stanzas that were tried'],
    what: 'no other difference explains it',
    names: [],
    before: 'judged by the old bundle',
    after: `${number(these.length)} are judged otherwise, about ${shortList([...new Set(these.map(({ rule }) => rule))], 5)}`,
    warnings: ['The rules that this shows are not named here: compare both reviews.'],
    unshown: false,
    ...shownBy(these),
  }))
}

/** The same difference in several places, or of several names in the same places, is told once. */
function merged(all: readonly Difference[]): Difference[] {
  const places = grouped(
    all,
    ({ names }) => names,
    (these) => ({ ...these[0]!, where: [...new Set(these.flatMap(({ where }) => where))] }),
  )
  return grouped(
    places,
    ({ where }) => where,
    (these) => ({ ...these[0]!, names: [...new Set(these.flatMap(({ names }) => names))] }),
  )
}

function grouped(
  all: readonly Difference[],
  keep: (one: Difference) => readonly string[],
  join: (these: readonly Difference[]) => Difference,
): Difference[] {
  const groups = Map.groupBy(all, (one) => {
    const shows = [one.now, one.noLonger, one.changed].map((witness) => witness !== undefined)
    return JSON.stringify([
      one.kind,
      one.what,
      keep(one),
      one.before ?? null,
      one.after ?? null,
      one.warnings,
      one.unshown,
      shows,
    ])
  })
  return [...groups.values()].map((these) => (these.length === 1 ? these[0]! : join(these)))
}

/** What a difference is about, in words. */
export function subjectOf({ what, names }: Difference): string {
  return names.length === 0 ? what : what.replace('%', () => shortList(names))
}
