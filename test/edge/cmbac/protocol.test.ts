/** Messages of LDAP, octet for octet, and whatever may come instead of one. */
import fc from 'fast-check'
import t from 'tap'
import {
  bindRequest,
  messageLength,
  readMessage,
  searchRequest,
  startTlsRequest,
  unbindRequest,
} from '../../../edge/cmbac/ldap/protocol.ts'

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex')
const octets = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

t.test('what is asked', (t) => {
  t.equal(hex(startTlsRequest(1)), '301d02010177188016312e332e362e312e342e312e313436362e3230303337')
  t.equal(hex(bindRequest(2, 'cn=e', 'pw')), '3012020102600d0201030404636e3d65800270 77'.replace(' ', ''))
  t.equal(hex(unbindRequest(3)), '30050201034200')
  t.equal(
    hex(
      searchRequest(4, {
        base: 'dc=h',
        filter: octets('87026162'),
        attribute: 'a',
        entries: 2,
        seconds: 5,
      }),
    ),
    '3023020104631e040464633d680a01020a0100020102020105010100 87026162 3003040161'.replaceAll(' ', ''),
  )
  t.end()
})

const ENTRY = octets('30 1a 020104 64 15 0403 643d61 30 0e 30 0c 0402 6161 31 06 0401 78 0401 79')
const DONE = octets('30 0c 020104 65 07 0a0100 0400 0400')

t.test('what is answered', (t) => {
  t.same(readMessage(ENTRY), {
    id: 4,
    kind: 'entry',
    attributes: [{ name: 'aa', values: [Buffer.from('x'), Buffer.from('y')] }],
  })
  t.same(readMessage(DONE), { id: 4, kind: 'done', code: 0 })
  t.same(
    readMessage(
      octets('30 84 0000000c 020104 65 84 00000007 0a0120 0400 0400'.replace('0000000c', '00000010')),
    ),
    { id: 4, kind: 'done', code: 32 },
    'lengths as some directories write them',
  )
  t.equal(messageLength(DONE), DONE.length)
  t.equal(messageLength(Buffer.concat([DONE, ENTRY])), DONE.length)
  for (let i = 0; i < 2; i++) t.equal(messageLength(DONE.subarray(0, i)), 0)
  t.equal(messageLength(octets('3084')), 0)
  t.equal(messageLength(octets('308400100000')), 6 + 0x100000)
  for (const [bad, wanted] of [
    ['48', /not LDAP/],
    ['3080', /no definite length/],
    ['308500', /no definite length/],
    ['308400100001', /too long/],
    ['3084ffffffff', /too long/],
  ] as const) {
    t.match(messageLength(octets(bad)), { problem: wanted }, bad)
  }
  t.end()
})

t.test('cut, changed or made up, it is read or it is a problem', (t) => {
  const isRead = (message: Uint8Array) => {
    const read = readMessage(message)
    return 'problem' in read ? read.problem.length > 0 : Number.isSafeInteger(read.id)
  }
  for (const whole of [ENTRY, DONE]) {
    for (let i = 0; i < whole.length; i++) {
      t.ok('problem' in readMessage(whole.subarray(0, i)), `cut at ${i}`)
      for (let value = 0; value < 256; value++) {
        const changed = Buffer.from(whole)
        changed[i] = value
        if (!isRead(changed)) t.fail(`octet ${i} as ${value}`)
      }
    }
  }
  t.doesNotThrow(() => fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), isRead), { numRuns: 2000 }))
  t.end()
})
