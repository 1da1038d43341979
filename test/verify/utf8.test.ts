/** The UTF-8 decoder against TextDecoder: every sequence of up to three octets, and all that four can spoil. */
import t from 'tap'
import { decodePoint, widthOf } from '../../guard/verify/utf8.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The code point of octets that are exactly one, else -1. */
function oracle(octets: Uint8Array): number {
  try {
    const characters = Array.from(decoder.decode(octets))
    return characters.length === 1 ? characters[0]!.codePointAt(0)! : -1
  } catch {
    return -1
  }
}

t.test('one, two and three octets', async (t) => {
  const wrong: string[] = []
  const ask = (...octets: number[]) => {
    const buffer = Uint8Array.from(octets)
    const point = decodePoint(buffer, 0)
    const whole = point >= 0 && widthOf(point) === octets.length ? point : -1
    if (whole !== oracle(buffer)) wrong.push(Buffer.from(buffer).toString('hex'))
    // What is longer than its first code point is judged by what follows; an overlong form never decodes.
    if (
      point >= 0 &&
      Buffer.compare(Buffer.from(String.fromCodePoint(point)), buffer.subarray(0, widthOf(point))) !== 0
    ) {
      wrong.push(`${Buffer.from(buffer).toString('hex')} decoded`)
    }
  }
  for (let a = 0; a < 256; a += 1) {
    ask(a)
    for (let b = 0; b < 256; b += 1) {
      ask(a, b)
      if (a >= 0xe0) for (const c of [0, 0x20, 0x7f, 0x80, 0x81, 0xbe, 0xbf, 0xc0, 0xff]) ask(a, b, c)
    }
  }
  t.same(wrong.slice(0, 10), [])
})

t.test('four octets', async (t) => {
  const wrong: string[] = []
  const ends = [0, 0x7f, 0x80, 0xbf, 0xc0, 0xff]
  for (let a = 0xf0; a < 0x100; a += 1) {
    for (let b = 0; b < 256; b += 1) {
      for (const c of ends) {
        for (const d of ends) {
          const octets = Uint8Array.of(a, b, c, d)
          if (decodePoint(octets, 0) !== oracle(octets)) wrong.push(Buffer.from(octets).toString('hex'))
        }
      }
    }
  }
  t.same(wrong.slice(0, 10), [])
})

t.test('every code point, and each cut short', async (t) => {
  const wrong: number[] = []
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (point >= 0xd800 && point <= 0xdfff) continue
    const octets = Buffer.from(String.fromCodePoint(point), 'utf8')
    if (decodePoint(octets, 0) !== point || widthOf(point) !== octets.length) wrong.push(point)
    if (octets.length > 1 && decodePoint(octets.subarray(0, -1), 0) !== -1) wrong.push(point)
  }
  t.same(wrong.slice(0, 10), [])
})
