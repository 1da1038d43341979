import t from 'tap'
import {
  compareOctets,
  type DerProblem,
  isPrintableString,
  readBits,
  readDer,
  readInteger,
  readString,
  type Tlv,
  writeBits,
  writeDer,
  writeInteger,
  writeOid,
  writeSetOf,
} from '../../rules/label/der.ts'
import { decodeOid, encodeOid, isCanonicalNumber, isOid } from '../../rules/label/oid.ts'

const octets = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const read = (text: string, rules: 'der' | 'ber' = 'der'): Tlv | DerProblem => readDer(octets(text), rules)

t.test('object identifiers: one spelling each, of any size', async (t) => {
  for (const [oid, content] of [
    ['1.1', '29'],
    ['0.0', '00'],
    ['0.39', '27'],
    ['1.39', '4f'],
    ['2.0', '50'],
    ['2.39', '77'],
    ['2.40', '78'],
    ['2.999', '8837'],
    ['2.999.1', '883701'],
    ['1.2.840.113549.1.9.16.2.2', '2a864886f70d0109100202'],
    ['1.2.268435455', '2affffff7f'],
    ['1.2.268435456', '2a8180808000'],
    ['2.18446744073709551616', '82808080808080808050'],
  ] as const) {
    t.equal(hex(encodeOid(oid)!), content, oid)
    t.equal(decodeOid(octets(content)), oid, content)
  }
  for (const bad of [
    '',
    '1',
    '1.',
    '.1',
    '1..2',
    '01.2',
    '1.02',
    '3.1',
    '1.40',
    '0.40',
    '1.2.-3',
    '1.2.a',
    ' 1.2',
    '1.2 ',
    '1.2.３',
    `1.2${'.1'.repeat(200)}`,
  ]) {
    t.notOk(isOid(bad), JSON.stringify(bad))
  }
  for (const bad of ['', '80', '2a80', '2a8001', '8001', '2a81', 'ff', '01'.repeat(129)])
    t.equal(decodeOid(octets(bad)), undefined, bad)
})

t.test('canonical numbers', async (t) => {
  for (const good of ['0', '7', '10', '184467440737095516160']) t.ok(isCanonicalNumber(good))
  for (const bad of ['', '00', '01', '-1', '+1', '1 ', '1e3', '٣', 'a']) t.notOk(isCanonicalNumber(bad), bad)
})

t.test('tag, length, value: only one value, filled to the end', async (t) => {
  t.match(read('3106020104060129'), { tag: 0x31, members: [{ tag: 2 }, { tag: 6 }] })
  t.match(read('0400'), { tag: 4, members: [] })
  for (const [bad, problem, at] of [
    ['', 'truncated', 0],
    ['31', 'truncated', 0],
    ['3101', 'truncated', 0],
    ['310102', 'truncated', 2],
    ['31020201', 'truncated', 2],
    ['04000000', 'octets behind the value', 2],
    ['1f0100', 'a tag number above 30', 0],
    ['048101', 'a length that is not minimal', 1],
    [`04817f${'00'.repeat(127)}`, 'a length that is not minimal', 1],
    [`04820080${'00'.repeat(128)}`, 'a length that is not minimal', 1],
    ['0485000000000100', 'a length that does not fit', 1],
    ['0484ffffffff00', 'truncated', 0],
    ['048200', 'a length that does not fit', 1],
    ['31800000', 'indefinite length', 1],
    ['3104310202', 'truncated', 0],
  ] as const) {
    t.match(read(bad), { problem, at }, bad)
  }
  t.match(readDer(octets('31'.repeat(13) + '00'), 'der'), { problem: String })
  let nested = octets('0500')
  for (let i = 0; i < 13; i++) nested = writeDer(0x30, nested)
  t.match(readDer(nested, 'ber'), { problem: 'nested too deeply' })
  t.match(readDer(new Uint8Array((1 << 22) + 1), 'ber'), { problem: 'too long' })
})

t.test('BER: indefinite and padded lengths', async (t) => {
  t.match(read('318006022a030201010000', 'ber'), { tag: 0x31, members: [{ tag: 6 }, { tag: 2 }] })
  t.match(read('3180308002010100000000', 'ber'), { members: [{ tag: 0x30, members: [{ tag: 2 }] }] })
  t.match(read('3182000302010500'.slice(0, 14), 'ber'), { members: [{ tag: 2 }] })
  t.match(read('31800201010000ff', 'ber'), { problem: 'octets behind the value' })
  t.match(read('3180020101', 'ber'), { problem: 'no end of contents' })
  t.match(read('318002010100', 'ber'), { problem: 'no end of contents' })
  t.match(read('04800000', 'ber'), { problem: 'indefinite length' }, 'of a primitive')
})

t.test('lengths are written minimal', async (t) => {
  for (const [length, head] of [
    [0, '0400'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [65_536, '0483010000'],
  ] as const) {
    const written = writeDer(4, new Uint8Array(length))
    t.equal(hex(written).slice(0, head.length), head)
    t.notOk('problem' in readDer(written, 'der'))
  }
})

t.test('integers: no sign, no padding', async (t) => {
  for (const [decimal, content] of [
    ['0', '00'],
    ['127', '7f'],
    ['128', '0080'],
    ['256', '0100'],
    ['281474976710656', '01000000000000'],
    ['184467440737095516160', '0a0000000000000000'],
  ] as const) {
    t.equal(hex(writeInteger(decimal)).slice(4), content)
    t.equal(readInteger(octets(content)), decimal)
  }
  for (const bad of ['', '80', 'ff', '0000', '007f', '00'.padEnd(140, 'f')])
    t.equal(readInteger(octets(bad)), undefined, bad)
})

t.test('bit strings: bit 0 is the first, nothing behind the last', async (t) => {
  for (const [bits, content] of [
    [[], '00'],
    [[0], '0780'],
    [[7], '0001'],
    [[8], '07 0080'],
    [[1, 2], '0560'],
    [[0, 15], '00 8001'],
  ] as const) {
    t.equal(hex(writeBits(bits)).slice(4), content.replaceAll(' ', ''))
    t.same(readBits(octets(content)), bits)
  }
  t.same(readBits(octets('00 6000')), [1, 2], 'zeros behind the last are read')
  t.same(readBits(octets('05 7f')), [1, 2], 'unused bits say nothing')
  for (const bad of ['', '08 00', '01']) t.equal(readBits(octets(bad)), undefined, bad)
})

t.test('strings of their type', async (t) => {
  const text = (value: string) => {
    const tlv = read(value)
    return 'problem' in tlv ? tlv : readString(tlv)
  }
  t.equal(text('0c02c3a9'), 'é')
  t.equal(text('0c03efbbbf'), '\uFEFF', 'no byte order mark is lost')
  t.equal(text('0c02c0af'), undefined)
  t.equal(text('13024142'), 'AB')
  t.equal(text('13022a40'), undefined)
  t.equal(text('1302c3a9'), undefined)
  t.equal(text('160141'), undefined)
  t.ok(isPrintableString("Az09 '()+,-./:=?"))
  for (const c of '*&@_!;<>"#%\u0000é') t.notOk(isPrintableString(c), c)
})

t.test('sets are written in order', async (t) => {
  t.equal(
    hex(writeSetOf([octets('020102'), octets('02020100'), octets('020101')])),
    '310a02010102010202020100',
  )
  t.ok(compareOctets(octets('01'), octets('0100')) < 0)
  t.equal(compareOctets(octets('01'), octets('01')), 0)
  t.throws(() => writeOid('1'), RangeError)
})
