/** What the diff says when labels begin to stand in pairs, and when one of a pair is another. */
import t from 'tap'
import type { LabelRow } from '../../rules/bundle/bundle.ts'
import { differences } from '../../rules/diff/diff.ts'
import { diffPage } from '../../rules/diff/page.ts'
import { asText } from '../../rules/review/text.ts'
import { everyPair, pairRulesets } from '../support/pairs.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const said = (old: ReturnType<typeof compiled>, fresh: ReturnType<typeof compiled>) =>
  asText(diffPage(old, fresh).page).replaceAll(/\s+/g, ' ')

t.test('a mode that adds a label changes what is released', (t) => {
  const [old, fresh] = [
    compiled(exampleSources('acme-to-coalition')),
    compiled(pairRulesets('4774-4778+alternative').out),
  ]
  const text = said(old, fresh)
  t.match(
    text,
    /ACME OPEN \(ACME OPEN\), as ESS label in XEP-0258.*Before: released as HARBOUR UNCLASSIFIED \(HARBOUR UNCLASSIFIED\), STANAG 4774 label bound by STANAG 4778.*After: released as ACME OPEN \(ACME OPEN\) and HARBOUR UNCLASSIFIED \(HARBOUR UNCLASSIFIED\), STANAG 4774 labels bound/,
  )
  const found = differences(old.bundle, fresh.bundle)
  t.ok(
    found.some(({ changed }) => /alternativeConfidentialityLabel/.test(JSON.stringify(changed))),
    'with a stanza that shows it',
  )
  t.end()
})

t.test('pairs that are accepted are told, each with both labels, and shown', (t) => {
  const [old, fresh] = [
    compiled(exampleSources('coalition-to-acme')),
    compiled(pairRulesets('4774-4778+alternative').back),
  ]
  t.match(
    said(old, fresh),
    /Now allowed.*ACME OPEN \(ACME OPEN\) and HARBOUR UNCLASSIFIED \(HARBOUR UNCLASSIFIED\), as STANAG 4774 labels bound/,
  )
  const found = differences(old.bundle, fresh.bundle).filter(({ now }) => now !== undefined)
  t.equal(found.length, 5)
  t.equal(differences(fresh.bundle, old.bundle).filter(({ noLonger }) => noLonger !== undefined).length, 5)
  t.end()
})

t.test('the same pairs are no difference; another label in one of them is', (t) => {
  const old = compiled(everyPair())
  t.same(differences(old.bundle, compiled(everyPair()).bundle), [])
  const { rows } = old.bundle.labels
  const widened = (row: LabelRow): LabelRow => {
    const template = row.input.template.map((part) =>
      typeof part === 'string' ? part.replace('>INTERNAL<', '>OPEN<') : part,
    )
    return { ...row, input: { ...row.input, template, value: row.input.value.replace('INTERNAL', 'OPEN') } }
  }
  for (const [index, row] of rows.entries()) {
    if (row.input.beside === undefined || !row.input.template.join('').includes('>INTERNAL<')) continue
    const labels = { ...old.bundle.labels, rows: rows.with(index, widened(row)) }
    const found = differences(old.bundle, { ...old.bundle, labels })
    t.ok(
      found.some(({ now }) => now !== undefined),
      `${row.name} as ${row.input.form}`,
    )
    t.ok(found.some(({ noLonger }) => noLonger !== undefined))
  }
  t.end()
})
