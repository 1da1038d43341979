/** Labels, clearances and markings as a person reads them on a terminal, and as JSON. */
import type { Clearance } from '../../rules/clearance/clearance.ts'
import type { SecurityCategory } from '../../rules/label/category.ts'
import type { EssLabel } from '../../rules/label/ess.ts'
import { type Label, type LabelCategory, nameOf } from '../../rules/label/label.ts'
import type { Label4774, Origin } from '../../rules/label/stanag4774.ts'
import type { Payload } from '../../rules/label/xep0258.ts'
import type { Marking } from '../../rules/spif/marking.ts'

/** Text with everything made visible that could act on a terminal or hide: controls, formats, bidirectional marks. */
export function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`)
}

/** The marking in its colours where stdout is a terminal. */
export function coloured({ text, fgcolor, bgcolor }: Marking): string {
  const shown = visible(text)
  if (!process.stdout.isTTY || process.env['NO_COLOR'] !== undefined) return shown
  return `\u001b[38;2;${rgb(fgcolor)};48;2;${rgb(bgcolor)}m ${shown} \u001b[0m`
}

function rgb(colour: string): string {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)).join(';')
}

/** Lines `name  value`, names of one width. */
export function lines(fields: readonly (readonly [string, string | undefined])[]): string {
  const present = fields.filter(([, value]) => value !== undefined)
  const width = Math.max(...present.map(([name]) => name.length))
  return present.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** The fields of a bound label. */
export function labelFields(label: Label): readonly (readonly [string, string | undefined])[] {
  return [
    ['policy', `${visible(label.policy.name)} (${visible(label.policy.id)})`],
    ['classification', `${visible(label.classification.name)} (${label.classification.lacv})`],
    ...categoryFields(label.categories),
    ['privacy mark', label.privacyMark === undefined ? undefined : visible(label.privacyMark)],
  ]
}

function categoryFields(categories: readonly LabelCategory[]): readonly (readonly [string, string])[] {
  const sets = new Map<string, string[]>()
  for (const category of categories) {
    const { tagSet, value, input } = category
    const kind = input === undefined ? value.lacv : `${value.name}, the user's own`
    sets.set(tagSet.name, [
      ...(sets.get(tagSet.name) ?? []),
      `${visible(nameOf(category))} (${visible(kind)})`,
    ])
  }
  return [...sets].map(([name, values]) => [visible(name), values.join(', ')])
}

/** A label in one line. */
export function oneLine(label: Label): string {
  const categories = label.categories.map((category) => `${category.tagSet.name}: ${nameOf(category)}`)
  const mark = label.privacyMark === undefined ? [] : [`mark ${label.privacyMark}`]
  return visible([label.classification.name, ...categories, ...mark].join(', '))
}

export function labelJson(label: Label): object {
  const { policy, classification, categories, privacyMark, origin } = label
  return {
    policy,
    classification: { name: classification.name, lacv: classification.lacv },
    categories: categories.map(categoryJson),
    ...(privacyMark === undefined ? {} : { privacyMark }),
    ...(origin === undefined ? {} : { origin }),
  }
}

function categoryJson({ tagSet, tag, value, input }: LabelCategory): object {
  return {
    tagSet: tagSet.name,
    tagSetId: tagSet.id,
    kind: tag.kind,
    value: value.name,
    lacv: value.lacv,
    ...(input === undefined ? {} : { input }),
  }
}

export function clearanceFields(clearance: Clearance): readonly (readonly [string, string | undefined])[] {
  return [
    ['policy', `${visible(clearance.policy.name)} (${visible(clearance.policy.id)})`],
    ['classifications', clearance.classifications.map((c) => visible(c.name)).join(', ') || '(none)'],
    ...categoryFields(clearance.categories),
    ['grants nothing', clearance.ignored.length === 0 ? undefined : visible(clearance.ignored.join('; '))],
  ]
}

export function clearanceJson(clearance: Clearance): object {
  return {
    policy: clearance.policy,
    classifications: clearance.classifications.map((c) => c.name),
    categories: clearance.categories.map(categoryJson),
    ignored: clearance.ignored,
  }
}

/** The fields of what is encoded, when no policy is at hand. */
export function payloadFields(
  payload: Payload | undefined,
): readonly (readonly [string, string | undefined])[] {
  if (payload === undefined) return [['label', '(empty: the default label)']]
  if (payload.format === 'ess') return essFields(payload.label)
  return payload.format === '4774' ? fields4774(payload.label) : []
}

export function essFields(label: EssLabel): readonly (readonly [string, string | undefined])[] {
  return [
    ['format', 'ESS security label (RFC 2634)'],
    ['policy', label.policy ?? '(none)'],
    ['classification', label.classification === undefined ? '(none)' : String(label.classification)],
    ['privacy mark', label.privacyMark === undefined ? undefined : visible(label.privacyMark.text)],
    ...label.categories.flatMap(categoryField),
  ]
}

function categoryField(category: SecurityCategory): readonly (readonly [string, string])[] {
  switch (category.syntax) {
    case 'acp145':
      return [[category.kind, `${category.tagSet}: ${category.values.join(', ') || '(none)'}`]]
    case 'missi':
      return category.tagSets.flatMap(({ tagSet, tags }) =>
        tags.map((tag): readonly [string, string] => [
          tag.kind,
          `${tagSet}: ${tag.values.join(', ') || '(none)'} (MISSI)`,
        ]),
      )
    case 'text':
      return [['text', visible(category.strings.join(', '))]]
    case 'unknown':
      return [['unknown', `${category.type}: ${Buffer.from(category.octets).toString('hex')}`]]
  }
}

function fields4774(label: Label4774): readonly (readonly [string, string | undefined])[] {
  const { information: i } = label
  return [
    ['format', `STANAG 4774 ${label.role} label`],
    ['policy', visible(i.policy === undefined ? i.policyName : `${i.policyName} (${i.policy})`)],
    ['classification', visible(i.classification)],
    ['privacy mark', i.privacyMark === undefined ? undefined : visible(i.privacyMark)],
    ...i.categories.map((c): readonly [string, string] => [
      visible(c.tagName),
      visible(
        `${[...c.values, ...c.numbers].join(', ')} (${c.type}${c.tagSet === undefined ? '' : ` ${c.tagSet}`})`,
      ),
    ]),
    ...originFields(label),
  ]
}

/** Originator, dates and succession of a STANAG 4774 label. */
export function originFields(origin: Origin): readonly (readonly [string, string | undefined])[] {
  const { originatorId: id, creation, review, succession } = origin
  return [
    ['originator', id === undefined ? undefined : visible(`${id.value} (${id.type})`)],
    ['created', creation],
    ['review', review],
    [
      'succession',
      succession === undefined
        ? undefined
        : visible(
            `${succession.label.information.classification} from ${succession.date ?? '?'}; not applied`,
          ),
    ],
  ]
}

/** Decoded parts as JSON can hold them. */
export function payloadJson(payload: Payload | undefined): unknown {
  if (payload === undefined || payload.format === 'other') return null
  if (payload.format === '4774') return { format: '4774', ...payload.label }
  return {
    format: 'ess',
    ...payload.label,
    categories: payload.label.categories.map((c) =>
      c.syntax === 'unknown' ? { ...c, octets: Buffer.from(c.octets).toString('hex') } : c,
    ),
  }
}
