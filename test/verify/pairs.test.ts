/** Two labels in one element: to `verify` a longer template, whose second dates are the first ones again. */
import t from 'tap'
import { makeLabelTable, readLabel } from '../../guard/verify/labels.ts'
import { makeReader, readOpening } from '../../guard/verify/reader.ts'
import { makeValue } from '../../guard/verify/value.ts'
import { bundle, CREATION, chat, compile, NOW, REVIEW } from './fixture.ts'

type Part = string | Readonly<{ hole: 'creation' | 'review' }>

const C = { hole: 'creation' } as const
const R = { hole: 'review' } as const
const OPENING = '<securitylabel xmlns="urn:xmpp:sec-label:0"'

/** A template of two labels of those names. */
function pair(first: string, second: string): Part[] {
  return [
    `${OPENING}><label><a xmlns="urn:l" ReviewDateTime="`,
    R,
    `"><n>${first}</n><CreationDateTime>`,
    C,
    '</CreationDateTime></a></label><equivalentlabel><a xmlns="urn:l" ReviewDateTime="',
    R,
    `"><n>${second}</n><CreationDateTime>`,
    C,
    '</CreationDateTime></a></equivalentlabel></securitylabel>',
  ]
}

const written = (template: readonly Part[], ...dates: readonly string[]): string => {
  let at = 0
  return template.map((part) => (typeof part === 'string' ? part : dates[at++]!)).join('')
}
const dated = (template: readonly Part[]) => written(template, REVIEW, CREATION, REVIEW, CREATION)

const templates = [pair('AB', 'C'), pair('A', 'BC'), pair('C', 'AB'), pair('D', 'D')]
const rows = templates.map((input) => ({ input, output: ['<out>', C, R, { hole: 'now' } as const] }))

function ask(label: string, of = rows): string {
  const table = makeLabelTable(
    { creationPast: 3600, creationFuture: 60, reviewAfterCreation: 400 * 86_400 },
    of,
  )
  if (typeof table === 'number') throw new Error(`row ${table} twice`)
  const octets = Buffer.from(chat(label))
  const reader = makeReader(octets, makeValue(octets.length))
  reader.at = octets.indexOf('<securitylabel')
  const start = reader.at
  const opening = readOpening(reader)!
  const found = readLabel(reader, start, opening, table, NOW)
  return found === undefined ? reader.refusal!.reason : `${found.row} ${found.output}`
}

t.test('a pair is found by all its octets, wherever its dates stand', async (t) => {
  for (const [row, template] of templates.entries()) {
    t.equal(ask(dated(template)), `${row} <out>${CREATION}${REVIEW}2026-11-22T10:00:00Z`)
  }
  for (const other of [pair('AB', 'D'), pair('D', 'C'), pair('C', 'C'), pair('B', 'AC')])
    t.equal(ask(dated(other)), 'label-unlisted')
  t.equal(ask(dated(templates[0]!), rows.slice(1)), 'label-unlisted')
})

t.test('the second dates are the first ones', async (t) => {
  const [template] = templates as [Part[], ...Part[][]]
  const later = '2026-11-22T09:59:59Z'
  const longer = '2027-11-22T09:59:59Z'
  for (const dates of [
    [longer, CREATION, REVIEW, CREATION],
    [REVIEW, later, REVIEW, CREATION],
    [REVIEW, CREATION, longer, CREATION],
    [REVIEW, CREATION, REVIEW, later],
    [REVIEW, CREATION, 'attack at dawn 06:00', CREATION],
    [REVIEW, CREATION, REVIEW, '2026-02-30T09:59:58Z'],
    ['2026-02-30T09:59:58Z', CREATION, '2026-02-30T09:59:58Z', CREATION],
  ])
    t.equal(ask(written(template, ...dates)), 'label-unlisted', dates.join())
  t.equal(
    ask(written(template, longer, later, longer, later)),
    `0 <out>${later}${longer}2026-11-22T10:00:00Z`,
  )
  t.equal(ask(written(template, REVIEW, REVIEW, REVIEW, REVIEW)), 'label-date')
})

t.test('dates of two kinds in one place are two labels', async (t) => {
  const one: Part[] = [`${OPENING}><a>`, C, '</a>', R, '</securitylabel>']
  const other: Part[] = [`${OPENING}><b>`, R, '</b>', C, '</securitylabel>']
  const none: Part[] = [`${OPENING}>${'-'.repeat(47)}</securitylabel>`]
  t.equal(written(none).length, written(one, CREATION, REVIEW).length)
  const all = [
    { input: none, output: ['none'] },
    ...[one, other].map((input) => ({ input, output: [C, ' ', R] })),
  ]
  t.equal(ask(written(none), all), '0 none')
  t.equal(ask(written(one, CREATION, REVIEW), all), `1 ${CREATION} ${REVIEW}`)
  t.equal(ask(written(other, REVIEW, CREATION), all), `2 ${CREATION} ${REVIEW}`)
})

t.test('the same pair twice, and holes where no dates stand, stop the start', async (t) => {
  const input = { ...bundle.labels.rows[0]!.input, template: templates[0]! }
  const row = { ...bundle.labels.rows[0]!, input }
  const labels = { ...bundle.labels, rows: [row] }
  t.ok(compile({ ...bundle, labels }))
  t.throws(() => compile({ ...bundle, labels: { ...labels, rows: [row, row] } }), /the input of another row/)
  const [a, , b, , c, , d, , e] = templates[0]!
  const turned = { ...row, input: { ...input, template: [a, R, b, C, c, C, d, R, e] } }
  t.throws(() => compile({ ...bundle, labels: { ...labels, rows: [turned] } }), /where no such date stands/)
})
