import fc from 'fast-check'
import t from 'tap'
import { decodeBase64, encodeBase64 } from '../../rules/text/base64.ts'
import { formatDate, LAST_SECOND, normaliseDate, parseDate } from '../../rules/text/date.ts'
import { checkIdentifier, checkInteger } from '../../rules/text/token.ts'

t.test('dates: one spelling, real instants', async (t) => {
  const good: Record<string, number> = {
    '1970-01-01T00:00:00Z': 0,
    '2000-02-29T12:34:56Z': 951_827_696,
    '2024-02-29T00:00:00Z': 1_709_164_800,
    '9999-12-31T23:59:59Z': LAST_SECOND,
  }
  for (const [text, seconds] of Object.entries(good)) {
    t.equal(parseDate(text), seconds, text)
    t.equal(formatDate(seconds), text)
  }
  for (const bad of [
    '',
    '1969-12-31T23:59:59Z',
    '0000-01-01T00:00:00Z',
    '0070-01-01T00:00:00Z',
    '10000-01-01T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2024-04-31T00:00:00Z',
    '2024-00-01T00:00:00Z',
    '2024-13-01T00:00:00Z',
    '2024-01-00T00:00:00Z',
    '2024-01-01T24:00:00Z',
    '2024-01-01T00:60:00Z',
    '2016-12-31T23:59:60Z',
    '2024-01-01T00:00:00',
    '2024-01-01T00:00:00z',
    '2024-01-01t00:00:00Z',
    '2024-01-01 00:00:00Z',
    '2024-01-01T00:00:00.0Z',
    '2024-01-01T00:00:00+00:00',
    '2024-1-1T0:0:0Z',
    '+2024-01-01T00:00:00Z',
    ' 2024-01-01T00:00:00Z',
    '2024-01-01T00:00:00Z\n',
    '２０２４-01-01T00:00:00Z',
  ]) {
    t.equal(parseDate(bad), undefined, JSON.stringify(bad))
  }
  for (const bad of [-1, 0.5, LAST_SECOND + 1, Number.NaN, Number.POSITIVE_INFINITY])
    t.throws(() => formatDate(bad))
})

t.test('dates of the field, made canonical', async (t) => {
  const cases: Record<string, string | undefined> = {
    '2024-02-29T00:00:00Z': '2024-02-29T00:00:00Z',
    '2024-02-29T00:00:00.999999Z': '2024-02-29T00:00:00Z',
    '2024-02-29T00:00:00+02:00': '2024-02-28T22:00:00Z',
    '2024-02-28T20:30:00.5-03:30': '2024-02-29T00:00:00Z',
    '2024-02-29T00:00:00-00:00': '2024-02-29T00:00:00Z',
    '1970-01-01T01:00:00+01:00': '1970-01-01T00:00:00Z',
    '1969-12-31T23:00:00-01:00': '1970-01-01T00:00:00Z',
    '2024-02-29T14:00:00+14:00': '2024-02-29T00:00:00Z',
    '1970-01-01T00:00:00+00:01': undefined,
    '9999-12-31T23:59:59-00:01': undefined,
    '2024-02-29T00:00:00+14:01': undefined,
    '2024-02-29T00:00:00+01:60': undefined,
    '2024-02-29T00:00:00+0100': undefined,
    '2024-02-29T00:00:00.Z': undefined,
    '2024-02-29T00:00:00': undefined,
    '2024-02-30T00:00:00Z': undefined,
    '2024-02-29': undefined,
  }
  for (const [text, wanted] of Object.entries(cases)) t.equal(normaliseDate(text), wanted, text)
})

t.test('each second has one spelling, the one that JavaScript gives it', async (t) => {
  let read = 0
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LAST_SECOND }), (second) => {
      const text = formatDate(second)
      if (text !== `${new Date(second * 1000).toISOString().slice(0, 19)}Z`) throw new Error(text)
      if (parseDate(text) !== second || normaliseDate(text) !== text) throw new Error(text)
      read++
    }),
  )
  t.ok(read > 0)
})

t.test('base64: one spelling', async (t) => {
  let read = 0
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      const back = decodeBase64(encodeBase64(octets))
      if (back === undefined || Buffer.compare(back, octets) !== 0) throw new Error('lost')
      read++
    }),
  )
  t.ok(read > 0)
  t.same(decodeBase64(''), Buffer.alloc(0))
  for (const bad of [
    'A',
    'AA',
    'AAA',
    'AA=',
    'AB==',
    'AAB=',
    'AA==A',
    'AA==\n',
    ' AA==',
    'A A=',
    'AA= =',
    'AA--',
    'AA__',
    'AA==AA==',
    '====',
    'AAAA=',
    'AA.=',
  ]) {
    t.equal(decodeBase64(bad), undefined, JSON.stringify(bad))
  }
})

t.test('identifiers, integers, languages', async (t) => {
  for (const good of ['a', '!#$%()*+,-./09:;=?@AZ[\\]^_`az{|}~', 'x'.repeat(64)])
    t.ok(checkIdentifier(good, 64), good)
  for (const bad of ['', ' ', 'a b', 'a"', 'a&', "a'", 'a<', 'a>', 'é', 'a\n', 'a\x7f', 'x'.repeat(65)]) {
    t.notOk(checkIdentifier(bad, 64), JSON.stringify(bad))
  }
  for (const good of ['0', '1', '-1', '127', '-128']) t.ok(checkInteger(good, -128, 127), good)
  for (const bad of ['', '-0', '00', '01', '+1', '1.0', '1e1', ' 1', '1\n', '128', '-129', '-', '0x1', '١']) {
    t.notOk(checkInteger(bad, -128, 127), JSON.stringify(bad))
  }
  const { MAX_SAFE_INTEGER: max } = Number
  t.ok(checkInteger(String(max), -max, max))
  t.ok(checkInteger(String(-max), -max, max))
  for (const bad of ['9007199254740992', '-9007199254740992', '9'.repeat(400)])
    t.notOk(checkInteger(bad, -max, max), bad)
})
