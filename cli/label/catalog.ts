/** catalog: an XEP-0258 catalog of an allow-list or of what a clearance admits, as XML or for Prosody. */
import { readFileSync } from 'node:fs'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, loadBundle } from '../../rules/bundle/load.ts'
import { essOf, informationOf } from '../../rules/label/bind.ts'
import {
  type Catalog,
  type CatalogItem,
  selectorsFor,
  writeCatalog,
  writeProsodyConfiguration,
} from '../../rules/label/catalog.ts'
import { encodeEss } from '../../rules/label/ess.ts'
import { type BindingProblem, isProblem, labelKey } from '../../rules/label/label.ts'
import { write4774 } from '../../rules/label/stanag4774.ts'
import { BINDING_NAMESPACES } from '../../rules/label/stanag4778.ts'
import { fill } from '../../rules/label/template.ts'
import { writeEssPayload } from '../../rules/label/wire.ts'
import { marking } from '../../rules/spif/marking.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { validate } from '../../rules/spif/validity.ts'
import { encodeBase64 } from '../../rules/text/base64.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { isXmlText, serialise } from '../../rules/xml/write.ts'
import {
  type Arguments,
  choice,
  datesOf,
  type GivenLabel,
  limitOf,
  momentOf,
  no,
  note,
  spifsOf,
  whyNot,
} from './arguments.ts'
import { subjectOf } from './clearance.ts'
import { admitted } from './compose.ts'
import { bindInput, decodeInput } from './input.ts'
import * as show from './show.ts'
import { Unusable } from './unusable.ts'

export function catalogAction(args: Arguments): number {
  const form = choice('as', args.as ?? 'ess', ['ess', '4774'])
  const format = choice('format', args.format ?? 'xml', ['xml', 'prosody'])
  if (args.operand !== undefined) throw new Unusable('catalog takes its labels from --bundle or --clearance')
  const limit = limitOf(args)
  const spifs = spifsOf(args)
  const labels = args.bundle === undefined ? ofClearance(args, spifs) : ofBundle(args, args.bundle, spifs)
  const items = itemsOf(args, labels, form)
  if (items.length > limit)
    note(`${items.length - limit} of ${items.length} labels are left out; --limit gives more`)
  const kept = withDefault(args.default, items.slice(0, limit))
  const [name, desc] = [
    args.name ?? spifs[0]!.name,
    args.desc ?? `Labels of ${spifs.map((s) => s.name).join(', ')}`,
  ]
  for (const [option, text] of Object.entries({ name, desc, to: args.to ?? '' })) {
    if (!isXmlText(text)) throw new Unusable(`--${option} has a character that XML cannot hold; take it out`)
  }
  const catalog: Catalog = {
    name,
    desc,
    ...(args.to === undefined ? {} : { to: args.to }),
    restrict: args.restrict === true,
    items: kept,
  }
  process.stdout.write(
    format === 'xml' ? `${serialise(writeCatalog(catalog))}\n` : writeProsodyConfiguration(catalog),
  )
  return kept.length > 0 ? 0 : no('the catalog has no label')
}

function ofClearance(args: Arguments, spifs: readonly Spif[]): readonly GivenLabel[] {
  const subject = subjectOf(args)
  if (subject === undefined) throw new Unusable('say whose labels: --bundle FILE or --clearance C')
  const { labels, complete, reason } = admitted(spifs, subject, momentOf(args), limitOf(args))
  if (reason !== undefined) note(reason)
  if (!complete) note(`there are more than these ${labels.length} labels; --limit gives more`)
  return labels
}

/** The labels that a bundle accepts and one of the policies knows, each once, but for those that none should be given now. */
function ofBundle(args: Arguments, file: string, spifs: readonly Spif[]): readonly GivenLabel[] {
  const at = momentOf(args)
  const found = new Map<string, GivenLabel>()
  const unfit: string[] = []
  for (const row of readBundle(file).labels.rows) {
    const octets = fill(row.input.template, { creation: SOME_DATE, review: SOME_DATE })!
    const decoded = decodeInput(new TextEncoder().encode(octets), 'strict', BINDING_NAMESPACES)
    if ('problem' in decoded || decoded.kind !== 'label')
      throw new Unusable(`${show.visible(file)}: row ${row.name} holds no label`)
    const bound = bindInput(decoded, spifs)
    if ('problem' in bound)
      throw new Unusable(
        `${show.visible(file)}: row ${row.name}: ${bound.problem}; give its policy with --spif`,
      )
    const key = labelKey(bound.label)
    if (found.has(key)) continue
    found.set(key, { ...bound, label: withoutOrigin(bound.label) })
    const [invalid] = validate(bound.label, bound.spif, { isNew: true, at })
    if (invalid === undefined) continue
    unfit.push(`${row.name} (${invalid.problem}: ${invalid.detail})`)
    found.delete(key)
  }
  if (unfit.length > 0) note(`${counted(unfit.length)} may not be given at ${at}: ${some(unfit)}`)
  return [...found.values()]
}

const SOME_DATE = '2000-01-01T00:00:00Z'

function withoutOrigin({ origin: _, ...label }: GivenLabel['label']): GivenLabel['label'] {
  return label
}

function readBundle(file: string): Bundle {
  let octets: Uint8Array
  try {
    octets = readFileSync(file)
  } catch (error) {
    throw new Unusable(`cannot read the bundle ${show.visible(file)}: ${whyNot(error)}`)
  }
  try {
    return loadBundle(octets, bundleDigest(octets))
  } catch (error) {
    throw new Unusable(`${show.visible(file)} is no bundle: ${show.visible((error as Error).message)}`)
  }
}

/** An item with what `--default` may name it by. */
type Item = CatalogItem & Readonly<{ marking: NonNullable<CatalogItem['marking']> }>

/**
 * The items, each with a selector of its own: policy and class as groups, the marking as name. A label that the form cannot
 * hold is left out, and told; two that are written alike are one.
 */
function itemsOf(args: Arguments, labels: readonly GivenLabel[], form: 'ess' | '4774'): readonly Item[] {
  const written = new Map<string, Readonly<{ given: GivenLabel; payload: XmlElement }>>()
  const wrong: string[] = []
  const dates = form === '4774' ? datesOf(args) : undefined
  for (const given of labels) {
    const payload = payloadOf(given, dates)
    if (isProblem(payload)) wrong.push(`${payload.problem}: ${payload.detail}`)
    else {
      const octets = serialise(payload)
      if (!written.has(octets)) written.set(octets, { given, payload })
    }
  }
  if (wrong.length > 0) note(`${counted(wrong.length)} cannot be written as ${form}: ${some(wrong)}`)
  const marked = [...written.values()].map(({ given: { label, spif }, payload }) => {
    const made = marking(label, spif, { language: args.language })
    return { label, payload, made, marking: made.text }
  })
  const selectors = selectorsFor(marked)
  return marked.map(({ payload, made }, at) => ({ selector: selectors[at]!, payload, marking: made }))
}

function counted(count: number): string {
  return count === 1 ? 'one label is left out, which' : `${count} labels are left out, which`
}

/** Reasons, each once with how often, the most frequent ones. */
function some(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const sorted = [...counts].sort(([, a], [, b]) => b - a)
  const named = sorted.slice(0, 5).map(([reason, count]) => (count === 1 ? reason : `${reason} (${count})`))
  const others = sorted.length - named.length
  return named.join('; ') + (others === 0 ? '' : `; and ${others} other reasons`)
}

/** The items, one of them the default: the one that is named by its whole selector, its name, or its marking. */
function withDefault(wanted: string | undefined, items: readonly Item[]): readonly Item[] {
  if (wanted === undefined) return items
  const ways: readonly ((item: Item) => boolean)[] = [
    (item) => item.selector.join('|') === wanted,
    (item) => item.selector.at(-1) === wanted,
    (item) => item.marking.text === wanted,
  ]
  for (const isNamed of ways) {
    const [named, another] = items.filter(isNamed)
    if (another !== undefined) {
      const names = items.filter(isNamed).map((item) => item.selector.join('|'))
      throw new Unusable(
        `--default ${show.visible(wanted)} is said of ${names.length} labels; name one by its selector: ${show.visible(names.slice(0, 5).join(', '))}`,
      )
    }
    if (named !== undefined)
      return items.map((item) => (item === named ? { ...item, isDefault: true } : item))
  }
  throw new Unusable(`no label is marked "${show.visible(wanted)}", so it cannot be the default`)
}

/** The label as ESS, or as STANAG 4774 with dates. */
function payloadOf(
  { label, spif }: GivenLabel,
  dates: ReturnType<typeof datesOf> | undefined,
): XmlElement | BindingProblem {
  if (dates === undefined) {
    const ess = essOf(spif, label)
    return isProblem(ess) ? ess : writeEssPayload(encodeBase64(encodeEss(ess)))
  }
  const information = informationOf(spif, label)
  return isProblem(information) ? information : write4774({ role: 'originator', information, ...dates })
}
