/**
 * The profile and the accepted labels of a bundle as RELAX NG (ISO/IEC 19757-2, XML syntax) with the data types of XML Schema, for any tool
 * that validates with it.
 *
 * A stanza that the guard accepts is valid. A valid stanza may still be refused, for what a schema does not see: the canonical
 * spelling (white space between elements and around numbers included), the content rules of texts, resources and local parts
 * and what `content` takes away from them, lists of users and rooms, pairs of domains, the order within a sorted set, a number beyond 64, octets and depth, the windows of dates
 * and that both labels of a pair have the same,
 * and whose numbers identifiers name: the stanza’s own frame, an earlier one, one that there was.
 */
import type {
  AttributeRule,
  Bundle,
  ContentRule,
  ElementRule,
  LabelRow,
  Slot,
  StanzaForm,
  ValueRule,
} from '../bundle/bundle.ts'
import { fill } from '../label/template.ts'
import { refused } from '../reasons.ts'
import { SERVER_NS, type XmlElement } from '../xml/node.ts'
import { parseStanza } from '../xml/parse.ts'

/** More than this many of an element are written as "any number". */
const MOST_COUNTED = 64
/** What a date of a label is written as while its template is read; no label holds it otherwise. */
const SOME_DATE = '2000-01-01T00:00:00Z'

const DATE =
  '<data type="dateTime"><param name="pattern">(19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z</param></data>'

/** Generation and count, with no more than their most digits. */
const NUMBER = '(0|[1-9][0-9]{0,4})[.][1-9][0-9]{0,14}'

const ONE_LINE = '<param name="pattern">[^\\n\\t\\r]*</param>'
/** No octet at all: unlike `empty`, which lets white space stand. */
const NOTHING = '<value type="string"></value>'

/** Whether a stanza carries a label: what obliges to one is left out of a stanza without. */
type Labelled = 'labelled' | 'unlabelled'

/** The grammar, as a document. */
export function relaxNg(bundle: Bundle): string {
  const context = { from: domains(bundle, 'from'), to: domains(bundle, 'to') }
  const forms = bundle.forms.map((form) => formPattern(form, context))
  const labels = [...new Set(bundle.labels.rows.map(labelPattern))]
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${bundle.name} version ${bundle.version}: made from the bundle by sallyport rules export. -->
<grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
<start>${choice(forms)}</start>
<define name="label">${choice(labels)}</define>
</grammar>
`
}

type Context = Readonly<{ from: readonly string[]; to: readonly string[] }>

function domains(bundle: Bundle, side: 'from' | 'to'): string[] {
  return bundle[side].domains.map(({ name }) => name)
}

function formPattern(form: StanzaForm, context: Context): string {
  const attributes = form.attributes.map((rule) => attributePattern(rule, context)).join('')
  const kinds: Labelled[] = form.slots.some(({ type }) => type === 'label')
    ? ['labelled', 'unlabelled']
    : ['unlabelled']
  const contents = kinds.map((kind) => {
    const slots = form.slots.map((slot) => ({
      slot,
      pattern: slotPattern(slot, kind, context),
    }))
    return form.content ? notEmpty(slots, kind, context) : group(slots.map(({ pattern }) => pattern))
  })
  return elementPattern(SERVER_NS, form.element, attributes + choice(contents))
}

/** At least one child beside the label: the first that is there may be that of any slot. */
function notEmpty(
  slots: readonly Readonly<{ slot: Slot; pattern: string }>[],
  kind: Labelled,
  context: Context,
): string {
  const alternatives = slots.flatMap(({ slot }, first) => {
    if (slot.type === 'label') return []
    const here = slotPattern({ ...slot, min: Math.max(slot.min, 1) }, kind, context)
    const before = slots.slice(0, first)
    if (before.some((one) => one.slot.type === 'elements' && one.slot.min > 0)) return []
    const labels = before.filter((one) => one.slot.type === 'label').map((one) => one.pattern)
    return [group([...labels, here, ...slots.slice(first + 1).map(({ pattern }) => pattern)])]
  })
  return choice(alternatives)
}

function slotPattern(slot: Slot, kind: Labelled, context: Context): string {
  if (slot.type === 'label') return kind === 'labelled' ? '<ref name="label"/>' : '<empty/>'
  const of = slot.of
    .filter((rule) => kind === 'labelled' || rule.labelling !== 'always')
    .map((rule) => rulePattern(rule, kind, context))
  if (of.length === 0) return slot.min === 0 ? '<empty/>' : '<notAllowed/>'
  return repeated(choice(of), slot.min, slot.max)
}

function repeated(pattern: string, min: number, max: number): string {
  const least = pattern.repeat(min)
  if (max - min > MOST_COUNTED) return `${least}<zeroOrMore>${pattern}</zeroOrMore>`
  const more = max - min
  return group([least, `<optional>${pattern}`.repeat(more) + '</optional>'.repeat(more)])
}

function rulePattern(rule: ElementRule, kind: Labelled, context: Context): string {
  const attributes = rule.attributes.map((attribute) => attributePattern(attribute, context)).join('')
  const empty = kind === 'unlabelled' && rule.labelling === 'unless-empty'
  const content = empty ? emptied(rule.content) : contentPattern(rule.content, kind, context)
  return elementPattern(rule.ns, rule.name, attributes + content)
}

/** Nothing between the tags, where the rule admits that at all. */
function emptied(content: ContentRule): string {
  if (content.type === 'value') return content.mayBeEmpty ? NOTHING : '<notAllowed/>'
  const needed =
    content.type === 'elements' && content.slots.some((slot) => slot.type === 'elements' && slot.min > 0)
  return needed ? '<notAllowed/>' : '<empty/>'
}

function contentPattern(content: ContentRule, kind: Labelled, context: Context): string {
  switch (content.type) {
    case 'empty':
      return '<empty/>'
    case 'elements':
      return group(content.slots.map((slot) => slotPattern(slot, kind, context)))
    case 'value': {
      const value = valuePattern(content.value, context)
      return content.mayBeEmpty ? choice([value, NOTHING]) : value
    }
  }
}

function attributePattern({ name, required, value }: AttributeRule, context: Context): string {
  const attribute = `<attribute name="${name}">${valuePattern(value, context)}</attribute>`
  return required ? attribute : `<optional>${attribute}</optional>`
}

function valuePattern(rule: ValueRule, context: Context): string {
  switch (rule.type) {
    case 'enum':
      return choice(rule.values.map(exactly))
    case 'identifier':
      return text(`[!#-%(-;=?-~]{1,${rule.max}}`)
    case 'own-number':
      return text((rule.echo ? '[or]' : 'o') + NUMBER)
    case 'answer-number':
      return text('r' + NUMBER)
    case 'earlier-number':
      return text((rule.echo ? '[or]' : 'o') + NUMBER)
    case 'integer':
      return `<data type="integer"><param name="minInclusive">${rule.min}</param><param name="maxInclusive">${rule.max}</param><param name="pattern">0|-?[1-9][0-9]*</param></data>`
    case 'date':
      return DATE
    case 'text':
      return `<data type="string"><param name="minLength">1</param><param name="maxLength">${rule.max}</param>${rule.lines ? '' : ONE_LINE}</data>`
    case 'resource':
      return (
        `<data type="string"><param name="minLength">1</param><param name="maxLength">${rule.max}</param>` +
        ONE_LINE +
        '</data>'
      )
    case 'address': {
      const names = rule.side === 'either' ? [...context.from, ...context.to] : context[rule.side]
      const domain = names.map((name) => name.replace(/[.^$*+?()[\]{}|\\-]/g, '\\$&')).join('|')
      const local = rule.local === 0 ? '' : `([^@/A-Z&quot;&amp;':&lt;> ]{1,${rule.local}}@)?`
      const resource = rule.resource === 0 ? '' : `(/.{1,${rule.resource}})?`
      return text(`${local}(${domain})${resource}`)
    }
  }
}

/** A text that is the whole of a regular expression of XML Schema. */
function text(pattern: string): string {
  return `<data type="string"><param name="pattern">${pattern}</param></data>`
}

function exactly(value: string): string {
  return `<value type="string">${escaped(value)}</value>`
}

/** A label in its one spelling, with any date where its dates stand. */
function labelPattern({ input }: LabelRow): string {
  const spelling = fill(input.template, { creation: SOME_DATE, review: SOME_DATE }) ?? ''
  const octets = Buffer.from(`<message xmlns="${SERVER_NS}">${spelling}</message>`)
  const root = parseStanza(octets, { stanzaBytes: octets.length, depth: 64 })
  const label = refused(root) ? undefined : root.children[0]
  if (label === undefined || typeof label === 'string') throw new Error('a label template that is no element')
  return treePattern(label)
}

function treePattern({ ns, name, attributes, children }: XmlElement): string {
  const value = (found: string): string => (found === SOME_DATE ? DATE : exactly(found))
  return elementPattern(
    ns,
    name,
    attributes.map((a) => `<attribute name="${a.name}">${value(a.value)}</attribute>`).join('') +
      (children.length === 0 ? '<empty/>' : '') +
      children.map((node) => (typeof node === 'string' ? value(node) : treePattern(node))).join(''),
  )
}

function elementPattern(ns: string, name: string, content: string): string {
  return `<element name="${name}" ns="${escaped(ns)}">${content}</element>`
}

function group(patterns: readonly string[]): string {
  const found = patterns.filter((pattern) => pattern !== '' && pattern !== '<empty/>')
  return found.length === 0 ? '<empty/>' : `<group>${found.join('')}</group>`
}

function choice(patterns: readonly string[]): string {
  if (patterns.length === 0) return '<notAllowed/>'
  return patterns.length === 1 ? patterns[0]! : `<choice>${patterns.join('')}</choice>`
}

function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
