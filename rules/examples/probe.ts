/**
 * Probes: stanzas made from the rules of a bundle, so that each rule is exercised at its edges, inside and outside.
 *
 * They tell two bundles apart (rules/diff), and what a bundle means from what a schema of it says (test/export). A probe names the rule
 * that it is about:
 *
 *   FORM                    the form of stanza
 *   FORM@ATTRIBUTE          an attribute of the stanza
 *   FORM/{NS}NAME           an element, and so on downwards, with attributes
 *   FORM/{NS}NAME<{NS}NAME  two elements and their order
 */
import type { Bundle, ElementRule, LabelRow, Slot, StanzaForm, ValueRule } from '../bundle/bundle.ts'
import { compileValue, scopeOf } from '../decide/value.ts'
import { fill } from '../label/template.ts'
import { codePoints } from '../text/content.ts'
import { formatDate } from '../text/date.ts'
import { element, SERVER_NS, XML_NS, type XmlAttribute, type XmlElement, type XmlNode } from '../xml/node.ts'
import { serialiseInside, serialiseReplacing } from '../xml/write.ts'
import { settingsOf } from './setting.ts'
import { edgeValues, manyValues, SAMPLE_NUMBER, sampleValue, type ValueContext } from './values.ts'

export type Probe = Readonly<{ rule: string; stanza: string }>

/** An element made for a rule, and the rule that it is about. */
type Variant = Readonly<{ rule: string; node: XmlElement }>

/** The name of an element in rule names. */
export function clark({ ns, name }: Readonly<{ ns: string; name: string }>): string {
  return `{${ns}}${name}`
}

/** Stands for the label while a stanza is put together. */
export const LABEL = element('urn:sallyport:label', 'label')

/** The probes of all forms; `second` is when they are to be judged, `row` whose label they carry. */
export function formProbes(
  bundle: Bundle,
  second: number,
  row = bundle.labels.rows[0],
  settings = settingsOf(bundle),
): Probe[] {
  return bundle.forms.flatMap((form) => probesOf(form, contextOf(form, bundle, second, settings(form)), row))
}

/** A labelled message under a row with those dates, or undefined when no form carries a label. */
export function rowProbe(
  bundle: Bundle,
  row: LabelRow,
  dates: Readonly<{ creation: number; review: number }>,
): string | undefined {
  const form = bundle.forms.find(carriesLabel)
  const spelling = fill(row.input.template, {
    creation: formatDate(dates.creation),
    review: formatDate(dates.review),
  })
  if (form === undefined || spelling === undefined) return undefined
  return plainStanza(form, contextOf(form, bundle, dates.creation))(spelling)
}

/** A stanza of a form: what its values are made for, and the attributes of its root. */
export type StanzaContext = ValueContext & Readonly<{ root: Readonly<Record<string, string>> }>

export function contextOf(
  form: StanzaForm,
  bundle: Bundle,
  second: number,
  setting = settingsOf(bundle)(form),
): StanzaContext {
  const context = { bundle, second, setting }
  const scope = scopeOf(bundle)
  const admits = (rule: ValueRule, value: string): boolean =>
    compileValue(rule, scope)(value, { number: SAMPLE_NUMBER, from: setting.from })
  const root: Record<string, string> = {}
  for (const { name, required, value } of form.attributes) {
    const other = setting.agreed(name)
    if (!required && other?.required !== true) continue
    const own = sampleValue(value, context)
    const theirs = other === undefined || admits(other.value, own) ? own : sampleValue(other.value, context)
    if (admits(value, theirs)) root[name] = theirs
    else if (required) root[name] = own
  }
  return { ...context, root }
}

/** A stanza of the form that holds as little as it may, with a label of that spelling or, where it is '', without one. */
export function plainStanza(form: StanzaForm, context: StanzaContext): (label: string) => string {
  const root = rootOf(form, context, placed(form.slots, carrierOf(form, context), context), {})
  return (label) => spell(root, label)
}

/** The same, plainest first, and with one child after the other instead: what one form may not say without a label, another may. */
export function* plainStanzas(
  form: StanzaForm,
  context: StanzaContext,
): Generator<(label: string) => string> {
  yield plainStanza(form, context)
  for (const { index, rule } of form.content ? choicesOf(form) : []) {
    const children = placed(form.slots, new Map([[index, [least(rule, context)]]]), context)
    const root = rootOf(form, context, children, {})
    yield (label) => spell(root, label)
  }
}

/** Whether a form has a place for a label. */
export function carriesLabel({ slots }: StanzaForm): boolean {
  return slots.some((slot) => slot.type === 'label')
}

/** A labelled stanza of the form that says a text; undefined when the form has no place for it. */
export function textProbe(
  form: StanzaForm,
  text: string,
  context: StanzaContext,
  row: LabelRow | undefined,
): string | undefined {
  const holders = form.slots.flatMap((slot, index) => {
    if (slot.type === 'label' || slot.max === 0) return []
    return slot.of.flatMap((rule) => [...sayings(rule, text, context)].map((node) => ({ index, node })))
  })
  const chosen = holders.find(({ node }) => node.name === 'body') ?? holders[0]
  if (chosen === undefined) return undefined
  const children = placed(form.slots, new Map([[chosen.index, [chosen.node]]]), context)
  return spell(rootOf(form, context, children, {}), labelSpelling(form, row, context.second))
}

/** Elements of a rule that say a text, in themselves, in an attribute or deeper. */
function* sayings(rule: ElementRule, text: string, context: ValueContext): Iterable<XmlElement> {
  const fits = (value: ValueRule): boolean => value.type === 'text' && codePoints(text) <= value.max
  const { ns, name, content, attributes } = rule
  const least = minimal(rule, context)
  if (content.type === 'value' && fits(content.value)) yield { ...least, children: [text] }
  const holder = attributes.find(({ value }) => fits(value))
  if (holder !== undefined) {
    const given = Object.fromEntries(least.attributes.map((a) => [a.name, a.value]))
    yield element(ns, name, asAttributes({ ...given, [holder.name]: text }), least.children)
  }
  if (content.type !== 'elements') return
  for (const [index, slot] of content.slots.entries()) {
    if (slot.type === 'label') continue
    for (const inner of slot.of) {
      for (const node of sayings(inner, text, context))
        yield { ...least, children: placed(content.slots, new Map([[index, [node]]]), context) }
    }
  }
}

function probesOf(form: StanzaForm, context: StanzaContext, row: LabelRow | undefined): Probe[] {
  const { second } = context
  const spelling = labelSpelling(form, row, second)
  const probes: Probe[] = []
  const add = (
    rule: string,
    children: readonly XmlNode[],
    attributes: Readonly<Record<string, string | null>> = {},
  ) => {
    const root = rootOf(form, context, children, attributes)
    probes.push({ rule, stanza: spell(root, '') })
    if (spelling !== '') probes.push({ rule, stanza: spell(root, spelling) })
  }
  const carrier = placed(form.slots, carrierOf(form, context), context)

  add(form.form, carrier)
  add(form.form, [])
  add(form.form, [...carrier, element('urn:example:unknown', 'unknown')])
  if (!carriesLabel(form) && row !== undefined) {
    const label = fillRow(row, second)
    probes.push({ rule: form.form, stanza: spell(rootOf(form, context, [...carrier, LABEL], {}), label) })
  }
  for (const { name, required, value } of form.attributes) {
    const rule = `${form.form}@${name}`
    for (const edge of edgeValues(value, context)) add(rule, carrier, { [name]: edge })
    add(rule, carrier, { [name]: required ? null : sampleValue(value, context) })
  }
  add(`${form.form}@unknown`, carrier, { unknown: 'x' })
  for (const { rule, children } of slotVariants(form.slots, form.form, context)) add(rule, children)
  return probes
}

/** Children of slots, one rule at a time: each element alone, in number, before and behind its neighbours. */
function slotVariants(
  slots: readonly Slot[],
  parent: string,
  context: ValueContext,
): Readonly<{ rule: string; children: readonly XmlNode[] }>[] {
  const out: { rule: string; children: readonly XmlNode[] }[] = []
  const heads: [number, ElementRule][] = []
  for (const [index, slot] of slots.entries()) {
    if (slot.type === 'label') continue
    const only = (...nodes: XmlNode[]): XmlNode[] => placed(slots, new Map([[index, nodes]]), context)
    for (const rule of slot.of) {
      const variants = elementVariants(rule, `${parent}/${clark(rule)}`, context)
      out.push(...variants.map(({ rule: name, node }) => ({ rule: name, children: only(node) })))
      const name = `${parent}/${clark(rule)}`
      for (const count of [2, slot.max, slot.max + 1]) {
        const many = several(rule, count, slot.sorted, context)
        if (many.length < count) continue
        out.push({ rule: name, children: only(...many) })
        if (slot.sorted) out.push({ rule: name, children: only(...many.toReversed()) })
      }
    }
    const [first, second] = slot.of
    if (first !== undefined && second !== undefined) {
      const pair = [minimal(first, context), minimal(second, context)]
      out.push({ rule: `${parent}/${clark(first)}<${clark(second)}`, children: only(...pair) })
      out.push({ rule: `${parent}/${clark(first)}<${clark(second)}`, children: only(...pair.reverse()) })
    }
    if (first !== undefined) heads.push([index, first])
  }
  for (const [at, [i, a]] of heads.entries()) {
    for (const [j, b] of heads.slice(at + 1)) {
      const rule = `${parent}/${clark(a)}<${clark(b)}`
      const one = minimal(a, context)
      const other = minimal(b, context)
      const inOrder = placed(
        slots,
        new Map([
          [i, [one]],
          [j, [other]],
        ]),
        context,
      )
      out.push({ rule, children: inOrder })
      out.push({
        rule,
        children: inOrder.map((node) => (node === one ? other : node === other ? one : node)),
      })
    }
  }
  return out
}

function elementVariants(rule: ElementRule, name: string, context: ValueContext): Variant[] {
  const { ns, content } = rule
  const attributes = requiredAttributes(rule, context)
  const children = minimalContent(rule, context)
  const out: Variant[] = [{ rule: name, node: element(ns, rule.name, attributes, children) }]
  const withAttributes = (about: string, changed: Readonly<Record<string, string>>): void => {
    out.push({ rule: `${name}@${about}`, node: element(ns, rule.name, asAttributes(changed), children) })
  }
  const given = Object.fromEntries(attributes.map((a) => [a.name, a.value]))
  for (const { name: attribute, required, value } of rule.attributes) {
    for (const edge of edgeValues(value, context)) withAttributes(attribute, { ...given, [attribute]: edge })
    const { [attribute]: _, ...rest } = given
    withAttributes(attribute, required ? rest : { ...given, [attribute]: sampleValue(value, context) })
  }
  withAttributes('unknown', { ...given, unknown: 'x' })
  const withChildren = (about: string, nodes: readonly XmlNode[]): void => {
    out.push({ rule: about, node: element(ns, rule.name, attributes, nodes) })
  }
  withChildren(name, [])
  withChildren(name, [element('urn:example:unknown', 'unknown')])
  if (content.type === 'value') {
    for (const edge of edgeValues(content.value, context)) withChildren(name, [edge])
  } else {
    withChildren(name, ['x'])
  }
  if (content.type === 'elements') {
    for (const { rule: about, children: nodes } of slotVariants(content.slots, name, context)) {
      withChildren(about, nodes)
    }
  }
  return out
}

/** The least that a rule admits. */
export function minimal(rule: ElementRule, context: ValueContext): XmlElement {
  return element(rule.ns, rule.name, requiredAttributes(rule, context), minimalContent(rule, context))
}

function minimalContent({ content }: ElementRule, context: ValueContext): XmlNode[] {
  if (content.type === 'empty') return []
  if (content.type === 'value') return [sampleValue(content.value, context)]
  return placed(content.slots, new Map(), context)
}

/** Those that an element must have. */
export function requiredAttributes(rule: ElementRule, context: ValueContext): XmlAttribute[] {
  const needed = rule.attributes.filter(({ required }) => required)
  return asAttributes(Object.fromEntries(needed.map((a) => [a.name, sampleValue(a.value, context)])))
}

/** What stands in each slot: `nodes`, or else as few as it may be. */
export function placed(
  slots: readonly Slot[],
  nodes: ReadonlyMap<number, readonly XmlNode[]>,
  context: ValueContext,
): XmlNode[] {
  return slots.flatMap((slot, index) => {
    const given = nodes.get(index)
    if (given !== undefined) return given
    if (slot.type === 'label') return [LABEL]
    const first = slot.of[0]
    if (slot.min === 0 || first === undefined) return []
    return several(first, slot.min, slot.sorted, context)
  })
}

/** Each child that a form may have, by the place of its slot. */
function choicesOf({ slots }: StanzaForm): { index: number; rule: ElementRule }[] {
  return slots.flatMap((slot, index) =>
    slot.type === 'label' || slot.max === 0 ? [] : slot.of.map((rule) => ({ index, rule })),
  )
}

/** A child that lets the form stand: a body, or where a bundle has no label for it what needs none. */
function carrierOf(form: StanzaForm, context: ValueContext): Map<number, readonly XmlNode[]> {
  if (!form.content || form.slots.some((slot) => slot.type === 'elements' && slot.min > 0)) return new Map()
  const choices = choicesOf(form)
  const body = choices.find(({ rule }) => rule.name === 'body') ?? choices[0]
  const free = context.bundle.labels.rows.length > 0 ? undefined : choices.find(({ rule }) => mayBeFree(rule))
  if (free !== undefined) return new Map([[free.index, [least(free.rule, context)]]])
  return body === undefined ? new Map() : new Map([[body.index, [minimal(body.rule, context)]]])
}

function mayBeFree({ labelling, content }: ElementRule): boolean {
  return (
    labelling === 'never' || (labelling === 'unless-empty' && content.type === 'value' && content.mayBeEmpty)
  )
}

/** The same as `minimal`, but empty where only then no label is needed. */
function least(rule: ElementRule, context: ValueContext): XmlElement {
  const node = minimal(rule, context)
  return rule.labelling === 'unless-empty' && mayBeFree(rule) ? { ...node, children: [] } : node
}

export function rootOf(
  form: StanzaForm,
  context: StanzaContext,
  children: readonly XmlNode[],
  changed: Readonly<Record<string, string | null>>,
): XmlElement {
  const given: Record<string, string> = { ...context.root }
  for (const [name, value] of Object.entries(changed)) {
    if (value === null) delete given[name]
    else given[name] = value
  }
  return element(SERVER_NS, form.element, asAttributes(given), children)
}

function asAttributes(given: Readonly<Record<string, string>>): XmlAttribute[] {
  return Object.entries(given).map(([name, value]) =>
    name === 'xml:lang' ? { ns: XML_NS, name: 'lang', value } : { ns: '', name, value },
  )
}

/** The stanza with `label` in the place of the label, or without one. */
export function spell(root: XmlElement, label: string): string {
  return serialiseReplacing(root, LABEL, label)
}

/** The label of a row where the form may carry one, else ''. */
export function labelSpelling(form: StanzaForm, row: LabelRow | undefined, second: number): string {
  return carriesLabel(form) && row !== undefined ? fillRow(row, second) : ''
}

function fillRow(row: LabelRow, second: number): string {
  const date = formatDate(second)
  return fill(row.input.template, { creation: date, review: date }) ?? ''
}

/** So many elements of a rule, or fewer when it has no more: equal ones, or different ones in ascending order. */
function several(rule: ElementRule, count: number, sorted: boolean, context: ValueContext): XmlElement[] {
  const least = minimal(rule, context)
  if (!sorted) return Array.from({ length: count }, () => least)
  const { content, attributes } = rule
  const lists = attributes.map(({ name, value }) =>
    manyValues(value, count, context).map((one) => {
      const given = Object.fromEntries(least.attributes.map((a) => [a.name, a.value]))
      return element(rule.ns, rule.name, asAttributes({ ...given, [name]: one }), least.children)
    }),
  )
  if (content.type === 'value') {
    const texts = manyValues(content.value, count, context)
    lists.push(texts.map((text) => element(rule.ns, rule.name, least.attributes, [text])))
  }
  const longest = lists.reduce((best, list) => (list.length > best.length ? list : best), [least])
  const spelling = (node: XmlElement): Buffer => Buffer.from(serialiseInside(node, ''))
  return longest.toSorted((a, b) => Buffer.compare(spelling(a), spelling(b)))
}
