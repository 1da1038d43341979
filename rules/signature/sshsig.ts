/**
 * OpenSSH signatures (PROTOCOL.sshsig): what `ssh-keygen -Y sign` writes, read strictly.
 *
 *   armour   -----BEGIN SSH SIGNATURE----- | base64 in lines | -----END SSH SIGNATURE-----
 *   blob     "SSHSIG" | u32 1 | string public key | string namespace | string reserved (empty) | string hash | string signature
 *   signed   "SSHSIG" | string namespace | string reserved | string hash | string H(message)
 */
import { createHash } from 'node:crypto'
import { decodeBase64 } from '../text/base64.ts'
import { EncodingError, readOctets, writeString } from './octets.ts'

/** The namespace of signatures on rules: one made for anything else does not count. */
export const NAMESPACE = 'sallyport-rules'

/** A signature, not yet verified: the key that it says it is by, and what must be held against that key. */
export type Signature = Readonly<{
  key: Uint8Array
  signature: Uint8Array
  /** What has been signed when the message is `message`. */
  signed(message: Uint8Array): Uint8Array
}>

const MAGIC = 'SSHSIG'
const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
/** An RSA key of 16,384 bits and its signature fit. */
const MOST_CHARACTERS = 16_384
const HASHES = ['sha256', 'sha512']

/** Reads an armoured signature on rules. Throws an EncodingError that says what is wrong with it. */
export function readSignature(armoured: string): Signature {
  if (armoured.length > MOST_CHARACTERS) throw new EncodingError('it is longer than any signature')
  const lines = armoured.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines[0] !== BEGIN || lines.at(-1) !== END || lines.length < 3 || lines.includes('')) {
    throw new EncodingError(`it is no SSH signature: that begins with ${BEGIN} and ends with ${END}`)
  }
  const blob = decodeBase64(lines.slice(1, -1).join(''))
  if (blob === undefined) throw new EncodingError('its base64 is damaged')

  const reader = readOctets(blob)
  const magic = reader.take(MAGIC.length, 'the signature')
  if (String.fromCharCode(...magic) !== MAGIC) throw new EncodingError('it is no SSH signature inside')
  const version = reader.uint32('the version')
  if (version !== 1) throw new EncodingError(`it is of the version ${version}, not 1`)
  const key = reader.string('the key')
  const namespace = reader.text('the namespace')
  if (namespace !== NAMESPACE) {
    throw new EncodingError(`it was made for ${namespace}: sign with the namespace ${NAMESPACE}`)
  }
  if (reader.string('the reserved field').length > 0)
    throw new EncodingError('its reserved field is not empty')
  const hash = reader.text('the hash')
  if (!HASHES.includes(hash)) throw new EncodingError(`its hash is ${hash}, not sha256 or sha512`)
  const signature = reader.string('the signature')
  reader.end('the signature')

  const signed = (message: Uint8Array): Uint8Array =>
    Buffer.concat([
      Buffer.from(MAGIC),
      writeString(namespace),
      writeString(''),
      writeString(hash),
      writeString(createHash(hash).update(message).digest()),
    ])
  return { key, signature, signed }
}
