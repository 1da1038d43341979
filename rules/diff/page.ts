/** The difference between two bundles as a page, in the words of the review. */
import type { Bundle } from '../bundle/bundle.ts'
import {
  type Block,
  type Cell,
  code,
  heading,
  type Inline,
  type Line,
  list,
  type Page,
  paragraph,
  strong,
  subheading,
  table,
  verbatim,
  warning,
} from '../review/page.ts'
import { number } from '../review/words.ts'
import { ALSO } from './changes.ts'
import { type Difference, differences, subjectOf } from './diff.ts'
import { shortList } from './words.ts'

/** A bundle with its digest. */
export type Named = Readonly<{ bundle: Bundle; digest: string }>

/** Longest example that is shown whole, in characters. */
const MOST_SHOWN = 2000
/** So many differences of a section are told in full, and so many more in a line each; those with warnings come first. */
const IN_FULL = 40
const IN_A_LINE = 400
/** So many are named in short. */
const IN_SHORT = 20

/** The page and the differences that it tells. */
export function diffPage(old: Named, fresh: Named): Readonly<{ page: Page; found: readonly Difference[] }> {
  const found = differences(old.bundle, fresh.bundle).sort((a, b) => weight(b) - weight(a))
  const now = found.filter((one) => one.now !== undefined)
  const noLonger = found.filter((one) => one.noLonger !== undefined)
  const changed = found.filter((one) => one.now === undefined && one.noLonger === undefined)
  const title = (one: Named): string => `${one.bundle.name} version ${one.bundle.version}`
  const blocks: Block[] = [
    table(
      ['', 'Old', 'New'],
      [
        ['Bundle', title(old), title(fresh)],
        ['SHA-256', code(old.digest), code(fresh.digest)],
        ['Replaces', '', replaces(old, fresh)],
      ],
    ),
    heading('In short'),
    ...inShort(found, now, noLonger, changed),
    ...section('Now allowed', now, (one) => example(onlyBy('new', one.now), one.now?.stanza)),
    ...section('No longer allowed', noLonger, (one) =>
      example(onlyBy('old', one.noLonger), one.noLonger?.stanza),
    ),
    ...section('Changed', changed, ({ changed: witness }) =>
      witness === undefined
        ? []
        : [
            ...example('This passes both', witness.stanza),
            ...example('The old bundle releases', witness.before),
            ...example('The new bundle releases', witness.after),
          ],
    ),
  ]
  return {
    page: {
      title: `${title(old)} → ${title(fresh)}`,
      subtitle: 'What the new rules change, from what they mean',
      blocks,
    },
    found,
  }
}

/** The worse, the higher: what has a warning, what shows in what is released, what no stanza shows though one might. */
function weight({ warnings, changed, unshown }: Difference): number {
  return (warnings.length > 0 ? 4 : 0) + (changed === undefined ? 0 : 2) + (unshown ? 1 : 0)
}

function inShort(
  found: readonly Difference[],
  now: readonly Difference[],
  noLonger: readonly Difference[],
  changed: readonly Difference[],
): Block[] {
  if (found.length === 0)
    return [
      paragraph(
        'Both mean the same: no stanza is judged differently, and nothing else that a guard or an edge does differs.',
      ),
    ]
  const warned = found.filter(({ warnings }) => warnings.length > 0)
  const unshown = changed.filter((one) => one.unshown)
  const released = changed.some((one) => one.changed !== undefined || one.warnings.length > 0)
  // Where a difference might let something through, that no stanza shows it proves nothing.
  const nothing = (what: string): Line =>
    unshown.length === 0
      ? `Nothing is ${what} now that was not.`
      : warning(`No stanza was found that is ${what} now and was not; see what no stanza shows`)
  return [
    list([
      now.length === 0
        ? nothing('allowed')
        : [warning(`${number(now.length)} now allowed`), `: ${places(now, 'after')}`],
      noLonger.length === 0
        ? nothing('refused')
        : [strong(`${number(noLonger.length)} no longer allowed`), `: ${places(noLonger, 'before')}`],
      changed.length === 0
        ? 'Nothing else changed.'
        : [
            released
              ? warning(`${number(changed.length)} changed, in what is released`)
              : strong(`${number(changed.length)} changed`),
            `: ${places(changed)}`,
          ],
      ...(unshown.length === 0
        ? []
        : [[warning(`${number(unshown.length)} that no stanza shows`), `: ${places(unshown)}`]]),
      ...(warned.length === 0
        ? []
        : [[warning(`${number(warned.length)} with a warning`), `: ${places(warned)}`]]),
    ]),
  ]
}

function onlyBy(bundle: 'old' | 'new', witness: Difference['now']): string {
  return witness?.edge === true
    ? `Under the ${bundle} bundle only the edge labels this so that it passes`
    : `Only the ${bundle} bundle lets this through`
}

function replaces(old: Named, { bundle }: Named): Inline {
  const stated = bundle.validity?.replaces
  if (stated === undefined) return warning('says of no bundle that it replaces it')
  return stated === old.digest ? 'the old one, by its digest' : warning(`another bundle: ${stated}`)
}

/** Subjects, with what is listed besides on the side that says so. */
function places(found: readonly Difference[], side: 'before' | 'after' = 'after'): string {
  const names = found.map((one) => {
    const words = one[side] ?? ''
    return words.startsWith(ALSO) ? `${subjectOf(one)} (${words})` : subjectOf(one)
  })
  return `${shortList([...new Set(names)], IN_SHORT, '; ')}.`
}

function section(
  title: string,
  found: readonly Difference[],
  examples: (one: Difference) => Block[],
): Block[] {
  if (found.length === 0) return []
  const [whole, rest] = [found.slice(0, IN_FULL), found.slice(IN_FULL)]
  const lines = rest.slice(0, IN_A_LINE)
  return [
    heading(title),
    ...whole.flatMap((one) => [
      subheading(titleOf(one)),
      ...one.warnings.map((text) => paragraph(warning(text))),
      ...(one.unshown ? [paragraph(warning('No stanza was found that shows it.'))] : []),
      table(
        ['', ''],
        [
          ['Before', one.before ?? 'not there'],
          ['After', one.after ?? 'not there'],
        ],
      ),
      ...examples(one),
    ]),
    ...(lines.length === 0
      ? []
      : [
          subheading(`${title}: ${number(rest.length)} more`),
          table(
            ['What', 'Before', 'After', 'Warning'],
            lines.map((one): Cell[] => [
              titleOf(one),
              one.before ?? 'not there',
              one.after ?? 'not there',
              { lines: one.warnings.map((text) => warning(text)) },
            ]),
          ),
        ]),
    ...(rest.length > lines.length
      ? [paragraph(warning(`${number(rest.length - lines.length)} more are not shown: read the review.`))]
      : []),
  ]
}

function titleOf(one: Difference): string {
  return `${shortList(one.where)}: ${subjectOf(one)}`
}

function example(title: string, stanza: string | undefined): Block[] {
  if (stanza === undefined) return []
  const shown =
    stanza.length <= MOST_SHOWN
      ? stanza
      : `${stanza.slice(0, MOST_SHOWN)}… (${Buffer.byteLength(stanza)} octets in all)`
  return [paragraph(`${title}:`), verbatim(shown)]
}
