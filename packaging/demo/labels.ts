/** Labels as the people of the demo write and read them: names of a policy on one side, label elements on the other. */
import type { LabelForm } from '../../rules/bundle/bundle.ts'
import { bind4774, bindPayload, type LabelNames, labelFromNames } from '../../rules/label/bind.ts'
import { type BindingProblem, isProblem, type Label } from '../../rules/label/label.ts'
import { read4774 } from '../../rules/label/stanag4774.ts'
import { readBindingData } from '../../rules/label/stanag4778.ts'
import { fill, wireTemplate } from '../../rules/label/template.ts'
import { readSecurityLabel } from '../../rules/label/xep0258.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { formatDate } from '../../rules/text/date.ts'
import { elements, type XmlElement } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'

/** A label in a stanza, put into words. `marking` is undefined where the stanza carries none. */
export type SeenLabel = Readonly<{
  form: LabelForm
  text: string
  marking: Readonly<{ text: string; bgcolor?: string; fgcolor?: string }> | undefined
}>

/** What a label element is made of; `marking` is what the client writes into `displaymarking`, true or not. */
export type WrittenLabel = LabelNames & Readonly<{ form: LabelForm; marking?: string }>

const DAY = 86_400

/** The octets of a label element as clients send it: made now, to be reviewed in 30 days. Throws on unknown names. */
export function writeLabel(spif: Spif, written: WrittenLabel): string {
  const label = labelFromNames(spif, written)
  if (isProblem(label)) throw new Error(`demo: ${label.problem} ${label.detail}`)
  const made = wireTemplate(label, spif, written.form)
  if (isProblem(made)) throw new Error(`demo: ${made.problem} ${made.detail}`)
  const now = Math.floor(Date.now() / 1000)
  const plain = fill(made.template, { creation: formatDate(now), review: formatDate(now + 30 * DAY) })!
  if (written.marking === undefined) return plain
  const marking = `<displaymarking bgcolor="#2e7d32" fgcolor="#ffffff">${written.marking}</displaymarking>`
  return plain.replace('>', `>${marking}`)
}

/** The label in a stanza, under whichever of the policies it is; undefined when it has none that can be read. */
export function readLabel(stanza: string, spifs: readonly Spif[]): SeenLabel | undefined {
  const root = parseStanza(Buffer.from(stanza), { stanzaBytes: 1 << 20, depth: 64 })
  if (refused(root)) return undefined
  for (const child of elements(root)) {
    if (child.name === 'BindingData') return readBinding(child, spifs)
    if (child.name === 'securitylabel') return readWrapped(child, spifs)
  }
  return undefined
}

function readBinding(node: XmlElement, spifs: readonly Spif[]): SeenLabel | undefined {
  const metadata = readBindingData(node)
  const read = 'problem' in metadata ? undefined : read4774(metadata[0]!, 'lenient')
  if (read === undefined || 'problem' in read) return undefined
  const bound = firstOf(spifs.map((spif) => bind4774(spif, read.label.information)))
  return bound && { form: '4774-4778', text: words(bound), marking: undefined }
}

function readWrapped(node: XmlElement, spifs: readonly Spif[]): SeenLabel | undefined {
  const read = readSecurityLabel(node)
  if ('problem' in read || read.label === undefined) return undefined
  const payload = read.label
  const bound = firstOf(spifs.map((spif) => bindPayload(payload, spif)))
  const form = payload.format === 'ess' ? 'ess-0258' : '4774-0258'
  return bound && { form, text: words(bound), marking: read.displayMarking }
}

function firstOf(candidates: readonly (Label | BindingProblem)[]): Label | undefined {
  return candidates.find((candidate): candidate is Label => !isProblem(candidate))
}

/** `POLICY CLASSIFICATION · Tag set: VALUE, VALUE`. */
function words(label: Label): string {
  const bySet = new Map<string, string[]>()
  for (const { tagSet, value } of label.categories) {
    bySet.set(tagSet.name, [...(bySet.get(tagSet.name) ?? []), value.name])
  }
  const categories = [...bySet].map(([name, values]) => ` · ${name}: ${values.join(', ')}`)
  return `${label.policy.name} ${label.classification.name}${categories.join('')}`
}

/** The forms as people call them. */
export const FORM_NAMES: Readonly<Record<LabelForm, string>> = {
  'ess-0258': 'ESS in XEP-0258',
  '4774-0258': 'STANAG 4774 in XEP-0258',
  '4774-4778': 'STANAG 4774 bound by 4778',
}
