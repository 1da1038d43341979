/**
 * Benign stanzas made from a bundle: for a form the least that it admits, under a label of a row.
 *
 * What is made is admitted by construction: domains that exchange the form, listed local parts, a text that the narrower content
 * admits. Where that cannot be done there is no stanza.
 */
import type {
  AttributeRule,
  Bundle,
  ElementRule,
  LabelRow,
  Slot,
  StanzaForm,
  ValueRule,
} from '../bundle/bundle.ts'
import { scopeOf } from '../decide/value.ts'
import { sampleValue } from '../examples/values.ts'
import { fill } from '../label/template.ts'
import { checkText } from '../text/content.ts'
import { formatDate } from '../text/date.ts'
import type { StanzaNumber } from '../text/numbered.ts'
import { element, SERVER_NS, XML_NS, type XmlAttribute, type XmlElement } from '../xml/node.ts'
import { serialiseInside, serialiseReplacing } from '../xml/write.ts'

/** Dates of a label, in seconds since 1970. */
export type LabelDates = Readonly<{ creation: number; review: number }>

/** A stanza that both verifiers must accept. `before` and `behind` are what stands around its label, where it has one. */
export type Benign = Readonly<{
  form: StanzaForm
  stanza: string
  /** The number of the row, -1 without a label. */
  row: number
  output: string
  before: string
  behind: string
  label: string
  /** Whether it may not stand without the label. */
  owes: boolean
  /** A text in it, between a start tag and an end tag; '' for none. */
  text: string
  /** A child that may not stand twice; '' for none. */
  once: string
  /** The rules of its values. */
  values: readonly ValueRule[]
}>

/** What is asked for. */
export type Wish = Readonly<{
  form: StanzaForm
  row: number
  second: number
  /** That of its frame. */
  number: StanzaNumber
  /** A child that it is to have; else what carries the least. */
  carrier?: ElementRule
  /** A value to be put in where that rule is first asked for one, whatever the rule says. */
  put?: Readonly<{ rule: ValueRule; value: string }>
}>

/** Texts, one for each script that a ruleset may be narrowed to and is likely to be. */
const TEXTS = [
  'Hello',
  'Привет',
  'Γεια',
  'مرحبا',
  'שלום',
  'नमस्ते',
  'สวัสดี',
  '你好',
  'かな',
  'カナ',
  '한국',
  'Բարեւ',
  'კარგი',
  '1',
  '-',
  '$',
]

/** Stands for the label while a stanza is put together. */
const LABEL = element('urn:sallyport:label', 'label')

/** What a stanza is made of: the domains that it goes between, the second, and a text. */
type Maker = Readonly<{
  bundle: Bundle
  second: number
  number: StanzaNumber
  put: Wish['put']
  values: ValueRule[]
  from: string
  to: string
  text(rule: ValueRule): string | undefined
}>

/** Thrown where the least that a rule admits cannot be made. */
class Unmade extends Error {}

/** A stanza of a form under row number `row`; undefined when none can be made. */
export function benignStanza(bundle: Bundle, wish: Wish): Benign | undefined {
  const { form, row, second, number } = wish
  const pair = pairOf(bundle, form)
  const labelled = form.slots.some(({ type }) => type === 'label')
  const used = labelled ? bundle.labels.rows[row] : undefined
  if (pair === undefined) return undefined
  const maker: Maker = { bundle, second, number, put: wish.put, values: [], ...pair, text: textsOf(bundle) }
  let root: XmlElement
  let carried: Carried
  try {
    carried = contentOf(wish, maker, used !== undefined)
    root = element(SERVER_NS, form.element, required(form.attributes, maker), carried.nodes)
  } catch (error) {
    if (error instanceof Unmade) return undefined
    throw error
  }
  if (carried.owes && used === undefined) return undefined
  if (depthOf(root) > bundle.limits.depth) return undefined
  const label = used === undefined ? '' : labelOf(used, { creation: second, review: second })
  const output = used === undefined ? '' : outputOf(used, second)
  if (label === undefined || output === undefined) return undefined
  const parts = serialiseReplacing(root, LABEL, '\0').split('\0')
  const [before = '', behind = ''] = parts
  const stanza = before + label + behind
  if (Buffer.byteLength(stanza) > bundle.limits.stanzaBytes) return undefined
  return {
    form,
    stanza,
    row: used === undefined ? -1 : row,
    output: before + output + behind,
    before,
    behind,
    label,
    owes: carried.owes,
    text: TEXTS.find((text) => stanza.includes(`>${text}<`)) ?? '',
    once: carried.once,
    values: maker.values,
  }
}

/** The label element of a row with those dates. */
export function labelOf({ input }: LabelRow, { creation, review }: LabelDates): string | undefined {
  return fill(input.template, { creation: formatDate(creation), review: formatDate(review) })
}

function outputOf({ output }: LabelRow, second: number): string | undefined {
  const date = formatDate(second)
  try {
    return fill(output.template, { creation: date, review: date, now: second })
  } catch {
    // Beyond the year 9999.
    return undefined
  }
}

/** Domains that exchange the form, rather users' than rooms'. */
function pairOf(bundle: Bundle, { form }: StanzaForm): Readonly<{ from: string; to: string }> | undefined {
  const rank = ({ kind }: Bundle['from']['domains'][number]) => (kind === 'im' ? 0 : 1)
  for (const from of bundle.from.domains.toSorted((a, b) => rank(a) - rank(b))) {
    for (const to of bundle.to.domains.toSorted((a, b) => rank(a) - rank(b))) {
      const known = (pair: NonNullable<Bundle['pairs']>[number]) =>
        pair.from === from.name && pair.to === to.name && pair.forms.includes(form)
      if (bundle.pairs === undefined || bundle.pairs.some(known)) return { from: from.name, to: to.name }
    }
  }
  return undefined
}

function textsOf(bundle: Bundle): Maker['text'] {
  const { narrow } = scopeOf(bundle)
  return (rule) =>
    rule.type === 'text' ? TEXTS.find((text) => checkText(text, rule) && narrow(text)) : undefined
}

type Carried = Readonly<{ nodes: XmlElement[]; owes: boolean; once: string }>

/** The children of the root: what must be there; and what is wished for, or where something must be, a body or what stands first. */
function contentOf({ form, carrier: wished }: Wish, maker: Maker, labelled: boolean): Carried {
  const nodes: XmlElement[] = []
  let owes = false
  let once = ''
  const choices = choicesOf(form)
  const needed = form.slots.some((slot) => slot.type === 'elements' && slot.min > 0)
  const least =
    !form.content || needed ? undefined : (choices.find(({ name }) => name === 'body') ?? choices[0])
  const carrier = wished ?? least
  for (const slot of form.slots) {
    if (slot.type === 'label') {
      if (labelled) nodes.push(LABEL)
      continue
    }
    const carries = carrier !== undefined && slot.of.includes(carrier)
    for (const rule of carries ? [carrier] : leastOf(slot)) {
      const node = leastElement(rule, maker)
      owes ||= owesLabel(rule, node)
      const places = choices.filter(({ ns, name }) => ns === rule.ns && name === rule.name).length
      if (slot.max === 1 && places === 1) once = serialiseInside(node, SERVER_NS)
      nodes.push(node)
    }
  }
  return { nodes, owes, once }
}

/** The elements that may stand in the root of a form. */
export function choicesOf(form: StanzaForm): readonly ElementRule[] {
  return form.slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
}

/** The rules of the elements that a slot must have. Of one that must have several there is no sample. */
function leastOf(slot: Extract<Slot, { type: 'elements' }>): readonly ElementRule[] {
  const [first] = slot.of
  if (slot.min === 0 || first === undefined) return []
  if (slot.min > 1) throw new Unmade()
  return [first]
}

function leastElement(rule: ElementRule, maker: Maker): XmlElement {
  const { ns, name, attributes, content } = rule
  const children =
    content.type === 'empty'
      ? []
      : content.type === 'value'
        ? [valueFor(content.value, maker)]
        : content.slots.flatMap((slot) =>
            slot.type === 'label' ? [] : leastOf(slot).map((one) => leastElement(one, maker)),
          )
  return element(ns, name, required(attributes, maker), children)
}

/** Whether the element, or one in it, obliges its stanza to carry a label. */
function owesLabel(rule: ElementRule, node: XmlElement): boolean {
  if (rule.labelling === 'always' || (rule.labelling === 'unless-empty' && node.children.length > 0))
    return true
  if (rule.content.type !== 'elements') return false
  const inner = rule.content.slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
  return node.children.some((child) => {
    const found =
      typeof child === 'string'
        ? undefined
        : inner.find((one) => one.ns === child.ns && one.name === child.name)
    return found !== undefined && owesLabel(found, child as XmlElement)
  })
}

function required(rules: readonly AttributeRule[], maker: Maker): XmlAttribute[] {
  return rules
    .filter((rule) => rule.required)
    .map(({ name, value: rule }) => {
      const value = valueFor(rule, maker)
      return name === 'xml:lang' ? { ns: XML_NS, name: 'lang', value } : { ns: '', name, value }
    })
}

function valueFor(rule: ValueRule, maker: Maker): string {
  const first = !maker.values.includes(rule)
  maker.values.push(rule)
  if (first && maker.put?.rule === rule) return maker.put.value
  if (rule.type === 'address') return addressOf(rule, maker)
  const value = rule.type === 'text' ? maker.text(rule) : sampleValue(rule, maker)
  if (value === undefined || value === '') throw new Unmade()
  return value
}

function addressOf({ side, local, resource }: Extract<ValueRule, { type: 'address' }>, maker: Maker): string {
  const end = side === 'to' ? 'to' : 'from'
  const domain = maker[end]
  const listed = maker.bundle[end].domains.find(({ name }) => name === domain)?.locals
  const user =
    listed === undefined ? 'anna'.slice(0, local) : (listed.find((one) => one.length <= local) ?? '')
  return `${user === '' ? '' : `${user}@`}${domain}${resource === 0 ? '' : '/r'}`
}

function depthOf(node: XmlElement): number {
  return 1 + Math.max(0, ...node.children.map((child) => (typeof child === 'string' ? 0 : depthOf(child))))
}
