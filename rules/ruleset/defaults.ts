/** Default labels: what the sending edge adds where a label is missing. */
import { parseJid } from '../address/jid.ts'
import type { DefaultLabel, LabelRow } from '../bundle/bundle.ts'
import { seconds } from './duration.ts'
import type { Problem } from './problem.ts'
import type { RulesetSource } from './schema.ts'
import type { YamlSource } from './yaml.ts'

/** The default labels as numbers of rows, and what is wrong with them. */
export function defaultLabelsOf(
  ruleset: RulesetSource,
  yaml: YamlSource,
  rows: readonly LabelRow[],
): Readonly<{ defaults: readonly DefaultLabel[]; problems: readonly Problem[] }> {
  const problems: Problem[] = []
  const defaults: DefaultLabel[] = []
  const seen = new Set<string>()
  const domains = ruleset.from.domains.map(({ name }) => name)
  for (const [index, source] of (ruleset.edge['default-labels'] ?? []).entries()) {
    const { from, label, form } = source
    const after = source['review-after']
    const wrong = (key: string, message: string): void => {
      problems.push(yaml.problem(['edge', 'default-labels', index, key], message))
    }
    const jid = parseJid(from)
    if (jid?.text !== from || jid.resource !== '' || !domains.includes(jid.domain)) {
      wrong(
        'from',
        `"${from}" is no address or domain of the sending side; its domains are ${domains.join(', ')}`,
      )
    }
    if (seen.has(from)) wrong('from', `"${from}" has a default label already; remove one`)
    seen.add(from)
    const row = rows.findIndex(({ name, input }) => name === label && input.form === form)
    if (row < 0) {
      wrong(
        'label',
        `no label "${label}" is accepted as ${form}; name one of labels.sets, in a form that its set accepts`,
      )
      continue
    }
    const dated = form !== 'ess-0258'
    if (dated && after === undefined)
      wrong('form', `${form} has a review date; add review-after, such as 365d`)
    if (!dated && after !== undefined) wrong('review-after', `${form} has no dates; remove review-after`)
    const most = ruleset.labels.windows['review-after-creation']
    if (after !== undefined && seconds(after) > seconds(most)) {
      wrong(
        'review-after',
        `${after} is more than review-after-creation, ${most}, so the label would be refused; lower it`,
      )
    }
    defaults.push({ from, row, ...(after === undefined ? {} : { reviewAfter: seconds(after) }) })
  }
  return { defaults, problems }
}
