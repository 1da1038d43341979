/**
 * A stanza as a server sent it, made into the canonical octets that the guard demands (doc/formats.md §1).
 *
 * What is done: elements and attributes of the bundle's strip lists taken out; an error reduced to its condition; white
 * space between elements dropped; children put in the order of the profile; addresses, dates, language tags, numbers and
 * texts brought to their one spelling; the label replaced by the row's template. What is not: repairing. Whatever has no
 * rule is refused here, and everything is decided again, on the octets, by the guard's own decision.
 *
 * Pure: a bundle and a stanza give the same octets always.
 */
import { parseJid } from '../../rules/address/jid.ts'
import type {
  AttributeRule,
  Bundle,
  ElementName,
  ElementRule,
  Slot,
  StanzaForm,
} from '../../rules/bundle/bundle.ts'
import { type Reason, type Refusal, refuse, refused } from '../../rules/reasons.ts'
import {
  attribute,
  SERVER_NS,
  XML_NS,
  type XmlAttribute,
  type XmlElement,
  type XmlNode,
} from '../../rules/xml/node.ts'
import { serialise, serialiseInside, serialiseReplacing } from '../../rules/xml/write.ts'
import { reduceError } from './error.ts'
import { createLabelWriter } from './label.ts'
import { normaliseLanguage } from './language.ts'
import { isBlanks, normaliseValue } from './values.ts'

/** `stripped` names each thing that was left out, once for each time: names of a closed set, see `stripNames`. */
export type Normalised =
  | Readonly<{ outcome: 'ready'; octets: string; stripped: readonly string[] }>
  /** Nothing was left but what carries no meaning of its own; to be dropped without a word. */
  | Readonly<{ outcome: 'nothing'; stripped: readonly string[] }>
  | Readonly<{ outcome: 'refused'; reason: Reason; stripped: readonly string[] }>

/** `lang` is the default of the stream that the stanza came on. */
export type Normaliser = (stanza: XmlElement, lang: string | undefined) => Normalised

const DELAY_NS = 'urn:xmpp:delay'
const LABELS: readonly ElementName[] = [
  { ns: 'urn:xmpp:sec-label:0', name: 'securitylabel' },
  { ns: 'urn:nato:stanag:4778:profile:xmpp:1:0', name: 'BindingData' },
]
/** Members of a set that say less when they are left out, but nothing else: those without a rule are dropped. */
const LOSSY_SETS: readonly ElementName[] = [
  { ns: 'http://jabber.org/protocol/disco#info', name: 'feature' },
  { ns: 'http://jabber.org/protocol/disco#info', name: 'identity' },
  { ns: 'http://jabber.org/protocol/disco#items', name: 'item' },
  { ns: 'http://jabber.org/protocol/muc#user', name: 'status' },
]

/** What the edge leaves out by itself, beside the strip lists. */
const OWN_STRIPS = [
  'blanks',
  'empty',
  'error-payload',
  'delay-text',
  'delay-from',
  'language',
  'duplicate',
  'set-member',
]

/** The names that `stripped` can hold under this bundle. */
export function stripNames(bundle: Bundle): string[] {
  const { strip, stripInside = [], stripAttributes = [] } = bundle.edge
  return [
    ...OWN_STRIPS,
    ...strip.map(elementName),
    ...stripInside.map(elementName),
    ...stripAttributes.map((a) => `${elementName(a)}@${a.attribute}`),
  ]
}

function elementName({ ns, name }: ElementName): string {
  return `{${ns}}${name}`
}

function domainNames(side: Bundle['from']): ReadonlySet<string> {
  return new Set(side.domains.map((domain) => domain.name))
}

/** The rules of a sequence of slots, by local name. */
type Places = Readonly<{
  slots: readonly Slot[]
  byName: ReadonlyMap<string, readonly Place[]>
  /** Index of the label slot, or -1. */
  label: number
}>
type Place = Readonly<{ slot: number; rule: ElementRule; inside: Places | undefined }>

type Context = { stripped: string[]; label: XmlElement | undefined }

export function createNormaliser(bundle: Bundle): Normaliser {
  const writeLabel = createLabelWriter(bundle)
  const strips = stripTables(bundle)
  const forms = new Map<string, Readonly<{ form: StanzaForm; places: Places }>>()
  for (const form of bundle.forms) {
    forms.set(`${form.element} ${form.type ?? ''}`, { form, places: compilePlaces(form.slots) })
  }

  function normaliseStanza(
    received: XmlElement,
    lang: string | undefined,
    context: Context,
  ): string | Refusal | undefined {
    const type = attribute(received, 'type') ?? ''
    const admitted =
      received.ns === SERVER_NS
        ? (forms.get(`${received.name} ${type}`) ??
          (isDefaultType(received.name, type) ? forms.get('message ') : undefined))
        : undefined
    if (admitted === undefined) return refuse('unknown-stanza')
    const { form, places } = admitted
    const stanza = form.type === 'error' ? reduceError(received) : received
    if (stanza !== received && received.children.length > 1) context.stripped.push('error-payload')

    const attributes = rootAttributes(stanza, form, lang, context)
    if (refused(attributes)) return attributes
    const scope = attributes.find((a) => a.ns === XML_NS)?.value
    const children = normaliseChildren(stanza, places, scope, context)
    if (refused(children)) return children
    const { label } = context
    if (form.content && children.length === (label === undefined ? 0 : 1)) return undefined

    const root: XmlElement = { ns: SERVER_NS, name: stanza.name, attributes, children }
    if (label === undefined) return serialise(root)
    const spelling = writeLabel(label, bareAddress(attributes))
    return refused(spelling) ? spelling : serialiseReplacing(root, label, spelling)
  }

  /** The root's attributes: `type='normal'` is the default, and the language is that of the stream where none is given. */
  function rootAttributes(
    stanza: XmlElement,
    form: StanzaForm,
    lang: string | undefined,
    context: Context,
  ): XmlAttribute[] | Refusal {
    const out: XmlAttribute[] = []
    let given = lang
    for (const a of stanza.attributes) {
      if (a.ns === XML_NS && a.name === 'lang') {
        given = a.value
        continue
      }
      if (a.ns === '' && a.name === 'type' && form.type === null) continue
      const rule = a.ns === '' ? attributeRule(form.attributes, a.name) : undefined
      if (rule === undefined) return refuse('unknown-attribute')
      out.push({ ns: '', name: a.name, value: normaliseValue(a.value, rule.value) })
    }
    const rule = attributeRule(form.attributes, 'xml:lang')
    if (given !== undefined && given !== '' && rule !== undefined) {
      const tag = normaliseLanguage(given)
      if (tag === undefined) context.stripped.push('language')
      else out.push({ ns: XML_NS, name: 'lang', value: tag })
    }
    return out
  }

  function normaliseChildren(
    parent: XmlElement,
    places: Places,
    lang: string | undefined,
    context: Context,
  ): XmlNode[] | Refusal {
    const { slots } = places
    const filled: XmlElement[][] = []
    for (let i = 0; i < slots.length; i++) filled.push([])
    for (const child of parent.children) {
      if (typeof child === 'string') {
        if (!isBlanks(child)) return refuse('unexpected-text')
        context.stripped.push('blanks')
        continue
      }
      const strip = strips.element(child, parent)
      if (strip !== undefined) {
        context.stripped.push(strip)
        continue
      }
      if (isOneOf(LABELS, child)) {
        if (places.label === -1) return refuse('label-unexpected')
        if (context.label !== undefined) return refuse('label-repeated')
        context.label = child
        filled[places.label]!.push(child)
        continue
      }
      const place = findPlace(places, child, filled)
      if (place === undefined) return refuse('unknown-element')
      const normal = normaliseElement(child, place, lang, context)
      const lossy = isOneOf(LOSSY_SETS, child)
      if (normal === undefined) context.stripped.push('empty')
      else if (refused(normal) ? lossy : lossy && !isAdmitted(normal, place.rule))
        context.stripped.push('set-member')
      else if (refused(normal)) return normal
      else filled[place.slot]!.push(normal)
    }
    const out: XmlElement[] = []
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      const members = filled[i]!
      if (slot.type === 'elements' && slot.sorted && members.length > 1) {
        sortSet(members, parent.ns, context, out)
      } else {
        for (const member of members) out.push(member)
      }
    }
    return out
  }

  /** The element in its canonical form; undefined when it says nothing, empty where the profile wants a text. */
  function normaliseElement(
    node: XmlElement,
    { rule, inside, slot: _ }: Place,
    lang: string | undefined,
    context: Context,
  ): XmlElement | Refusal | undefined {
    const attributes: XmlAttribute[] = []
    for (const a of node.attributes) {
      if (a.ns === XML_NS && a.name === 'lang') {
        if (lang !== undefined && normaliseLanguage(a.value) === lang) continue
        const admitted = attributeRule(rule.attributes, 'xml:lang')
        if (admitted === undefined) return refuse('unknown-attribute')
        attributes.push({ ...a, value: normaliseValue(a.value, admitted.value) })
        continue
      }
      const strip = a.ns === '' ? strips.attribute(node, a.name) : undefined
      if (strip !== undefined) {
        context.stripped.push(strip)
        continue
      }
      const admitted = a.ns === '' ? attributeRule(rule.attributes, a.name) : undefined
      if (admitted === undefined) {
        if (node.ns === DELAY_NS && a.name === 'from') {
          context.stripped.push('delay-from')
          continue
        }
        return refuse('unknown-attribute')
      }
      attributes.push({ ns: '', name: a.name, value: normaliseValue(a.value, admitted.value) })
    }
    if (inside !== undefined) {
      const children = normaliseChildren(node, inside, lang, context)
      return refused(children) ? children : { ns: node.ns, name: node.name, attributes, children }
    }
    let text = ''
    for (const child of node.children) {
      if (typeof child === 'string') text += child
      else {
        const strip = strips.element(child, node)
        if (strip === undefined) return refuse('unknown-element')
        context.stripped.push(strip)
      }
    }
    if (rule.content.type === 'value') {
      text = normaliseValue(text, rule.content.value)
      if (text === '' && !rule.content.mayBeEmpty) return undefined
    } else if (text !== '') {
      // XEP-0203 §2 lets a reason in words stand here.
      if (!isBlanks(text) && node.ns !== DELAY_NS) return refuse('unexpected-text')
      context.stripped.push(isBlanks(text) ? 'blanks' : 'delay-text')
      text = ''
    }
    return { ns: node.ns, name: node.name, attributes, children: text === '' ? [] : [text] }
  }

  const sides = { from: domainNames(bundle.from), to: domainNames(bundle.to) }

  /** Whether the attributes of a member of a set satisfy its rule; for members that are left out when they do not. */
  function isAdmitted(node: XmlElement, rule: ElementRule): boolean {
    return rule.attributes.every(({ name, required, value }) => {
      const given = attribute(node, name)
      if (given === undefined) return !required
      if (value.type === 'enum') return value.values.includes(given)
      if (value.type !== 'address') return true
      const domain = parseJid(given)?.domain
      if (domain === undefined) return false
      return (
        (value.side !== 'to' && sides.from.has(domain)) || (value.side !== 'from' && sides.to.has(domain))
      )
    })
  }

  return (stanza, lang) => {
    const context: Context = { stripped: [], label: undefined }
    const octets = normaliseStanza(stanza, lang, context)
    const { stripped } = context
    if (octets === undefined) return { outcome: 'nothing', stripped }
    if (refused(octets)) return { outcome: 'refused', reason: octets.refused, stripped }
    return { outcome: 'ready', octets, stripped }
  }
}

/** An unknown or absent type of a message means `normal` (RFC 6121 §5.2.2); only the known word is taken for it here. */
function isDefaultType(name: string, type: string): boolean {
  return name === 'message' && type === 'normal'
}

function compilePlaces(slots: readonly Slot[]): Places {
  const byName = new Map<string, Place[]>()
  for (const [index, slot] of slots.entries()) {
    if (slot.type === 'label') continue
    for (const rule of slot.of) {
      const inside = rule.content.type === 'elements' ? compilePlaces(rule.content.slots) : undefined
      const list = byName.get(rule.name) ?? []
      list.push({ slot: index, rule, inside })
      byName.set(rule.name, list)
    }
  }
  return { slots, byName, label: slots.findIndex((slot) => slot.type === 'label') }
}

/** The first slot with room that takes the element, else the last that takes it: there the decision finds too many. */
function findPlace(places: Places, node: XmlElement, filled: readonly XmlElement[][]): Place | undefined {
  let found: Place | undefined
  for (const place of places.byName.get(node.name) ?? []) {
    if (place.rule.ns !== node.ns) continue
    found = place
    const slot = places.slots[place.slot]!
    if (slot.type === 'elements' && filled[place.slot]!.length < slot.max) return place
  }
  return found
}

function attributeRule(rules: readonly AttributeRule[], name: string): AttributeRule | undefined {
  for (const rule of rules) if (rule.name === name) return rule
  return undefined
}

function isOneOf(list: readonly ElementName[], node: XmlElement): boolean {
  for (const entry of list) if (entry.name === node.name && entry.ns === node.ns) return true
  return false
}

/** Members in the order of their octets, each once (doc/formats.md §2). */
function sortSet(
  members: readonly XmlElement[],
  parentNs: string,
  context: Context,
  out: XmlElement[],
): void {
  const spelled = members
    .map((node) => ({ node, octets: Buffer.from(serialiseInside(node, parentNs)) }))
    .sort((a, b) => Buffer.compare(a.octets, b.octets))
  for (const [i, { node, octets }] of spelled.entries()) {
    if (i > 0 && octets.equals(spelled[i - 1]!.octets)) context.stripped.push('duplicate')
    else out.push(node)
  }
}

/** The strip lists of a bundle as look-ups that give the name to count under. */
function stripTables(bundle: Bundle) {
  const { strip, stripInside = [], stripAttributes = [] } = bundle.edge
  const anywhere = new Map<string, ElementName[]>()
  for (const entry of strip) anywhere.set(entry.name, [...(anywhere.get(entry.name) ?? []), entry])
  return {
    element(node: XmlElement, parent: XmlElement): string | undefined {
      const listed = anywhere.get(node.name)
      if (listed !== undefined && isOneOf(listed, node)) return elementName(node)
      for (const entry of stripInside) {
        if (isOneOf([entry], node) && isOneOf([entry.parent], parent)) return elementName(entry)
      }
      return undefined
    },
    attribute(node: XmlElement, name: string): string | undefined {
      for (const entry of stripAttributes) {
        if (entry.attribute === name && isOneOf([entry], node)) return `${elementName(entry)}@${name}`
      }
      return undefined
    },
  }
}

/** The sender's address without resource. */
function bareAddress(attributes: readonly XmlAttribute[]): string {
  const from = attributes.find((a) => a.ns === '' && a.name === 'from')?.value ?? ''
  const slash = from.indexOf('/')
  return slash < 0 ? from : from.slice(0, slash)
}
