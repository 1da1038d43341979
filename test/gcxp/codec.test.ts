import { decode, encode, Token, Type } from 'cborg'
import t from 'tap'
import { createGcxpDecoder, encodeRequest, encodeResponse, PREAMBLE } from '../../guard/gcxp/codec.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const LIMIT = 1000

/** All that a decoder says of `octets`, given in pieces of `size`. */
function read(octets: Uint8Array, size = octets.length, limit = LIMIT) {
  const decoder = createGcxpDecoder(limit)
  const seen: unknown[] = []
  for (let at = 0; at < octets.length; at += size) {
    decoder.feed(octets.subarray(at, at + size))
    for (let message = decoder.read(); message !== undefined; message = decoder.read()) {
      seen.push(
        message.type === 'preamble' || message.type === 'violation'
          ? message.type
          : {
              ...message,
              id: Buffer.from(message.id).toString('hex'),
              ...('payload' in message && message.payload !== undefined
                ? { payload: Buffer.from(message.payload).toString('hex') }
                : {}),
            },
      )
    }
  }
  return seen
}

/** What cborg makes of a frame: the referee for shape, minimal heads and exact length. */
function referee(frame: Uint8Array): unknown {
  const tag24: (inner: () => unknown) => unknown = (inner) => inner()
  const body = decode(frame, { strict: true, tags: { 24: tag24 } as never })
  return (decode(body as Uint8Array, { strict: true }) as unknown[]).map(plain)
}

t.test('the published vectors', (t) => {
  const request = hex('D8 18 49 83 02 44 40 40 40 40 61 20')
  const accepted = hex('D8 18 48 83 03 F5 44 40 40 40 40')
  const rejected = hex('D8 18 48 83 03 F4 44 40 40 40 40')
  t.equal(Buffer.compare(encodeRequest(hex('40404040'), hex('20')), request), 0)
  t.equal(Buffer.compare(encodeResponse(true, hex('40404040')), accepted), 0)
  t.equal(Buffer.compare(encodeResponse(false, hex('40404040')), rejected), 0)
  t.same(read(Buffer.concat([PREAMBLE, request, accepted, rejected])), [
    'preamble',
    { type: 'request', id: '40404040', payload: '20' },
    { type: 'response', accepted: true, id: '40404040' },
    { type: 'response', accepted: false, id: '40404040' },
  ])
  t.end()
})

t.test('every length of id and payload at the edges of CBOR heads, against cborg', (t) => {
  const lengths = [1, 2, 22, 23, 24, 25, 254, 255, 256, 257, 999, 1000, 65_534, 65_535, 65_536, 70_000]
  let compared = 0
  for (const id of [1, 8, 23, 24, 255, 256]) {
    for (const length of [0, ...lengths]) {
      const idOctets = Buffer.alloc(id, 7)
      const payload = length === 0 ? undefined : Buffer.alloc(length, 'x')
      const frame = encodeRequest(idOctets, payload)
      const model = payload === undefined ? [2, idOctets] : [2, idOctets, payload.toString('latin1')]
      t.same(referee(frame), model.map(plain), `cborg reads ${id}/${length}`)
      const inner = encode(model)
      const outer = encode(
        { inner },
        { typeEncoders: { Object: () => [new Token(Type.tag, 24), new Token(Type.bytes, inner)] } },
      )
      t.ok(Buffer.from(outer).equals(frame), `cborg writes ${id}/${length} so`)
      const seen = read(Buffer.concat([PREAMBLE, frame]), 1021, 70_000)
      t.same(seen[1], {
        type: 'request',
        id: idOctets.toString('hex'),
        payload: payload?.toString('hex'),
      })
      compared++
    }
  }
  t.equal(compared, 102)
  t.end()
})

/** Octet strings as hexadecimal, so that views of different kinds compare. */
function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

t.test('pieces of any size give the same messages', (t) => {
  const parts: Uint8Array[] = [PREAMBLE]
  for (let i = 1; i < 60; i++) parts.push(encodeRequest(Buffer.alloc(8, i), Buffer.alloc(i * 7, 'é')))
  const whole = Buffer.concat(parts)
  const expected = read(whole)
  t.equal(expected.length, 60)
  for (const size of [1, 2, 3, 5, 7, 11, 100, 413, 4096])
    t.same(read(whole, size), expected, `pieces of ${size}`)
  t.end()
})

t.test('a reader that stops in the middle of a chunk loses nothing', (t) => {
  const decoder = createGcxpDecoder(LIMIT)
  const frame = encodeRequest(Buffer.alloc(8, 1), Buffer.from('x'))
  decoder.feed(Buffer.concat([PREAMBLE, frame, frame, frame.subarray(0, 5)]))
  t.equal(decoder.read()?.type, 'preamble')
  decoder.feed(Buffer.concat([frame.subarray(5), frame]))
  let requests = 0
  while (decoder.read()?.type === 'request') requests++
  t.equal(requests, 4)
  t.end()
})

t.test('a message has begun with its first octet, and no earlier', (t) => {
  const decoder = createGcxpDecoder(LIMIT)
  const stream = Buffer.concat([PREAMBLE, encodeResponse(true, hex('40'))])
  const whole = [0, PREAMBLE.length, stream.length]
  for (let at = 0; at <= stream.length; at++) {
    while (decoder.read() !== undefined);
    t.equal(decoder.inMessage(), !whole.includes(at), `${at} octets`)
    decoder.feed(stream.subarray(at, at + 1))
  }
  t.end()
})

t.test('what is not GCXP', (t) => {
  const id = '44 40 40 40 40'
  const wrong: Record<string, string> = {
    'another tag': `D8 19 49 83 02 ${id} 61 20`,
    'tag 24 in two octets': `D9 00 18 49 83 02 ${id} 61 20`,
    'no tag': `49 83 02 ${id} 61 20`,
    'a text string around the message': `D8 18 69 83 02 ${id} 61 20`,
    'outer length in two octets': `D8 18 58 09 83 02 ${id} 61 20`,
    'outer length in three octets': `D8 18 59 00 09 83 02 ${id} 61 20`,
    'outer length in five octets': `D8 18 5A 00 00 00 09 83 02 ${id} 61 20`,
    'outer length in nine octets': `D8 18 5B 00 00 00 00 00 00 00 09 83 02 ${id} 61 20`,
    'an indefinite outer string': `D8 18 5F 49 83 02 ${id} 61 20 FF`,
    'an indefinite array': `D8 18 4A 9F 02 ${id} 61 20 FF`,
    'an array head in two octets': `D8 18 4A 98 03 02 ${id} 61 20`,
    'a type in two octets': `D8 18 4A 83 18 02 ${id} 61 20`,
    'an empty message': 'D8 18 40',
    'an empty array': 'D8 18 41 80',
    'type 1': `D8 18 48 83 01 ${id} 61 20`,
    'type 4': `D8 18 49 83 04 ${id} 61 20`,
    'a negative type': `D8 18 49 83 21 ${id} 61 20`,
    'a request of four items': `D8 18 4B 84 02 ${id} 61 20 61 20`,
    'a request of one item': 'D8 18 42 81 02',
    'an empty id': 'D8 18 45 83 02 40 61 20',
    'an id head in two octets': `D8 18 4A 83 02 58 04 40 40 40 40 61 20`,
    'a text string as id': `D8 18 49 83 02 64 40 40 40 40 61 20`,
    'an empty payload': `D8 18 48 83 02 ${id} 60`,
    'a byte string as payload': `D8 18 49 83 02 ${id} 41 20`,
    'a payload head in two octets': `D8 18 4A 83 02 ${id} 78 01 20`,
    'an indefinite payload': `D8 18 4B 83 02 ${id} 7F 61 20 FF`,
    'a null payload': `D8 18 48 83 02 ${id} F6`,
    'a payload that is cut': `D8 18 48 83 02 ${id} 61`,
    'a payload longer than its frame': `D8 18 49 83 02 ${id} 62 20`,
    'an octet behind the message': `D8 18 4A 83 02 ${id} 61 20 00`,
    'a response with payload': `D8 18 4A 84 03 F5 ${id} 61 20`,
    'a response without answer': `D8 18 47 82 03 ${id}`,
    'a response that says null': `D8 18 48 83 03 F6 ${id}`,
    'a response that says 1': `D8 18 48 83 03 01 ${id}`,
    'a boolean in two octets': `D8 18 49 83 03 F8 15 ${id}`,
    'an octet behind a response': `D8 18 49 83 03 F5 ${id} 00`,
    'a frame of 4 GiB': 'D8 18 5A FF FF FF FF',
    'the self-describe tag again': 'D9 D9 F7 00',
  }
  for (const [what, octets] of Object.entries(wrong)) {
    const whole = Buffer.concat([PREAMBLE, hex(octets), encodeResponse(true, hex('01'))])
    t.same(read(whole), ['preamble', 'violation'], what)
    t.same(read(whole, 1), ['preamble', 'violation'], `${what}, octet by octet`)
  }
  const longId = Buffer.concat([hex('D8 18 59 01 06 82 02 59 01 01'), Buffer.alloc(257)])
  t.same(read(Buffer.concat([PREAMBLE, longId])), ['preamble', 'violation'], 'an id of 257 octets')
  for (const start of ['D9D9F701', 'D9D9F718', '00000000', '3C3F786D', 'D818']) {
    t.same(read(Buffer.concat([hex(start), hex('0000')])), ['violation'], `preamble ${start}`)
  }
  t.end()
})

t.test('the limit holds before the payload has come', (t) => {
  t.same(read(Buffer.concat([PREAMBLE, encodeRequest(hex('01'), Buffer.alloc(LIMIT, 'x'))])).length, 2)
  const over = encodeRequest(Buffer.alloc(8), Buffer.alloc(LIMIT + 1, 'x'))
  t.same(read(Buffer.concat([PREAMBLE, over])), ['preamble', 'violation'], 'one octet more')
  t.same(read(Buffer.concat([PREAMBLE, hex('D818 5A 00100000')])), ['preamble', 'violation'], 'a head alone')
  t.same(read(Buffer.concat([PREAMBLE, encodeRequest(hex('01'), hex('20'))]), 3, 0), [
    'preamble',
    'violation',
  ])
  t.end()
})

t.test('octets that are not UTF-8 reach the verifiers', (t) => {
  const seen = read(Buffer.concat([PREAMBLE, encodeRequest(hex('01'), hex('c3 28 ff'))]))
  t.same(seen[1], { type: 'request', id: '01', payload: 'c328ff' })
  t.end()
})

t.test('an id or payload that GCXP does not have cannot be written', (t) => {
  t.throws(() => encodeRequest(Buffer.alloc(0), hex('20')))
  t.throws(() => encodeRequest(Buffer.alloc(257), hex('20')))
  t.throws(() => encodeRequest(Buffer.alloc(8), Buffer.alloc(0)))
  t.throws(() => encodeResponse(true, Buffer.alloc(0)))
  t.end()
})
