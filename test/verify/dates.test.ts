/** Dates against the runtime's calendar. */
import t from 'tap'
import { formatDate, LAST_SECOND, parseDate } from '../../guard/verify/dates.ts'
import { random } from './random.ts'

const parse = (text: string) => parseDate(text, 0)
const iso = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')

t.test('every day of a span, and random seconds, there and back', async (t) => {
  const { below } = random(5)
  const wrong: number[] = []
  const ask = (second: number) => {
    if (formatDate(second) !== iso(second) || parse(iso(second)) !== second) wrong.push(second)
  }
  for (let day = 0; day < 150 * 366; day += 1) ask(day * 86_400 + (day % 86_400))
  for (let n = 0; n < 20_000; n += 1) ask(below(LAST_SECOND))
  for (let year = 1970; year < 10_000; year += 1) {
    const start = Date.UTC(year, 0, 1) / 1000
    for (const second of [start, start + 59 * 86_400 - 1, start + 59 * 86_400, start + 60 * 86_400])
      ask(second)
  }
  ask(0)
  ask(LAST_SECOND)
  t.same(wrong.slice(0, 10), [])
})

t.test('every octet is fixed or a digit', async (t) => {
  const good = '2026-11-22T09:59:58Z'
  for (let at = 0; at < good.length; at += 1) {
    for (let octet = 0; octet < 256; octet += 1) {
      const changed = good.slice(0, at) + String.fromCharCode(octet) + good.slice(at + 1)
      const expected = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(changed) ? Date.parse(changed) / 1000 : -1
      const real = Number.isFinite(expected) && expected >= 0 && iso(expected) === changed ? expected : -1
      if (parse(changed) !== real) t.equal(parse(changed), real, changed)
    }
  }
  t.equal(parse(good.slice(0, -1)), -1, 'cut')
})

t.test('what is no instant from 1970 to 9999', async (t) => {
  for (const text of [
    '1969-12-31T23:59:59Z',
    '1968-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2026-06-31T00:00:00Z',
    '2026-12-32T00:00:00Z',
    '2026-11-22T24:00:00Z',
    '2016-12-31T23:59:60Z',
  ]) {
    t.equal(parse(text), -1, text)
  }
})
