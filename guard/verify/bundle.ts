/**
 * The bundle as `verify` knows it: forms and label rows, read from the bundle's JSON (doc/formats.md §2 and §3) and made
 * ready for comparing octets.
 *
 * A child's namespace is known from its place, so every start tag of the profile is one fixed sequence of octets as far
 * as its attributes, and stanzas need no namespace processing.
 */
import { hash } from 'node:crypto'
import type { Domains } from './address.ts'
import { escapeAttribute } from './escape.ts'
import {
  boolean,
  integer,
  items,
  type Json,
  kindOf,
  members,
  oneOf,
  parseCanonical,
  string,
  without,
} from './json.ts'
import {
  type InputPart,
  isLabel,
  type LabelRow,
  type LabelTable,
  makeLabelTable,
  type OutputPart,
} from './labels.ts'
import { CATEGORY_NAMES, makeNarrow, type Narrow, SCRIPT_NAMES } from './narrow.ts'
import { Fault, type Reason } from './reasons.ts'
import type { ValueRule } from './rules.ts'
import { UNICODE } from './tables/unicode.ts'
import { checkInputHoles, checkTemplate } from './template.ts'

/** `lead` is ` name="`; `reason` is what a value that the rule does not admit is refused for. */
export type AttributeRule = Readonly<{
  name: string
  lead: string
  required: boolean
  value: ValueRule
  reason: Extract<Reason, 'bad-attribute' | 'bad-from' | 'bad-to'>
}>

/** `opening` is `<name` or `<name xmlns="…"`, `endTag` is `</name>`. */
export type ElementRule = Readonly<{
  opening: string
  endTag: string
  attributes: readonly AttributeRule[]
  content: ContentRule
  labelling: 'always' | 'unless-empty' | 'never'
}>

export type ContentRule =
  | Readonly<{ type: 'empty' }>
  | Readonly<{ type: 'value'; value: ValueRule; mayBeEmpty: boolean }>
  | Readonly<{ type: 'elements'; slots: readonly Slot[] }>

/** `of` goes by `opening`. */
export type Slot =
  | Readonly<{
      type: 'elements'
      of: ReadonlyMap<string, ElementRule>
      min: number
      max: number
      sorted: boolean
    }>
  | Readonly<{ type: 'label' }>

export type Form = Readonly<{
  name: string
  /** The value of the root's attribute `type`. */
  type: string | undefined
  opening: string
  endTag: string
  attributes: readonly AttributeRule[]
  slots: readonly Slot[]
  content: boolean
}>

export type Bundle = Readonly<{
  /** The 32 octets that every stage must agree on. */
  digest: Buffer
  stanzaBytes: number
  depth: number
  /** By the root's opening, then by `type`, both as octets. */
  forms: ReadonlyMap<string, ReadonlyMap<string | undefined, Form>>
  /** Names of forms by the sender's domain, then by the recipient's; undefined: all. */
  pairs: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>> | undefined
  labels: LabelTable
  /** Domains of the sending side whose kind is `rooms`. */
  rooms: ReadonlySet<string>
}>

/** What value rules are read with: the domains by side, and what texts may not hold. */
type Scope = Readonly<Record<'from' | 'to' | 'either', Domains> & { narrow: Narrow | undefined }>

const STANZA_NS = 'jabber:server'
const MOST_STANZA = 16 * 1024 * 1024

/** Reads a bundle whose SHA-256 is `digest` (64 hexadecimal digits). Throws a Fault that says what is wrong with it. */
export function readBundle(octets: Buffer, digest: string): Bundle {
  const actual = hash('sha256', octets, 'buffer')
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new Fault('--digest is not 64 hexadecimal digits')
  if (actual.toString('hex') !== digest) throw new Fault('the bundle does not have the digest of --digest')
  const bundle = members(
    without(parseCanonical(octets), 'examples', 'origins', 'pacing', 'validity'),
    ['edge', 'format', 'forms', 'from', 'labels', 'limits', 'name', 'sources', 'to', 'unicode', 'version'],
    ['content', 'pairs'],
  )
  oneOf(bundle.format, 'sallyport-bundle-1')
  if (string(bundle.unicode) !== UNICODE) {
    throw new Fault(`the bundle has the rules of another Unicode version than ${UNICODE}`)
  }
  const limits = members(bundle.limits, ['burst', 'depth', 'rate', 'stanzaBytes'], ['pairBurst', 'pairRate'])
  const depth = integer(limits.depth, 1)
  const from = readSide(bundle.from)
  const to = readSide(bundle.to)
  const narrow = bundle.content && readNarrow(bundle.content)
  const either = new Map([...from.domains, ...to.domains])
  return {
    digest: actual,
    stanzaBytes: integer(limits.stanzaBytes, 1, MOST_STANZA),
    depth,
    forms: readForms(bundle.forms, { from: from.domains, to: to.domains, either, narrow }),
    pairs: bundle.pairs && readPairs(bundle.pairs),
    labels: readLabels(bundle.labels, depth),
    rooms: from.rooms,
  }
}

function readSide(json: Json): { domains: Domains; rooms: ReadonlySet<string> } {
  const domains = new Map<string, ReadonlySet<string> | undefined>()
  const rooms = new Set<string>()
  for (const item of items(members(json, ['domains', 'name']).domains)) {
    const domain = members(item, ['kind', 'name'], ['locals'])
    const name = string(domain.name)
    if (name === '') throw new Fault(`${item.path} has no name`)
    domains.set(name, domain.locals && new Set(items(domain.locals).map(string)))
    if (oneOf(domain.kind, 'im', 'rooms') === 'rooms') rooms.add(name)
  }
  return { domains, rooms }
}

function readPairs(json: Json): NonNullable<Bundle['pairs']> {
  const pairs = new Map<string, Map<string, ReadonlySet<string>>>()
  for (const item of items(json)) {
    const pair = members(without(item, 'burst', 'rate'), ['forms', 'from', 'to'])
    const ofSender = pairs.get(string(pair.from)) ?? new Map<string, ReadonlySet<string>>()
    if (ofSender.has(string(pair.to))) throw new Fault(`${item.path} is a second rule for its domains`)
    pairs.set(string(pair.from), ofSender.set(string(pair.to), new Set(items(pair.forms).map(string))))
  }
  return pairs
}

function readNarrow(json: Json): Narrow {
  const choice = members(
    json,
    [],
    ['categories', 'joiners', 'links', 'marks', 'mixedWords', 'scripts', 'words'],
  )
  const names = (one: Json, known: readonly string[]) => items(one).map((item) => oneOf(item, ...known))
  return makeNarrow({
    scripts: choice.scripts && names(choice.scripts, SCRIPT_NAMES),
    categories: choice.categories && names(choice.categories, CATEGORY_NAMES),
    joiners: choice.joiners === undefined || boolean(choice.joiners),
    marks: choice.marks === undefined ? Number.POSITIVE_INFINITY : integer(choice.marks),
    mixedWords: choice.mixedWords === undefined || boolean(choice.mixedWords),
    links: choice.links === undefined || boolean(choice.links),
    words: choice.words === undefined ? [] : items(choice.words).map(string),
  })
}

function readForms(json: Json, scope: Scope): Bundle['forms'] {
  const forms = new Map<string, Map<string | undefined, Form>>()
  for (const item of items(json)) {
    const form = readForm(item, scope)
    const ofRoot = forms.get(form.opening) ?? new Map<string | undefined, Form>()
    forms.set(form.opening, ofRoot)
    const key = form.type === undefined ? undefined : asOctets(escapeAttribute(form.type))
    if (ofRoot.has(key)) throw new Fault(`${item.path} is a second form of its element and type`)
    ofRoot.set(key, form)
  }
  return forms
}

function readForm(json: Json, scope: Scope): Form {
  const form = members(json, ['attributes', 'content', 'element', 'form', 'slots', 'type'])
  const name = oneOf(form.element, 'message', 'presence', 'iq')
  const slots = readSlots(form.slots, scope, STANZA_NS, true)
  if (slots.filter((slot) => slot.type === 'label').length > 1) {
    throw new Fault(`${form.slots.path} has two label slots`)
  }
  return {
    name: string(form.form),
    type: form.type.value === null ? undefined : string(form.type),
    opening: `<${name} xmlns="${STANZA_NS}"`,
    endTag: `</${name}>`,
    attributes: readAttributes(form.attributes, scope, true),
    slots,
    content: boolean(form.content),
  }
}

function readAttributes(json: Json, scope: Scope, root: boolean): AttributeRule[] {
  let last = ''
  return items(json).map((item) => {
    const rule = members(item, ['name', 'required', 'value'])
    const name = string(rule.name)
    if (name !== 'xml:lang') checkName(name, rule.name.path)
    if (name === 'xmlns' || last === 'xml:lang' || (name !== 'xml:lang' && name <= last)) {
      throw new Fault(`${rule.name.path} is out of order`)
    }
    last = name
    const reason = root && name === 'from' ? 'bad-from' : root && name === 'to' ? 'bad-to' : 'bad-attribute'
    const value = readValueRule(rule.value, scope)
    return { name, lead: ` ${name}="`, required: boolean(rule.required), value, reason }
  })
}

function readSlots(json: Json, scope: Scope, parent: string, root: boolean): Slot[] {
  const slots: Slot[] = []
  for (const item of items(json)) {
    const slot = readSlot(item, scope, parent, root)
    const before = slots.at(-1)
    if (before?.type === 'elements' && slot.type === 'elements') {
      for (const opening of slot.of.keys()) {
        if (before.of.has(opening)) throw new Fault(`${item.path} takes what the slot before it takes`)
      }
    }
    slots.push(slot)
  }
  return slots
}

function readSlot(json: Json, scope: Scope, parent: string, root: boolean): Slot {
  if (kindOf(json, 'type', 'elements', 'label') === 'label') {
    members(json, ['type'])
    if (!root) throw new Fault(`${json.path} is a label slot inside an element`)
    return { type: 'label' }
  }
  const slot = members(json, ['max', 'min', 'of', 'sorted', 'type'])
  const of = new Map<string, ElementRule>()
  for (const item of items(slot.of)) {
    const rule = readElementRule(item, scope, parent)
    if (of.has(rule.opening)) throw new Fault(`${item.path} is in its slot twice`)
    if (isLabel(rule.opening)) throw new Fault(`${item.path} is a label outside the label slot`)
    of.set(rule.opening, rule)
  }
  const min = integer(slot.min)
  return { type: 'elements', of, min, max: integer(slot.max, Math.max(min, 1)), sorted: boolean(slot.sorted) }
}

function readElementRule(json: Json, scope: Scope, parent: string): ElementRule {
  const rule = members(json, ['attributes', 'content', 'labelling', 'name', 'ns'])
  const name = string(rule.name)
  checkName(name, rule.name.path)
  const ns = string(rule.ns)
  // A namespace that needs no escaping, and that no parser would trim.
  if (!/^[!#-%(-;=?-~]+$/.test(ns)) throw new Fault(`${rule.ns.path} is no namespace`)
  return {
    opening: ns === parent ? `<${name}` : `<${name} xmlns="${ns}"`,
    endTag: `</${name}>`,
    attributes: readAttributes(rule.attributes, scope, false),
    content: readContentRule(rule.content, scope, ns),
    labelling: oneOf(rule.labelling, 'always', 'unless-empty', 'never'),
  }
}

function readContentRule(json: Json, scope: Scope, ns: string): ContentRule {
  switch (kindOf(json, 'type', 'empty', 'value', 'elements')) {
    case 'empty':
      members(json, ['type'])
      return { type: 'empty' }
    case 'value': {
      const rule = members(json, ['mayBeEmpty', 'type', 'value'])
      return {
        type: 'value',
        value: readValueRule(rule.value, scope),
        mayBeEmpty: boolean(rule.mayBeEmpty),
      }
    }
    case 'elements':
      return { type: 'elements', slots: readSlots(members(json, ['slots', 'type']).slots, scope, ns, false) }
  }
}

function readValueRule(json: Json, scope: Scope): ValueRule {
  const type = kindOf(
    json,
    'type',
    'enum',
    'identifier',
    'text',
    'date',
    'integer',
    'address',
    'resource',
    'own-number',
    'answer-number',
    'earlier-number',
  )
  switch (type) {
    case 'enum':
      return { type, values: new Set(items(members(json, ['type', 'values']).values).map(string)) }
    case 'identifier':
      return { type, max: integer(members(json, ['max', 'type']).max, 1) }
    case 'text': {
      const rule = members(json, ['lines', 'max', 'type'])
      return {
        type,
        max: integer(rule.max, 1),
        blanks: { lines: boolean(rule.lines), ideographic: true },
        narrow: scope.narrow,
      }
    }
    case 'integer': {
      const rule = members(json, ['max', 'min', 'type'])
      const min = integer(rule.min, Number.MIN_SAFE_INTEGER)
      return { type, min, max: integer(rule.max, min) }
    }
    case 'address': {
      const rule = members(json, ['local', 'resource', 'side', 'type'])
      return {
        type,
        domains: scope[oneOf(rule.side, 'from', 'to', 'either')],
        most: { local: integer(rule.local), resource: integer(rule.resource) },
      }
    }
    case 'resource':
      return { type, most: integer(members(json, ['max', 'type']).max, 1) }
    case 'own-number':
    case 'earlier-number':
      return { type, echo: boolean(members(json, ['echo', 'type']).echo) }
    case 'answer-number':
    case 'date':
      members(json, ['type'])
      return { type }
  }
}

function readLabels(json: Json, depth: number): LabelTable {
  const labels = members(json, ['rows', 'windows'])
  const windows = members(labels.windows, ['creationFuture', 'creationPast', 'reviewAfterCreation'])
  const rows = items(labels.rows).map((item) => readRow(item, depth))
  const table = makeLabelTable(
    {
      creationPast: integer(windows.creationPast),
      creationFuture: integer(windows.creationFuture),
      reviewAfterCreation: integer(windows.reviewAfterCreation),
    },
    rows,
  )
  if (typeof table === 'number') throw new Fault(`${labels.rows.path}[${table}] has the input of another row`)
  return table
}

function readRow(json: Json, depth: number): LabelRow {
  const row = members(without(json, 'discarded'), ['input', 'name', 'output'])
  const from = members(without(row.input, 'words', 'beside'), ['form', 'marking', 'template', 'value'])
  const to = members(without(row.output, 'words', 'beside'), ['form', 'marking', 'template'])
  const input = items(from.template).map((part): InputPart => {
    if (typeof part.value === 'string') return string(part)
    return { hole: oneOf(members(part, ['hole']).hole, 'creation', 'review') }
  })
  const output = items(to.template).map((part): OutputPart => {
    if (typeof part.value === 'string') return string(part)
    if (kindOf(part, 'hole', 'creation', 'review', 'now', 'now-plus') === 'now-plus') {
      const hole = members(part, ['hole', 'seconds'])
      return { hole: 'now-plus', seconds: integer(hole.seconds) }
    }
    return { hole: oneOf(members(part, ['hole']).hole, 'creation', 'review', 'now') }
  })
  checkInputHoles(input, from.template.path)
  if (checkTemplate(input, from.template.path) + 1 > depth) {
    throw new Fault(`${from.template.path} is deeper than limits.depth`)
  }
  checkTemplate(output, to.template.path)
  for (const part of output) {
    if (typeof part === 'string' || (part.hole !== 'creation' && part.hole !== 'review')) continue
    if (!input.some((one) => typeof one !== 'string' && one.hole === part.hole)) {
      throw new Fault(`${to.template.path} repeats a date that the input does not have`)
    }
  }
  return { input, output }
}

/** Names in the bundle are ASCII without colon, so that they stand for themselves in octets and in text. */
function checkName(name: string, path: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9._-]*$/.test(name)) throw new Fault(`${path} is no name`)
}

/** A text as its octets in UTF-8, one character for each. */
function asOctets(text: string): string {
  return Buffer.from(text).toString('latin1')
}
