/** Label elements as clients write and see them, from the rows of a bundle. */
import type { Bundle, InputTemplate, LabelRow, OutputTemplate, RowForm } from '../../rules/bundle/bundle.ts'
import { refused } from '../../rules/reasons.ts'
import { elements } from '../../rules/xml/node.ts'
import { parseStanza } from '../../rules/xml/parse.ts'
import { serialiseInside } from '../../rules/xml/write.ts'

/** The row of a ruleset entry in one input form; throws when the bundle has none. */
export function row(bundle: Bundle, name: string, form: RowForm): LabelRow {
  const found = bundle.labels.rows.find((r) => r.name === name && r.input.form === form)
  if (found === undefined)
    throw new Error(
      `no row ${name} in form ${form}; there are ${bundle.labels.rows.map((r) => r.name).join(', ')}`,
    )
  return found
}

/** The label as a client would send it, created now and to be reviewed tomorrow. */
export function written(template: InputTemplate): string {
  const date = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
  return template
    .map((part) => {
      if (typeof part === 'string') return part
      return date(Date.now() + (part.hole === 'creation' ? 0 : 86_400_000))
    })
    .join('')
}

/** Whether a stanza, as a client received it, carries exactly this released label, whatever its dates. */
export function carries(stanza: string, template: OutputTemplate): boolean {
  const expected = template.map((part) => (typeof part === 'string' ? part : HOLE)).join('')
  const tree = parseStanza(Buffer.from(stanza), { stanzaBytes: 1 << 20, depth: 64 })
  if (refused(tree)) throw new Error(`a client received what cannot be parsed (${tree.refused}): ${stanza}`)
  const labels = elements(tree).filter((e) => e.name === 'securitylabel' || e.name === 'BindingData')
  return labels.length === 1 && maskDates(serialiseInside(labels[0]!, 'jabber:server')) === expected
}

const HOLE = '0000-00-00T00:00:00Z'

function maskDates(text: string): string {
  return text.replace(/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z/g, HOLE)
}
