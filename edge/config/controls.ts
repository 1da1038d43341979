/**
 * The `controls` part of edge.yaml, held against the own domains of the bundle: no rule twice, none that is for nobody, no
 * domain without one.
 */
import type { Path } from '../../rules/ruleset/yaml.ts'
import { type ControlSource, createControls, parseNetwork } from '../controls.ts'

/** Tells `wrong` what cannot hold. `own` are the own domains, `routed` those of them with a route of their own. */
export function checkControls(
  sources: readonly ControlSource[] | undefined,
  own: readonly string[],
  routed: readonly string[],
  wrong: (path: Path, message: string) => void,
): void {
  if (sources === undefined) return
  const seen = new Map<string, number>()
  const carried = new Map<string, number>()
  let networks = true
  for (const [i, source] of sources.entries()) {
    const path: Path = ['controls', i]
    const { domain, subtree, rate, burst, trunk } = source
    const before = seen.get(domain)
    if (before !== undefined)
      wrong([...path, 'domain'], `${domain} has controls[${before}] already: put both into one rule`)
    seen.set(domain, i)
    for (const [n, network] of (source.networks ?? []).entries()) {
      if (parseNetwork(network) !== undefined) continue
      networks = false
      wrong(
        [...path, 'networks', n],
        `"${network}" is not a network; write an address with the length of its prefix, such as 192.0.2.0/24 or 2001:db8::/32`,
      )
    }
    if (burst !== undefined && rate === undefined)
      wrong([...path, 'burst'], 'there is no burst without a rate: add rate, or take burst out')
    for (const [n, behind] of trunk.entries()) {
      const at: Path = [...path, 'trunk', n]
      if (!own.includes(behind))
        wrong(at, `${behind} is not an own domain of the bundle: correct or remove it`)
      else if (behind === domain) wrong(at, `${behind} is the rule's own domain: take it out`)
      else if (routed.includes(behind))
        wrong(at, `${behind} has a route of its own: take out the route, or this line`)
      const other = carried.get(behind)
      if (other !== undefined) wrong(at, `${behind} is behind controls[${other}] already: choose one`)
      carried.set(behind, i)
    }
    if (trunk.length > 0 && subtree)
      wrong([...path, 'trunk'], 'a rule with subtree has no streams of its own: name the one peer')
    if (trunk.length > 0 && !own.includes(domain))
      wrong([...path, 'domain'], `${domain} is not an own domain of the bundle: nobody would carry its trunk`)
  }
  for (const [i, { domain, trunk }] of sources.entries()) {
    if (carried.has(domain) && trunk.length > 0)
      wrong(['controls', i, 'trunk'], `${domain} is behind another itself: a trunk has one step`)
  }
  if (!networks) return
  const controls = createControls(sources)
  const used = new Set<string>()
  for (const domain of own) {
    const rule = controls.ruleFor(domain)
    if (rule === undefined) wrong(['controls'], `no rule is for the own domain ${domain}: add one`)
    else used.add(rule.name)
  }
  for (const [i, { domain }] of sources.entries()) {
    if (![...used].some((name) => name.startsWith(`controls[${i}] `)))
      wrong(['controls', i], `${domain} is the rule of no own domain of the bundle: correct or remove it`)
  }
}
