/** What may cross, form by form: the profile of a bundle in sentences and tables. */
import type { Bundle, ElementRule, Slot, StanzaForm } from '../bundle/bundle.ts'
import { SERVER_NS } from '../xml/node.ts'
import {
  type Block,
  type Cell,
  code,
  heading,
  type Inline,
  paragraph,
  strong,
  subheading,
  table,
} from './page.ts'
import { alike, andList, countWords, formTitle, labellingWords, standardOf, valueWords } from './words.ts'

/** What crosses without any label, a phrase each: what an accreditor asks first. */
function withoutLabel(bundle: Bundle): string[] {
  return bundle.forms.flatMap((form) => {
    const title = formTitle(form)
    const elements = form.slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
    const free = elements.filter((rule) => !owesLabel(rule))
    const needed = form.slots.some(
      (slot) => slot.type === 'elements' && slot.min > 0 && slot.of.every(owesLabel),
    )
    if (needed || (form.content && free.length === 0)) return []
    if (free.length === 0) return [`${title}, with nothing in it`]
    const names = alike(free).map(([rule, names]) => {
      const empty = rule.labelling === 'unless-empty' ? 'the empty ' : ''
      return `${empty}${names.join(' or ')} (${standardOf(rule.ns)})`
    })
    const least = form.slots.some((slot) => slot.type === 'elements' && slot.min > 0)
    const some = form.content ? 'when it holds nothing but' : least ? 'with' : 'with or without'
    return [`${title}, ${some} ${least ? names.join(' or ') : andList(names)}`]
  })
}

function owesLabel(rule: ElementRule): boolean {
  if (rule.labelling === 'always') return true
  const { content } = rule
  return (
    content.type === 'elements' &&
    content.slots.some((slot) => slot.type === 'elements' && slot.min > 0 && slot.of.every(owesLabel))
  )
}

/** The sections on stanzas. */
export function stanzaSections(bundle: Bundle): Block[] {
  const free = withoutLabel(bundle)
  return [
    heading('What may cross without a label'),
    free.length === 0 ? paragraph('Nothing.') : { type: 'list', items: free.map((phrase) => phrase) },
    heading('What may cross, form by form'),
    paragraph(
      'What is not in these tables is refused: another kind of stanza, another element, attribute, value, number or order. The children stand in ',
      'exactly the order of the rows.',
    ),
    ...bundle.forms.flatMap((form) => formSection(form, bundle)),
  ]
}

function formSection(form: StanzaForm, bundle: Bundle): Block[] {
  const root = form.type === null ? `<${form.element}>` : `<${form.element} type="${form.type}">`
  const attributes = form.attributes
    .filter(({ name }) => name !== 'type')
    .map(
      ({ name, required, value }) =>
        `${name}${required ? '' : ' (may be absent)'}: ${valueWords(value, bundle)}`,
    )
  const rows = form.slots.flatMap((slot) => slotRows(slot, bundle, ''))
  return [
    subheading(formTitle(form)),
    paragraph(
      code(root),
      form.content ? ', with at least one child beside the label. ' : '. ',
      `Attributes: ${attributes.join('; ')}.`,
    ),
    rows.length === 0
      ? paragraph('It holds nothing.')
      : table(['Child', 'Standard', 'How many', 'What it holds', 'Label'], rows),
  ]
}

function slotRows(slot: Slot, bundle: Bundle, indent: string): Cell[][] {
  if (slot.type === 'label') {
    return [
      [
        strong('the security label'),
        'XEP-0258, STANAG 4774 and 4778',
        'at most one',
        'one of the listed labels',
        '',
      ],
    ]
  }
  const count = `${countWords(slot)}${slot.sorted ? ', each different, in ascending order' : ''}`
  return alike(slot.of).flatMap(([rule, names]) => [
    [
      [indent, ...separated(names)],
      rule.ns === SERVER_NS ? '' : standardOf(rule.ns),
      count,
      { lines: contentLines(rule, bundle) },
      indent === '' ? labellingWords(rule) : '',
    ],
    ...(rule.content.type === 'elements'
      ? rule.content.slots.flatMap((inner) => slotRows(inner, bundle, `${indent}↳ `))
      : []),
  ])
}

function separated(names: readonly string[]): Inline[] {
  return names.flatMap((name, index) => (index === 0 ? [code(name)] : [' or ', code(name)]))
}

function contentLines({ attributes, content }: ElementRule, bundle: Bundle): string[] {
  const lines = attributes.map(
    ({ name, required, value }) =>
      `${name}${required ? '' : ' (may be absent)'}: ${valueWords(value, bundle)}`,
  )
  if (content.type === 'value') {
    const words = valueWords(content.value, bundle)
    lines.push(content.mayBeEmpty ? `${words}, or nothing` : words)
  } else if (content.type === 'elements') lines.push('the elements below')
  else if (attributes.length === 0) lines.push('nothing')
  return lines
}
