/**
 * Security label catalogs for the far domains (XEP-0258 §5): which labels a user of this side can send to an address of
 * the other, so that a client offers nothing that the boundary would refuse.
 *
 *   requester, recipient → exchange of messages? → rows that may go that way → items
 *
 * An item is an input row of the bundle in the spelling that this edge takes: ESS or STANAG 4774 in XEP-0258. A label that
 * is listed in a STANAG 4778 binding only is offered in its 4774 form, for the client to bind (founding paper, XEP-0258
 * Catalog Provision). To a domain whose server speaks one format, each label is offered once, in that. The dates of a 4774 item are of the moment: a client that keeps a catalog keeps it no longer than the
 * bundle's window for creation.
 */
import { bareOf, type Jid } from '../rules/address/jid.ts'
import type { Bundle, Domain, InputTemplate, LabelRow, RowForm } from '../rules/bundle/bundle.ts'
import { CATALOG_NS, type CatalogItem, writeCatalog } from '../rules/label/catalog.ts'
import { createDefaultEntries } from '../rules/label/defaults.ts'
import { isPair } from '../rules/label/pair.ts'
import { LABEL_NS } from '../rules/label/stanag4774.ts'
import { fill } from '../rules/label/template.ts'
import { SEC_LABEL_NS } from '../rules/label/xep0258.ts'
import { refused } from '../rules/reasons.ts'
import { formatDate } from '../rules/text/date.ts'
import { elements, SERVER_NS, type XmlElement } from '../rules/xml/node.ts'
import { parseText } from '../rules/xml/parse.ts'
import type { Ends } from './cmbac/checks.ts'
import type { SpokenRow } from './formats/rows.ts'

export { CATALOG_NS }

/** Whether a label may go that way: every check of the edge beside the bundle's table. */
export type Permits = (row: LabelRow, ends: Ends) => boolean

/**
 * The catalog of what `requester`, of the own side, may send to `recipient`, of the far one, by the stream of the domain `by`.
 * `now` in seconds since 1970.
 */
export type Catalogs = (requester: Jid, recipient: Jid, by: string, now: number) => XmlElement

/** Items of one catalog: a client shows them in a menu, and an answer has a size. */
const MOST = 500

/** Which rows stand for the default label of a room of the far side; none where none is known. */
export type RoomDefaults = (room: Jid) => readonly LabelRow[]

/** The rows as the server of an own domain spells them; undefined: as they are listed. */
export type SpokenBy = (domain: string) => readonly SpokenRow[] | undefined

/**
 * @param permits asked for each row, at each request; @param roomDefaults for a recipient that is a room, before the sender's own
 * default; @param spokenBy asked for the domain of whoever asks.
 */
export function createCatalogs(
  bundle: Bundle,
  permits: Permits,
  roomDefaults: RoomDefaults = () => [],
  spokenBy: SpokenBy = () => undefined,
): Catalogs {
  const asListed = offered(bundle.labels.rows.map((row) => ({ row, ...row.input })))
  const asSpoken = new WeakMap<readonly SpokenRow[], readonly Offered[]>()
  const defaultFor = createDefaultEntries(bundle)
  const exchange = exchangesMessages(bundle)

  function offeredTo(domain: string): readonly Offered[] {
    const spoken = spokenBy(domain)
    if (spoken === undefined) return asListed
    const made = asSpoken.get(spoken) ?? offered(spoken)
    asSpoken.set(spoken, made)
    return made
  }

  /** The row of the label that is added for this sender. */
  function defaultOf(from: Jid): LabelRow | undefined {
    const found = defaultFor(bareOf(from))
    return found === undefined ? undefined : bundle.labels.rows[found.row]
  }

  return (requester, recipient, by, now) => {
    const ends = { from: requester, to: recipient, by }
    const fitting = exchange(requester, recipient)
      ? offeredTo(requester.domain)
          .filter(({ row }) => permits(row, ends))
          .slice(0, MOST)
      : []
    const ofRoom = roomDefaults(recipient)
    const ofSender = defaultOf(requester)
    const chosen =
      fitting.find(({ rows }) => rows.some((row) => ofRoom.includes(row))) ??
      fitting.find(({ rows }) => ofSender !== undefined && rows.includes(ofSender))
    const dates = {
      creation: formatDate(now),
      review: formatDate(now + bundle.labels.windows.reviewAfterCreation),
    }
    const selectors = selectorsOf(fitting)
    const items = fitting.map((item, at): CatalogItem => {
      const { row, payload } = item
      return {
        selector: selectors[at]!,
        payload: payload(dates),
        marking: {
          text: row.input.marking,
          fgcolor: row.input.words?.fgcolor ?? '#000000',
          bgcolor: row.input.words?.bgcolor ?? '#ffffff',
        },
        isDefault: item === chosen,
      }
    })
    return writeCatalog({
      name: bundle.to.name,
      desc: `labels that cross from ${bundle.from.name} to ${bundle.to.name}`,
      to: recipient.text,
      restrict: true,
      items,
    })
  }
}

type Dates = Readonly<{ creation: string; review: string }>

/** A row, those that have the same label, and its payload as it stands in an item. */
type Offered = Readonly<{
  row: LabelRow
  rows: readonly LabelRow[]
  form: RowForm
  payload: (dates: Dates) => XmlElement
}>

const SOME: Dates = { creation: '2000-01-01T00:00:00Z', review: '2000-01-01T00:00:00Z' }

/** Each label once in each of the two forms. A pair has no place in an item (XEP-0258 §5: one label), nor has its second half. */
function offered(spoken: readonly SpokenRow[]): Offered[] {
  const found = new Map<string, Offered & { readonly rows: LabelRow[] }>()
  for (const { row, form, value, template } of spoken) {
    if (isPair(form)) continue
    const key = `${form === 'ess-0258' ? 'ess' : '4774'} ${value}`
    const same = found.get(key)
    if (same !== undefined) {
      same.rows.push(row)
      continue
    }
    const payload = (dates: Dates) => payloadOf(row.name, template, dates)
    // A row that cannot be written is a fault of the bundle, and seen at the start.
    payload(SOME)
    found.set(key, { row, rows: [row], form, payload })
  }
  return [...found.values()]
}

/** The ESS or STANAG 4774 element in the template of a row. */
function payloadOf(name: string, template: InputTemplate, dates: Dates): XmlElement {
  const text = fill(template, dates) ?? ''
  const wrapped = parseText(`<message xmlns="${SERVER_NS}">${text}</message>`, LIMITS)
  const label = refused(wrapped) ? undefined : descend(wrapped)
  if (label === undefined) throw new Error(`the row ${name} holds no label that can be shown`)
  return label
}

const LIMITS = { stanzaBytes: 1 << 20, depth: 64 }

/** The first element below that is a label of either form. */
function descend(node: XmlElement): XmlElement | undefined {
  for (const below of elements(node)) {
    if (below.ns === LABEL_NS && below.name === 'originatorConfidentialityLabel') return below
    if (node.ns === SEC_LABEL_NS && node.name === 'label') return below
    const found = descend(below)
    if (found !== undefined) return found
  }
  return undefined
}

/** Policy, class and marking; labels that are alike so far also get the name of their row, and a number at last. */
function selectorsOf(items: readonly Offered[]): string[][] {
  const parts = items.map(({ form, row: { name, input } }) => {
    const { words, marking } = input
    const kind = form === 'ess-0258' ? 'ESS' : 'STANAG 4774'
    return { group: [words?.policy ?? kind, words?.classification ?? kind].map(plain), marking, name, kind }
  })
  const count = new Map<string, number>()
  const key = (group: readonly string[], last: string) => JSON.stringify([...group, last])
  for (const { group, marking } of parts) {
    const first = key(group, plain(marking))
    count.set(first, (count.get(first) ?? 0) + 1)
  }
  const taken = new Set<string>()
  return parts.map(({ group, marking, name, kind }) => {
    const short = plain(marking)
    const last = count.get(key(group, short)) === 1 ? short : `${short} (${plain(name)}, ${kind})`
    let unique = last
    for (let again = 2; taken.has(key(group, unique)); again++) unique = `${last} ${again}`
    taken.add(key(group, unique))
    return [...group, unique]
  })
}

/** A part of a selector: not empty, and without what divides the parts. */
function plain(text: string): string {
  return text.trim() === '' ? '-' : text.replaceAll('|', '/')
}

/** Whether the bundle lets any message go between these addresses: pairs of domains, and users where they are listed. */
function exchangesMessages(bundle: Bundle): (from: Jid, to: Jid) => boolean {
  const names = new Set(bundle.forms.filter(({ element }) => element === 'message').map(({ form }) => form))
  const pairs = bundle.pairs
    ?.filter(({ forms }) => forms.some((form) => names.has(form)))
    .map(({ from, to }) => `${from} ${to}`)
  const known = pairs === undefined ? undefined : new Set(pairs)
  const mayBe = (domains: readonly Domain[]) => {
    const byName = new Map(domains.map(({ name, locals }) => [name, locals && new Set(locals)]))
    return ({ domain, local }: Jid) =>
      byName.has(domain) && (local === '' || (byName.get(domain)?.has(local) ?? true))
  }
  const [mayFrom, mayTo] = [mayBe(bundle.from.domains), mayBe(bundle.to.domains)]
  return (from, to) =>
    names.size > 0 &&
    mayFrom(from) &&
    mayTo(to) &&
    (known === undefined || known.has(`${from.domain} ${to.domain}`))
}
