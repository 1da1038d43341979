import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { decodeContent, encodeContent } from '../../guard/common/content.ts'
import { createSeal, openSealed, SEAL_OCTETS } from '../../guard/common/seal.ts'
import { at } from './make.ts'

const ours = generateKeyPairSync('x25519')
const theirs = generateKeyPairSync('x25519')

t.test('what is sealed opens with its key and under its number, and not otherwise', (t) => {
  const seal = createSeal(ours.publicKey)
  const sealed = [1, 2, 3].map((count) => seal(at(count), Buffer.from('the same words')))
  for (const [i, octets] of sealed.entries()) {
    t.equal(octets.length, 14 + SEAL_OCTETS)
    t.equal(openSealed(ours.privateKey, at(i + 1), octets)?.toString(), 'the same words')
    t.equal(openSealed(theirs.privateKey, at(i + 1), octets), undefined, 'another key')
    t.equal(openSealed(ours.privateKey, at(i + 2), octets), undefined, 'another number')
    t.equal(openSealed(ours.privateKey, at(i + 1, 1), octets), undefined, 'another generation')
  }
  t.same(openSealed(ours.privateKey, at(9), seal(at(9), Buffer.alloc(0))), Buffer.alloc(0), 'nothing')
  t.end()
})

t.test('no key or nonce is used twice, and no word stands in it', (t) => {
  const runs = [createSeal(ours.publicKey), createSeal(ours.publicKey)]
  const all = [1, 2, 3, 4].map((i) => runs[i % 2]!(at(1), Buffer.from('the same words')))
  t.equal(
    new Set(all.map((octets) => octets.subarray(4, 36).toString('hex'))).size,
    2,
    'an ephemeral key a run',
  )
  t.equal(new Set(all.map((octets) => octets.subarray(4, 92).toString('hex'))).size, 4, 'a count each')
  t.equal(new Set(all.map((octets) => octets.subarray(92).toString('hex'))).size, 4)
  t.notOk(all.some((octets) => octets.includes('same')))
  t.end()
})

t.test('every octet counts', (t) => {
  const sealed = createSeal(ours.publicKey)(at(7), Buffer.from('words'))
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i]! ^= 0x40
    if (openSealed(ours.privateKey, at(7), changed) !== undefined) t.fail(`octet ${i}`)
  }
  for (let length = 0; length < sealed.length; length++) {
    if (openSealed(ours.privateKey, at(7), sealed.subarray(0, length)) !== undefined)
      t.fail(`${length} octets`)
  }
  t.equal(openSealed(ours.privateKey, at(7), Buffer.concat([sealed, Buffer.alloc(1)])), undefined, 'longer')
  t.end()
})

t.test('a key of small order seals nothing', (t) => {
  const zero = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), Buffer.alloc(32)])
  t.throws(() => createSeal(createPublicKey({ key: zero, format: 'der', type: 'spki' })))
  t.end()
})

t.test('on the pipe', (t) => {
  const sealed = createSeal(ours.publicKey)(at(7), Buffer.from('words'))
  const frame = encodeContent({ number: at(7), sealed })
  t.same(decodeContent(frame.subarray(4)), { number: at(7), sealed })
  t.equal(decodeContent(frame.subarray(4, 8 + SEAL_OCTETS + 3)), undefined)
  t.end()
})
