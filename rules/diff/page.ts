/** The difference between two bundles as a page, in the words of the review. */
import type { Bundle } from '../bundle/bundle.ts'
import {
  type Block,
  code,
  heading,
  type Inline,
  list,
  type Page,
  paragraph,
  strong,
  subheading,
  table,
  verbatim,
  warning,
} from '../review/page.ts'
import { type Difference, differences, subjectOf } from './diff.ts'

/** A bundle with its digest. */
export type Named = Readonly<{ bundle: Bundle; digest: string }>

/** Longest example that is shown whole, in characters. */
const MOST_SHOWN = 2000

/** The page and the differences that it tells. */
export function diffPage(old: Named, fresh: Named): Readonly<{ page: Page; found: readonly Difference[] }> {
  const found = differences(old.bundle, fresh.bundle)
  const now = found.filter((one) => one.now !== undefined)
  const noLonger = found.filter((one) => one.noLonger !== undefined)
  const changed = found.filter((one) => one.now === undefined && one.noLonger === undefined)
  const released = changed.some((one) => one.changed !== undefined)
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
    found.length === 0
      ? paragraph(
          'Both mean the same: no stanza is judged differently, and nothing else that a guard or an edge does differs.',
        )
      : list([
          now.length === 0
            ? 'Nothing is allowed now that was not.'
            : [warning(`${now.length} now allowed`), `: ${places(now)}`],
          noLonger.length === 0
            ? 'Nothing is refused now that was not.'
            : [strong(`${noLonger.length} no longer allowed`), `: ${places(noLonger)}`],
          changed.length === 0
            ? 'Nothing else changed.'
            : [
                released
                  ? warning(`${changed.length} changed, in what is released`)
                  : strong(`${changed.length} changed`),
                `: ${places(changed)}`,
              ],
        ]),
    ...section('Now allowed', now, (one) =>
      example('Only the new bundle lets this through', one.now?.stanza),
    ),
    ...section('No longer allowed', noLonger, (one) =>
      example('Only the old bundle lets this through', one.noLonger?.stanza),
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

function replaces(old: Named, { bundle }: Named): Inline {
  const stated = bundle.validity?.replaces
  if (stated === undefined) return warning('says of no bundle that it replaces it')
  return stated === old.digest ? 'the old one, by its digest' : warning(`another bundle: ${stated}`)
}

function places(found: readonly Difference[]): string {
  return `${[...new Set(found.map(subjectOf))].join('; ')}.`
}

function section(
  title: string,
  found: readonly Difference[],
  examples: (one: Difference) => Block[],
): Block[] {
  if (found.length === 0) return []
  return [
    heading(title),
    ...found.flatMap((one) => [
      subheading(`${one.where.join(', ')}: ${subjectOf(one)}`),
      table(
        ['', ''],
        [
          ['Before', one.before ?? 'not there'],
          ['After', one.after ?? 'not there'],
        ],
      ),
      ...examples(one),
    ]),
  ]
}

function example(title: string, stanza: string | undefined): Block[] {
  if (stanza === undefined) return []
  const shown =
    stanza.length <= MOST_SHOWN
      ? stanza
      : `${stanza.slice(0, MOST_SHOWN)}… (${Buffer.byteLength(stanza)} octets in all)`
  return [paragraph(`${title}:`), verbatim(shown)]
}
