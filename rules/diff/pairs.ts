/** Which domain may send what to which: what two bundles say of it, and where they differ. */
import type { Bundle } from '../bundle/bundle.ts'
import { titlesOf } from '../review/choices.ts'
import { formTitle } from '../review/words.ts'
import type { Change } from './fact.ts'
import { shortList } from './words.ts'

/** The forms that a domain may send to another. */
type Routes = (from: string, to: string) => ReadonlySet<string>

/** Names the difference of two routes; the accepting bundle has them and the refusing one has not. */
export type PairNames = (from: string, to: string) => string | undefined

/** Pairs that are named in full; beyond, they are counted. */
const NAMED = 60

/** What goes from where to where, in words, for a form or a domain that the other bundle does not know. */
export function exchangesOf({ pairs, forms }: Bundle): Readonly<{
  ofForm(form: string): string
  ofDomain(side: 'from' | 'to', domain: string): string
}> {
  const titles = titlesOf(forms)
  return {
    ofForm: (form) => {
      if (pairs === undefined) return ''
      const these = pairs
        .filter((pair) => pair.forms.includes(form))
        .map(({ from, to }) => `${from} to ${to}`)
      return these.length === 0 ? 'no pair of domains sends it' : `from ${shortList(these)}`
    },
    ofDomain: (side, domain) => {
      const [other, word] = side === 'from' ? (['to', 'to'] as const) : (['from', 'from'] as const)
      const these = (pairs ?? []).filter((pair) => pair[side] === domain)
      return these
        .slice(0, NAMED)
        .map(
          (pair) =>
            `${word} ${pair[other]}: ${pair.forms.map((form) => titles.get(form) ?? form).join(', ')}`,
        )
        .join('; ')
    },
  }
}

/**
 * The changes of pairs between domains and in forms that both bundles know: one for all pairs that gain or lose the same forms. What is
 * of one bundle only is told with its domain or its form.
 */
export function pairChanges(old: Bundle, fresh: Bundle): Change[] {
  if (old.pairs === undefined && fresh.pairs === undefined) return []
  const [gained, lost] = [routeNames(fresh, old, 'now'), routeNames(old, fresh, 'no-longer')]
  const groups = new Map<string, { added: boolean; pairs: [string, string][] }>()
  const common = (side: 'from' | 'to'): string[] => {
    const known = new Set(old[side].domains.map(({ name }) => name))
    return fresh[side].domains.flatMap(({ name }) => (known.has(name) ? [name] : []))
  }
  const receivers = common('to')
  for (const from of common('from')) {
    for (const to of receivers) {
      for (const [added, names] of [
        [true, gained],
        [false, lost],
      ] as const) {
        const name = names(from, to)
        if (name === undefined) continue
        const group = groups.get(name) ?? { added, pairs: [] }
        groups.set(name, group)
        group.pairs.push([from, to])
      }
    }
  }
  const known = new Set(old.forms.map(({ form }) => form))
  const inBoth = fresh.forms.filter(({ form }) => known.has(form))
  return [...groups].map(([name, { added, pairs }]): Change => {
    const forms = formsIn(name)
    return {
      kind: 'pair',
      name,
      where: 'Who may send to whom',
      what: `${formWords(forms, inBoth)}, from %`,
      names: pairs.map(([from, to]) => `${from} to ${to}`),
      before: added ? 'refused' : 'may cross',
      after: added ? 'may cross' : 'refused',
      decides: true,
      pairs,
    }
  })
}

/** Names what `accepting` lets pass from one domain to another and `refusing` does not, of forms that both have. */
export function routeNames(accepting: Bundle, refusing: Bundle, outcome: 'now' | 'no-longer'): PairNames {
  const [has, had] = [routesOf(accepting), routesOf(refusing)]
  const [own, known] = [accepting, refusing].map(({ forms }) => forms.map(({ form }) => form))
  const inBoth = new Set(own?.filter((form) => known?.includes(form)))
  return (from, to) => {
    const before = had(from, to)
    const forms = [...has(from, to)].filter((form) => inBoth.has(form) && !before.has(form)).sort()
    return forms.length === 0 ? undefined : `pair/${outcome}/${forms.join(' ')}`
  }
}

/** Forms in words, by what is missing where that is shorter. */
function formWords(forms: readonly string[], all: Bundle['forms']): string {
  const titles = (wanted: boolean): string[] =>
    all.flatMap((one) => (forms.includes(one.form) === wanted ? [formTitle(one)] : []))
  const missing = titles(false)
  if (forms.length < 3 || missing.length > 3) return titles(true).join('; ')
  return missing.length === 0 ? 'every kind of stanza' : `every kind of stanza but ${missing.join('; ')}`
}

function formsIn(name: string): string[] {
  return name.slice(name.lastIndexOf('/') + 1).split(' ')
}

const NONE: ReadonlySet<string> = new Set()

function routesOf({ pairs, forms }: Bundle): Routes {
  if (pairs === undefined) {
    const all = new Set(forms.map(({ form }) => form))
    return () => all
  }
  const listed = new Map(pairs.map(({ from, to, forms }) => [`${from} ${to}`, new Set(forms)] as const))
  return (from, to) => listed.get(`${from} ${to}`) ?? NONE
}
