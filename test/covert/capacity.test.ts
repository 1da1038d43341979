/**
 * What crosses beside labelled words, measured at the verifiers: which values each carrier can have is found by trying them, not by
 * reading the rules. The bits that the review states (rules/review/residual.ts) must be no less.
 */
import t from 'tap'
import { createDecider } from '../../rules/decide/decide.ts'
import { rowProbe } from '../../rules/examples/probe.ts'
import { residualBits } from '../../rules/review/residual.ts'
import { formatReference } from '../../rules/text/numbered.ts'
import { NUMBER } from '../support/number.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'
import { makeVerifiers } from '../support/verifiers.ts'

const SECOND = Date.UTC(2026, 10, 22, 10) / 1000
const { bundle } = compiled(exampleSources('acme-to-coalition'))
const { verify } = makeVerifiers(bundle)
const inspect = createDecider(bundle)

const passes = (stanza: string): boolean => verify(Buffer.from(stanza), SECOND).accepted

/** How many code points can stand between two letters at a place; each is tried. */
function alphabet(around: (character: string) => string): number {
  let count = 0
  for (let point = 0x21; point <= 0x10ffff; point += 1) {
    if (point === 0xd800) point = 0xe000
    if (passes(around(escaped(String.fromCodePoint(point))))) count += 1
  }
  return count
}

function escaped(text: string): string {
  return text.replace('&', '&amp;').replace('<', '&lt;').replace('"', '&quot;')
}

/** The longest run of one letter that passes, up to `most`. */
function longest(around: (text: string) => string, most = 2_000): number {
  let length = 0
  while (length < most && passes(around('x'.repeat(length + 1)))) length += 1
  return length
}

const OWN = formatReference({ own: true, number: NUMBER })
const presence = (from: string, id = OWN) =>
  `<presence xmlns="jabber:server" from="${from}" id="${id}" to="ben@coalition.example"></presence>`
const stated = (form: string) => residualBits(bundle).find((one) => one.form.form === form)!.bits

t.test('local parts and resources of presence', async (t) => {
  const resources = alphabet((c) => presence(`anna@acme.example/x${c}x`))
  const locals = alphabet((c) => presence(`x${c}x@acme.example`))
  const [resource, local] = [
    longest((x) => presence(`anna@acme.example/${x}`)),
    longest((x) => presence(`${x}@acme.example`)),
  ]
  // Of each end; the domain is one of those of its side.
  const bits =
    2 * (resource * Math.log2(resources) + local * Math.log2(locals)) +
    Math.log2(bundle.from.domains.length) +
    Math.log2(bundle.to.domains.length)
  const said = stated('presence-available').addresses ?? 0
  t.comment(
    `resource: ${resource} of ${resources} code points; local part: ${local} of ${locals}; ${bits.toFixed(0)} bits, stated ${said.toFixed(0)}`,
  )
  t.ok(resources > 100_000 && locals > 1_000, 'there is something to measure')
  t.ok(said >= bits, 'no less is stated')
  t.ok(said < bits * 1.05, 'and not much more')
})

t.test('the identifier of a user’s stanza: one of all', async (t) => {
  const tried = [
    OWN,
    OWN.replace('o', 'r'),
    '',
    'x',
    'attack-at-dawn',
    `${OWN}0`,
    `${OWN} `,
    OWN.toUpperCase(),
  ]
  for (let generation = 0; generation < 40; generation += 1)
    for (let count = 0; count < 100; count += 1)
      tried.push(`o${generation}.${count}`, `r${generation}.${count}`)
  const passed = new Set(tried.filter((id) => passes(presence('anna@acme.example', id))))
  t.same([...passed], [OWN])
  t.equal(stated('presence-subscribe')['stanza-id'] ?? 0, 0, '0 bits are stated')
})

t.test('choices of presence: show, priority, language', async (t) => {
  const inside = (attributes: string, inner: string) =>
    `<presence xmlns="jabber:server" from="anna@acme.example" id="${OWN}" to="ben@coalition.example"${attributes}>${inner}</presence>`
  const shows = ['', 'away', 'chat', 'dnd', 'xa', 'busy', 'Away'].filter((show) =>
    passes(inside('', show === '' ? '' : `<show>${show}</show>`)),
  ).length
  let priorities = 1
  for (let n = -1_000; n <= 1_000; n += 1)
    if (passes(inside('', `<priority>${n}</priority>`))) priorities += 1
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  let languages = 1
  for (const a of letters)
    for (const b of letters) if (passes(inside(` xml:lang="${a}${b}"`, ''))) languages += 1
  t.same([shows, priorities, languages], [5, 257, 4])
  const bits = stated('presence-available')
  t.ok((bits.numbers ?? 0) >= Math.log2(priorities - 1), `numbers: ${bits.numbers}`)
  t.ok((bits.language ?? 0) >= Math.log2(languages - 1), `language: ${bits.language}`)
  t.ok((bits.choices ?? 0) >= Math.log2(shows), `choices: ${bits.choices}`)
})

t.test('dates of a label that is kept: each second of the windows, no other', async (t) => {
  const rows = bundle.labels.rows
  const row = rows.find(({ output }) =>
    output.template.some((part) => typeof part !== 'string' && part.hole === 'creation'),
  )
  if (row === undefined) throw new Error('no row keeps a date')
  const accepted = (creation: number, review: number): boolean => {
    const stanza = rowProbe(bundle, row, { creation, review })
    return stanza !== undefined && inspect(Buffer.from(stanza), SECOND, NUMBER).accepted
  }
  const { creationPast, creationFuture, reviewAfterCreation } = bundle.labels.windows
  for (const [creation, wanted] of [
    [SECOND - creationPast - 1, false],
    [SECOND - creationPast, true],
    [SECOND + creationFuture, true],
    [SECOND + creationFuture + 1, false],
  ] as const) {
    t.equal(accepted(creation, creation), wanted, `created ${creation - SECOND} s from now`)
  }
  for (const [later, wanted] of [
    [-1, false],
    [0, true],
    [reviewAfterCreation, true],
    [reviewAfterCreation + 1, false],
  ] as const) {
    t.equal(accepted(SECOND, SECOND + later), wanted, `reviewed ${later} s later`)
  }
  const bits = Math.log2(creationPast + creationFuture + 1) + Math.log2(reviewAfterCreation + 1)
  t.ok((stated('message-chat')['label-dates'] ?? 0) >= bits - 1e-9, `${bits.toFixed(1)} bits`)
})
