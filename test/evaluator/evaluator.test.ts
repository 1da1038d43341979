/** Every row of every example, and of the examples with pairs of labels, against the second evaluator. */
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import { PAIR_FORMS, pairRulesets } from '../support/pairs.ts'
import { changedSources, compiled, exampleNames, exampleSources } from '../support/ruleset.ts'
import { type ExpectedRow, expectedRows } from './evaluate.ts'

/** A template as the evaluator writes one. */
function written(template: LabelRow['output']['template']): string {
  return template
    .map((part) => {
      if (typeof part === 'string') return part
      return part.hole === 'now-plus' ? `#now+${part.seconds}` : `#${part.hole}`
    })
    .join('')
}

function rowsOf(rows: readonly LabelRow[]): ExpectedRow[] {
  return rows.map(({ name, input, output }) => ({
    name,
    input: written(input.template),
    output: written(output.template),
    marking: input.marking,
    released: output.marking,
  }))
}

for (const name of exampleNames()) {
  t.test(name, (t) => {
    const sources = exampleSources(name)
    const { bundle } = compiled(sources)
    t.same(rowsOf(bundle.labels.rows), expectedRows(sources))
    t.ok(bundle.labels.rows.length > 1)
    t.end()
  })
}

for (const form of PAIR_FORMS) {
  t.test(form, (t) => {
    const mode = form.endsWith('alternative') ? 'alternative' : 'equivalentlabel'
    const { out, back } = pairRulesets(form)
    for (const sources of [out, back, pairRulesets(form, mode).back]) {
      const { rows } = compiled(sources).bundle.labels
      t.same(rowsOf(rows), expectedRows(sources))
      t.ok(rows.some(({ input, output }) => [input.form, output.form].includes(form)))
    }
    // The two labels of a pair, one from another row or both the other way round.
    const right = rowsOf(compiled(out).bundle.labels.rows)
    const [open, exercise] = ['acme/open', 'acme/open-exercise'].map(
      (name) => right.find((r) => r.name === name)!,
    )
    const other = right.map((row) => (row === open ? { ...row, output: exercise!.output } : row))
    t.notSame(other, expectedRows(out))
    t.end()
  })
}

t.test('a pair that does not say the same twice is none', (t) => {
  const { out } = pairRulesets('4774-4778+alternative')
  const spif = new TextDecoder().decode(out.get('acme.spif.xml'))
  const collapsed = spif.replace('policyRef="HARBOUR" lacv="3"', 'policyRef="HARBOUR" lacv="2"')
  out.set('acme.spif.xml', new TextEncoder().encode(collapsed))
  t.throws(() => expectedRows(out), /INTERNAL does not come back/)
  t.end()
})

t.test('a wrong row would show', (t) => {
  const sources = exampleSources('acme-to-coalition')
  const right = expectedRows(sources)
  const other = changedSources(
    'acme-to-coalition',
    'acme.spif.xml',
    'policyRef="HARBOUR" lacv="3"',
    'policyRef="HARBOUR" lacv="2"',
  )
  t.notSame(expectedRows(other), right)
  const { bundle } = compiled(sources)
  const [first, ...rest] = bundle.labels.rows
  const wrong = { ...first!, output: bundle.labels.rows[3]!.output }
  t.notSame(rowsOf([wrong, ...rest]), right)
  t.end()
})

t.test('it shares nothing with what it checks', (t) => {
  const here = new URL('.', import.meta.url)
  for (const file of readdirSync(here).filter((one) => !one.endsWith('.test.ts'))) {
    const imports = [...readFileSync(new URL(file, here), 'utf8').matchAll(/from '([^']*)'/g)].map(
      ([, name]) => name,
    )
    for (const name of imports) t.match(name, /^(\.\/[a-z]+\.ts|yaml|libxml2-wasm)$/, `${file}: ${name}`)
  }
  t.end()
})
