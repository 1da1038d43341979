/** What the scenarios share: who takes part, and how they write and recognise stanzas. */
import type { Bundle, LabelRow } from '../../rules/bundle/bundle.ts'
import type { Account } from './account.ts'
import { row, written } from './labels.ts'

export type Users = Readonly<{ alice: Account; anna: Account; bob: Account; bill: Account }>

export type Bundles = Readonly<{ high: Bundle; low: Bundle }>

export const body = (text: string) => `<body>${text}</body>`
export const has =
  (...parts: string[]) =>
  (stanza: string) =>
    parts.every((part) => stanza.replaceAll("'", '"').includes(part))

/** The id under which an account knows a stanza. */
export const idOf = (stanza: string): string => / id=["']([^"']*)/.exec(stanza)?.[1] ?? ''

export const violation = has('type="error"', '<policy-violation')

/** A message of that type with a body and a label, as a client writes it now; `more`: what else it holds. */
export function message(
  to: string,
  type: 'chat' | 'groupchat',
  id: string,
  text: string,
  label: LabelRow,
  more = '',
): string {
  return `<message to='${to}' type='${type}' id='${id}'>${body(text)}${more}${written(label.input.template)}</message>`
}

/** The rows that users of each side write with: of the high side in ESS, of the low one in STANAG 4774 bound by 4778. */
export function usual({ high, low }: Bundles): Readonly<{ out: LabelRow; back: LabelRow }> {
  return {
    out: row(high, 'acme/restricted-harbour', 'ess-0258'),
    back: low.labels.rows.find((r) => r.input.form === '4774-4778')!,
  }
}
