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
import { choiceWords, defaultWords, localsWords, pairWords, titlesOf } from '../review/choices.ts'
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

/**
 * `kind` tells what can show that it differs. `where` and `what` are for people: the same `what` in several places is told once.
 * `%` in `what` stands for `names`, so that what is the same of several names is told once. `meaning` is equal exactly when the fact is the same; `value` says it in words. `values` are those of a closed list.
 */
export type Fact = Readonly<{
  kind: 'domain' | 'form' | 'profile' | 'row' | 'window' | 'size' | 'depth' | 'edge' | 'paper'
  name: string
  where: string
  what: string
  names?: readonly string[]
  meaning: string
  value: string
  values?: readonly string[]
  row?: LabelRow
}>

/** The name of the label among the children of a form. */
export const LABEL_NAME = '{label}'

/** Children of one parent in the order of their slots; those of one inner list share a slot. */
export type ChildOrder = Readonly<{ parent: string; where: string; slots: readonly (readonly string[])[] }>

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
  for (const form of bundle.forms) {
    const where = formTitle(form)
    add({
      kind: 'form',
      name: form.form,
      where,
      what: 'the whole form',
      meaning: canonicalJson([form.element, form.type, form.content]),
      value: form.content ? 'may cross, with at least one child' : 'may cross',
    })
    const walk = { bundle, where, add, orders }
    attributeFacts(form.attributes, form.form, '', walk)
    slotFacts(form.slots, form.form, '', walk)
  }
  for (const row of bundle.labels.rows) add(rowFact(row))
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
      ...(value.type === 'enum' ? { values: value.values } : {}),
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
        meaning: '',
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
  const holds = contentWords(content, walk.bundle)
  walk.add({
    kind: 'profile',
    name,
    where: walk.where,
    what: `${trail}%${rule.ns === SERVER_NS ? '' : ` (${standardOf(rule.ns)})`}`,
    names: [rule.name],
    meaning: canonicalJson([min, max, sorted && max > 1, contentMeaning(content), labelling]),
    value: [countWords({ ...slot, of: [rule] }), holds, label[labelling]]
      .filter((words) => words !== '')
      .join('; '),
    ...(content.type === 'value' && content.value.type === 'enum' ? { values: content.value.values } : {}),
  })
  const deeper = `${trail}${rule.name} › `
  attributeFacts(rule.attributes, name, deeper, walk)
  if (content.type === 'elements') slotFacts(content.slots, name, deeper, walk)
}

function contentMeaning(content: ContentRule): unknown {
  if (content.type === 'value') return ['value', content.mayBeEmpty, sortedValue(content.value)]
  // No element can stand in slots that take none.
  const empty = content.type === 'empty' || content.slots.length === 0
  return empty ? ['empty'] : ['elements']
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
  return (['from', 'to'] as const).flatMap((side) =>
    bundle[side].domains.map(({ name, kind, locals }): Fact => {
      const sends = side === 'from' ? 'sends' : 'receives'
      return {
        kind: 'domain',
        name: `domain/${side}/${name}`,
        where: side === 'from' ? 'Sending side' : 'Receiving side',
        what: `domain ${name}`,
        meaning: canonicalJson([kind, locals ?? null]),
        value: [
          sends,
          kind === 'im' ? 'users' : 'rooms',
          localsWords({ name, kind, ...(locals === undefined ? {} : { locals }) }),
        ]
          .filter((words) => words !== '')
          .join('; '),
      }
    }),
  )
}

/** Pairs of domains, what is taken away from texts, pacing. What a bundle does not say is a fact too. */
function choiceFacts({ pairs, forms, content, pacing, edge, labels }: Bundle): Fact[] {
  const fact = (name: string, where: string, what: string, meaning: unknown, value: string): Fact => ({
    kind: 'paper',
    name,
    where,
    what,
    meaning: canonicalJson(meaning),
    value,
  })
  const texts = choiceWords(content ?? {})
  return [
    fact(
      'pairs',
      'Domains',
      'which domains send to which',
      pairs !== undefined,
      pairs === undefined ? 'each to each' : 'as listed',
    ),
    ...(pairs ?? []).map((pair) =>
      fact(
        `pair/${pair.from}/${pair.to}`,
        'Domains',
        `${pair.from} to ${pair.to}`,
        [[...pair.forms].sort(), pair.rate ?? null, pair.burst ?? null],
        pairWords(pair, titlesOf(forms)),
      ),
    ),
    ...Object.entries(content ?? {}).map(([name, value]) =>
      fact(`content/${name}`, 'Texts', name, value, texts.get(name) ?? 'as the content rules say'),
    ),
    ...(edge.defaultLabels ?? []).map(({ from, row, reviewAfter }) =>
      fact(
        `default/${from}`,
        'Sending edge',
        `label added for ${from}`,
        [labels.rows[row]?.input.template ?? null, reviewAfter ?? null],
        defaultWords(labels.rows[row]),
      ),
    ),
    ...(pacing === undefined
      ? []
      : [
          fact(
            'pacing',
            'Limits',
            'pacing of the one-way link',
            pacing,
            `a frame every ${number(pacing.slotMilliseconds)} ms, in sizes ${pacing.sizes.map(number).join(', ')}`,
          ),
        ]),
  ]
}

function rowFact(row: LabelRow): Fact {
  const { input, output, discarded = [] } = row
  const lost = discarded.length === 0 ? '' : `; dropped: ${discarded.join(', ')}`
  return {
    kind: 'row',
    name: `row/${canonicalJson(input.template)}`,
    where: 'Labels',
    what: `${sideWords(input).replaceAll('%', '\uff05')}, as %`,
    names: [labelFormName(input.form)],
    meaning: canonicalJson([output.template, output.marking, row.name]),
    value: `released as ${sideWords(output)}, ${labelFormName(output.form)}, ${dateWords(output.template)}${lost}; entry ${row.name}`,
    row,
  }
}

/** What verdicts of single stanzas do not show, and the limits and windows. */
function paperFacts(bundle: Bundle): Fact[] {
  const { limits, labels, edge, validity = {} } = bundle
  const { strip, stripInside = [], stripAttributes = [], equivalents = [] } = edge
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
  const { creationPast, creationFuture, reviewAfterCreation } = labels.windows
  const taken = (name: string, what: string): Fact =>
    fact('edge', `edge/${name}`, 'Sending edge', what, true, 'taken out before the guard sees the stanza')
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
    fact(
      'window',
      'window/past',
      'Dates of labels',
      'created at most so long ago',
      creationPast,
      duration(creationPast),
    ),
    fact(
      'window',
      'window/future',
      'Dates of labels',
      'created at most so far ahead',
      creationFuture,
      duration(creationFuture),
    ),
    fact(
      'window',
      'window/review',
      'Dates of labels',
      'review at most so long after creation',
      reviewAfterCreation,
      duration(reviewAfterCreation),
    ),
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
    fact(
      'edge',
      'edge/equivalents',
      'Sending edge',
      'other labels that may stand beside a listed one and say the same',
      labels.rows.map(({ input }, at) => canonicalJson([input.value, equivalents[at] ?? []])).sort(),
      number(equivalents.flat().length),
    ),
  ]
}
