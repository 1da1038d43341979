/** Labels for those who send none: what the bundle's `edge.defaultLabels` say of a sender. */
import type { Bundle } from '../bundle/bundle.ts'
import { formatDate } from '../text/date.ts'
import { fill } from './template.ts'

/** The spelling of the default label of a sender, an address or its domain; undefined when there is none. */
export type DefaultLabels = (address: string, second: number) => string | undefined

export function createDefaultLabels({ edge, labels }: Bundle): DefaultLabels {
  const known = new Map((edge.defaultLabels ?? []).map((entry) => [entry.from, entry]))
  if (known.size === 0) return () => undefined
  return (address, second) => {
    const bare = address.split('/', 1)[0]!
    const entry = known.get(bare) ?? known.get(bare.slice(bare.indexOf('@') + 1))
    if (entry === undefined) return undefined
    const creation = formatDate(second)
    const review = formatDate(second + (entry.reviewAfter ?? 0))
    return fill(labels.rows[entry.row]!.input.template, { creation, review })
  }
}
