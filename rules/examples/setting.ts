/**
 * Where a stanza of a form can stand so that a bundle lets it through: who sends it to whom, and what its texts and attributes are.
 *
 * With a second bundle, wherever one choice is as good as another the one is taken that the second bundle admits too; what then tells
 * both apart is what the stanza was made for.
 */
import type { AttributeRule, Bundle, Domain, StanzaForm } from '../bundle/bundle.ts'
import { type Texts, textsOf } from './texts.ts'

/** `from` and `to` are bare addresses; `agreed` says what another bundle has for an attribute of the root. */
export type Setting = Readonly<{
  from: string
  to: string
  texts: Texts
  agreed: (name: string) => AttributeRule | undefined
}>

/** Domains that must be those of the stanza, and the local part that must be there. */
export type Wanted = Readonly<{ from?: string; to?: string; fromLocal?: string; toLocal?: string }>

/** The setting for a form of `bundle`. */
export type Settings = (form: StanzaForm, wanted?: Wanted) => Setting

export function settingsOf(bundle: Bundle, other = bundle): Settings {
  const texts = textsOf(bundle.content, other.content)
  const [own, others] = [routesOf(bundle), routesOf(other)]
  return (form, wanted = {}) => {
    const [from, to] = bestRoute(form, own, others, wanted)
    const counterpart = other.forms.find((one) => one.form === form.form)
    const address = (side: 'from' | 'to', domain: Domain | undefined, local: string | undefined): string => {
      const rule = form.attributes.find(({ name }) => name === side)?.value
      const most = rule?.type === 'address' ? rule.local : 0
      const chosen = local ?? localOf(side, domain, others[side].get(domain?.name ?? ''), most)
      return `${chosen === '' ? '' : `${chosen}@`}${domain?.name ?? 'example'}`
    }
    return {
      from: address('from', from, wanted.fromLocal),
      to: address('to', to, wanted.toLocal),
      texts,
      agreed: (name) => counterpart?.attributes.find((one) => one.name === name),
    }
  }
}

/** Who may send what to whom in a bundle. */
type Routes = Readonly<{
  from: ReadonlyMap<string, Domain>
  to: ReadonlyMap<string, Domain>
  pairs: Bundle['pairs']
  allows: (from: string, to: string, form: string) => boolean
}>

function routesOf({ from, to, pairs, forms }: Bundle): Routes {
  const side = ({ domains }: Bundle['from']) => new Map(domains.map((domain) => [domain.name, domain]))
  const sides = { from: side(from), to: side(to) }
  const known = new Set(forms.map(({ form }) => form))
  const listed = new Map(pairs?.map((pair) => [`${pair.from} ${pair.to}`, new Set(pair.forms)]))
  return {
    ...sides,
    pairs,
    allows: (a, b, form) =>
      known.has(form) &&
      sides.from.has(a) &&
      sides.to.has(b) &&
      (pairs === undefined || (listed.get(`${a} ${b}`)?.has(form) ?? false)),
  }
}

/** The best pair of domains for a form; those in front of the lists when it may be sent by none. */
function bestRoute(
  form: StanzaForm,
  own: Routes,
  others: Routes,
  wanted: Wanted,
): readonly [Domain | undefined, Domain | undefined] {
  const fits = (from: string, to: string): boolean =>
    from === (wanted.from ?? from) && to === (wanted.to ?? to) && own.allows(from, to, form.form)
  const kind = fromRooms(form) ? 'rooms' : 'im'
  const worth = (from: string, to: string): number => {
    const known = Number(others.from.has(from)) + Number(others.to.has(to))
    const kinds = Number(own.from.get(from)?.kind === kind) + Number(own.to.get(to)?.kind === 'im')
    return (others.allows(from, to, form.form) ? 100 : 0) + known * 10 + kinds
  }
  let best: readonly [string, string] | undefined
  let most = -1
  for (const [from, to] of candidates(own, others, wanted)) {
    const value = fits(from, to) ? worth(from, to) : -1
    if (value > most) [best, most] = [[from, to], value]
  }
  const [from, to] = best ?? [wanted.from ?? firstOf(own.from, kind), wanted.to ?? firstOf(own.to, 'im')]
  return [own.from.get(from), own.to.get(to)]
}

/** Pairs to choose from: those that are listed; without a list a few of each side, the best in front. */
function* candidates(own: Routes, others: Routes, wanted: Wanted): Iterable<readonly [string, string]> {
  for (const { from, to } of own.pairs ?? others.pairs ?? []) yield [from, to]
  if (own.pairs !== undefined) return
  const few = (side: 'from' | 'to'): string[] => {
    const known = (name: string): number => Number(others[side].has(name))
    const names = [...own[side].keys()].sort((a, b) => known(b) - known(a))
    const kinds = (['im', 'rooms'] as const).flatMap((kind) =>
      names.filter((name) => own[side].get(name)?.kind === kind).slice(0, 4),
    )
    const one = wanted[side]
    return one === undefined ? kinds : [one]
  }
  const receivers = few('to')
  for (const from of few('from')) for (const to of receivers) yield [from, to]
}

function firstOf(domains: ReadonlyMap<string, Domain>, kind: Domain['kind']): string {
  const all = [...domains.values()]
  return (all.find((domain) => domain.kind === kind) ?? all[0])?.name ?? ''
}

/** Whether rooms send it: what they say to occupants, and what they give back. */
function fromRooms({ type, attributes }: StanzaForm): boolean {
  return type === 'groupchat' || attributes.some(({ value }) => value.type === 'own-number' && value.echo)
}

function localOf(
  side: 'from' | 'to',
  domain: Domain | undefined,
  same: Domain | undefined,
  most: number,
): string {
  const usual = (domain?.kind === 'rooms' ? 'ops' : side === 'to' ? 'ben' : 'anna').slice(0, most)
  const [listed, others] = [domain?.locals, same?.locals]
  if (listed === undefined) return others?.find((local) => [...local].length <= most) ?? usual
  const inBoth = others === undefined ? undefined : new Set(others)
  return listed.find((local) => inBoth?.has(local) ?? true) ?? listed[0] ?? ''
}
