/** catalog: an XEP-0258 catalog of an allow-list or of what a clearance admits, as XML or for Prosody. */
import { readFileSync } from 'node:fs'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { bundleDigest, loadBundle } from '../../rules/bundle/load.ts'
import { essOf, informationOf } from '../../rules/label/bind.ts'
import {
  type Catalog,
  type CatalogItem,
  writeCatalog,
  writeProsodyConfiguration,
} from '../../rules/label/catalog.ts'
import { encodeEss } from '../../rules/label/ess.ts'
import { isProblem, labelKey } from '../../rules/label/label.ts'
import { write4774 } from '../../rules/label/stanag4774.ts'
import { fill } from '../../rules/label/template.ts'
import { writeEssPayload } from '../../rules/label/wire.ts'
import { enumerateLabels } from '../../rules/spif/composition.ts'
import { marking } from '../../rules/spif/marking.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { encodeBase64 } from '../../rules/text/base64.ts'
import type { XmlElement } from '../../rules/xml/node.ts'
import { serialise } from '../../rules/xml/write.ts'
import {
  type Arguments,
  choice,
  datesOf,
  decodeArgument,
  type GivenLabel,
  limitOf,
  spifsOf,
  Unusable,
} from './arguments.ts'
import { bindClearance, bindInput, decodeInput } from './input.ts'
import * as show from './show.ts'

const STEPS = 2_000_000

export function catalogAction(args: Arguments): number {
  const form = choice('as', args.as ?? 'ess', ['ess', '4774'])
  const format = choice('format', args.format ?? 'xml', ['xml', 'prosody'])
  if (args.operand !== undefined) throw new Unusable('catalog takes its labels from --bundle or --clearance')
  const spifs = spifsOf(args)
  const labels = args.bundle === undefined ? ofClearance(args, spifs) : ofBundle(args.bundle, spifs)
  const items = labels.slice(0, limitOf(args)).map((given) => item(args, given, form))
  const wanted = args.default
  if (wanted !== undefined && !items.some((i) => i.isDefault === true)) {
    throw new Unusable(`no label is marked "${wanted}", so it cannot be the default`)
  }
  const catalog: Catalog = {
    name: args.name ?? spifs[0]!.name,
    desc: args.desc ?? `Labels of ${spifs.map((s) => s.name).join(', ')}`,
    ...(args.to === undefined ? {} : { to: args.to }),
    restrict: args.restrict === true,
    items,
  }
  process.stdout.write(
    format === 'xml' ? `${serialise(writeCatalog(catalog))}\n` : writeProsodyConfiguration(catalog),
  )
  return items.length > 0 ? 0 : 1
}

function ofClearance(args: Arguments, spifs: readonly Spif[]): readonly GivenLabel[] {
  if (args.clearance === undefined) throw new Unusable('say whose labels: --bundle FILE or --clearance C')
  const held = bindClearance(decodeArgument(args.clearance, args), spifs)
  if ('problem' in held) throw new Unusable(`the clearance: ${show.visible(held.problem)}`)
  const { labels, complete } = enumerateLabels(held.spif, held.clearance, {
    labels: limitOf(args),
    steps: STEPS,
  })
  if (!complete) process.stderr.write(`note: there are more than these ${labels.length} labels\n`)
  return labels.map((label) => ({ label, spif: held.spif }))
}

/** The labels that a bundle accepts and one of the policies knows, each once. */
function ofBundle(file: string, spifs: readonly Spif[]): readonly GivenLabel[] {
  const found = new Map<string, GivenLabel>()
  for (const row of readBundle(file).labels.rows) {
    const octets = fill(row.input.template, { creation: SOME_DATE, review: SOME_DATE })!
    const decoded = decodeInput(new TextEncoder().encode(octets), 'strict')
    if ('problem' in decoded || decoded.kind !== 'label')
      throw new Unusable(`${file}: row ${row.name} holds no label`)
    const bound = bindInput(decoded, spifs)
    if ('problem' in bound)
      throw new Unusable(`${file}: row ${row.name}: ${bound.problem}; give its policy with --spif`)
    found.set(labelKey(bound.label), bound)
  }
  return [...found.values()]
}

const SOME_DATE = '2000-01-01T00:00:00Z'

function readBundle(file: string): Bundle {
  try {
    const octets = readFileSync(file)
    return loadBundle(octets, bundleDigest(octets))
  } catch (error) {
    throw new Unusable(`cannot read the bundle ${file}: ${(error as Error).message}`)
  }
}

/** Grouped by policy and classification; the marking is the item's name. */
function item(args: Arguments, { label, spif }: GivenLabel, form: 'ess' | '4774'): CatalogItem {
  const made = marking(label, spif, { language: args.language })
  const parts = [spif.name, label.classification.name, made.text === '' ? show.oneLine(label) : made.text]
  return {
    selector: parts.map((part) => part.replaceAll('|', '/')),
    payload: payload(args, { label, spif }, form),
    marking: made,
    isDefault: args.default === made.text,
  }
}

function payload(args: Arguments, { label, spif }: GivenLabel, form: 'ess' | '4774'): XmlElement {
  const encoded = form === 'ess' ? essOf(spif, label) : informationOf(spif, label)
  if (isProblem(encoded))
    throw new Unusable(`${show.oneLine(label)} cannot be written as ${form}: ${encoded.detail}`)
  if ('policyName' in encoded)
    return write4774({ role: 'originator', information: encoded, ...datesOf(args) })
  return writeEssPayload(encodeBase64(encodeEss(encoded)))
}
