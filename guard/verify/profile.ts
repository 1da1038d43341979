/**
 * Recognises one stanza by the bundle's forms (doc/formats.md §2): reads it from left to right and asks at each place
 * only for what the form has there. What was recognised is a small tree of rules and values, from which write.ts makes
 * the output.
 */
import type { AttributeRule, Bundle, ElementRule, Slot } from './bundle.ts'
import { isLabel, type LabelMatch, readLabel } from './labels.ts'
import type { FrameNumber } from './numbered.ts'
import {
  BLANK,
  LESS,
  peek,
  QUOTE,
  type Reader,
  readEndTag,
  readLiteral,
  readOpening,
  readStartTagEnd,
  readValue,
  refuse,
  refuseInStartTag,
  SLASH,
} from './reader.ts'
import { findBadValue } from './rules.ts'
import { textOf } from './value.ts'

/** An element all of which its rule admits. `values` are those of the rule's attributes, in their order. */
export type Recognised = Readonly<{
  type: 'element'
  rule: Pick<ElementRule, 'opening' | 'endTag' | 'attributes'>
  values: readonly (string | undefined)[]
  text: string
  children: readonly (Recognised | LabelMatch)[]
}>

/** What is known of a stanza so far. */
export type Progress = {
  readonly number: FrameNumber
  form: string
  from: string
  fromRoom: boolean
  to: string
  label: LabelMatch | undefined
  /** Where the first element stands that obliges the stanza to carry a label; -1 when there is none. */
  obliged: number
}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf' // its three octets

type Context = Readonly<{
  reader: Reader
  bundle: Bundle
  second: number
  progress: Progress
}>

/** Reads the whole stanza. `undefined` when it is refused; the reader then holds why. */
export function recogniseStanza(context: Context): Recognised | undefined {
  const { reader, bundle, progress } = context
  if (readLiteral(reader, BYTE_ORDER_MARK)) return refuse(reader, 'not-utf8', 0)
  const opening = readOpening(reader)
  if (opening === undefined) return undefined
  const form = bundle.forms.get(opening)?.get(findType(reader))
  if (form === undefined) return refuse(reader, 'unknown-stanza', 0)
  progress.form = form.name

  const values = readAttributes(context, form.attributes)
  if (values === undefined || !readStartTagEnd(reader, form.attributes)) return undefined
  if (!mayExchange(bundle.pairs, progress, form.name)) return refuse(reader, 'bad-pair', 0)

  const children = readSlots(context, form.slots, 1)
  if (children === undefined || !readEndTag(reader, form.endTag)) return undefined
  if (reader.at !== reader.stanza.length) return refuse(reader, 'not-well-formed')
  if (form.content && !children.some((child) => child.type === 'element')) return refuse(reader, 'no-content')
  if (progress.obliged >= 0 && progress.label === undefined) {
    return refuse(reader, 'label-missing', progress.obliged)
  }
  return { type: 'element', rule: form, values, text: '', children }
}

/** Whether the domains of both addresses, which have been found good, exchange stanzas of that form. */
function mayExchange(pairs: Bundle['pairs'], { from, to }: Progress, form: string): boolean {
  return pairs === undefined || (pairs.get(domainIn(from))?.get(domainIn(to))?.has(form) ?? false)
}

/** What stands between the first `@` before any `/`, and the first `/`. */
function domainIn(address: string): string {
  const bare = address.split('/', 1)[0]!
  return bare.slice(bare.indexOf('@') + 1)
}

/** Looks ahead for the value of the root's `type`, without checking any of it. */
function findType(reader: Reader): string | undefined {
  const { latin1 } = reader
  let at = reader.at
  while (latin1.charCodeAt(at) === BLANK) {
    const start = latin1.indexOf('="', at)
    const end = latin1.indexOf('"', start + 2)
    if (start < 0 || end < 0) return undefined
    if (latin1.slice(at + 1, start) === 'type') return latin1.slice(start + 2, end)
    at = end + 1
  }
  return undefined
}

/** Reads the attributes that stand here, in the order of their rules. */
function readAttributes(
  context: Context,
  attributes: readonly AttributeRule[],
): (string | undefined)[] | undefined {
  const { reader, bundle, progress } = context
  const values: (string | undefined)[] = []
  for (const attribute of attributes) {
    if (!readLiteral(reader, attribute.lead)) {
      if (attribute.required) return refuseWithout(reader, attribute, attributes)
      values.push(undefined)
      continue
    }
    if (!readValue(reader, QUOTE)) return undefined
    const bad = findBadValue(attribute.value, reader.value, reader.stanza, reader.latin1, progress)
    if (bad >= 0) return refuse(reader, attribute.reason, bad)
    const text = textOf(reader.value, reader.latin1)
    values.push(text)
    if (attribute.reason === 'bad-from') {
      progress.from = text
      progress.fromRoom = bundle.rooms.has(domainIn(text))
    }
    if (attribute.reason === 'bad-to') progress.to = text
    reader.at += 1
  }
  return values
}

/** Says why a required attribute does not stand here: it is missing, or something else is in its place. */
function refuseWithout(
  reader: Reader,
  missing: AttributeRule,
  attributes: readonly AttributeRule[],
): undefined {
  const follows = ({ lead }: AttributeRule) => reader.latin1.startsWith(lead, reader.at)
  if (peek(reader) !== BLANK || attributes.slice(attributes.indexOf(missing)).some(follows)) {
    return refuse(reader, 'missing-attribute')
  }
  return refuseInStartTag(reader, attributes)
}

/** Reads children as far as the parent's end tag. `depth` is the parent's. */
function readSlots(
  context: Context,
  slots: readonly Slot[],
  depth: number,
): (Recognised | LabelMatch)[] | undefined {
  const { reader, bundle, progress } = context
  const children: (Recognised | LabelMatch)[] = []
  let index = 0
  let count = 0
  let before = 0
  while (peek(reader) !== LESS || peek(reader, 1) !== SLASH) {
    const start = reader.at
    if (peek(reader) !== LESS)
      return refuse(reader, start < reader.stanza.length ? 'unexpected-text' : 'not-well-formed')
    const opening = readOpening(reader)
    if (opening === undefined) return undefined
    if (depth + 1 > bundle.depth) return refuse(reader, 'too-deep', start)

    const from = index
    while (index < slots.length && !takes(slots[index]!, opening, count)) {
      if (count < leastOf(slots[index]!)) return refuse(reader, 'missing-element', start)
      index += 1
      count = 0
    }
    const slot = slots[index]
    if (slot === undefined) return refuseChild(context, slots, from, opening, start, depth)
    count += 1

    if (slot.type === 'label') {
      const label = readLabel(reader, start, opening, bundle.labels, context.second)
      if (label === undefined) return undefined
      progress.label = label
      children.push(label)
      continue
    }
    const child = readElement(context, slot.of.get(opening)!, start, depth + 1)
    if (child === undefined) return undefined
    children.push(child)
    if (slot.sorted && count > 1 && !ascends(reader.stanza, before, start, reader.at)) {
      return refuse(reader, 'out-of-order', start)
    }
    before = start
  }
  while (index < slots.length) {
    if (count < leastOf(slots[index]!)) return refuse(reader, 'missing-element')
    index += 1
    count = 0
  }
  return children
}

function takes(slot: Slot, opening: string, count: number): boolean {
  return slot.type === 'label' ? count < 1 && isLabel(opening) : count < slot.max && slot.of.has(opening)
}

function leastOf(slot: Slot): number {
  return slot.type === 'label' ? 0 : slot.min
}

/** Says why no slot from `from` on takes an element. */
function refuseChild(
  context: Context,
  slots: readonly Slot[],
  from: number,
  opening: string,
  start: number,
  depth: number,
): undefined {
  const { reader, progress } = context
  if (depth === 1 && isLabel(opening)) {
    if (progress.label !== undefined) return refuse(reader, 'label-repeated', start)
    if (!slots.some((slot) => slot.type === 'label')) return refuse(reader, 'label-unexpected', start)
  }
  const full = slots[from]
  const tooMany = full?.type === 'elements' && full.of.has(opening)
  return refuse(reader, tooMany ? 'too-many' : 'unknown-element', start)
}

/** Reads the element that begins at `start`, behind whose opening the reader stands. */
function readElement(
  context: Context,
  rule: ElementRule,
  start: number,
  depth: number,
): Recognised | undefined {
  const { reader, progress } = context
  const values = readAttributes(context, rule.attributes)
  if (values === undefined || !readStartTagEnd(reader, rule.attributes)) return undefined

  const inside = reader.at
  let text = ''
  let children: readonly (Recognised | LabelMatch)[] = []
  if (rule.content.type === 'elements') {
    const read = readSlots(context, rule.content.slots, depth)
    if (read === undefined) return undefined
    children = read
  } else if (rule.content.type === 'value') {
    if (peek(reader) === LESS) {
      if (!rule.content.mayBeEmpty && peek(reader, 1) === SLASH) return refuse(reader, 'bad-text')
    } else {
      if (!readValue(reader, LESS)) return undefined
      const bad = findBadValue(rule.content.value, reader.value, reader.stanza, reader.latin1, progress)
      if (bad >= 0) return refuse(reader, 'bad-text', bad)
      text = textOf(reader.value, reader.latin1)
    }
  }
  const obliges = rule.labelling === 'always' || (rule.labelling === 'unless-empty' && reader.at > inside)
  if (obliges && progress.obliged < 0) progress.obliged = start
  if (!readLiteral(reader, rule.endTag)) return refuseContent(reader)
  return { type: 'element', rule, values, text, children }
}

/** Says what stands where an element must end. */
function refuseContent(reader: Reader): undefined {
  if (reader.at === reader.stanza.length) return refuse(reader, 'not-well-formed')
  if (peek(reader) !== LESS) return refuse(reader, 'unexpected-text')
  if (peek(reader, 1) === SLASH) return refuse(reader, 'not-well-formed')
  const start = reader.at
  return readOpening(reader) === undefined ? undefined : refuse(reader, 'unknown-element', start)
}

/** Whether the octets from `start` to before `end` are greater than those from `before` to before `start`. */
function ascends(stanza: Buffer, before: number, start: number, end: number): boolean {
  return stanza.compare(stanza, before, start, start, end) > 0
}
