/**
 * What a sender can still say beside the words of a labelled message: bits per stanza, by carrier.
 *
 * An upper bound, counted from the rules alone: every value that a rule admits counts as one choice, whether or not a real server would
 * let it be chosen. Text that crosses only under a label is content, not a carrier. No carrier holds more than a whole stanza of text. test/covert measures the same at the verifiers.
 */
import type { Bundle, ElementRule, Slot, StanzaForm, ValueRule } from '../bundle/bundle.ts'
import { COUNTS, GENERATIONS } from '../text/numbered.ts'

/** The carriers, in the order in which they are shown. */
export const CARRIERS = {
  'stanza-id': 'identifier of the stanza',
  identifiers: 'other identifiers: thread, receipt, correction',
  addresses: 'local parts and resources of addresses, nicknames',
  language: 'language tags',
  dates: 'dates of delayed delivery',
  numbers: 'numbers',
  choices: 'which optional elements stand there, and which values of closed lists',
  'free-text': 'text that needs no label',
  'label-choice': 'which of the listed labels',
  'label-dates': 'dates of the label that are kept',
} as const

export type Carrier = keyof typeof CARRIERS

/** Bits by carrier; what is not there is 0. */
export type Bits = Readonly<Partial<Record<Carrier, number>>>

/** Characters of an identifier (doc/formats.md §2): U+0021–U+007E without five. */
const IDENTIFIER_CHARACTERS = 89
/** Frames that an identifier can name. */
const NUMBERS = GENERATIONS * COUNTS
/** Code points that can stand in a local part, in a resource and in a text. */
const LOCAL_CHARACTERS = 141_361
const TEXT_CHARACTERS = 157_384
/** Whatever is written, an octet of it carries no more bits: 95 characters have one octet, and few have two. */
const OCTET_BITS = 7
/** Octets of a local part and of a resource (RFC 7622 §3.3 and §3.4). */
const PART_OCTETS = 1023
/** Seconds from 1970 to 9999. */
const DATES = 253_402_300_800

/** The bits of each form of stanza. */
export function residualBits(bundle: Bundle): { form: StanzaForm; bits: Bits }[] {
  return bundle.forms.map((form) => {
    const [id, others] = [
      form.attributes.filter(({ name }) => name === 'id'),
      form.attributes.filter(({ name }) => name !== 'id'),
    ]
    const idBits = attributeBits(id, bundle)
    const labelled = form.slots.some((slot) => slot.type === 'label')
    const bits = sum([
      { 'stanza-id': idBits.identifiers ?? 0 },
      attributeBits(others, bundle),
      slotBits(form.slots, bundle),
      labelled ? labelBits(bundle) : {},
    ])
    const most = bundle.limits.stanzaBytes * OCTET_BITS
    const entries = Object.entries(bits).map(([carrier, value]) => [carrier, Math.min(value, most)])
    return { form, bits: Object.fromEntries(entries) as Bits }
  })
}

/** All carriers together. */
export function total(bits: Bits): number {
  return Object.values(bits).reduce((all, one) => all + one, 0)
}

function attributeBits(rules: StanzaForm['attributes'], bundle: Bundle): Bits {
  return sum(
    rules.map(({ name, required, value }) => {
      const bits =
        name === 'xml:lang' ? { language: total(valueBits(value, bundle)) } : valueBits(value, bundle)
      return required ? bits : sum([bits, { choices: presence(bits) }])
    }),
  )
}

/** What it adds that a value may also be absent: next to nothing where there are many values. */
function presence(bits: Bits): number {
  const values = 2 ** Math.min(total(bits), 60)
  return Math.log2(values + 1) - Math.log2(values)
}

function slotBits(slots: readonly Slot[], bundle: Bundle): Bits {
  return sum(
    slots.map((slot) => {
      if (slot.type === 'label' || slot.max === 0) return {}
      const each = slot.of.map((rule) => elementBits(rule, bundle))
      const widest = greatest(each)
      const kinds = each.reduce((all, bits) => all + 2 ** Math.min(bits.choices ?? 0, 60), 0)
      if (slot.max === 1) {
        const choices = Math.log2(kinds + (slot.min === 0 ? 1 : 0))
        return { ...widest, choices }
      }
      const closed = Object.keys(widest).every((carrier) => carrier === 'choices')
      const many = slot.sorted && closed ? subsets(kinds, slot.max) : slot.max * Math.log2(kinds + 1)
      return { ...times(widest, slot.max), choices: many }
    }),
  )
}

/** log2 of the number of sets of at most `most` of `kinds` things. */
function subsets(kinds: number, most: number): number {
  let all = 1
  let these = 1
  for (let size = 1; size <= Math.min(most, kinds); size++) {
    these *= (kinds - size + 1) / size
    all += these
    if (!Number.isFinite(all)) return kinds
  }
  return Math.log2(all)
}

function elementBits(rule: ElementRule, bundle: Bundle): Bits {
  const attributes = attributeBits(rule.attributes, bundle)
  const { content } = rule
  if (content.type === 'empty') return attributes
  if (content.type === 'elements') return sum([attributes, slotBits(content.slots, bundle)])
  if (content.value.type === 'text' && rule.labelling !== 'never') return attributes
  return sum([attributes, valueBits(content.value, bundle)])
}

function valueBits(rule: ValueRule, bundle: Bundle): Bits {
  switch (rule.type) {
    case 'enum':
      return { choices: Math.log2(Math.max(1, rule.values.length)) }
    case 'identifier':
      return { identifiers: rule.max * Math.log2(IDENTIFIER_CHARACTERS) }
    case 'own-number':
      return rule.echo && hasRooms(bundle) ? { identifiers: Math.log2(NUMBERS + 1) } : {}
    case 'answer-number':
    case 'earlier-number':
      return { identifiers: Math.log2(NUMBERS) }
    case 'integer':
      return { numbers: Math.log2(rule.max - rule.min + 1) }
    case 'date':
      return { dates: Math.log2(DATES) }
    case 'text':
      return { 'free-text': rule.max * Math.log2(TEXT_CHARACTERS) }
    case 'resource':
      return { addresses: partBits(rule.max, TEXT_CHARACTERS) }
    case 'address': {
      const count = (side: 'from' | 'to'): number => bundle[side].domains.length
      const domains = rule.side === 'either' ? count('from') + count('to') : count(rule.side)
      const parts = partBits(rule.local, LOCAL_CHARACTERS) + partBits(rule.resource, TEXT_CHARACTERS)
      return { addresses: Math.log2(domains) + parts }
    }
  }
}

/** A part of an address of so many code points. */
function partBits(points: number, alphabet: number): number {
  return Math.min(points * Math.log2(alphabet), PART_OCTETS * OCTET_BITS)
}

/** Only a room gives back what it was sent. */
function hasRooms({ from }: Bundle): boolean {
  return from.domains.some(({ kind }) => kind === 'rooms')
}

/** The label: which released spelling, and the dates that it keeps. */
function labelBits({ labels }: Bundle): Bits {
  const { windows, rows } = labels
  const spellings = new Set(rows.map((row) => JSON.stringify(row.output.template)))
  const keeps = (hole: string): boolean =>
    rows.some(({ output }) => output.template.some((part) => typeof part !== 'string' && part.hole === hole))
  return {
    'label-choice': Math.log2(spellings.size + 1),
    'label-dates':
      (keeps('creation') ? Math.log2(windows.creationPast + windows.creationFuture + 1) : 0) +
      (keeps('review') ? Math.log2(windows.reviewAfterCreation + 1) : 0),
  }
}

function sum(all: readonly Bits[]): Bits {
  const out: Partial<Record<Carrier, number>> = {}
  for (const bits of all) {
    for (const [carrier, value] of Object.entries(bits) as [Carrier, number][]) {
      if (value > 0) out[carrier] = (out[carrier] ?? 0) + value
    }
  }
  return out
}

function greatest(all: readonly Bits[]): Bits {
  const out: Partial<Record<Carrier, number>> = {}
  for (const bits of all) {
    for (const [carrier, value] of Object.entries(bits) as [Carrier, number][]) {
      out[carrier] = Math.max(out[carrier] ?? 0, value)
    }
  }
  return out
}

function times(bits: Bits, factor: number): Bits {
  return Object.fromEntries(Object.entries(bits).map(([carrier, value]) => [carrier, value * factor]))
}
