/**
 * The set of stanzas by which a guard tests both its verifiers at every start, before anything may come in (doc/formats.md §4).
 *
 * A function of the bundle: who sends the set and who expects the verdicts make it each for itself. The hostile ones stand for kinds of
 * attack and are made from benign ones, so that nothing but what is spoilt stands against them.
 */
import type { Bundle } from '../bundle/bundle.ts'
import { COUNTS, GENERATIONS, type StanzaNumber } from '../text/numbered.ts'
import { type Benign, benignStanza, choicesOf, type Wish } from './benign.ts'
import { badValues, forbidden, mispaired, misspelt, miswritten } from './spoilt.ts'

/** One stanza, and what must be said of it: `accepted` with the row (-1 for none) and the output, or else refused. */
export type SelfTestCase = Readonly<{
  name: string
  stanza: Uint8Array
  accepted?: Readonly<{ row: number; output: string }>
}>

/** When all are judged: 2026-03-02T00:00:00Z. */
export const SELF_TEST_SECOND = 1_772_409_600

/** The last number that there is: intake takes it from no producer, and a stanza under it may go back to any. */
export const SELF_TEST_NUMBER: StanzaNumber = { generation: GENERATIONS - 1, count: COUNTS - 1 }

/** Most rows of which a label is tried; of more, as many, spread evenly. */
const ROWS = 64

/** What is spoilt where a bundle lets no benign stanza be made. */
const STAND_IN =
  '<message xmlns="jabber:server" from="a@a.example" id="o1" to="b@b.example" type="chat"><body>Hello</body></message>'

export function selfTest(bundle: Bundle): readonly SelfTestCase[] {
  const cases: SelfTestCase[] = []
  const known = new Set<string>()
  const add = (name: string, stanza: string | Uint8Array, accepted?: SelfTestCase['accepted']): void => {
    const octets = Buffer.from(stanza as string)
    // What is longer never reaches a verifier.
    if (octets.length > bundle.limits.stanzaBytes || known.has(octets.toString('latin1'))) return
    known.add(octets.toString('latin1'))
    cases.push(accepted === undefined ? { name, stanza: octets } : { name, stanza: octets, accepted })
  }
  const benign = (name: string, { stanza, row, output }: Benign) => add(name, stanza, { row, output })

  const second = SELF_TEST_SECOND
  const number = SELF_TEST_NUMBER
  const ofForms = bundle.forms.flatMap((form) => benignStanza(bundle, { form, row: 0, second, number }) ?? [])
  for (const one of ofForms) {
    benign(one.form.form, one)
    for (const { what, stanza } of forbidden(bundle, one, second)) add(`${one.form.form}: ${what}`, stanza)
  }

  // Each element once, and each rule of a value once, in the first form that has it.
  const tried = new Set<string>()
  const isNew = (rule: object): boolean => tried.size < tried.add(JSON.stringify(rule)).size
  for (const one of ofForms) {
    const { form } = one
    spoilValues(one.form.form, one, { form, row: 0, second, number })
    for (const carrier of choicesOf(form).filter(isNew)) {
      const wish = { form, row: 0, second, number, carrier }
      const carrying = benignStanza(bundle, wish)
      if (carrying === undefined) continue
      benign(`${form.form}/${carrier.name}`, carrying)
      spoilValues(`${form.form}/${carrier.name}`, carrying, wish)
    }
  }

  function spoilValues(name: string, { values }: Benign, wish: Wish): void {
    for (const rule of values.filter(isNew)) {
      for (const [what, value] of badValues(rule, bundle)) {
        const spoilt = benignStanza(bundle, { ...wish, put: { rule, value } })
        if (spoilt !== undefined) add(`${name}: ${what}`, spoilt.stanza)
      }
    }
  }

  const carrier = ofForms.find(({ label }) => label !== '')
  const ofRows =
    carrier === undefined
      ? []
      : rowsOf(bundle).flatMap(
          (row) => benignStanza(bundle, { form: carrier.form, row, second, number }) ?? [],
        )
  for (const one of ofRows) benign(`label ${bundle.labels.rows[one.row]!.name}`, one)
  const dated = ofRows.find(({ label }) => label.includes('DateTime') && label.includes('<Category'))
  for (const { what, stanza } of dated === undefined ? [] : forbidden(bundle, dated, second))
    add(`label: ${what}`, stanza)
  for (const pair of ofRows.filter(({ row }) => bundle.labels.rows[row]?.input.beside !== undefined)) {
    const { name } = bundle.labels.rows[pair.row]!
    for (const { what, stanza } of mispaired(bundle, pair, second)) add(`label ${name}: ${what}`, stanza)
  }

  const base =
    ofForms.find(({ text, label }) => text !== '' && label !== '') ?? ofForms.find(({ text }) => text !== '')
  for (const { what, stanza } of misspelt((base ?? ofForms[0])?.stanza ?? STAND_IN)) add(what, stanza)
  for (const { what, stanza } of base === undefined ? [] : miswritten(base)) add(what, stanza)
  return cases
}

/** Numbers of rows behind the first, which the forms have tried. */
function rowsOf({ labels: { rows } }: Bundle): number[] {
  const step = Math.max(1, (rows.length - 1) / ROWS)
  const count = Math.min(ROWS, rows.length - 1)
  return Array.from({ length: Math.max(0, count) }, (_, i) => 1 + Math.floor(i * step))
}
