/**
 * The label format that each server of the own side speaks: what the guard released is written in it, and what comes in it is
 * written as the bundle lists it.
 *
 *   released, cleared → toPeer   → in the peer's form, or with its marking as first line of text → delivered
 *   from the peer     → fromPeer → in the form of the row with the same label → normalised, decided → guard
 *
 * Both ways it is the same label of the same policy, by tables that are made of the bundles at the start (rows.ts). A domain
 * without a format is left alone.
 *
 * Reads    nothing by itself; policies and bundles are given
 * Trusts   the configuration; what a peer sends is looked up by the same rules as without a format, and decided on after it
 * Fails    closed: a label that the form cannot hold is not delivered; one that no row has stays as it is, for the rules to refuse
 * Follows  XEP-0258 (ESS), ADatP-4774 in XEP-0258 and bound by ADatP-4778, Open XML SPIF (firstLineOfText)
 */
import { bareOf, type Jid } from '../../rules/address/jid.ts'
import type { Bundle, LabelForm, OutputTemplate } from '../../rules/bundle/bundle.ts'
import { withinWindows } from '../../rules/decide/label.ts'
import { createDefaultEntries } from '../../rules/label/defaults.ts'
import { isProblem } from '../../rules/label/label.ts'
import { formIn, singleForm } from '../../rules/label/pair.ts'
import { fill } from '../../rules/label/template.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { formatDate } from '../../rules/text/date.ts'
import type { StanzaNumber } from '../../rules/text/numbered.ts'
import { attribute, element, type XmlElement, type XmlNode } from '../../rules/xml/node.ts'
import { createOwing } from '../cmbac/index.ts'
import { createLabelReader, type LabelReader, labelIn } from '../cmbac/labels.ts'
import type { OwnStrip } from '../normalise/strip.ts'
import { classLines, lineOf, readingOf, readLines, withLine } from './first-line.ts'
import {
  createSpokenFinder,
  labelsOf,
  parseLabel,
  readReleased,
  releaseIn,
  type SpokenRow,
  spokenRows,
} from './rows.ts'

/** A form of labels, or that a peer knows none. */
export type PeerFormat = LabelForm | 'first-line'

export type FormatOptions = Readonly<{
  /** By own domain. */
  formats: ReadonlyMap<string, PeerFormat>
  policies: readonly Spif[]
  out: Bundle
  into: Bundle
}>

export type Formats = Readonly<{
  /**
   * What the guard released, as the frame of that number, in the format of the own domain that it is for; undefined when the
   * format cannot hold its label. `second` is for the dates of a label that had none.
   */
  toPeer(stanza: XmlElement, to: Jid, number: StanzaNumber, second: number): XmlElement | undefined
  /** What an own server sent, with its label as the bundle lists it, and what was changed; or why it must not cross. */
  fromPeer(
    stanza: XmlElement,
    from: Jid,
    second: number,
  ): Readonly<{ stanza: XmlElement; changed: readonly OwnStrip[] }> | 'first-line-differs' | 'label-date'
  /** The rows that a catalog offers to a domain with a format, as it spells them; undefined for one without. */
  spoken(domain: string): readonly SpokenRow[] | undefined
  /** Labels that some format cannot hold, a line each. */
  unheld: readonly string[]
}>

type ToPeer = (
  stanza: XmlElement,
  label: XmlElement,
  number: StanzaNumber,
  second: number,
) => XmlElement | undefined
type FromPeer = Formats['fromPeer']

/** One format: both ways, and the rows in it. */
type Way = Readonly<{
  toPeer: ToPeer
  fromPeer: FromPeer
  spoken: readonly SpokenRow[]
  /** Rows whose label it cannot hold, and why. */
  unheld: readonly string[]
}>

export function createFormats({ formats, policies, out, into }: FormatOptions): Formats {
  const read = createLabelReader(policies)
  const ways = new Map<PeerFormat, Way>()
  for (const format of formats.values()) {
    if (ways.has(format)) continue
    ways.set(
      format,
      format === 'first-line' ? firstLine(policies, out, into, read) : form(format, out, into, read),
    )
  }
  const wayOf = (domain: string): Way | undefined => {
    const format = formats.get(domain)
    return format === undefined ? undefined : ways.get(format)
  }
  return {
    toPeer(stanza, to, number, second) {
      const way = wayOf(to.domain)
      const label = way && labelIn(stanza)
      return way === undefined || label === undefined ? stanza : way.toPeer(stanza, label, number, second)
    },
    fromPeer: (stanza, from, second) =>
      wayOf(from.domain)?.fromPeer(stanza, from, second) ?? { stanza, changed: [] },
    spoken: (domain) => wayOf(domain)?.spoken,
    unheld: [...formats].flatMap(([domain, format]) =>
      ways.get(format)!.unheld.map((why) => `${domain} cannot be sent the label of ${why} as ${format}`),
    ),
  }
}

/** Dates of a label that had none: of now, and to be looked at again as late as the rules let it. */
function datesFrom(second: number, { labels }: Bundle) {
  return {
    creation: formatDate(second),
    review: formatDate(second + labels.windows.reviewAfterCreation),
  }
}

function form(format: LabelForm, out: Bundle, into: Bundle, read: LabelReader): Way {
  const released = new Map<string, OutputTemplate>()
  const unheld: string[] = []
  for (const { name, output } of into.labels.rows) {
    const wanted = formIn(format, output.form)
    if (wanted === output.form) continue
    const own = labelsOf(output.template, output.form, read)
    const template = own && releaseIn(own.labels, wanted)
    if (own === undefined || template === undefined) unheld.push(name)
    else if (isProblem(template)) unheld.push(`${name} (${template.detail})`)
    else released.set(`${output.form} ${own.value}`, template)
  }

  const spoken = spokenRows(out.labels.rows, format, read)
  const find = createSpokenFinder(out.labels.rows, spoken)
  return {
    spoken,
    unheld,
    toPeer(stanza, label, _, second) {
      const wire = readReleased(label)
      if (refused(wire)) return undefined
      if (formIn(format, wire.form) === wire.form) return stanza
      const template = released.get(`${wire.form} ${wire.value}`)
      const octets = template && fill(template, { ...datesFrom(second, into), ...wire })
      const written = octets === undefined ? undefined : parseLabel(octets)
      return written === undefined ? undefined : replacing(stanza, label, [written])
    },
    fromPeer(stanza, from, second) {
      const label = labelIn(stanza)
      const found = label && find(label, bareOf(from))
      if (found === undefined) return { stanza, changed: [] }
      // Where the row has no place for dates, nobody behind this will see them.
      const isDateless = singleForm(found.row.input.form) === 'ess-0258'
      if (isDateless && !withinWindows(found, out.labels.windows, second)) return 'label-date'
      // A label with a place for dates has them: what it lacks is not made up.
      const dates = format === 'ess-0258' ? datesFrom(second, out) : found
      const octets = fill(found.row.input.template, dates)
      const listed = octets === undefined ? undefined : parseLabel(octets)
      if (listed === undefined) return { stanza, changed: [] }
      return { stanza: replacing(stanza, label!, [listed]), changed: ['label-form'] }
    },
  }
}

function firstLine(policies: readonly Spif[], out: Bundle, into: Bundle, read: LabelReader): Way {
  const released = new Map<string, string>()
  const known = new Set(policies.flatMap(classLines).map(readingOf))
  const unheld: string[] = []
  for (const { name, output } of into.labels.rows) {
    const own = labelsOf(output.template, output.form, read)
    const line = own && lineOf(own.labels)
    if (own === undefined || line === undefined) unheld.push(name)
    else {
      released.set(`${output.form} ${own.value}`, line)
      known.add(readingOf(line))
    }
  }
  const ofRows = out.labels.rows.map(({ input }) => {
    const own = labelsOf(input.template, input.form, read)
    const line = own && lineOf(own.labels)
    const reading = line === undefined ? undefined : readingOf(line)
    if (reading !== undefined) known.add(reading)
    return reading
  })
  const owes = createOwing(into)
  const defaultOf = createDefaultEntries(out)
  return {
    spoken: [],
    unheld,
    toPeer(stanza, label, number) {
      const wire = readReleased(label)
      const line = refused(wire) ? undefined : released.get(`${wire.form} ${wire.value}`)
      if (line === undefined) return undefined
      const bare = replacing(stanza, label, [])
      // Nothing that people read is there to be marked: then only what may go without a label goes.
      return withLine(bare, line) ?? (owes(bare, number) ? undefined : bare)
    },
    fromPeer(stanza, from) {
      const entry = defaultOf(bareOf(from))
      const isLabelled = labelIn(stanza) !== undefined
      if (entry === undefined || isLabelled || attribute(stanza, 'type') === 'error')
        return { stanza, changed: [] }
      const lines = readLines(stanza, ofRows[entry.row] ?? '', known)
      if (lines === 'other') return 'first-line-differs'
      return { stanza: lines.stanza, changed: Array<OwnStrip>(lines.taken).fill('first-line') }
    },
  }
}

/** The stanza with others in the place of its label. */
function replacing(stanza: XmlElement, label: XmlElement, by: readonly XmlElement[]): XmlElement {
  const children = stanza.children.flatMap((node): readonly XmlNode[] => (node === label ? by : [node]))
  return element(stanza.ns, stanza.name, stanza.attributes, children)
}
