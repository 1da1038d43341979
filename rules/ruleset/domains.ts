/**
 * Who may send to whom: the domains of both sides, the users and rooms that are listed of them, and the pairs of domains.
 */
import { parseJid } from '../address/jid.ts'
import type { Bundle, Domain, PairRule, StanzaForm } from '../bundle/bundle.ts'
import type { Problem } from './problem.ts'
import type { DomainSource, KindName, RulesetSource, SideSource } from './schema.ts'
import type { Path, YamlSource } from './yaml.ts'

/** The forms of each kind of stanza that a pair of domains may be given. */
const KINDS: Readonly<Record<KindName, readonly string[]>> = {
  messages: ['message-chat', 'message-normal', 'message-headline'],
  groupchat: ['message-groupchat'],
  presence: ['presence-available', 'presence-unavailable', 'presence-probe'],
  subscriptions: [
    'presence-subscribe',
    'presence-subscribed',
    'presence-unsubscribe',
    'presence-unsubscribed',
  ],
  errors: ['message-error', 'presence-error', 'iq-error'],
  questions: ['iq-get'],
  answers: ['iq-result'],
}

/** A side as the bundle has it. */
export function sideOf({ name, domains }: SideSource): Bundle['from'] {
  return { name, domains: domains.map(domainOf) }
}

function domainOf(source: DomainSource): Domain {
  const locals = source.users ?? source.rooms
  const { name, kind } = source
  return locals === undefined ? { name, kind } : { name, kind, locals: [...locals].sort() }
}

/** Each domain is a domain, and of one side; its users and rooms are such. */
export function checkDomains(ruleset: RulesetSource, yaml: YamlSource): Problem[] {
  const problems: Problem[] = []
  const seen = new Map<string, string>()
  for (const side of ['from', 'to'] as const) {
    for (const [index, domain] of ruleset[side].domains.entries()) {
      const path = [side, 'domains', index]
      const { name } = domain
      const jid = parseJid(name)
      if (jid === undefined || jid.domain !== name) {
        problems.push(
          yaml.problem(
            [...path, 'name'],
            `"${name}" is not a domain name; write small ASCII letters, such as acme.example`,
          ),
        )
      }
      const other = seen.get(name)
      if (other !== undefined) {
        problems.push(
          yaml.problem(
            [...path, 'name'],
            `the domain "${name}" stands under "${other}" already; a domain has one side and one kind`,
          ),
        )
      }
      seen.set(name, side)
      problems.push(...checkLocals(domain, ruleset.limits['local-characters'], yaml, path))
    }
  }
  if (ruleset.from.name === ruleset.to.name) {
    problems.push(yaml.problem(['to', 'name'], `both sides are called "${ruleset.to.name}"; name them apart`))
  }
  return problems
}

function checkLocals(domain: DomainSource, most: number, yaml: YamlSource, path: Path): Problem[] {
  const [own, other] = domain.kind === 'im' ? (['users', 'rooms'] as const) : (['rooms', 'users'] as const)
  if (domain[other] !== undefined) {
    const message = `a domain of kind ${domain.kind} has no ${other}; write ${own}, or another kind`
    return [yaml.problemOfKey([...path, other], message)]
  }
  return (domain[own] ?? []).flatMap((local, index) => {
    const message = problemOfLocal(local, domain.name, most)
    return message === undefined ? [] : [yaml.problem([...path, own, index], message)]
  })
}

function problemOfLocal(local: string, domain: string, most: number): string | undefined {
  if (parseJid(`${local}@${domain}`)?.local !== local)
    return `"${local}" is not the local part of an address; write what stands before the @, in small letters`
  // An address may have one, but who reads the list would take it for a pattern.
  if (/[*?]/.test(local))
    return `"${local}" looks like a pattern, and there are none: only an address that holds the sign itself would pass; list each by its name`
  const length = [...local].length
  if (length > most)
    return `"${local}" has ${length} characters, and limits.local-characters is ${most}, so it never passes; raise that, or remove it`
  return undefined
}

/** The pairs as the bundle has them; undefined when the ruleset has none. */
export function pairsOf(ruleset: RulesetSource, forms: readonly StanzaForm[]): PairRule[] | undefined {
  const known = new Set(forms.map(({ form }) => form))
  return ruleset.pairs?.map(({ from, to, kinds, rate, burst }) => ({
    from,
    to,
    forms: kinds
      .flatMap((kind) => KINDS[kind])
      .filter((form) => known.has(form))
      .sort(),
    ...(rate === undefined ? {} : { rate }),
    ...(burst === undefined ? {} : { burst }),
  }))
}

/** Each pair is of domains of the right sides, stands once and lets something through; each domain stands in one. */
export function checkPairs(
  ruleset: RulesetSource,
  yaml: YamlSource,
  forms: readonly StanzaForm[],
): Problem[] {
  const { pairs, limits } = ruleset
  if (pairs === undefined) return []
  const problems: Problem[] = []
  const known = new Set(forms.map(({ form }) => form))
  const seen = new Set<string>()
  for (const [index, pair] of pairs.entries()) {
    const path = ['pairs', index]
    const wrong = (key: string | number, message: string): void => {
      problems.push(yaml.problem([...path, key], message))
    }
    for (const side of ['from', 'to'] as const) {
      const names = ruleset[side].domains.map(({ name }) => name)
      if (!names.includes(pair[side]))
        wrong(side, `"${pair[side]}" is no domain of "${side}"; write one of ${names.join(', ')}`)
    }
    const key = `${pair.from} ${pair.to}`
    if (seen.has(key)) wrong('from', `${pair.from} to ${pair.to} stands here twice; put the kinds into one`)
    seen.add(key)
    for (const [at, kind] of pair.kinds.entries()) {
      if (KINDS[kind].some((form) => known.has(form))) continue
      problems.push(
        yaml.problem([...path, 'kinds', at], `the profile has no ${kind}; switch them on, or remove it here`),
      )
    }
    for (const name of ['rate', 'burst'] as const) {
      const value = pair[name]
      if (value !== undefined && value > limits[name])
        wrong(name, `${value} is more than limits.${name}, ${limits[name]}, and has no effect; lower it`)
    }
    if ((pair.rate === undefined) !== (pair.burst === undefined)) {
      problems.push(yaml.problem(path, 'rate and burst go together; write both, or neither'))
    }
  }
  for (const side of ['from', 'to'] as const) {
    for (const [index, { name }] of ruleset[side].domains.entries()) {
      if (pairs.some((pair) => pair[side] === name)) continue
      const message = `no pair names ${name}, so nothing crosses ${side} it; add a pair, or remove the domain`
      problems.push(yaml.problem([side, 'domains', index, 'name'], message))
    }
  }
  return problems
}

/** What two addresses may send is given whole, and less than what all may. */
export function checkPairLimits({ limits }: RulesetSource, yaml: YamlSource): Problem[] {
  const problems: Problem[] = []
  for (const [name, all] of [
    ['pair-rate', 'rate'],
    ['pair-burst', 'burst'],
  ] as const) {
    const value = limits[name]
    if (value !== undefined && value > limits[all]) {
      const message = `${value} is more than limits.${all}, ${limits[all]}, and has no effect; lower it`
      problems.push(yaml.problem(['limits', name], message))
    }
  }
  if ((limits['pair-rate'] === undefined) !== (limits['pair-burst'] === undefined)) {
    problems.push(yaml.problem(['limits'], 'pair-rate and pair-burst go together; write both, or neither'))
  }
  return problems
}
