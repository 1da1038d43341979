import t from 'tap'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { createKnownLabels } from '../../rules/label/known.ts'
import { isProblem, type Label } from '../../rules/label/label.ts'
import { isPair, pairForm, secondRole, singleForm } from '../../rules/label/pair.ts'
import { fill, pairTemplate, releasePair } from '../../rules/label/template.ts'
import { readWireLabel } from '../../rules/label/wire.ts'
import { refused } from '../../rules/reasons.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { serialiseInside } from '../../rules/xml/write.ts'
import { changed, label, load, meadow, orchard } from '../spif/policies.ts'
import { PAIR_FORMS } from '../support/pairs.ts'
import { DATES, FORMS, row, spelling } from './rows.ts'
import { parse } from './xml.ts'

const own = label(orchard, 'OPEN', 'Blight=CANKER', 'Pickers=ASHBY')
const other = label(meadow, 'LOW', 'Pests=VOLE')

function pair(
  form: PairForm,
  first: [Label, Spif] = [other, meadow],
  second: [Label, Spif] = [own, orchard],
) {
  const made = pairTemplate({ label: first[0], spif: first[1] }, { label: second[0], spif: second[1] }, form)
  if (isProblem(made)) throw new Error(made.detail)
  return made
}

t.test('the forms of pairs', async (t) => {
  t.same(
    FORMS.map((form) => [isPair(form), singleForm(form)]),
    FORMS.map((form) => [false, form]),
  )
  for (const form of PAIR_FORMS) {
    const [single, mode] = form.split('+') as [(typeof FORMS)[number], 'equivalentlabel' | 'alternative']
    t.ok(isPair(form))
    t.equal(singleForm(form), single)
    t.equal(pairForm(single, mode), form)
    t.equal(secondRole(form), mode === 'alternative' ? 'alternative' : 'originator')
  }
  t.equal(pairForm('ess-0258', 'alternative'), undefined, 'ESS knows no alternative')
  t.equal(pairForm('4774-4778', 'equivalentlabel'), undefined, 'a binding has no equivalentlabel')
})

t.test('a pair is read, with a value of both in their order and the dates of both', async (t) => {
  for (const form of PAIR_FORMS) {
    const { template, value } = pair(form)
    const text = fill(template, DATES)!
    t.match(readWireLabel(parse(text)), { form, value })
    if (singleForm(form) !== 'ess-0258')
      t.match(readWireLabel(parse(text)), { creation: DATES.creation, review: DATES.review })
    t.equal(serialiseInside(parse(text), 'jabber:server'), text, 'the template is canonical')
    const values = [
      value,
      pair(form, [own, orchard], [other, meadow]).value,
      pair(form, [label(meadow, 'LOW'), meadow]).value,
      pair(form, undefined, [label(orchard, 'OPEN'), orchard]).value,
      pair(form, [own, orchard]).value,
      row(own, orchard, singleForm(form)).input.value,
    ]
    t.equal(new Set(values).size, values.length)
  }
})

t.test('one spelling only: every change of it is refused', async (t) => {
  for (const form of PAIR_FORMS) {
    const text = fill(pair(form).template, DATES)!
    const [, alternative] = text.match(/<Metadata>.*?<\/Metadata>/g) ?? ['', '']
    const [second] = text.match(/<equivalentlabel>.*<\/equivalentlabel>/) ?? ['']
    for (const [from, to] of [
      ['</label><equivalentlabel>', '</label> <equivalentlabel>'],
      ['<equivalentlabel>', '<equivalentlabel x="y">'],
      ['equivalentlabel>', 'label>'],
      ['equivalentlabel>', 'other>'],
      ['<label>', '<displaymarking>OPEN</displaymarking><label>'],
      ['</securitylabel>', `${second}</securitylabel>`],
      ['</securitylabel>', '<equivalentlabel></equivalentlabel></securitylabel>'],
      ['<label>', `${second}<label>`],
      ['alternativeConfidentialityLabel', 'ConfidentialityLabel'],
      ['alternativeConfidentialityLabel', 'metadataConfidentialityLabel'],
      ['originatorConfidentialityLabel', 'alternativeConfidentialityLabel'],
      ['</Metadata><DataReference', '</Metadata><Metadata></Metadata><DataReference'],
      ['<DataReference', `${alternative}<DataReference`],
      ['</Metadata><Metadata>', ''],
      ['</Metadata><Metadata>', '</Metadata><DataReference URI=""></DataReference><Metadata>'],
    ] as const) {
      if (!text.includes(from)) continue
      const read = readWireLabel(parse(text.replaceAll(from, to)))
      t.ok(refused(read) && read.refused === 'label-malformed', `${form}: ${from} → ${to}`)
    }
    // Each date in one of the two labels only.
    for (const [date, changed] of [
      [DATES.creation, '2026-01-02T03:04:06Z'],
      [DATES.review, '2030-01-01T00:00:01Z'],
    ] as const) {
      const parts = text.split(date)
      if (parts.length === 1) continue
      t.equal(parts.length, 3)
      for (const [one, two] of [
        [changed, date],
        [date, changed],
      ]) {
        const read = readWireLabel(parse(parts[0]! + one + parts[1]! + two + parts[2]!))
        t.ok(refused(read) && read.refused === 'label-malformed', `${form}: another date`)
      }
    }
  }
})

t.test('two labels of two formats are no pair', async (t) => {
  const payload = (form: 'ess-0258' | '4774-0258') =>
    /<label>(.*)<\/label>/.exec(spelling(row(own, orchard, form)))![1]!
  for (const [one, two] of [
    ['ess-0258', '4774-0258'],
    ['4774-0258', 'ess-0258'],
  ] as const) {
    const text = `<securitylabel xmlns="urn:xmpp:sec-label:0"><label>${payload(one)}</label><equivalentlabel>${payload(two)}</equivalentlabel></securitylabel>`
    t.match(readWireLabel(parse(text)), { refused: 'label-malformed' }, `${one}, ${two}`)
  }
})

t.test('a pair has no template where one of its labels has none', async (t) => {
  const wide = load(changed('orchard', 'name="OPEN" lacv="1"', 'name="OPEN" lacv="300"'))
  const bound = { label: label(wide, 'OPEN'), spif: wide }
  const good = { label: other, spif: meadow }
  t.match(pairTemplate(bound, good, 'ess-0258+equivalentlabel'), { problem: 'unknown-classification' })
  t.match(pairTemplate(good, bound, 'ess-0258+equivalentlabel'), { problem: 'unknown-classification' })
  t.match(pairTemplate(good, bound, '4774-0258+alternative'), { value: String })
})

t.test('what is released: one marking, both labels in their order, the same dates', async (t) => {
  const made = releasePair(
    { label: own, spif: orchard },
    { label: other, spif: meadow },
    '4774-0258+alternative',
    {
      marking: { text: 'LOW', fgcolor: '#000000', bgcolor: '#ffffff' },
      creation: { hole: 'now' },
      review: { hole: 'now-plus', seconds: 60 },
    },
  )
  if (isProblem(made)) throw new Error(made.detail)
  const text = fill(made, { now: DATES.now })!
  t.match(
    text,
    /<displaymarking[^>]*>LOW<\/displaymarking><label><originatorC.*>Orchard<.*<equivalentlabel><alternativeC.*>Meadow</,
  )
  t.equal(text.split('2026-01-02T03:04:05Z').length, 3)
  t.equal(text.split('2026-01-02T03:05:05Z').length, 3)
})

t.test(
  'a known pair is found by its octets, whatever its dates, as long as both labels have them',
  async (t) => {
    for (const form of PAIR_FORMS) {
      const known = createKnownLabels<string>()
      const { template } = pair(form)
      t.equal(known.find(fill(template, DATES)!), undefined)
      known.learn(template, 'row')
      known.learn(row(own, orchard, '4774-0258').input.template, 'single')
      t.match(known.find(fill(template, DATES)!), { row: 'row' })
      t.match(known.find(spelling(row(own, orchard, '4774-0258'))), { row: 'single', ...dates(DATES) })
      t.equal(known.find(fill(pair(form, [own, orchard]).template, DATES)!), undefined)
      if (singleForm(form) === 'ess-0258') continue
      const later = { creation: '2026-02-02T03:04:05Z', review: '2031-01-01T00:00:00Z' }
      t.match(known.find(fill(template, later)!), { row: 'row', ...later })
      const text = fill(template, DATES)!
      for (const date of [DATES.creation, DATES.review]) {
        const [a, b, c] = text.split(date)
        t.equal(known.find(`${a}2026-01-03T03:04:05Z${b}${date}${c}`), undefined)
        t.equal(known.find(`${a}2026-02-30T03:04:05Z${b}2026-02-30T03:04:05Z${c}`), undefined)
      }
    }
  },
)

t.test('labels of one length, whose dates stand elsewhere or are others, are not mixed up', async (t) => {
  const known = createKnownLabels<string>()
  const [creation, review] = [{ hole: 'creation' }, { hole: 'review' }] as const
  const templates = new Map([
    ['none', ['<'.repeat(50)]],
    ['one', ['<ab>', creation, '<c>', review, '</>']],
    ['other places', ['<a>', creation, '<bc>', review, '</>']],
    ['other dates', ['<ba>', review, '<c>', creation, '</>']],
    ['one date', ['<ab>', creation, '<c>', creation, '</d>']],
  ] as const)
  for (const [name, template] of templates) known.learn(template, name)
  for (const [name, template] of templates) {
    const holes = template.filter((part) => typeof part !== 'string').map(({ hole }) => hole)
    t.match(known.find(fill(template, DATES)!), {
      row: name,
      creation: holes.includes('creation') ? DATES.creation : undefined,
      review: holes.includes('review') ? DATES.review : undefined,
    })
  }
})

function dates({ creation, review }: typeof DATES) {
  return { creation, review }
}
