/**
 * Why one bundle refuses what the other lets through: the differences that each suffice for it.
 *
 * What a bundle demands falls into parts that are all to hold: limits, forms, pairs, domains, texts, labels, windows. So a stanza is
 * judged by the bundle that accepts it with one part at a time taken from the one that refuses; where that refuses, this part is a
 * cause, and the place of the refusal names the difference.
 */
import { domainOf } from '../address/jid.ts'
import type { AttributeRule, Bundle, ElementRule, Slot } from '../bundle/bundle.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import { createCanonicalReader } from '../decide/canonical.ts'
import { compileLabels } from '../decide/label.ts'
import { compileProfile } from '../decide/profile.ts'
import { type Fault, nothingSeen } from '../decide/seen.ts'
import { compileValue, scopeOf } from '../decide/value.ts'
import { clark } from '../examples/probe.ts'
import { refusingMembers } from '../examples/texts.ts'
import { SAMPLE_NUMBER } from '../examples/values.ts'
import { readWireLabel } from '../label/wire.ts'
import { refused } from '../reasons.ts'
import { parseDate } from '../text/date.ts'
import { attribute, SERVER_NS, XML_NS, type XmlElement } from '../xml/node.ts'
import { serialiseInside } from '../xml/write.ts'
import type { Change } from './fact.ts'
import { LABEL_NAME } from './facts.ts'
import { routeNames } from './pairs.ts'

/** Names of changes. Empty when none of them explains it. */
export type Causes = (stanza: string, second: number) => string[]

/** `outcome` is what a stanza shows that only `accepting` accepts. */
export function createCauses(
  accepting: Bundle,
  refusing: Bundle,
  outcome: 'now' | 'no-longer',
  changes: readonly Change[],
): Causes {
  const known = new Set(changes.map(({ name }) => name))
  const places = new Set(changes.flatMap(({ kind, name }) => (PLACES.has(kind) ? [name] : [])))
  const read = createCanonicalReader(accepting.limits)
  const readByOther = createCanonicalReader(refusing.limits)
  const check = compileProfile(accepting)
  const labelNames = createLabelNames(accepting, refusing)
  const pairName = routeNames(accepting, refusing, outcome)
  const attributes = createAttributeFinder(refusing)
  const parts = [
    {
      check: compileProfile({ ...accepting, forms: refusing.forms }),
      names: (fault: Fault, root: XmlElement, form: string) =>
        formNames(fault, root, form, places, attributes),
    },
    {
      check: compileProfile({ ...accepting, from: refusing.from, to: refusing.to }),
      names: ({ node }: Fault, root: XmlElement) => domainNames(node, root, known),
    },
    {
      check: compileProfile(withChoices(accepting, refusing.pairs, accepting.content)),
      names: (_: Fault, root: XmlElement) => pairName(...endsOf(root)) ?? [],
    },
    {
      check: compileProfile(withChoices(accepting, accepting.pairs, refusing.content)),
      names: ({ node }: Fault) =>
        valuesIn(node)
          .flatMap((text) => refusingMembers(refusing.content ?? {}, text))
          .map((member) => `content/${member}`),
    },
  ]

  return (stanza, second) => {
    const octets = new TextEncoder().encode(stanza)
    const root = read(octets)
    const seen = nothingSeen(SAMPLE_NUMBER)
    if (refused(root) || check(root, seen) !== undefined) return []
    const names: string[] = []
    const limited = readByOther(octets)
    if (refused(limited)) names.push(limited.refused === 'too-deep' ? 'limit/depth' : 'limit/stanza')
    for (const part of parts) {
      const fault = part.check(root, nothingSeen(SAMPLE_NUMBER))
      if (fault !== undefined) names.push(...[part.names(fault, root, seen.form)].flat())
    }
    if (seen.label !== undefined) names.push(...labelNames(seen.label, second))
    return [...new Set(names)].filter((name) => known.has(name))
  }
}

/** Kinds of changes that are named by where they are in a stanza. */
const PLACES: ReadonlySet<Change['kind']> = new Set(['form', 'profile', 'order'] as const)

/** The bundle with other pairs and another choice of content. */
function withChoices(bundle: Bundle, pairs: Bundle['pairs'], content: Bundle['content']): Bundle {
  const { pairs: _, content: __, ...rest } = bundle
  return { ...rest, ...(pairs === undefined ? {} : { pairs }), ...(content === undefined ? {} : { content }) }
}

function endsOf(root: XmlElement): [string, string] {
  return [domainOf(attribute(root, 'from') ?? ''), domainOf(attribute(root, 'to') ?? '')]
}

/** The attributes and the text of an element. */
function valuesIn({ attributes, children }: XmlElement): string[] {
  return [...attributes.map(({ value }) => value), ...children.filter((one) => typeof one === 'string')]
}

/** The domains of what stands in an element; of a number, that of the sender. */
function domainNames(node: XmlElement, root: XmlElement, known: ReadonlySet<string>): string[] {
  const find = (domains: readonly string[]): string[] =>
    domains
      .flatMap((domain) => [`domain/from/${domain}`, `domain/to/${domain}`])
      .filter((name) => known.has(name))
  const own = find(valuesIn(node).map(domainOf))
  return own.length > 0 ? own : find(endsOf(root))
}

/** What is known at the place of a fault, the nearest first: the element, what is in it, its place among others, what holds it. */
function formNames(
  { reason, node }: Fault,
  root: XmlElement,
  form: string,
  known: ReadonlySet<string>,
  attributes: AttributeFinder,
): string[] {
  if (reason === 'unknown-stanza' || reason === 'no-content') return [form]
  const paths = pathsOf(root, form)
  const path = paths.get(node)!
  const up = (from: string): string[] => {
    for (let end = from.length; end > 0; end = from.lastIndexOf('/{', end - 1)) {
      if (known.has(from.slice(0, end))) return [from.slice(0, end)]
    }
    return []
  }
  if (reason === 'label-missing') return [...new Set([...paths.values()].flatMap(up))]
  if (/attribute$|^bad-(from|to)$/.test(reason)) {
    const names = attributes(node, root, form).map((name) => `${path}@${name}`)
    const changed = names.filter((name) => known.has(name))
    return changed.length > 0 ? changed : up(path)
  }
  if (known.has(path)) return [path]
  // A set has room for as many as there can be different ones.
  if (reason === 'too-many') return [...known].filter((name) => name.startsWith(`${path}@`))
  const parent = path.slice(0, Math.max(path.lastIndexOf('/{'), 0))
  const beside = childrenOf(root, node).map((one) => paths.get(one)!.slice(parent.length + 1))
  const orders = [...known].filter((name) => {
    const [first = '', second = ''] = name.slice(parent.length + 1).split('<')
    return name.startsWith(`${parent}/`) && beside.includes(first) && beside.includes(second)
  })
  if (orders.length > 0) return orders
  const children = (of: string): string[] =>
    [...known].filter((name) => name.startsWith(`${of}/{`) && !/<|@|\/\{/.test(name.slice(of.length + 2)))
  const near = reason === 'missing-element' ? [...children(path), ...children(parent)] : []
  return near.length > 0 ? near : up(path)
}

/** The names of all elements outside of the label, in the order in which they stand. */
function pathsOf(root: XmlElement, form: string): Map<XmlElement, string> {
  const paths = new Map<XmlElement, string>()
  const walk = (node: XmlElement, path: string): void => {
    paths.set(node, path)
    for (const one of node.children) {
      if (typeof one === 'string') continue
      if (isLabel(one)) paths.set(one, `${path}/${LABEL_NAME}`)
      else walk(one, `${path}/${clark(one)}`)
    }
  }
  walk(root, form)
  return paths
}

function isLabel({ ns, name }: XmlElement): boolean {
  return name === 'securitylabel' ? ns === 'urn:xmpp:sec-label:0' : name === 'BindingData'
}

/** The elements among which one stands, itself included. */
function childrenOf(root: XmlElement, node: XmlElement): XmlElement[] {
  const elements = root.children.filter((one) => typeof one !== 'string')
  if (elements.includes(node)) return elements
  for (const one of elements) {
    const found = childrenOf(one, node)
    if (found.length > 0) return found
  }
  return []
}

/** The attributes of an element that a bundle does not know there, misses, or does not admit. */
type AttributeFinder = (node: XmlElement, root: XmlElement, form: string) => string[]

function createAttributeFinder(bundle: Bundle): AttributeFinder {
  const scope = scopeOf(bundle)
  return (node, root, form) => {
    const rules = rulesAt(bundle, node, root, form)
    const given = new Map(
      node.attributes.map(({ ns, name, value }) => [ns === XML_NS ? `xml:${name}` : name, value]),
    )
    const bearer = { number: SAMPLE_NUMBER, from: attribute(root, 'from') ?? '' }
    const missing = rules.filter(({ name, required }) => required && !given.has(name))
    const wrong = [...given].filter(([name, value]) => {
      const rule = rules.find((one) => one.name === name)
      return rule === undefined || !compileValue(rule.value, scope)(value, bearer)
    })
    return [...missing.map(({ name }) => name), ...wrong.map(([name]) => name)]
  }
}

function rulesAt(
  { forms }: Bundle,
  node: XmlElement,
  root: XmlElement,
  form: string,
): readonly AttributeRule[] {
  const found = forms.find((one) => one.form === form)
  if (found === undefined || node === root) return found?.attributes ?? []
  const search = (held: XmlElement, slots: readonly Slot[]): ElementRule | undefined => {
    for (const child of held.children) {
      if (typeof child === 'string') continue
      const rule = slots
        .flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
        .find(({ ns, name }) => name === child.name && ns === child.ns)
      if (child === node) return rule
      const inner = rule?.content.type === 'elements' ? search(child, rule.content.slots) : undefined
      if (inner !== undefined) return inner
    }
    return undefined
  }
  return search(root, found.slots)?.attributes ?? []
}

/** Names the row of a label, or the window of its date, by which `refusing` refuses it. */
function createLabelNames(
  accepting: Bundle,
  refusing: Bundle,
): (label: XmlElement, second: number) => string[] {
  const decide = compileLabels(accepting.labels)
  const rowsOnly = compileLabels({ rows: refusing.labels.rows, windows: accepting.labels.windows })
  const { creationPast, creationFuture, reviewAfterCreation } = refusing.labels.windows
  return (label, second) => {
    const octets = serialiseInside(label, SERVER_NS)
    const accepted = decide(octets, () => label, second)
    if ('reason' in accepted) return []
    const names: string[] = []
    if ('reason' in rowsOnly(octets, () => label, second)) names.push(rowName(accepting, accepted.row))
    const wire = readWireLabel(label)
    if (refused(wire)) return names
    const creation = wire.creation === undefined ? undefined : parseDate(wire.creation)
    const review = wire.review === undefined ? undefined : parseDate(wire.review)
    const start = creation ?? second
    if (start < second - creationPast) names.push('window/past')
    if (start > second + creationFuture) names.push('window/future')
    if (review !== undefined && review > start + reviewAfterCreation) names.push('window/review')
    return names
  }
}

/** The name of the fact of a row. */
export function rowName({ labels }: Bundle, row: number): string {
  const found = labels.rows[row]
  return found === undefined ? '' : `row/${canonicalJson(found.input.template)}`
}
