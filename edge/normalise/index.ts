/**
 * A stanza as a server sent it, made into the canonical octets that the guard demands (doc/formats.md §1).
 *
 * What is done: elements and attributes of the bundle's strip lists taken out; an error reduced to its condition; white
 * space between elements dropped; children put in the order of the profile; addresses, dates, language tags, numbers and
 * texts brought to their one spelling; the label replaced by the row's template. What is not: repairing. Whatever has no
 * rule is refused here, and everything is decided again, on the octets, by the guard's own decision.
 *
 * Pure: a bundle, a stanza and the names for its identifiers give the same octets always.
 */
import type {
  AttributeRule,
  Bundle,
  ElementName,
  ElementRule,
  StanzaForm,
  ValueRule,
} from '../../rules/bundle/bundle.ts'
import type { Written } from '../../rules/decide/written.ts'
import { createDefaultLabels } from '../../rules/label/defaults.ts'
import { type Reason, type Refusal, refuse, refused } from '../../rules/reasons.ts'
import {
  attribute,
  child,
  SERVER_NS,
  XML_NS,
  type XmlAttribute,
  type XmlElement,
  type XmlNode,
} from '../../rules/xml/node.ts'
import { canonicalOrder, serialise, serialiseReplacing } from '../../rules/xml/write.ts'
import { reduceError } from './error.ts'
import { createLabelWriter } from './label.ts'
import { listedLanguage, normaliseLanguage } from './language.ts'
import type { Naming } from './naming.ts'
import { compilePlaces, findPlace, type Place, type Places } from './places.ts'
import { createValueCheck, isMember, LOSSY_SETS, sortSet } from './sets.ts'
import { isOneOf, type OwnStrip, readStripLists } from './strip.ts'
import { isBlanks, isNumberedRule, normaliseValue, writeIdentifier } from './values.ts'
import { WORDS } from './words.ts'

/** `stripped` names each thing that was left out, once for each time: names of a closed set, see `stripNames`. */
export type Normalised =
  | (Written & Readonly<{ outcome: 'ready'; stripped: readonly string[] }>)
  /** Nothing was left but what carries no meaning of its own; to be dropped without a word. */
  | Readonly<{ outcome: 'nothing'; stripped: readonly string[] }>
  | Readonly<{ outcome: 'refused'; reason: Reason; stripped: readonly string[] }>

/** `lang` is the default of the stream that the stanza came on; `second` is for the dates of a default label. */
export type Normaliser = (
  stanza: XmlElement,
  lang: string | undefined,
  second: number,
  naming: Naming,
) => Normalised

const DELAY_NS = 'urn:xmpp:delay'
const CONTEXT: readonly ElementName[] = [
  { ns: SERVER_NS, name: 'thread' },
  { ns: DELAY_NS, name: 'delay' },
  { ns: 'urn:xmpp:message-correct:0', name: 'replace' },
  { ns: 'urn:xmpp:receipts', name: 'request' },
  { ns: 'urn:xmpp:chat-markers:0', name: 'markable' },
]
const MUC_USER_NS = 'http://jabber.org/protocol/muc#user'
const LABELS: readonly ElementName[] = [
  { ns: 'urn:xmpp:sec-label:0', name: 'securitylabel' },
  { ns: 'urn:nato:stanag:4778:profile:xmpp:1:0', name: 'BindingData' },
]

type Context = {
  readonly naming: Naming
  stripped: string[]
  label: XmlElement | undefined
  /** Something is there that needs a label, whatever goes with it. */
  owesLabel: boolean
}

export function createNormaliser(bundle: Bundle): Normaliser {
  const writeLabel = createLabelWriter(bundle)
  const defaultLabel = createDefaultLabels(bundle)
  const strips = readStripLists(bundle)
  const isAdmitted = createValueCheck(bundle)
  const forms = new Map<string, Readonly<{ form: StanzaForm; places: Places }>>()
  for (const form of bundle.forms) {
    forms.set(formKey(form.element, form.type ?? undefined), { form, places: compilePlaces(form.slots) })
  }

  function normaliseStanza(
    received: XmlElement,
    lang: string | undefined,
    second: number,
    context: Context,
  ): Written | Refusal | undefined {
    const type = attribute(received, 'type')
    // `normal` is the default of a message (RFC 6121 §5.2.2), and the default is not written.
    const implied = received.name === 'message' && type === 'normal' ? formKey('message', undefined) : ''
    const admitted =
      received.ns === SERVER_NS ? (forms.get(formKey(received.name, type)) ?? forms.get(implied)) : undefined
    if (admitted === undefined) return refuse('unknown-stanza')
    const { form, places } = admitted
    const stanza = form.type === 'error' ? reduceError(received) : received
    if (stanza !== received && received.children.length > 1) strip(context, 'error-payload')

    const attributes = rootAttributes(stanza, form, lang, context)
    if (refused(attributes)) return attributes
    const scope = attributes.find((a) => a.ns === XML_NS)?.value
    const found = normaliseChildren(stanza, places, scope, context)
    if (refused(found)) return found
    const from = attributes.find((a) => a.name === 'from')?.value ?? ''
    if (context.label === undefined && context.owesLabel && places.label !== -1) {
      const added = defaultLabel(from, second)
      if (added !== undefined) {
        strip(context, 'default-label')
        // The label is the last child of every form.
        const root: XmlElement = { ns: SERVER_NS, name: stanza.name, attributes, children: [...found, PLACE] }
        return { root, octets: serialiseReplacing(root, PLACE, added), label: added }
      }
    }
    const { label } = context
    const unlabelled = label === undefined && stanza.name === 'message'
    const children = unlabelled ? withoutContext(found, context) : found
    if (form.content && children.length === (label === undefined ? 0 : 1)) return undefined

    const root: XmlElement = { ns: SERVER_NS, name: stanza.name, attributes, children }
    if (label === undefined) return { root, octets: serialise(root), label: undefined }
    const sender = from.split('/', 1)[0]!
    const writtenLabel = writeLabel(label, sender)
    if (refused(writtenLabel)) return writtenLabel
    const { spelling, equivalents } = writtenLabel
    for (let n = 0; n < equivalents; n++) strip(context, 'equivalent-label')
    return { root, octets: serialiseReplacing(root, label, spelling), label: spelling }
  }

  /** The root's attributes; the language is that of its words, else its own, else that of the stream. */
  function rootAttributes(
    stanza: XmlElement,
    form: StanzaForm,
    lang: string | undefined,
    context: Context,
  ): readonly XmlAttribute[] | Refusal {
    const out: XmlAttribute[] = []
    let given = languageOfWords(stanza)
    for (const a of stanza.attributes) {
      if (isLang(a)) {
        given ??= a.value
        continue
      }
      if (a.ns === '' && a.name === 'type' && form.type === null) continue
      const rule = ruleFor(form.attributes, a)
      if (rule === undefined) return refuse('unknown-attribute')
      if (isNumberedRule(rule.value)) continue
      out.push({ ns: '', name: a.name, value: normaliseValue(a.value, rule.value) })
    }
    const id = form.attributes.find(({ name }) => name === 'id')?.value
    if (id !== undefined && isNumberedRule(id)) {
      const value = writeIdentifier(attribute(stanza, 'id') ?? '', id, context.naming)
      if (value === undefined) {
        strip(context, 'unknown-reference')
        return refuse('bad-attribute')
      }
      out.push({ ns: '', name: 'id', value })
    }
    const tag = listedLanguage(given ?? lang ?? '', languagesOf(form.attributes))
    if (tag !== undefined) out.push({ ns: XML_NS, name: 'lang', value: tag })
    if (given !== undefined && normaliseLanguage(given) !== tag) strip(context, 'language')
    return canonicalOrder(out)
  }

  /** The children that stay, in the order of the slots. */
  function normaliseChildren(
    parent: XmlElement,
    places: Places,
    lang: string | undefined,
    context: Context,
  ): XmlNode[] | Refusal {
    const { slots } = places
    const filled: XmlElement[][] = slots.map(() => [])
    for (const child of parent.children) {
      if (typeof child === 'string') {
        if (!isBlanks(child)) return refuse('unexpected-text')
        strip(context, 'blanks')
        continue
      }
      const listed = strips.element(child, parent)
      if (listed !== undefined) {
        context.stripped.push(listed)
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
      if (normal === undefined) continue
      if (isOneOf(LOSSY_SETS, child) && (refused(normal) || !isMember(normal, place.rule, isAdmitted))) {
        strip(context, 'set-member')
      } else if (refused(normal)) return normal
      else filled[place.slot]!.push(normal)
    }
    const out: XmlElement[] = []
    for (const [i, members] of filled.entries()) {
      const slot = slots[i]!
      if (slot.type === 'elements' && slot.sorted && members.length > 1) {
        const { sorted, duplicates } = sortSet(members, parent.ns)
        for (let n = 0; n < duplicates; n++) strip(context, 'duplicate')
        const most = sorted[0] !== undefined && isOneOf(LOSSY_SETS, sorted[0]) ? slot.max : sorted.length
        for (let n = most; n < sorted.length; n++) strip(context, 'set-member')
        out.push(...sorted.slice(0, most))
      } else out.push(...members)
    }
    return out
  }

  /** The element in its canonical form; undefined when it is left out: empty where the profile wants a text, or naming nothing. */
  function normaliseElement(
    node: XmlElement,
    { rule, inside }: Place,
    lang: string | undefined,
    context: Context,
  ): XmlElement | Refusal | undefined {
    const attributes = normaliseAttributes(node, rule.attributes, lang, context)
    if (attributes === undefined) return leftOut(context, 'unknown-reference')
    if (refused(attributes)) return attributes
    if (owesLabel(node, rule)) context.owesLabel = true
    if (inside !== undefined) {
      const children = normaliseChildren(node, inside, lang, context)
      return refused(children) ? children : { ns: node.ns, name: node.name, attributes, children }
    }
    let text = ''
    for (const child of node.children) {
      if (typeof child === 'string') text += child
      else {
        const listed = strips.element(child, node)
        if (listed === undefined) return refuse('unknown-element')
        context.stripped.push(listed)
      }
    }
    if (rule.content.type === 'value') {
      const value = written(text, rule.content.value, context.naming)
      if (value === undefined) return leftOut(context, 'unknown-reference')
      if (value === '' && !rule.content.mayBeEmpty) return leftOut(context, 'empty')
      text = value
    } else if (text !== '') {
      // XEP-0203 §2 lets a reason in words stand here.
      if (!isBlanks(text) && node.ns !== DELAY_NS) return refuse('unexpected-text')
      strip(context, isBlanks(text) ? 'blanks' : 'delay-text')
      text = ''
    }
    return { ns: node.ns, name: node.name, attributes, children: text === '' ? [] : [text] }
  }

  /** Undefined when one names nothing that is known. */
  function normaliseAttributes(
    node: XmlElement,
    rules: readonly AttributeRule[],
    lang: string | undefined,
    context: Context,
  ): readonly XmlAttribute[] | Refusal | undefined {
    const out: XmlAttribute[] = []
    for (const a of node.attributes) {
      if (isLang(a)) {
        if (normaliseLanguage(a.value) !== lang) strip(context, 'language')
        continue
      }
      const listed = a.ns === '' ? strips.attribute(node, a.name) : undefined
      if (listed !== undefined) {
        context.stripped.push(listed)
        continue
      }
      const rule = ruleFor(rules, a)
      const value = rule === undefined ? a.value : written(a.value, rule.value, context.naming)
      if (value === undefined) return undefined
      if (a.ns === '' && a.name === 'from' && node.ns === DELAY_NS) {
        const bare = value.split('/', 1)[0]!
        const admitted = rule !== undefined && isAdmitted(bare, rule.value)
        if (!admitted || bare !== value) strip(context, 'delay-from')
        if (admitted) out.push({ ns: '', name: a.name, value: bare })
        continue
      }
      if (rule === undefined && node.ns === MUC_USER_NS && node.name === 'item' && a.name === 'nick') {
        strip(context, 'occupant-nick')
        continue
      }
      if (rule === undefined) return refuse('unknown-attribute')
      out.push({ ns: '', name: a.name, value })
    }
    return canonicalOrder(out)
  }

  return (stanza, lang, second, naming) => {
    const context: Context = { naming, stripped: [], label: undefined, owesLabel: false }
    const written = normaliseStanza(stanza, lang, second, context)
    const { stripped } = context
    if (written === undefined) return { outcome: 'nothing', stripped }
    if (refused(written)) return { outcome: 'refused', reason: written.refused, stripped }
    return { outcome: 'ready', ...written, stripped }
  }
}

function written(value: string, rule: ValueRule, naming: Naming): string | undefined {
  return isNumberedRule(rule) ? writeIdentifier(value, rule, naming) : normaliseValue(value, rule)
}

/** Where a default label is put. */
const PLACE: XmlElement = { ns: 'urn:xmpp:sec-label:0', name: 'securitylabel', attributes: [], children: [] }

/** Whether an element needs a label for itself, not only for what it goes with. */
function owesLabel(node: XmlElement, { labelling }: ElementRule): boolean {
  if (isContext(node)) return false
  return labelling === 'always' || (labelling === 'unless-empty' && node.children.length > 0)
}

/** What must have a label and only says where a message belongs is not worth refusing a chat state for. */
function withoutContext(children: readonly XmlNode[], context: Context): XmlNode[] {
  return children.filter((child) => {
    if (typeof child === 'string' || !isContext(child)) return true
    strip(context, 'unlabelled-context')
    return false
  })
}

function isContext(child: XmlElement): boolean {
  // An empty one marks a message of an occupant (XEP-0045 §7.5).
  const mark = child.ns === MUC_USER_NS && child.name === 'x' && child.children.length === 0
  return mark || isOneOf(CONTEXT, child)
}

/** What the first of the words in a stanza says of its language. */
function languageOfWords(stanza: XmlElement): string | undefined {
  for (const { ns, name } of WORDS) {
    const said = child(stanza, ns, name)?.attributes.find(isLang)?.value
    if (said !== undefined) return said
  }
  return undefined
}

function strip(context: Context, what: OwnStrip): void {
  context.stripped.push(what)
}

function leftOut(context: Context, why: OwnStrip): undefined {
  strip(context, why)
}

function formKey(element: string, type: string | undefined): string {
  return type === undefined ? element : `${element} ${type}`
}

function isLang(a: XmlAttribute): boolean {
  return a.ns === XML_NS && a.name === 'lang'
}

/** The rule of an attribute without prefix. */
function ruleFor(rules: readonly AttributeRule[], a: XmlAttribute): AttributeRule | undefined {
  return a.ns === '' ? rules.find(({ name }) => name === a.name) : undefined
}

function languagesOf(rules: readonly AttributeRule[]): readonly string[] {
  const value = rules.find(({ name }) => name === 'xml:lang')?.value
  return value?.type === 'enum' ? value.values : []
}
