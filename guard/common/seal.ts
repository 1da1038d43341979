/**
 * Content, sealed for one public key: only who has its private half can open it, and that half is on no host of the guard.
 *
 *   sealed   "SLC1" | 32 octets ephemeral X25519 key | 48 octets data key, sealed | u64 count | ciphertext | 16 octets tag
 *
 *   data key      32 random octets, one for a run of intake, sealed with AES-256-GCM (nonce 12 zero octets, no associated data) under
 *                 HKDF-SHA-256(X25519(ephemeral, recipient), salt: ephemeral | recipient, info: "sallyport-content-1")
 *   ciphertext    AES-256-GCM under the data key; nonce: 4 zero octets | count; associated data: the 8 octets of the stanza's number
 *
 * The key under the data key is used once, for every run has its own ephemeral key, so its nonce may be constant. Counts begin at
 * 1 in each run and never repeat under one data key. Each sealed content stands alone: it opens without the others.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import { NUMBER_OCTETS, type StanzaNumber, writeNumber } from '../gcxp/number.ts'

const MAGIC = Buffer.from('SLC1')
const KEY = 32
const TAG = 16
const COUNT_AT = MAGIC.length + KEY + KEY + TAG
const TEXT_AT = COUNT_AT + 8

/** By how much what is sealed is longer than the content. */
export const SEAL_OCTETS = TEXT_AT + TAG

const CIPHER = 'aes-256-gcm'
const OPTIONS = { authTagLength: TAG }
/** Public X25519 keys in DER are these octets and then the key (RFC 8410). */
const SPKI = Buffer.from('302a300506032b656e032100', 'hex')

/** Seals contents of one run for `recipient`, an X25519 public key. Throws when that key is of small order. */
export function createSeal(recipient: KeyObject): (number: StanzaNumber, content: Uint8Array) => Buffer {
  const ephemeral = generateKeyPairSync('x25519')
  const own = rawKey(ephemeral.publicKey)
  const shared = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient })
  const dataKey = randomBytes(KEY)
  const wrap = createCipheriv(CIPHER, wrappingKey(shared, own, rawKey(recipient)), Buffer.alloc(12), OPTIONS)
  const start = Buffer.concat([MAGIC, own, wrap.update(dataKey), wrap.final(), wrap.getAuthTag()])
  let count = 0

  return (number, content) => {
    const sealed = Buffer.allocUnsafe(content.length + SEAL_OCTETS)
    start.copy(sealed)
    sealed.writeBigUInt64BE(BigInt(++count), COUNT_AT)
    const cipher = createCipheriv(CIPHER, dataKey, nonceOf(sealed), OPTIONS)
    cipher.setAAD(numberOctets(number))
    cipher.update(content).copy(sealed, TEXT_AT)
    cipher.final()
    cipher.getAuthTag().copy(sealed, TEXT_AT + content.length)
    return sealed
  }
}

/** The content; undefined when it was not sealed for `key`, an X25519 private key, under this number, or was changed. */
export function openSealed(key: KeyObject, number: StanzaNumber, sealed: Buffer): Buffer | undefined {
  if (sealed.length < SEAL_OCTETS || !sealed.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const theirs = sealed.subarray(MAGIC.length, MAGIC.length + KEY)
  const wrapped = sealed.subarray(MAGIC.length + KEY, COUNT_AT)
  try {
    const publicKey = createPublicKey({ key: Buffer.concat([SPKI, theirs]), format: 'der', type: 'spki' })
    const shared = diffieHellman({ privateKey: key, publicKey })
    const under = wrappingKey(shared, theirs, rawKey(createPublicKey(key)))
    const dataKey = decrypt(under, Buffer.alloc(12), Buffer.alloc(0), wrapped)
    return decrypt(dataKey, nonceOf(sealed), numberOctets(number), sealed.subarray(TEXT_AT))
  } catch {
    return undefined
  }
}

/** Throws when the tag at the end of `octets` is not theirs. */
function decrypt(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, octets: Uint8Array): Buffer {
  const end = octets.length - TAG
  const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS)
  decipher.setAAD(associated)
  decipher.setAuthTag(octets.subarray(end))
  return Buffer.concat([decipher.update(octets.subarray(0, end)), decipher.final()])
}

function wrappingKey(shared: Uint8Array, own: Uint8Array, recipient: Uint8Array): Uint8Array {
  return new Uint8Array(
    hkdfSync('sha256', shared, Buffer.concat([own, recipient]), 'sallyport-content-1', KEY),
  )
}

function rawKey(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' }).subarray(SPKI.length)
}

function nonceOf(sealed: Buffer): Uint8Array {
  const nonce = Buffer.alloc(12)
  sealed.copy(nonce, 4, COUNT_AT, TEXT_AT)
  return nonce
}

function numberOctets(number: StanzaNumber): Uint8Array {
  const octets = Buffer.alloc(NUMBER_OCTETS)
  writeNumber(octets, 0, number)
  return octets
}
