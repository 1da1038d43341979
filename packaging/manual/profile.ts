/** doc/profile.md, made from the catalogue itself: everything switched on, with the limits that the schema names. */
import type {
  AttributeRule,
  ContentRule,
  ElementRule,
  Slot,
  StanzaForm,
  ValueRule,
} from '../../rules/bundle/bundle.ts'
import {
  CATALOGUE,
  type CatalogueName,
  PRESETS,
  UNLABELLED,
  type UnlabelledName,
} from '../../rules/profile/catalogue.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'
import { identifierRules } from '../../rules/profile/identifiers.ts'
import { STRIP, type StripGroup } from '../../rules/profile/strip.ts'
import { listed } from '../../rules/review/words.ts'
import schema from '../../rules/ruleset/ruleset.schema.json' with { type: 'json' }

const INTRODUCTION = `# The profile: what a stanza may hold

Made from \`rules/profile/\` by \`scripts/manual.ts\`; a test compares. What is not in these tables is refused: element, attribute, value,
order, number. \`doc/formats.md\` §2 says how the tables are read. Lengths are those of a ruleset that states none.

Everything is switched on here. A ruleset switches on what it needs (\`profile\` in \`doc/ruleset.md\`):
`

/** The whole page. */
export function profileManual(): string {
  const limits = schema.properties.limits.properties
  const forms = stanzaForms({
    on: new Set(Object.keys(CATALOGUE) as CatalogueName[]),
    unlabelled: new Set(Object.keys(UNLABELLED) as UnlabelledName[]),
    limits: {
      body: limits['body-characters'].default,
      subject: limits['subject-characters'].default,
      thread: limits['thread-characters'].default,
      id: limits['id-characters'].default,
      local: limits['local-characters'].default,
      resource: limits['resource-characters'].default,
      items: limits['discovery-items'].default,
    },
    identifiers: 'foreign',
    languages: schema.properties.languages.examples[0]!,
  })
  return [
    INTRODUCTION,
    table(
      ['switch', 'what crosses'],
      Object.entries(CATALOGUE).map(([name, what]) => [code(name), what]),
    ),
    '',
    'A preset switches several on:',
    '',
    table(
      ['preset', 'what it switches on'],
      Object.entries(PRESETS).map(([name, names]) => [code(name), names.map(code).join(', ')]),
    ),
    '',
    '`fmn-spiral-4` is FMN Spiral 4 less these: XEP-0012, 0047, 0055, 0060, 0068, 0313 and 0346 have no catalogue; XEP-0220 is answered with an',
    'error (design §7); of XEP-0054 cross names and organisation, of XEP-0092 name and version, of XEP-0004 the room’s own form in discovery.',
    'XEP-0106, 0114 and 0160 have no form of their own between servers, XEP-0082 is how every date is written, XEP-0141 (layout of forms) is refused.',
    '',
    'These may cross without a label, each when the ruleset lists it under `unlabelled`:',
    '',
    table(
      ['name', 'what crosses without a label'],
      Object.entries(UNLABELLED).map(([name, what]) => [code(name), what]),
    ),
    '',
    ...forms.flatMap(formSection),
    ...identifierSection(),
    ...stripSection(),
    '',
  ].join('\n')
}

function formSection(form: StanzaForm): string[] {
  const type = form.type === null ? 'no `type`' : `\`type="${form.type}"\``
  const rows = form.slots.flatMap((slot) => slotRows(slot, ''))
  return [
    `## ${form.form}`,
    '',
    `\`${form.element}\` with ${type}${form.content ? '; at least one child beside the label' : ''}.`,
    '',
    table(
      ['attribute', '', 'value'],
      form.attributes.map((a) => [code(a.name), a.required ? 'required' : 'optional', valueText(a.value)]),
    ),
    '',
    ...(rows.length === 0
      ? ['No children.']
      : [table(['child, in this order', 'namespace', 'number', 'attributes', 'content', 'label'], rows)]),
    '',
  ]
}

function slotRows(slot: Slot, indent: string): string[][] {
  if (slot.type === 'label') {
    return [
      [
        'the label: `securitylabel` or `BindingData`',
        '`urn:xmpp:sec-label:0` or `urn:nato:stanag:4778:profile:xmpp:1:0`',
        '0–1',
        '',
        'a row of the ruleset',
        '',
      ],
    ]
  }
  const number = slot.min === slot.max ? `${slot.max}` : `${slot.min}–${slot.max}`
  const together = slot.of.length > 1 ? `${number} together` : number
  return groupAlike(slot.of).flatMap(([first, names]) => [
    [
      indent + names.map(code).join(' or '),
      code(first.ns),
      slot.sorted ? `${together}, ascending` : together,
      first.attributes.map(attributeText).join('; '),
      contentText(first.content),
      { always: 'needed', 'unless-empty': 'needed unless empty', never: '' }[first.labelling],
    ],
    ...(first.content.type === 'elements'
      ? first.content.slots.flatMap((inner) => slotRows(inner, `${indent}↳ `))
      : []),
  ])
}

/** Elements that differ in nothing but their names stand in one row. */
function groupAlike(rules: readonly ElementRule[]): [ElementRule, string[]][] {
  const groups = new Map<string, [ElementRule, string[]]>()
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, name: '' })
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [rule, [rule.name]])
    else group[1].push(rule.name)
  }
  return [...groups.values()]
}

function attributeText({ name, required, value }: AttributeRule): string {
  return `${code(name)}${required ? '' : ' (optional)'}: ${valueText(value)}`
}

function contentText(content: ContentRule): string {
  if (content.type === 'empty') return 'empty'
  if (content.type === 'elements') return 'elements:'
  return valueText(content.value) + (content.mayBeEmpty ? ', or nothing' : '')
}

const ECHO = '; from a room also `r` and the number of the frame that it gives back'

function valueText(value: ValueRule): string {
  switch (value.type) {
    case 'enum':
      return listed(value.values).map(code).join(' or ')
    case 'identifier':
      return `identifier, at most ${value.max} characters`
    case 'own-number':
      return `\`o\` and the number of the frame${value.echo ? ECHO : ''}`
    case 'answer-number':
      return '`r` and the number of the answered frame'
    case 'earlier-number':
      return `\`o\` and the number of an earlier frame${value.echo ? ECHO : ''}`
    case 'text':
      return `text, at most ${value.max} code points, ${value.lines ? 'lines and tabs' : 'one line'}`
    case 'integer':
      return `integer from ${value.min} to ${value.max}`
    case 'address': {
      const of = { from: 'the sending side', to: 'the receiving side', either: 'either side' }[value.side]
      const resource = value.resource === 0 ? 'no resource' : `resource ${value.resource}`
      return `address of ${of}: local part at most ${value.local} code points, ${resource}`
    }
    case 'resource':
      return `resource, at most ${value.max} code points`
    case 'date':
      return 'date'
  }
}

/** What is another thing where the ruleset says `identifiers: numbered`. */
function identifierSection(): string[] {
  const { own, ownOrEcho, answer, earlier } = identifierRules('numbered', 0)
  const rows: [string, ValueRule][] = [
    ['`id` of groupchat, of presence available and unavailable', ownOrEcho],
    ['`id` of errors and of iq results', answer],
    ['`id` of every other stanza', own],
    ['`id` in `received`, `displayed` and `acknowledged`', answer],
    ['`id` in `replace`', earlier],
  ]
  return [
    '## Numbered identifiers',
    '',
    'With `identifiers: numbered` every stanza has an `id`, and identifiers are numbers of frames (`doc/formats.md` §2). Threads stay what they are.',
    '',
    table(
      ['where', 'value'],
      rows.map(([where, value]) => [where, valueText(value)]),
    ),
    '',
  ]
}

function stripSection(): string[] {
  const rows = Object.entries<StripGroup>(STRIP).map(([name, group]) => [
    code(name),
    group.what,
    [
      ...(group.elements ?? []).map((e) => `\`${e.name}\` in \`${e.ns}\``),
      ...(group.inside ?? []).map(
        (e) => `\`${e.name}\` in \`${e.ns}\`, child of \`${e.parent.name}\` in \`${e.parent.ns}\``,
      ),
      ...(group.attributes ?? []).map((a) => `attribute \`${a.attribute}\` of \`${a.name}\` in \`${a.ns}\``),
    ].join('; '),
  ])
  return [
    '## What the sending edge takes out',
    '',
    'Groups that a ruleset may list under `edge.strip`. Only what a stanza can lose without saying anything else than before. The guard takes out',
    'nothing: what reaches it and is not in the tables above refuses its stanza. So do, at the edge already, encrypted payloads, forwarded, carbon and',
    'archived messages, retractions, replies, reactions, files, forms in messages, room passwords.',
    '',
    table(['group', 'what it is', 'what is taken out'], rows),
  ]
}

function code(text: string): string {
  return `\`${text}\``
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
