/**
 * The profile and the accepted labels of a bundle as RELAX NG (ISO/IEC 19757-2, XML syntax) with the data types of XML Schema, for any tool
 * that validates with it.
 *
 * A stanza that the guard accepts is valid. A valid stanza may still be refused, for what a schema does not see: the canonical
 * spelling (white space between elements and around numbers included), the content rules of texts, resources and local parts
 * and what `content` takes away from them, the order within a sorted set, a number beyond 64, octets and depth, the windows of dates
 * and that both labels of a pair have the same,
 * and whose numbers identifiers name: the stanza’s own frame, an earlier one, one that there was.
 */
import type {
  AttributeRule,
  Bundle,
  ContentRule,
  Domain,
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
  const forms = bundle.forms.map((form) => formPattern(form, bundle))
  const labels = [...new Set(bundle.labels.rows.map(labelPattern))]
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ${bundle.name} version ${bundle.version}: made from the bundle by sallyport rules export. -->
<grammar xmlns="http://relaxng.org/ns/structure/1.0" datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
<start>${choice(forms)}</start>
<define name="label">${choice(labels)}</define>
</grammar>
`
}

/** The domains that addresses may have. */
type Context = Readonly<Record<'from' | 'to', readonly Domain[]>>

function formPattern(form: StanzaForm, bundle: Bundle): string {
  const context = { from: bundle.from.domains, to: bundle.to.domains }
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
  const ends = (one: Context): string =>
    group(form.attributes.filter(isEnd).map((rule) => attributePattern(rule, one)))
  const pairs = pairsOf(bundle, form).map(ends)
  const others = form.attributes.filter((rule) => !isEnd(rule))
  return elementPattern(
    SERVER_NS,
    form.element,
    [...others.map((rule) => attributePattern(rule, context)), choice(pairs)],
    choice(contents),
  )
}

function isEnd({ name }: AttributeRule): boolean {
  return name === 'from' || name === 'to'
}

/** Who may send a form to whom: all to all, where the ruleset lists no pairs. */
function pairsOf({ from, to, pairs }: Bundle, { form }: StanzaForm): Context[] {
  if (pairs === undefined) return [{ from: from.domains, to: to.domains }]
  const named = (domains: readonly Domain[], wanted: string) => domains.filter(({ name }) => name === wanted)
  return pairs
    .filter(({ forms }) => forms.includes(form))
    .map((pair) => ({ from: named(from.domains, pair.from), to: named(to.domains, pair.to) }))
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
  const one = choice(of)
  if (one === NOT_ALLOWED) return slot.min === 0 ? '<empty/>' : NOT_ALLOWED
  return repeated(one, slot.min, slot.max)
}

function repeated(pattern: string, min: number, max: number): string {
  const least = new Array<string>(min).fill(pattern)
  if (max - min > MOST_COUNTED) return group([...least, `<zeroOrMore>${pattern}</zeroOrMore>`])
  const more = max - min
  return group([...least, `<optional>${pattern}`.repeat(more) + '</optional>'.repeat(more)])
}

function rulePattern(rule: ElementRule, kind: Labelled, context: Context): string {
  const attributes = rule.attributes.map((attribute) => attributePattern(attribute, context))
  const empty = kind === 'unlabelled' && rule.labelling === 'unless-empty'
  const content = empty ? emptied(rule.content) : contentPattern(rule.content, kind, context)
  return elementPattern(rule.ns, rule.name, attributes, content)
}

/** Nothing between the tags, where the rule admits that at all. */
function emptied(content: ContentRule): string {
  if (content.type === 'value') return content.mayBeEmpty ? NOTHING : NOT_ALLOWED
  const needed =
    content.type === 'elements' && content.slots.some((slot) => slot.type === 'elements' && slot.min > 0)
  return needed ? NOT_ALLOWED : '<empty/>'
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
      const domains = rule.side === 'either' ? [...context.from, ...context.to] : context[rule.side]
      const resource = rule.resource === 0 ? '' : `(/.{1,${rule.resource}})?`
      return choice(localPatterns(domains, rule.local).map((bare) => text(bare + resource)))
    }
  }
}

/**
 * Local part and domain: any before the domains without a list, then each domain with its own. Patterns apart, since libxml2
 * miscounts where a bound stands in one alternative of several.
 */
function localPatterns(domains: readonly Domain[], most: number): string[] {
  const any = most === 0 ? '' : `([^@/A-Z&quot;&amp;':&lt;> ]{1,${most}}@)?`
  const free = domains.filter(({ locals }) => locals === undefined).map(({ name }) => literally(name))
  const listed = domains.flatMap(({ name, locals }) => {
    if (locals === undefined) return []
    const known = locals.filter((local) => [...local].length <= most).map(literally)
    return [(known.length === 0 ? '' : `((${known.join('|')})@)?`) + literally(name)]
  })
  return [...(free.length === 0 ? [] : [`${any}(${free.join('|')})`]), ...listed]
}

/** Text in a regular expression of XML Schema, in an XML document. */
function literally(text: string): string {
  return escaped(text.replace(/[.^$*+?()[\]{}|\\-]/g, '\\$&'))
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
    attributes.map((a) => `<attribute name="${a.name}">${value(a.value)}</attribute>`),
    (children.length === 0 ? '<empty/>' : '') +
      children.map((node) => (typeof node === 'string' ? value(node) : treePattern(node))).join(''),
  )
}

/** The content is always written, `empty` too: without it libxml2 lets foreign attributes by. */
function elementPattern(ns: string, name: string, attributes: readonly string[], content: string): string {
  if (content === NOT_ALLOWED || attributes.includes(NOT_ALLOWED)) return NOT_ALLOWED
  return `<element name="${name}" ns="${escaped(ns)}">${attributes.join('')}${content}</element>`
}

/** libxml2 lets by what it must not where this is left inside of groups and choices, so it is carried outwards (RELAX NG §4.20). */
const NOT_ALLOWED = '<notAllowed/>'

function group(patterns: readonly string[]): string {
  if (patterns.includes(NOT_ALLOWED)) return NOT_ALLOWED
  const found = patterns.filter((pattern) => pattern !== '' && pattern !== '<empty/>')
  return found.length === 0 ? '<empty/>' : `<group>${found.join('')}</group>`
}

function choice(patterns: readonly string[]): string {
  const found = patterns.filter((pattern) => pattern !== NOT_ALLOWED)
  if (found.length === 0) return NOT_ALLOWED
  return found.length === 1 ? found[0]! : `<choice>${found.join('')}</choice>`
}

function escaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
