/** Labels in stanzas: of every row at every bound, changed in each node and octet, and under rows that a compiler would not make. */
import type { Bundle, LabelRow } from '../../rules/bundle/bundle.ts'
import { formProbes } from '../../rules/examples/probe.ts'
import { fill } from '../../rules/label/template.ts'
import { readWireLabel, type WireLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import { formatDate } from '../../rules/text/date.ts'
import { bundle as byHand } from '../verify/fixture.ts'
import * as bounds from './boundaries.ts'
import type { Case } from './cases.ts'
import { elementOf, respelt } from './respelt.ts'

export const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
export const SERVER = 'xmlns="jabber:server"'
export const ANN = 'from="ann@high.example/pc" to="bob@low.example"'

/** Whose rows have the value of one label and the octets of another; and each value twice. */
export function crossed(bundle: Bundle): Bundle {
  const { rows } = bundle.labels
  const others = rows.flatMap((row, index) => {
    const { template } = rows[(index + 1) % rows.length]!.input
    const without = { ...row, output: { ...row.output, template: ['<x></x>'] } }
    return [{ ...without, input: { ...row.input, template } }, without]
  })
  // Of half of the values, the row with their own octets is missing.
  return { ...bundle, labels: { ...bundle.labels, rows: others.filter((_, index) => index % 4 !== 1) } }
}

/**
 * With one pair of labels of two lengths, and the same pair the other way round: equally long, with their dates in other places. And with
 * each ESS label that can be read.
 */
export function swapped(bundle: Bundle): Bundle {
  const row = bundle.labels.rows.find(({ input }) => input.form === '4774-0258')!
  const dates = { creation: formatDate(SECOND), review: formatDate(SECOND + 1) }
  const [, start, short, end] = /^(.*?<label>)(.*)<\/label>(.*)$/s.exec(fill(row.input.template, dates)!)!
  // So long that a date which belongs further back stands in the class.
  const long = short!.replace('</Classification>', `${'x'.repeat(1_000)}</Classification>`)
  const rows = [
    [short, long],
    [long, short],
  ].map(([first, second]) => {
    const label = `${start}${first}</label><equivalentlabel>${second}</equivalentlabel>${end}`
    const { form, value } = readWireLabel(elementOf(label)) as WireLabel
    const template = label.split(/(2026-11-22T10:00:0[01]Z)/).map((part, index) => {
      if (index % 2 === 0) return part
      return { hole: part === dates.creation ? ('creation' as const) : ('review' as const) }
    })
    return { ...row, input: { ...row.input, form, value, template } }
  })
  const marked = short!.replace('</Classification>', '</Classification><PrivacyMark>m</PrivacyMark>')
  for (const label of [`${start}${marked}</label>${end}`, ...essLabels()]) {
    const read = readWireLabel(elementOf(label))
    if (refused(read)) continue
    const { form, value } = read
    rows.push({ ...row, input: { ...row.input, form, value, template: [label] } })
  }
  // Their outputs have no dates, as most of the inputs have none.
  const withoutDates = rows.map((one) => ({ ...one, output: { ...one.output, template: ['<x></x>'] } }))
  return { ...bundle, labels: { ...bundle.labels, rows: withoutDates } }
}

function essLabels(): string[] {
  return bounds.ESS_LABELS.map((hex) => {
    const base64 = Buffer.from(hex, 'hex').toString('base64')
    return `<securitylabel xmlns="urn:xmpp:sec-label:0"><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">${base64}</esssecuritylabel></label></securitylabel>`
  })
}

/** Each label after the other, and then its octets with the dates where the other has them. */
export function swappedPipes(bundle: Bundle, index: number): Case[] {
  const carry = carrierOf(bundle)!
  const send = (label: string) => frame(Buffer.from(carry(label)))
  const date = formatDate(SECOND)
  const [one, other, ...more] = bundle.labels.rows.map(({ input }) => input.template)
  const others = [
    ...more.map((template) => fill(template, { creation: date, review: date })!),
    ...essLabels(),
  ]
  return [
    [one!, other!],
    [other!, one!],
  ].map(([before, after]) => {
    let text = after!.filter((part) => typeof part === 'string').join('')
    let at = 0
    for (const part of before!) {
      if (typeof part !== 'string') text = text.slice(0, at) + date + text.slice(at)
      at += typeof part === 'string' ? part.length : date.length
    }
    const labels = [before!, after!].map((template) => fill(template, { creation: date, review: date })!)
    return { kind: 'pipe', bundle: index, chunks: [...labels, text, ...others].map(send) }
  })
}

/** Rows of equal length whose dates stand elsewhere, are others, or are more. */
export function twins(): Bundle {
  const [start, end] = ['<securitylabel xmlns="urn:xmpp:sec-label:0">', '</securitylabel>']
  const around = (...parts: LabelRow['input']['template']) =>
    parts.map((part, index) => {
      if (typeof part !== 'string') return part
      return (index === 0 ? start : '') + part + (index === parts.length - 1 ? end : '')
    })
  const review = { hole: 'review' as const }
  const creation = { hole: 'creation' as const }
  const templates = [
    around('<a ReviewDateTime="', review, '"></a><bb></bb>'),
    around('<aa ReviewDateTime="', review, '"></aa><b></b>'),
    around('<a ReviewDateTime="', review, `"></a><c x="${'y'.repeat(33)}"></c>`),
    around('<a ReviewDateTime="', review, '"></a><c ReviewDateTime="', review, '"></c>'),
    around('<d ReviewDateTime="', review, '"></d><e ReviewDateTime="', review, '"></e>'),
    around('<d ReviewDateTime="', review, `"></d><e x="${'y'.repeat(33)}"></e>`),
    around('<aaa ReviewDateTime="', review, '"></aaa><ppppp></ppppp>'),
    around('<q><CreationDateTime>', creation, '</CreationDateTime></q>'),
  ]
  const rows = [
    ...templates,
    ...templates
      .toReversed()
      .map((template) =>
        template.map((part) =>
          typeof part === 'string' ? part.replaceAll('sec-label:0">', 'sec-label:0"><z></z>') : part,
        ),
      ),
  ]
  return {
    ...byHand,
    labels: {
      ...byHand.labels,
      rows: rows.map((template, index) => ({
        ...byHand.labels.rows[0]!,
        name: String(index),
        input: { form: '4774-0258', value: String(index), marking: '', template },
        output: { ...byHand.labels.rows[3]!.output },
      })),
    },
  }
}

/** A label of the first row with dates in the middle of what is admitted. */
export function labelOf(bundle: Bundle, row = 0, creation = SECOND - 2, review = SECOND + 86_400): string {
  const dates = { creation: formatDate(creation), review: formatDate(review) }
  return fill(bundle.labels.rows[row]!.input.template, dates) ?? ''
}

/** Labels of every row at the bounds of the windows, and at seconds whose dates are special; `respelt`: and changed at every octet. */
export function* labelStanzas(bundle: Bundle, respelt: boolean): Generator<[string, number]> {
  const { rows, windows } = bundle.labels
  const carryLabel = carrierOf(bundle)
  if (carryLabel === undefined) return
  const forms = new Set<string>()
  for (const [row, { input, output }] of rows.entries()) {
    const carry = (creation: number, review: number) => carryLabel(labelOf(bundle, row, creation, review))
    yield [carry(SECOND, SECOND), SECOND]
    const holes = input.template.map((part) => (typeof part === 'string' ? '' : part.hole))
    const form = [input.form, output.form, ...holes].join(' ')
    if (forms.has(form)) continue
    forms.add(form)
    const { creationPast, creationFuture, reviewAfterCreation } = windows
    for (const creation of [SECOND - creationPast, SECOND + creationFuture, SECOND])
      for (const off of [-1, 0, 1])
        for (const review of [0, reviewAfterCreation])
          for (const more of [-1, 0, 1]) yield [carry(creation + off, creation + off + review + more), SECOND]
    for (const second of bounds.SECONDS) {
      const last = bounds.SECONDS[8]!
      yield [carry(second, Math.min(second, last)), second]
      yield [carry(second, Math.min(second + reviewAfterCreation, last)), second]
      yield [carry(Math.max(second - 1, 0), Math.min(second + 1, last)), second]
    }
    const good = carry(SECOND, SECOND + 1)
    const [creation, review] = [formatDate(SECOND), formatDate(SECOND + 1)]
    for (const [at, date] of bounds.DATES.entries()) {
      if (respelt || at % 9 === 0) yield [good.replace(creation, date), SECOND]
      if (respelt || at % 9 === 1) yield [good.replace(review, date), SECOND]
      if (at % 9 === 2) yield [good.replaceAll(creation, date).replaceAll(review, date), SECOND]
    }
    yield [good.replaceAll(creation, review), SECOND]
    const label = labelOf(bundle, row, SECOND, SECOND + 1)
    for (let at = 0; respelt && at < label.length; at += 1) {
      const cut = (put: string, skip: number) =>
        good.replace(label, () => label.slice(0, at) + put + label.slice(at + skip))
      yield [[cut('', 1), cut('A', 0), cut(label[at] === 'A' ? 'B' : 'A', 1)][at % 3]!, SECOND]
    }
  }
}

/** A stanza of the bundle around any label; undefined when none of its stanzas has a label. */
function carrierOf(bundle: Bundle): ((label: string) => string) | undefined {
  const probes = formProbes(bundle, SECOND, bundle.labels.rows[0]).map(({ stanza }) => stanza)
  const first = labelOf(bundle, 0, SECOND, SECOND)
  const carrier = probes.find((stanza) => stanza.includes(first))
  return carrier === undefined ? undefined : (label) => carrier.replace(first, () => label)
}

/** The longest label of each form, changed in one node. */
export function* respeltStanzas(bundle: Bundle): Generator<string> {
  const longest = new Map<string, string>()
  for (const [row, { input }] of bundle.labels.rows.entries()) {
    const label = labelOf(bundle, row, SECOND, SECOND + 1)
    if (label.length > (longest.get(input.form)?.length ?? 0)) longest.set(input.form, label)
  }
  const carry = carrierOf(bundle)!
  for (const label of longest.values()) for (const other of respelt(label)) yield carry(other)
}

/** ESS labels at every bound, and that of a row with each octet changed. */
export function* essStanzas(bundle: Bundle): Generator<string> {
  const rows = bundle.labels.rows.filter(({ input }) => input.form === 'ess-0258')
  const templates = rows.map(({ input }) => input.template.join(''))
  // The longest has most in it.
  const label = templates.toSorted((a, b) => b.length - a.length)[0]!
  const [, base64] = /<esssecuritylabel[^>]*>([^<]*)</.exec(label)!
  const carry = (content: string) =>
    `<message ${SERVER} ${ANN} type="chat"><body>x</body>${label.replace(base64!, () => content)}</message>`
  for (const hex of bounds.ESS_LABELS) yield carry(Buffer.from(hex, 'hex').toString('base64'))
  const octets = Buffer.from(base64!, 'base64')
  for (const [at, octet] of octets.entries()) {
    const others = [octet ^ 0x20, octet + 1, octet - 1, 0, 0x7f, 0x80, 0xff].map((one) => [one & 0xff])
    for (const other of [...others, [], [octet, octet], [0, octet]])
      yield carry(
        Buffer.concat([octets.subarray(0, at), Buffer.from(other), octets.subarray(at + 1)]).toString(
          'base64',
        ),
      )
    yield carry(octets.subarray(0, at).toString('base64'))
  }
  for (const other of ['', '=', 'A', '====', `${base64}=`, ` ${base64}`, `${base64}\n`, base64!.slice(1)])
    yield carry(other)
  for (const other of [`${base64}<x></x>`, `<x></x>${base64}`, '<x></x>']) yield carry(other)
}

export function frame(stanza: Buffer, second = SECOND, generation = 1, count = 2): Buffer {
  const head = Buffer.alloc(20)
  head.writeUInt32BE(16 + stanza.length, 0)
  head.writeUInt16BE(generation, 4)
  head.writeUIntBE(count, 6, 6)
  head.writeBigUInt64BE(BigInt(second), 12)
  return Buffer.concat([head, stanza])
}
