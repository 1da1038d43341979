/**
 * The profile of a bundle (doc/formats.md §2) as functions over the tree: every node known, in its place, and each
 * value checked.
 *
 * Compiled once, at start. What no rule names is refused; nothing is skipped or taken out.
 */

import { domainOf } from '../address/jid.ts'
import type { AttributeRule, Bundle, ContentRule, ElementRule, Slot, StanzaForm } from '../bundle/bundle.ts'
import type { Reason } from '../reasons.ts'
import { attribute, SERVER_NS, XML_NS, type XmlElement } from '../xml/node.ts'
import { serialiseInside } from '../xml/write.ts'
import type { Fault, Seen } from './seen.ts'
import { compileValue, type Scope, scopeOf, type ValueCheck } from './value.ts'

/** Checks an element and all in it, and adds to what has been seen. */
type Check = (node: XmlElement, seen: Seen) => Fault | undefined

/** A check of a whole stanza against the one form of its root and type. Throws when there are two. */
export function compileProfile(bundle: Bundle): Check {
  const scope = scopeOf(bundle)
  const forms = new Map(
    bundle.forms.map((form) => [
      formKey(form.element, form.type),
      compileForm(form, scope, compilePairs(bundle.pairs, form.form)),
    ]),
  )
  if (forms.size < bundle.forms.length) throw new Error('two forms of one root and type')
  return (root, seen) => {
    const type = attribute(root, 'type') ?? null
    const check = root.ns === SERVER_NS ? forms.get(formKey(root.name, type)) : undefined
    return check === undefined ? fault('unknown-stanza', root) : check(root, seen)
  }
}

/** No element name holds a blank. */
function formKey(element: string, type: string | null): string {
  return type === null ? element : element + ' ' + type
}

/** Whether two domains exchange stanzas of a form. */
type PairCheck = (from: string, to: string) => boolean

function compilePairs(pairs: Bundle['pairs'], form: string): PairCheck {
  if (pairs === undefined) return () => true
  const known = new Set(
    pairs.filter(({ forms }) => forms.includes(form)).map(({ from, to }) => `${from} ${to}`),
  )
  return (from, to) => known.has(`${domainOf(from)} ${domainOf(to)}`)
}

function compileForm(form: StanzaForm, scope: Scope, mayExchange: PairCheck): Check {
  const attributes = compileAttributes(form.attributes, scope, ROOT)
  const slots = compileSlots(form.slots, scope, form.slots.some(isLabelSlot))
  return (root, seen) => {
    seen.form = form.form
    const wrong = attributes(root, seen)
    if (wrong !== undefined) return wrong
    if (!mayExchange(seen.from, seen.to)) return fault('bad-pair', root)
    const found = slots(root, seen)
    if (found !== undefined) return found
    const beside = root.children.length - (seen.label === undefined ? 0 : 1)
    if (form.content && beside === 0) return fault('no-content', root)
    if (seen.owesLabel && seen.label === undefined) return fault('label-missing', root)
    return undefined
  }
}

function compileElement(rule: ElementRule, scope: Scope, labelled: boolean): Check {
  const attributes = compileAttributes(rule.attributes, scope, INNER)
  const content = compileContent(rule.content, scope, labelled)
  const { labelling } = rule
  return (node, seen) => {
    if (labelling === 'always' || (labelling === 'unless-empty' && node.children.length > 0))
      seen.owesLabel = true
    return attributes(node, seen) ?? content(node, seen)
  }
}

/** What a bad or a good value of an attribute means, besides: only the root's addresses mean more. */
type Meaning = Readonly<{ reason(name: string): Reason; good(name: string, value: string, seen: Seen): void }>

const ROOT: Meaning = {
  reason: (name) => (name === 'from' ? 'bad-from' : name === 'to' ? 'bad-to' : 'bad-attribute'),
  good: (name, value, seen) => {
    if (name === 'from') seen.from = value
    else if (name === 'to') seen.to = value
  },
}
const INNER: Meaning = { reason: () => 'bad-attribute', good: () => {} }

/** The attributes of a canonical element stand in the order of the rules, so one walk along both will do. */
function compileAttributes(rules: readonly AttributeRule[], scope: Scope, meaning: Meaning): Check {
  const known = new Map(
    rules.map((rule, index) => [rule.name, { index, admits: compileValue(rule.value, scope) }]),
  )
  const required = rules.map((rule) => rule.required)
  return (node, seen) => {
    let next = 0
    for (const { ns, name, value } of node.attributes) {
      const rule = known.get(ns === XML_NS ? 'xml:' + name : name)
      if (rule === undefined || rule.index < next) return fault('unknown-attribute', node)
      if (anyTrue(required, next, rule.index)) return fault('missing-attribute', node)
      if (!rule.admits(value, seen)) return fault(meaning.reason(name), node)
      meaning.good(name, value, seen)
      next = rule.index + 1
    }
    return anyTrue(required, next, required.length) ? fault('missing-attribute', node) : undefined
  }
}

function anyTrue(list: readonly boolean[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (list[i]) return true
  return false
}

function compileContent(rule: ContentRule, scope: Scope, labelled: boolean): Check {
  switch (rule.type) {
    case 'empty':
      return compileSlots([], scope, labelled)
    case 'value':
      return compileText(compileValue(rule.value, scope), rule.mayBeEmpty)
    case 'elements':
      if (rule.slots.some(isLabelSlot)) throw new Error('a label slot that is not among the slots of a form')
      return compileSlots(rule.slots, scope, labelled)
  }
}

function compileText(admits: ValueCheck, mayBeEmpty: boolean): Check {
  return (node, seen) => {
    const { children } = node
    for (const child of children) if (typeof child !== 'string') return fault('unknown-element', child)
    if (children.length === 0) return mayBeEmpty ? undefined : fault('bad-text', node)
    return admits(children[0] as string, seen) ? undefined : fault('bad-text', node)
  }
}

type CompiledSlot = Readonly<{
  /** The check of an element that this slot takes; undefined for another. */
  find(node: XmlElement): Check | undefined
  min: number
  max: number
  sorted: boolean
}>

/** `labelled`: the form has a label slot. */
function compileSlots(rules: readonly Slot[], scope: Scope, labelled: boolean): Check {
  const slots = rules.map((rule) => compileSlot(rule, scope, labelled))
  return (parent, seen) => {
    let slot = 0
    let taken = 0
    let before: XmlElement | undefined
    for (const child of parent.children) {
      if (typeof child === 'string') return fault('unexpected-text', parent)

      let at = slot
      let check: Check | undefined
      for (; at < slots.length; at++) {
        const full = at === slot && taken === slots[at]!.max
        if (!full && (check = slots[at]!.find(child)) !== undefined) break
      }
      if (check === undefined) return fault(whyNowhere(child, before, labelled, seen), child)
      if (at > slot) {
        if (anyMissing(slots, slot, taken, at)) return fault('missing-element', child)
        slot = at
        taken = 0
      }

      if (taken > 0 && slots[slot]!.sorted && !ascending(before!, child, parent.ns)) {
        return fault('out-of-order', child)
      }
      const found = check(child, seen)
      if (found !== undefined) return found
      taken++
      before = child
    }
    return anyMissing(slots, slot, taken, slots.length) ? fault('missing-element', parent) : undefined
  }
}

function anyMissing(slots: readonly CompiledSlot[], slot: number, taken: number, end: number): boolean {
  for (let i = slot; i < end; i++) if ((i === slot ? taken : 0) < slots[i]!.min) return true
  return false
}

function whyNowhere(
  child: XmlElement,
  before: XmlElement | undefined,
  labelled: boolean,
  seen: Seen,
): Reason {
  if (isLabel(child)) {
    if (seen.label !== undefined) return 'label-repeated'
    return labelled ? 'unknown-element' : 'label-unexpected'
  }
  return before !== undefined && before.name === child.name && before.ns === child.ns
    ? 'too-many'
    : 'unknown-element'
}

function compileSlot(rule: Slot, scope: Scope, labelled: boolean): CompiledSlot {
  if (rule.type === 'label') {
    const find = (node: XmlElement): Check | undefined => (isLabel(node) ? takeLabel : undefined)
    return { find, min: 0, max: 1, sorted: false }
  }
  const of = rule.of.map(({ ns, name }, i) => ({
    ns,
    name,
    check: compileElement(rule.of[i]!, scope, labelled),
  }))
  const find = (node: XmlElement): Check | undefined => {
    for (const { ns, name, check } of of) if (name === node.name && ns === node.ns) return check
    return undefined
  }
  return { find, min: rule.min, max: rule.max, sorted: rule.sorted }
}

/** What is in a label is judged by `label.ts`. */
function takeLabel(node: XmlElement, seen: Seen): Fault | undefined {
  if (seen.label !== undefined) return fault('label-repeated', node)
  seen.label = node
  return undefined
}

function isLabel({ ns, name }: XmlElement): boolean {
  return (
    (name === 'securitylabel' && ns === 'urn:xmpp:sec-label:0') ||
    (name === 'BindingData' && ns === 'urn:nato:stanag:4778:profile:xmpp:1:0')
  )
}

function isLabelSlot(slot: Slot): boolean {
  return slot.type === 'label'
}

/** By octets of UTF-8: the order of UTF-16 units is another beyond U+FFFF. */
function ascending(before: XmlElement, after: XmlElement, parentNs: string): boolean {
  return Buffer.compare(octetsOf(before, parentNs), octetsOf(after, parentNs)) < 0
}

function octetsOf(node: XmlElement, parentNs: string): Uint8Array {
  return Buffer.from(serialiseInside(node, parentNs))
}

function fault(reason: Reason, node: XmlElement): Fault {
  return { reason, node }
}
