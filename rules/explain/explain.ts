/**
 * Why a bundle says what it says of a stanza: each check in the order of the decision, with its outcome and where its rule was written.
 *
 * The verdict is that of the decision itself (rules/decide); this walks along the rules beside it to tell the way. A test holds the two
 * to each other.
 */
import { domainOf } from '../address/jid.ts'
import type {
  AttributeRule,
  Bundle,
  ContentChoice,
  ContentRule,
  ElementRule,
  Slot,
  StanzaForm,
  ValueRule,
} from '../bundle/bundle.ts'
import { createCanonicalReader } from '../decide/canonical.ts'
import { createDecider, type Verdict } from '../decide/decide.ts'
import { compileValue, scopeOf } from '../decide/value.ts'
import { readWireLabel } from '../label/wire.ts'
import { type Reason, refused } from '../reasons.ts'
import { formTitle, labelFormName, standardOf, valueWords } from '../review/words.ts'
import { checkText } from '../text/content.ts'
import { formatDate } from '../text/date.ts'
import { createNarrowing } from '../text/narrow.ts'
import type { StanzaNumber } from '../text/numbered.ts'
import { attribute, SERVER_NS, type XmlAttribute, type XmlElement } from '../xml/node.ts'
import { serialiseInside } from '../xml/write.ts'
import { type Places, placesOf } from './place.ts'

/** One check. `place` is FILE:LINE of the rule, or '' for what every ruleset has. */
export type Step = Readonly<{ check: string; outcome: 'passed' | 'failed'; found: string; place: string }>

export type Explanation = Readonly<{ verdict: Verdict; steps: readonly Step[] }>

/** What is checked, in the order of the walk; the first failure ends it. */
type Walk = Readonly<{
  bundle: Bundle
  places: Places
  admits: (rule: AttributeRule['value'], value: string) => boolean
  pass: (check: string, found: string, place?: string) => void
  fail: (check: string, found: string, place?: string) => false
  /** Elements that oblige to a label. */
  owing: string[]
}>

/** Explains the verdict on the octets of a stanza, in a frame of that number, at a second since 1970. */
export function explain(
  bundle: Bundle,
  payload: Uint8Array,
  second: number,
  number: StanzaNumber,
): Explanation {
  const verdict = createDecider(bundle)(payload, second, number)
  const steps: Step[] = []
  const scope = scopeOf(bundle)
  const bearer = { number, from: '' }
  const walk: Walk = {
    bundle,
    places: placesOf(bundle),
    admits: (rule, value) => compileValue(rule, scope)(value, bearer),
    pass: (check, found, place = '') => void steps.push({ check, outcome: 'passed', found, place }),
    fail: (check, found, place = '') => {
      steps.push({ check, outcome: 'failed', found, place })
      return false
    },
    owing: [],
  }
  const root = readRoot(payload, walk)
  if (root === undefined) return { verdict, steps }
  bearer.from = attribute(root, 'from') ?? ''
  walkStanza(root, second, verdict, walk)
  return { verdict, steps }
}

function readRoot(payload: Uint8Array, { bundle, places, pass, fail }: Walk): XmlElement | undefined {
  const { stanzaBytes, depth } = bundle.limits
  const size = `${payload.length} octets`
  const sizePlace = places.of('limit/stanza-octets')
  if (payload.length > stanzaBytes) {
    fail(`at most ${stanzaBytes} octets`, size, sizePlace)
    return undefined
  }
  pass(`at most ${stanzaBytes} octets`, size, sizePlace)
  const root = createCanonicalReader(bundle.limits)(payload)
  if (!refused(root)) {
    pass(`well-formed, at most ${depth} deep, in the canonical spelling`, 'it is', places.of('limit/depth'))
    return root
  }
  const place = root.refused === 'too-deep' ? places.of('limit/depth') : ''
  fail(
    `well-formed, at most ${depth} deep, in the canonical spelling`,
    `${root.refused} at octet ${root.at}`,
    place,
  )
  return undefined
}

function walkStanza(root: XmlElement, second: number, verdict: Verdict, walk: Walk): boolean {
  const { bundle, places, pass, fail } = walk
  const type = attribute(root, 'type') ?? null
  const form = bundle.forms.find(
    (one) => root.ns === SERVER_NS && one.element === root.name && one.type === type,
  )
  const kind = `${root.name}${type === null ? ' without type' : ` of type ${type}`}`
  if (form === undefined) return fail('a kind of stanza that is switched on', kind, places.of('profile'))
  const place = places.form(form.form)
  pass('a kind of stanza that is switched on', `${kind}: ${formTitle(form)}`, place)
  if (!attributesPass(root, form.attributes, 'the stanza', place, walk)) return false
  if (!pairPasses(root, form, walk)) return false
  const seen: { label?: XmlElement } = {}
  if (!slotsPass(root, form.slots, form, seen, walk)) return false
  const beside = root.children.length - (seen.label === undefined ? 0 : 1)
  if (form.content && beside === 0) return fail('something beside the label', 'nothing', place)
  if (form.content) pass('something beside the label', `${beside} of it`, place)
  return labelPasses(seen.label, form, second, verdict, walk)
}

/** Whether the two domains exchange stanzas of this form, where the ruleset lists pairs. */
function pairPasses(root: XmlElement, { form }: StanzaForm, { bundle, places, pass, fail }: Walk): boolean {
  if (bundle.pairs === undefined) return true
  const [from, to] = ['from', 'to'].map((end) => domainOf(attribute(root, end) ?? '')) as [string, string]
  const check = `stanzas of the form ${form} from ${from} to ${to}`
  const pair = bundle.pairs.find((one) => one.from === from && one.to === to)
  const place = places.of(`pair/${from}/${to}`) || places.of('pairs')
  if (pair === undefined) return fail(check, 'no pair of these two domains is listed', place)
  if (!pair.forms.includes(form)) return fail(check, 'not among the kinds of this pair', place)
  pass(check, 'among the kinds of this pair', place)
  return true
}

function attributesPass(
  node: XmlElement,
  rules: readonly AttributeRule[],
  owner: string,
  place: string,
  walk: Walk,
): boolean {
  const known = new Map(rules.map((rule, index) => [rule.name, { rule, index }]))
  const missing = (from: number, to: number) => rules.slice(from, to).find(({ required }) => required)
  let next = 0
  for (const found of node.attributes) {
    const name = fullName(found)
    const one = known.get(name)
    const check = `attribute ${name} of ${owner}`
    if (one === undefined || one.index < next)
      return walk.fail(check, 'there is no such attribute here', place)
    const absent = missing(next, one.index)
    if (absent !== undefined) return walk.fail(`attribute ${absent.name} of ${owner}`, 'missing', place)
    const words = valueWords(one.rule.value, walk.bundle)
    const where = placeOf(one.rule.value, found.value, place, walk.places)
    if (!walk.admits(one.rule.value, found.value))
      return walk.fail(`${check}: ${words}`, `“${found.value}”`, where)
    walk.pass(`${check}: ${words}`, `“${found.value}”`, where)
    next = one.index + 1
  }
  const absent = missing(next, rules.length)
  return absent === undefined || walk.fail(`attribute ${absent.name} of ${owner}`, 'missing', place)
}

/** Where a value's rule was written: with its domain, with the choice of identifiers, else with what it stands in. */
function placeOf(rule: AttributeRule['value'], value: string, place: string, places: Places): string {
  switch (rule.type) {
    case 'address':
      return places.domain(value, place)
    case 'own-number':
    case 'answer-number':
    case 'earlier-number':
      return places.of('identifiers') || place
    default:
      return place
  }
}

function fullName({ ns, name }: XmlAttribute): string {
  return ns === '' ? name : `xml:${name}`
}

function slotsPass(
  parent: XmlElement,
  slots: readonly Slot[],
  form: StanzaForm,
  seen: { label?: XmlElement },
  walk: Walk,
): boolean {
  const { places, pass, fail } = walk
  let slot = 0
  let taken = 0
  let before: XmlElement | undefined
  const short = (to: number): Slot | undefined =>
    slots.slice(slot, to).find((one, i) => one.type === 'elements' && (i === 0 ? taken : 0) < one.min)
  for (const child of parent.children) {
    if (typeof child === 'string') return fail(`children of ${parent.name}`, 'text', places.form(form.form))
    const at = slots.findIndex(
      (one, i) => i >= slot && !(i === slot && isFull(one, taken)) && takes(one, child),
    )
    const place = places.element(child.ns, form.form)
    const check = `${child.name} (${standardOf(child.ns)}) in ${parent.name}, at this place`
    if (at < 0) return fail(check, 'not admitted', place)
    const missing = at > slot ? short(at) : undefined
    if (missing !== undefined)
      return fail(`children of ${parent.name}`, `${namesOf(missing)} missing before ${child.name}`, place)
    if (at > slot) taken = 0
    slot = at
    const one = slots[slot]!
    if (one.type === 'label') {
      if (seen.label !== undefined) return fail('one label', 'a second one', places.of('labels'))
      seen.label = child
      pass('the security label, at this place', child.name, places.of('labels'))
    } else {
      if (taken > 0 && one.sorted && !ascending(before!, child, parent.ns)) {
        return fail(`${child.name} in ascending order, each different`, 'out of order', place)
      }
      pass(check, `${taken + 1} of at most ${one.max}`, place)
      const rule = one.of.find(({ ns, name }) => ns === child.ns && name === child.name)!
      if (!elementPasses(child, rule, form, seen, place, walk)) return false
    }
    taken++
    before = child
  }
  const missing = short(slots.length)
  return (
    missing === undefined ||
    fail(`children of ${parent.name}`, `${namesOf(missing)} missing`, places.form(form.form))
  )
}

function isFull(slot: Slot, taken: number): boolean {
  return taken === (slot.type === 'label' ? 1 : slot.max)
}

function takes(slot: Slot, { ns, name }: XmlElement): boolean {
  if (slot.type === 'elements') return slot.of.some((rule) => rule.ns === ns && rule.name === name)
  return (
    (name === 'securitylabel' && ns === 'urn:xmpp:sec-label:0') ||
    (name === 'BindingData' && ns === 'urn:nato:stanag:4778:profile:xmpp:1:0')
  )
}

function namesOf(slot: Slot): string {
  return slot.type === 'label' ? 'the label' : slot.of.map(({ name }) => name).join(' or ')
}

function ascending(before: XmlElement, after: XmlElement, parentNs: string): boolean {
  const octets = (node: XmlElement) => Buffer.from(serialiseInside(node, parentNs))
  return Buffer.compare(octets(before), octets(after)) < 0
}

function elementPasses(
  node: XmlElement,
  rule: ElementRule,
  form: StanzaForm,
  seen: { label?: XmlElement },
  place: string,
  walk: Walk,
): boolean {
  const { labelling } = rule
  if (labelling === 'always' || (labelling === 'unless-empty' && node.children.length > 0))
    walk.owing.push(node.name)
  return (
    attributesPass(node, rule.attributes, node.name, place, walk) &&
    contentPasses(node, rule.content, form, seen, place, walk)
  )
}

function contentPasses(
  node: XmlElement,
  content: ContentRule,
  form: StanzaForm,
  seen: { label?: XmlElement },
  place: string,
  walk: Walk,
): boolean {
  if (content.type === 'empty') return slotsPass(node, [], form, seen, walk)
  if (content.type === 'elements') return slotsPass(node, content.slots, form, seen, walk)
  const words = valueWords(content.value, walk.bundle)
  const check = `content of ${node.name}: ${words}${content.mayBeEmpty ? ', or nothing' : ''}`
  const [first, ...rest] = node.children
  if (rest.length > 0 || (first !== undefined && typeof first !== 'string'))
    return walk.fail(check, 'elements', place)
  if (first === undefined)
    return content.mayBeEmpty ? passed(walk, check, 'nothing', place) : walk.fail(check, 'nothing', place)
  const text = first.length > 60 ? `${first.slice(0, 60)}… (${[...first].length} characters)` : first
  if (walk.admits(content.value, first)) return passed(walk, check, `“${text}”`, place)
  const narrowed = narrowedBy(content.value, first, walk)
  if (narrowed === undefined) return walk.fail(check, `“${text}”`, place)
  walk.pass(check, `“${text}”`, place)
  return walk.fail(NARROWED[narrowed], `“${text}”`, walk.places.of(`content/${sourceName(narrowed)}`))
}

/** What a text must be where the ruleset takes something away (rules/text/narrow.ts). */
const NARROWED: Readonly<Record<keyof ContentChoice, string>> = {
  scripts: 'letters of the listed scripts only',
  categories: 'code points of the listed categories only',
  joiners: 'no joiners',
  marks: 'no more marks in a row than listed',
  mixedWords: 'no word with letters of two scripts',
  links: 'no links',
  words: 'none of the listed words',
}

/** The first member of `content` that refuses a text which the content rules admit. */
function narrowedBy(rule: ValueRule, value: string, { bundle }: Walk): keyof ContentChoice | undefined {
  if (rule.type !== 'text' || bundle.content === undefined || !checkText(value, rule)) return undefined
  const members = Object.keys(bundle.content) as (keyof ContentChoice)[]
  return members.find((name) => !createNarrowing({ [name]: bundle.content![name] })(value))
}

function sourceName(name: keyof ContentChoice): string {
  return name === 'mixedWords' ? 'mixed-words' : name
}

function passed(walk: Walk, check: string, found: string, place: string): true {
  walk.pass(check, found, place)
  return true
}

/** The label: whether there must be one, what it is, and its dates; the outcome is the decision's own. */
function labelPasses(
  label: XmlElement | undefined,
  form: StanzaForm,
  second: number,
  verdict: Verdict,
  walk: Walk,
): boolean {
  const { bundle, places, pass, fail, owing } = walk
  if (label === undefined) {
    if (owing.length > 0)
      return fail('a label', `none, and ${owing.join(', ')} needs one`, places.form(form.form))
    return passed(walk, 'a label, where one is needed', 'none is needed', places.form(form.form))
  }
  const read = readWireLabel(label)
  if (refused(read))
    return fail('a label in the one spelling of its form', 'it cannot be read', places.of('labels'))
  pass('a label in the one spelling of its form', labelFormName(read.form), places.of('labels'))
  const rows = bundle.labels.rows.filter(
    ({ input }) => input.form === read.form && input.value === read.value,
  )
  const reason: Reason | undefined = verdict.accepted ? undefined : verdict.reason
  if (reason === 'label-unlisted' || rows.length === 0)
    return fail('a label that is listed', 'it is not', places.of('labels'))
  const row = (verdict.accepted ? bundle.labels.rows[verdict.row] : undefined) ?? rows[0]!
  const set = row.name.split('/')[0]!
  pass('a label that is listed', `${row.name}: ${row.input.marking}`, places.of(`row/${row.name}`))
  const { beside } = row.input
  if (beside !== undefined)
    pass('beside it what it becomes, and nothing else', beside.marking, places.of(`accept/${set}`))
  if (read.creation !== undefined || read.review !== undefined) {
    const { creationPast, creationFuture, reviewAfterCreation } = bundle.labels.windows
    const check = `created from ${date(second - creationPast)} to ${date(second + creationFuture)}, reviewed within ${reviewAfterCreation} s`
    const found = `created ${read.creation}, review ${read.review}`
    if (reason === 'label-date') return fail(check, found, places.of('window/creation-past'))
    pass(check, found, places.of('window/creation-past'))
  }
  const kept = row.output.beside
  if (kept !== undefined) pass('released with', kept.marking, places.of(`mode/${set}`))
  return passed(walk, 'released as', row.output.marking, places.of(`row/${row.name}`))
}

function date(second: number): string {
  return second < 0 ? 'ever' : formatDate(Math.min(second, 253_402_300_799))
}
