/** Labels for those who send none: what the bundle's `edge.defaultLabels` say of a sender. */
import type { Bundle, DefaultLabel } from '../bundle/bundle.ts'
import { formatDate } from '../text/date.ts'
import { fill } from './template.ts'

/** The spelling of the default label of a sender, an address or its domain; undefined when there is none. */
export type DefaultLabels = (address: string, second: number) => string | undefined

/** The entry that is for a sender; addresses come before domains. */
export function createDefaultEntries({ edge }: Bundle): (address: string) => DefaultLabel | undefined {
  const known = new Map((edge.defaultLabels ?? []).map((entry) => [entry.from, entry]))
  return (address) => {
    const bare = address.split('/', 1)[0]!
    return known.get(bare) ?? known.get(bare.slice(bare.indexOf('@') + 1))
  }
}

export function createDefaultLabels(bundle: Bundle): DefaultLabels {
  const { labels } = bundle
  const entryOf = createDefaultEntries(bundle)
  return (address, second) => {
    const entry = entryOf(address)
    if (entry === undefined) return undefined
    const creation = formatDate(second)
    const review = formatDate(second + (entry.reviewAfter ?? 0))
    return fill(labels.rows[entry.row]!.input.template, { creation, review })
  }
}
