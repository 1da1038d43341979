/**
 * SSH public keys and their signatures (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8332, RFC 8709, OpenSSH PROTOCOL.u2f).
 *
 * Ed25519, ECDSA on the three NIST curves, RSA with SHA-512, and the two kinds of key that live in a FIDO token. A token must
 * have been touched for the signature.
 */
import { createHash, createPublicKey, type KeyObject, verify, type webcrypto } from 'node:crypto'
import { EncodingError, readMpint, readOctets } from './octets.ts'

/** A public key: its kind, its octets as they stand in files and signatures, and how a signature of it is checked. */
export type PublicKey = Readonly<{
  type: string
  blob: Uint8Array
  /** Whether `signature` (an SSH signature blob) is one of `data` by this key. Throws an EncodingError. */
  verifies(data: Uint8Array, signature: Uint8Array): boolean
}>

/** Bits that an RSA modulus must have at least. */
const LEAST_RSA_BITS = 2048
/** PROTOCOL.u2f: the user touched the token. */
const USER_PRESENT = 0x01

const CURVES: ReadonlyMap<string, Readonly<{ jwk: string; octets: number; hash: string }>> = new Map([
  ['nistp256', { jwk: 'P-256', octets: 32, hash: 'sha256' }],
  ['nistp384', { jwk: 'P-384', octets: 48, hash: 'sha384' }],
  ['nistp521', { jwk: 'P-521', octets: 66, hash: 'sha512' }],
])

/** The kinds of key that may sign. */
const KEY_TYPES = [
  'ssh-ed25519',
  'sk-ssh-ed25519@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'ssh-rsa',
] as const

type Check = (data: Uint8Array, signature: Uint8Array) => boolean

/** Reads a public key blob. Throws an EncodingError on one that is malformed, of another kind, or too weak. */
export function readPublicKey(blob: Uint8Array): PublicKey {
  const reader = readOctets(blob)
  const type = reader.text('the kind of the key')
  const key = (verifies: Check): PublicKey => {
    reader.end('the key')
    return { type, blob, verifies }
  }
  switch (type) {
    case 'ssh-ed25519':
      return key(plain(type, ed25519(reader.string('the key'))))
    case 'sk-ssh-ed25519@openssh.com':
      return key(inToken(type, ed25519(reader.string('the key')), reader.string('the application')))
    case 'sk-ecdsa-sha2-nistp256@openssh.com': {
      const check = ecdsa(reader.text('the curve'), 'nistp256', reader.string('the key'))
      return key(inToken(type, check, reader.string('the application')))
    }
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521': {
      const curve = reader.text('the curve')
      return key(plain(type, ecdsa(curve, type.slice('ecdsa-sha2-'.length), reader.string('the key'))))
    }
    case 'ssh-rsa': {
      const exponent = reader.string('the exponent')
      return key(plain('rsa-sha2-512', rsa(exponent, reader.string('the modulus'))))
    }
    default:
      throw new EncodingError(`a key of the kind ${type} cannot sign rules; use ${KEY_TYPES.join(', ')}`)
  }
}

/** The name by which people compare keys, as `ssh-keygen -l` writes it. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** A signature blob that is an algorithm and a signature. */
function plain(algorithm: string, check: Check): Check {
  return (data, signature) => {
    const reader = readOctets(signature)
    const used = reader.text('the algorithm')
    if (used !== algorithm) throw new EncodingError(`the algorithm is ${used}, not ${algorithm}`)
    const value = reader.string('the signature')
    reader.end('the signature')
    return check(data, value)
  }
}

/** A signature blob of a token: it signs the application, its flags, its counter and the digest of the data. */
function inToken(algorithm: string, check: Check, application: Uint8Array): Check {
  const digest = (octets: Uint8Array): Uint8Array => createHash('sha256').update(octets).digest()
  return (data, signature) => {
    const reader = readOctets(signature)
    const used = reader.text('the algorithm')
    if (used !== algorithm) throw new EncodingError(`the algorithm is ${used}, not ${algorithm}`)
    const value = reader.string('the signature')
    const state = reader.take(5, 'the state of the token')
    reader.end('the signature')
    if ((state[0]! & USER_PRESENT) === 0) throw new EncodingError('nobody touched the token for it')
    return check(Buffer.concat([digest(application), state, digest(data)]), value)
  }
}

function ed25519(point: Uint8Array): Check {
  if (point.length !== 32) throw new EncodingError('an Ed25519 key has 32 octets')
  const key = keyOf({ kty: 'OKP', crv: 'Ed25519', x: base64url(point) })
  return (data, signature) => signature.length === 64 && verify(null, data, key, signature)
}

function ecdsa(stated: string, curve: string, point: Uint8Array): Check {
  const known = CURVES.get(curve)
  if (known === undefined || stated !== curve) throw new EncodingError(`the curve is ${stated}, not ${curve}`)
  const { jwk, octets, hash } = known
  if (point.length !== 1 + 2 * octets || point[0] !== 4)
    throw new EncodingError('the point is not uncompressed')
  const key = keyOf({
    kty: 'EC',
    crv: jwk,
    x: base64url(point.subarray(1, 1 + octets)),
    y: base64url(point.subarray(1 + octets)),
  })
  return (data, signature) => {
    const reader = readOctets(signature)
    const r = readMpint(reader.string('r'), octets, 'r')
    const s = readMpint(reader.string('s'), octets, 's')
    reader.end('the signature')
    return verify(hash, data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat([r, s]))
  }
}

function rsa(exponent: Uint8Array, modulus: Uint8Array): Check {
  const n = modulus[0] === 0 ? modulus.subarray(1) : modulus
  if (n.length * 8 < LEAST_RSA_BITS || n[0]! < 0x80) {
    throw new EncodingError(`an RSA key has at least ${LEAST_RSA_BITS} bits`)
  }
  const key = keyOf({ kty: 'RSA', n: base64url(n), e: base64url(exponent) })
  return (data, signature) => verify('sha512', data, key, signature)
}

function keyOf(jwk: webcrypto.JsonWebKey): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    throw new EncodingError('the key is not a point or number of its kind')
  }
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64url')
}
