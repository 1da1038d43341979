/** The hand-written bundle with one thing wrong: what `verify` must not start with. */
import { bundle, canonicalJson, labelOf, rows } from './fixture.ts'

/** The fixture with the member at `path` set to `value`, or taken out when that is undefined. */
export function changed(path: string, value: unknown): unknown {
  const copy = JSON.parse(canonicalJson(bundle)) as Record<string, unknown>
  const names = path.split('.')
  const last = names.pop()!
  const holder = names.reduce((at, name) => at[name] as Record<string, unknown>, copy)
  if (value === undefined) delete holder[last]
  else holder[last] = value
  return copy
}

const bodySlot = 'forms.0.slots.1.of.0'
const firstRow = 'labels.rows.0'
const bothDates = rows[2]!.input.template

/** Where, what stands there instead (undefined: nothing), and what the fault says. */
export const BAD_BUNDLES: readonly (readonly [path: string, value: unknown, message: RegExp])[] = [
  ['format', 'sallyport-bundle-2', /format/],
  ['unicode', '16.0', /Unicode/],
  ['extra', 1, /does not know/],
  ['limits.extra', 1, /limits has a member/],
  ['limits.stanzaBytes', undefined, /no member stanzaBytes/],
  ['limits.stanzaBytes', 0, /stanzaBytes/],
  ['limits.stanzaBytes', 2 ** 31, /stanzaBytes/],
  ['limits.depth', 8, /template is deeper/],
  ['limits.depth', '10', /depth/],
  ['from.domains.0.name', '', /no name/],
  ['forms.0.element', 'error', /element/],
  ['forms.0.type', null, /second form|undefined/],
  ['forms.2.type', 7, /no string/],
  ['forms.0.content', 'true', /neither/],
  ['forms.0.attributes.0.name', 'xmlns', /out of order/],
  ['forms.0.attributes.0.name', 'a:b', /no name/],
  ['forms.0.attributes.0.name', 'id', /out of order/],
  ['forms.0.attributes.0.extra', 1, /does not know/],
  ['forms.0.attributes.0.value', { type: 'regex', pattern: '.*' }, /type is none of/],
  ['forms.0.attributes.1.value', { type: 'own-number' }, /no member echo/],
  ['forms.0.attributes.1.value', { type: 'own-number', echo: 1 }, /echo is neither/],
  ['forms.0.attributes.1.value', { type: 'earlier-number', echo: 'true' }, /echo is neither/],
  ['forms.0.attributes.1.value', { type: 'answer-number', echo: true }, /does not know/],
  ['from.domains.0.kind', 'room', /kind is none of/],
  ['forms.0.attributes.0.value.side', 'all', /side/],
  ['forms.0.slots.5', { type: 'label', optional: false }, /does not know/],
  ['forms.0.slots.0', { type: 'label' }, /two label slots/],
  ['forms.0.slots.0.type', 'choice', /type is none of/],
  ['forms.0.slots.0.max', 0, /max/],
  ['forms.0.slots.0.min', 3, /max/],
  ['forms.0.slots.0.of.0.name', 'body', /slot before/],
  [`${bodySlot}.name`, 'bo dy', /no name/],
  [`${bodySlot}.ns`, 'urn:"x', /no namespace/],
  [`${bodySlot}.ns`, ' urn:x', /no namespace/],
  [`${bodySlot}.ns`, '', /no namespace/],
  [`${bodySlot}.labelling`, 'sometimes', /labelling/],
  [`${bodySlot}.content`, { type: 'any' }, /type is none of/],
  [`${bodySlot}.content.value.max`, -1, /max/],
  [`${bodySlot}.content`, { type: 'elements', slots: [{ type: 'label' }] }, /inside an element/],
  [
    `${bodySlot}`,
    {
      ...(bundle.forms[1] as unknown as { slots: { of: object[] }[] }).slots[1]!.of[0]!,
      name: 'securitylabel',
      ns: 'urn:xmpp:sec-label:0',
    },
    /outside the label slot/,
  ],
  [`${firstRow}.extra`, 1, /does not know/],
  [`${firstRow}.input.template`, rows[1]!.input.template, /input of another row/],
  [`${firstRow}.input.template`, ['<securitylabel xmlns="urn:xmpp:sec-label:0"/>'], /not one label element/],
  [`${firstRow}.input.template`, ['<label></label>'], /not one label element/],
  [`${firstRow}.input.template`, [`${labelOf(0)}${labelOf(0)}`], /not one label element/],
  [`${firstRow}.input.template`, [`${labelOf(0)} `], /not one label element/],
  [`${firstRow}.input.template`, [labelOf(0).replace('><label', '> <label')], /canonical/],
  [`${firstRow}.input.template`, [labelOf(0).replace('MQYC', 'M&#81;YC')], /canonical/],
  [`${firstRow}.input.template`, [labelOf(0).replace('<label>', '<label b="" a="">')], /canonical/],
  [
    `${firstRow}.input.template`,
    [labelOf(0).replace('<label>', '<label xmlns="urn:xmpp:sec-label:0">')],
    /canonical/,
  ],
  [`${firstRow}.input.template`, [labelOf(0).replace('<label>', '<x:label>')], /canonical/],
  [`${firstRow}.input.template`, [{ hole: 'now' }], /hole is none of/],
  [`${firstRow}.input.template`, [{ hole: 'review', seconds: 1 }], /does not know/],
  [
    'labels.rows.2.input.template',
    bothDates.map((part) => (typeof part === 'string' ? part : { hole: 'review' })),
    /no such date stands/,
  ],
  [
    'labels.rows.2.input.template',
    bothDates.map((part) =>
      typeof part === 'string' ? part : { hole: part.hole === 'review' ? 'creation' : 'review' },
    ),
    /where no such date/,
  ],
  [`${firstRow}.output.template`, bothDates, /repeats a date/],
  [
    `${firstRow}.output.template`,
    ['<securitylabel xmlns="urn:xmpp:sec-label:0"><label></securitylabel>'],
    /canonical/,
  ],
  ['labels.windows.creationPast', -1, /creationPast/],
  ['labels.windows.more', 1, /does not know/],
]
