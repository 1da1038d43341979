/**
 * A bundle as a set of facts, each with its name, its meaning and its words, so that two bundles can be compared by what they mean.
 *
 * The order of lists that have none (domains, values, rows, elements of one slot) is gone here. What a stanza may hold is named as probes
 * name it (rules/examples/probe.ts).
 */
import type {
  AttributeRule,
  Bundle,
  ContentRule,
  ElementRule,
  LabelRow,
  Slot,
  ValueRule,
} from '../bundle/bundle.ts'
import { canonicalJson } from '../bundle/canonical.ts'
import { clark } from '../examples/probe.ts'
import { localsWords } from '../review/choices.ts'
import { dateWords, sideWords } from '../review/labels.ts'
import {
  countWords,
  duration,
  formTitle,
  labelFormName,
  number,
  standardOf,
  valueWords,
} from '../review/words.ts'
import { formatDate } from '../text/date.ts'
import { SERVER_NS } from '../xml/node.ts'
import { choiceFacts } from './choice-facts.ts'
import type { ChildOrder, Fact } from './fact.ts'
import { exchangesOf } from './pairs.ts'

/** The name of the label among the children of a form. */
export const LABEL_NAME = '{label}'

export type Facts = Readonly<{ facts: ReadonlyMap<string, Fact>; orders: ReadonlyMap<string, ChildOrder> }>

export function factsOf(bundle: Bundle): Facts {
  const facts = new Map<string, Fact>()
  const orders = new Map<string, ChildOrder>()
  const add = (fact: Fact): void => {
    let name = fact.name
    for (let again = 2; facts.has(name); again++) name = `${fact.name}#${again}`
    facts.set(name, { ...fact, name })
  }
  paperFacts(bundle).forEach(add)
  domainFacts(bundle).forEach(add)
  choiceFacts(bundle).forEach(add)
  const exchanges = exchangesOf(bundle)
  for (const form of bundle.forms) {
    const where = formTitle(form)
    add({
      kind: 'form',
      name: form.form,
      where,
      what: 'the whole form',
      meaning: canonicalJson([form.element, form.type, form.content]),
      value: form.content ? 'may cross, with at least one child' : 'may cross',
      alone: exchanges.ofForm(form.form),
    })
    const walk = { bundle, where, add, orders }
    attributeFacts(form.attributes, form.form, '', walk)
    slotFacts(form.slots, form.form, '', walk)
  }
  for (const [at, row] of bundle.labels.rows.entries()) add(rowFact(row, bundle.edge.equivalents?.[at] ?? []))
  return { facts, orders }
}

type Walk = Readonly<{
  bundle: Bundle
  where: string
  add: (fact: Fact) => void
  orders: Map<string, ChildOrder>
}>

function attributeFacts(rules: readonly AttributeRule[], parent: string, trail: string, walk: Walk): void {
  for (const { name, required, value } of rules) {
    walk.add({
      kind: 'profile',
      name: `${parent}@${name}`,
      where: walk.where,
      what: `${trail}attribute ${name}`,
      meaning: canonicalJson([required, sortedValue(value)]),
      value: `${valueWords(value, walk.bundle)}${required ? '' : ', may be absent'}`,
      ...(value.type === 'enum' ? { values: value.values, rest: required ? '' : 'may be absent' } : {}),
    })
  }
}

function slotFacts(slots: readonly Slot[], parent: string, trail: string, walk: Walk): void {
  const order = slots.map((slot) => (slot.type === 'label' ? [LABEL_NAME] : slot.of.map(clark)))
  walk.orders.set(parent, { parent, where: walk.where, slots: order })
  for (const slot of slots) {
    if (slot.type === 'label') {
      walk.add({
        kind: 'profile',
        name: `${parent}/${LABEL_NAME}`,
        where: walk.where,
        what: 'the security label',
        meaning: 'label',
        value: 'may carry one of the listed labels',
      })
    } else for (const rule of slot.of) elementFacts(rule, slot, parent, trail, walk)
  }
}

function elementFacts(
  rule: ElementRule,
  slot: Extract<Slot, { type: 'elements' }>,
  parent: string,
  trail: string,
  walk: Walk,
): void {
  const { min, max, sorted } = slot
  const { content, labelling } = rule
  const name = `${parent}/${clark(rule)}`
  const label = {
    always: 'only under a label',
    'unless-empty': 'only under a label unless empty',
    never: 'needs no label',
  }
  const words = (holds: string): string =>
    [countWords({ ...slot, of: [rule] }), holds, label[labelling]].filter((one) => one !== '').join('; ')
  walk.add({
    kind: 'profile',
    name,
    where: walk.where,
    what: `${trail}%${rule.ns === SERVER_NS ? '' : ` (${standardOf(rule.ns)})`}`,
    names: [rule.name],
    meaning: canonicalJson([
      min,
      sorted && max >= kindsOf(rule) ? 'each' : max,
      sorted && max > 1,
      contentMeaning(content),
      labelling,
    ]),
    value: words(contentWords(content, walk.bundle)),
    ...(content.type === 'value' && content.value.type === 'enum'
      ? { values: content.value.values, rest: words(content.mayBeEmpty ? 'or nothing' : '') }
      : {}),
  })
  const deeper = `${trail}${rule.name} › `
  attributeFacts(rule.attributes, name, deeper, walk)
  if (content.type === 'elements') slotFacts(content.slots, name, deeper, walk)
}

/** How many different elements of a rule there can be; of a set no more have a place. */
function kindsOf({ attributes, content }: ElementRule): number {
  const values = attributes.map(({ value, required }) =>
    value.type === 'enum' ? new Set(value.values).size + (required ? 0 : 1) : Number.POSITIVE_INFINITY,
  )
  return content.type === 'empty' ? values.reduce((all, one) => all * one, 1) : Number.POSITIVE_INFINITY
}

/** What elements an element holds, its children tell. */
function contentMeaning(content: ContentRule): unknown {
  return content.type === 'value' ? [content.mayBeEmpty, sortedValue(content.value)] : []
}

function contentWords(content: ContentRule, bundle: Bundle): string {
  if (content.type === 'value') {
    return `${valueWords(content.value, bundle)}${content.mayBeEmpty ? ', or nothing' : ''}`
  }
  return content.type === 'empty' ? 'holds nothing' : 'holds elements'
}

function sortedValue(rule: ValueRule): unknown {
  return rule.type === 'enum' ? { ...rule, values: [...new Set(rule.values)].sort() } : rule
}

function domainFacts(bundle: Bundle): Fact[] {
  const exchanges = exchangesOf(bundle)
  return (['from', 'to'] as const).flatMap((side) =>
    bundle[side].domains.map(({ name, kind, locals }): Fact => {
      const whose = `${side === 'from' ? 'sends' : 'receives'}; ${kind === 'im' ? 'users' : 'rooms'}`
      return {
        kind: 'domain',
        name: `domain/${side}/${name}`,
        where: side === 'from' ? 'Sending side' : 'Receiving side',
        what: `domain ${name}`,
        meaning: canonicalJson([kind, locals ?? null]),
        value: locals === undefined ? `${whose}, each of them` : `${whose}; ${localsWords({ kind, locals })}`,
        ...(locals === undefined ? {} : { values: locals, rest: whose }),
        alone: exchanges.ofDomain(side, name),
      }
    }),
  )
}

/** `equivalents` are the other labels that the sending edge takes out beside it. */
function rowFact(row: LabelRow, equivalents: readonly string[]): Fact {
  const { input, output, discarded = [] } = row
  const beside =
    equivalents.length === 0
      ? ''
      : `; beside it may stand ${number(equivalents.length)} that say the same, which the edge takes out`
  const lost = discarded.length === 0 ? '' : `; dropped: ${discarded.join(', ')}`
  return {
    kind: 'row',
    name: `row/${canonicalJson(input.template)}`,
    where: 'Labels',
    what: `${sideWords(input).replaceAll('%', '\uff05')}, as %`,
    names: [labelFormName(input.form)],
    meaning: canonicalJson([output.template, output.marking, row.name, discarded, [...equivalents].sort()]),
    deciding: canonicalJson(output.template),
    value: `released as ${sideWords(output)}, ${labelFormName(output.form)}, ${dateWords(output.template)}${lost}; entry ${row.name}${beside}`,
    row,
  }
}

/** What verdicts of single stanzas do not show, and the limits and windows. */
function paperFacts(bundle: Bundle): Fact[] {
  const { limits, labels, edge, validity = {} } = bundle
  const { strip, stripInside = [], stripAttributes = [] } = edge
  const fact = (
    kind: Fact['kind'],
    name: string,
    where: string,
    what: string,
    meaning: unknown,
    value: string,
  ): Fact => ({
    kind,
    name,
    where,
    what,
    meaning: canonicalJson(meaning),
    value,
  })
  const date = (second: number | undefined): string =>
    second === undefined ? 'not stated' : formatDate(second)
  const taken = (name: string, what: string): Fact =>
    fact('paper', `edge/${name}`, 'Sending edge', what, true, 'taken out before the guard sees the stanza')
  return [
    fact('paper', 'name', 'Bundle', 'name', bundle.name, bundle.name),
    fact('paper', 'from', 'Bundle', 'name of the sending side', bundle.from.name, bundle.from.name),
    fact('paper', 'to', 'Bundle', 'name of the receiving side', bundle.to.name, bundle.to.name),
    fact('paper', 'unicode', 'Bundle', 'Unicode version', bundle.unicode, bundle.unicode),
    fact('paper', 'notBefore', 'Bundle', 'valid from', validity.notBefore ?? null, date(validity.notBefore)),
    fact('paper', 'notAfter', 'Bundle', 'valid until', validity.notAfter ?? null, date(validity.notAfter)),
    fact(
      'size',
      'limit/stanza',
      'Limits',
      'octets of a stanza',
      limits.stanzaBytes,
      number(limits.stanzaBytes),
    ),
    fact('depth', 'limit/depth', 'Limits', 'depth of elements', limits.depth, number(limits.depth)),
    fact('paper', 'limit/rate', 'Limits', 'stanzas a second', limits.rate, number(limits.rate)),
    fact('paper', 'limit/burst', 'Limits', 'stanzas at once', limits.burst, number(limits.burst)),
    fact(
      'paper',
      'limit/pair',
      'Limits',
      'stanzas between any two bare addresses',
      [limits.pairRate ?? null, limits.pairBurst ?? null],
      limits.pairRate === undefined || limits.pairBurst === undefined
        ? 'as many as of all'
        : `${number(limits.pairRate)} a second, ${number(limits.pairBurst)} at once`,
    ),
    ...windowFacts(labels),
    ...strip.map((one) => taken(clark(one), `${one.name} (${standardOf(one.ns)})`)),
    ...stripInside.map((one) =>
      taken(
        `${clark(one.parent)}/${clark(one)}`,
        `${one.name} (${standardOf(one.ns)}) inside ${one.parent.name}`,
      ),
    ),
    ...stripAttributes.map((one) =>
      taken(
        `${clark(one)}@${one.attribute}`,
        `attribute ${one.attribute} of ${one.name} (${standardOf(one.ns)})`,
      ),
    ),
  ]
}

/** The windows of dates, which decide where a label has such a date. */
function windowFacts({ rows, windows }: Bundle['labels']): Fact[] {
  const dated = (hole: string): boolean =>
    rows.some(({ input }) => input.template.some((part) => typeof part !== 'string' && part.hole === hole))
  const fact = (name: string, what: string, hole: 'creation' | 'review', seconds: number): Fact => ({
    kind: 'window',
    name: `window/${name}`,
    where: 'Dates of labels',
    what,
    meaning: canonicalJson(seconds),
    deciding: dated(hole) ? canonicalJson(seconds) : '',
    value: duration(seconds),
  })
  return [
    fact('past', 'created at most so long ago', 'creation', windows.creationPast),
    fact('future', 'created at most so far ahead', 'creation', windows.creationFuture),
    fact('review', 'review at most so long after creation', 'review', windows.reviewAfterCreation),
  ]
}
