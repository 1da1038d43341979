import fc from 'fast-check'
import t from 'tap'
import { normaliseDate } from '../../rules/text/date.ts'
import { compareDateTimes, readDateTime } from '../../rules/text/datetime.ts'

t.test('what xs:dateTime has, in UTC and whole seconds', async (t) => {
  const cases: Record<string, string | undefined> = {
    '2024-02-29T00:00:00Z': '2024-02-29T00:00:00Z',
    '2030-01-01T24:00:00Z': '2030-01-02T00:00:00Z',
    '2030-12-31T24:00:00.000-01:00': '2031-01-01T01:00:00Z',
    '1969-07-20T20:17:40Z': '1969-07-20T20:17:40Z',
    '1066-10-14T09:00:00.5+14:00': '1066-10-13T19:00:00Z',
    '9999-12-31T23:59:59-01:00': '10000-01-01T00:59:59Z',
    '12345-06-07T08:09:10Z': '12345-06-07T08:09:10Z',
    '0001-01-01T00:00:00+01:00': '-0001-12-31T23:00:00Z',
    '-0001-12-31T23:30:00-01:00': '0001-01-01T00:30:00Z',
    '-0005-02-29T00:00:00Z': '-0005-02-29T00:00:00Z',
    '-99999999-01-01T00:00:00Z': '-99999999-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z': undefined,
    '012345-01-01T00:00:00Z': undefined,
    '123456789-01-01T00:00:00Z': undefined,
    '+2030-01-01T00:00:00Z': undefined,
    '30-01-01T00:00:00Z': undefined,
    '2030-01-01T24:00:01Z': undefined,
    '2030-01-01T24:01:00Z': undefined,
    '2030-01-01T24:00:00.01Z': undefined,
    '2030-01-01T25:00:00Z': undefined,
    '2030-01-01T23:59:60Z': undefined,
    '2030-01-01T23:60:00Z': undefined,
    '2030-01-01T00:00:00.Z': undefined,
    '2030-01-01T00:00:00': undefined,
    '2030-01-01T00:00:00z': undefined,
    '2030-01-01 00:00:00Z': undefined,
    '2030-01-01T00:00:00+14:01': undefined,
    '2030-01-01T00:00:00+01:60': undefined,
    '2030-01-01T00:00:00+0100': undefined,
    '2030-1-01T00:00:00Z': undefined,
    '2030-13-01T00:00:00Z': undefined,
    '2030-00-01T00:00:00Z': undefined,
    '2030-04-31T00:00:00Z': undefined,
    '1900-02-29T00:00:00Z': undefined,
    '-0001-02-30T00:00:00Z': undefined,
    '2030-01-01T00:00:00Z ': undefined,
    '2030-01-01': undefined,
    '': undefined,
    '-': undefined,
  }
  for (const [text, wanted] of Object.entries(cases)) t.equal(readDateTime(text), wanted, text)
  t.equal(readDateTime(`2030-01-01T00:00:00.${'0'.repeat(100_000)}Z`), '2030-01-01T00:00:00Z')
})

t.test('where the wire has a date too, it is the same one; order is that of time', async (t) => {
  let compared = 0
  const second = fc.integer({ min: -62_000_000_000, max: 253_402_300_799 })
  fc.assert(
    fc.property(second, second, (a, b) => {
      const [x, y] = [a, b].map((at) => `${new Date(at * 1000).toISOString().slice(0, 19)}Z`) as [
        string,
        string,
      ]
      if (readDateTime(x) !== x) throw new Error(x)
      if (a >= 0 && normaliseDate(x) !== x) throw new Error(x)
      if (Math.sign(compareDateTimes(x, y)) !== Math.sign(a - b)) throw new Error(`${x} ${y}`)
      compared++
    }),
    { numRuns: 1000 },
  )
  t.ok(compared > 0)
  t.ok(compareDateTimes('10000-01-01T00:00:00Z', '9999-01-01T00:00:00Z') > 0)
  t.ok(compareDateTimes('-0002-06-01T00:00:00Z', '-0002-01-01T00:00:00Z') > 0)
  t.ok(compareDateTimes('-0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z') < 0)
})
