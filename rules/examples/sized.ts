/** Stanzas by their size: where a limit on octets shows. */
import type { Bundle, ElementRule, LabelRow, StanzaForm } from '../bundle/bundle.ts'
import { element, type XmlElement } from '../xml/node.ts'
import {
  contextOf,
  LABEL,
  labelSpelling,
  minimal,
  placed,
  requiredAttributes,
  rootOf,
  type StanzaContext,
  spell,
} from './probe.ts'
import type { ValueContext } from './values.ts'

/**
 * A stanza of the form of more than `above` octets and no more than need be, or undefined when its texts and addresses are not long
 * enough.
 */
export function sizedStanza(
  form: StanzaForm,
  above: number,
  context: StanzaContext,
  row: LabelRow | undefined,
): string | undefined {
  const label = labelSpelling(form, row, context.second)
  const make = (length: number, less = 0): string => {
    const children = form.slots.flatMap((slot) => {
      if (slot.type === 'label') return [LABEL]
      const rule = slot.of.find(({ content }) => content.type === 'value' && content.value.type === 'text')
      if (rule === undefined) return placed([slot], new Map(), context)
      return slot.max === 0 ? [] : [long(rule, length, context)]
    })
    return spell(rootOf(form, context, children, longAddresses(form, length, less, context)), label)
  }
  const octets = (length: number): number => Buffer.byteLength(make(length))
  let [low, high] = [1, longest(form)]
  if (octets(high) <= above) return undefined
  while (low < high) {
    const middle = (low + high) >> 1
    if (octets(middle) > above) high = middle
    else low = middle + 1
  }
  return make(low, octets(low) - above - 1)
}

/** Of `length` code points, or as many as it may have. */
function long(rule: ElementRule, length: number, context: ValueContext): XmlElement {
  const most =
    rule.content.type === 'value' && rule.content.value.type === 'text' ? rule.content.value.max : 0
  return { ...minimal(rule, context), children: [context.setting.texts.large(Math.min(length, most))] }
}

/** Resources of ampersands, the sender's by so many octets shorter. */
function longAddresses(
  form: StanzaForm,
  length: number,
  less: number,
  { setting }: ValueContext,
): Record<string, string> {
  const longer: Record<string, string> = {}
  for (const { name, value } of form.attributes) {
    if (value.type !== 'address' || (name !== 'from' && name !== 'to')) continue
    // No resource has more than 1,023 octets. In the stanza & has five, < has four, x has one.
    const most = Math.min(value.resource, 1023, length)
    const [short, shorter] = name === 'from' ? [less % 4, Math.floor(less / 4)] : [0, 0]
    const resource = `${'x'.repeat(shorter)}${'<'.repeat(short)}${'&'.repeat(most)}`.slice(0, most)
    if (most > 0) longer[name] = `${setting[name]}/${resource}`
  }
  return longer
}

function longest({ slots }: StanzaForm): number {
  const rules = slots.flatMap((slot) => (slot.type === 'label' ? [] : slot.of))
  return Math.max(
    1023,
    ...rules.map(({ content }) =>
      content.type === 'value' && content.value.type === 'text' ? content.value.max : 0,
    ),
  )
}

/** A stanza of exactly so many octets, or undefined when no text is long enough. */
export function sizedProbe(
  bundle: Bundle,
  octets: number,
  second: number,
  row = bundle.labels.rows[0],
): string | undefined {
  for (const form of bundle.forms) {
    const context = contextOf(form, bundle, second)
    const labelled = labelSpelling(form, row, second)
    for (const [index, slot] of form.slots.entries()) {
      if (slot.type === 'label') continue
      for (const rule of slot.of) {
        const { content } = rule
        if (content.type !== 'value' || content.value.type !== 'text') continue
        const make = (text: string): string => {
          const node = element(rule.ns, rule.name, requiredAttributes(rule, context), [text])
          const children = placed(form.slots, new Map([[index, [node]]]), context)
          return spell(rootOf(form, context, children, {}), labelled)
        }
        const missing = octets - Buffer.byteLength(make('x'))
        // An ampersand is five octets in the stanza.
        const text = '&'.repeat(Math.max(0, Math.floor(missing / 5))) + 'x'.repeat(1 + (missing % 5))
        if (missing >= 0 && text.length <= content.value.max) return make(text)
      }
    }
  }
  return undefined
}
