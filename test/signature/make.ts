/** SSH keys and signatures made with node:crypto, so that tests need no ssh-keygen; each part can be made wrong. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { writeString } from '../../rules/signature/octets.ts'

export type TestKey = Readonly<{
  type: string
  blob: Uint8Array
  /** An SSH signature blob of `data`. */
  sign(data: Uint8Array): Uint8Array
}>

const u32 = (value: number): Uint8Array => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
const sha256 = (data: Uint8Array | string): Uint8Array => createHash('sha256').update(data).digest()
const strings = (...parts: (Uint8Array | string)[]): Uint8Array => Buffer.concat(parts.map(writeString))

function mpint(octets: Uint8Array): Uint8Array {
  let start = 0
  while (start < octets.length - 1 && octets[start] === 0) start++
  const digits = octets.subarray(start)
  return writeString(digits[0]! >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits)
}

function jwk(key: KeyObject): Record<'x' | 'y' | 'n' | 'e', Buffer> {
  const exported = key.export({ format: 'jwk' }) as Record<string, string>
  const part = (name: string) => Buffer.from(exported[name] ?? '', 'base64url')
  return { x: part('x'), y: part('y'), n: part('n'), e: part('e') }
}

export function ed25519(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const type = 'ssh-ed25519'
  return {
    type,
    blob: strings(type, jwk(publicKey).x),
    sign: (data) => strings(type, sign(null, data, privateKey)),
  }
}

/** A key that lives in a token; `flags` says whether somebody touched it. */
export function token(flags = 1): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const type = 'sk-ssh-ed25519@openssh.com'
  const state = Buffer.concat([Buffer.from([flags]), u32(7)])
  return {
    type,
    blob: strings(type, jwk(publicKey).x, 'ssh:'),
    sign: (data) =>
      Buffer.concat([
        strings(type, sign(null, Buffer.concat([sha256('ssh:'), state, sha256(data)]), privateKey)),
        state,
      ]),
  }
}

function ecSign(data: Uint8Array, key: KeyObject, hash: string): Uint8Array {
  const raw = sign(hash, data, { key, dsaEncoding: 'ieee-p1363' })
  return Buffer.concat([mpint(raw.subarray(0, raw.length / 2)), mpint(raw.subarray(raw.length / 2))])
}

export function ecdsa(curve: 'nistp256' | 'nistp384' | 'nistp521'): TestKey {
  const bits = curve.slice(-3)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: `P-${bits}` })
  const { x, y } = jwk(publicKey)
  const type = `ecdsa-sha2-${curve}`
  const hash = { 256: 'sha256', 384: 'sha384', 521: 'sha512' }[bits] as string
  return {
    type,
    blob: strings(type, curve, Buffer.concat([Buffer.from([4]), x, y])),
    sign: (data) => strings(type, ecSign(data, privateKey, hash)),
  }
}

export function ecdsaToken(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = jwk(publicKey)
  const type = 'sk-ecdsa-sha2-nistp256@openssh.com'
  const state = Buffer.concat([Buffer.from([1]), u32(9)])
  return {
    type,
    blob: strings(type, 'nistp256', Buffer.concat([Buffer.from([4]), x, y]), 'ssh:'),
    sign: (data) =>
      Buffer.concat([
        strings(type, ecSign(Buffer.concat([sha256('ssh:'), state, sha256(data)]), privateKey, 'sha256')),
        state,
      ]),
  }
}

export function rsa(bits = 2048): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: bits })
  const { n, e } = jwk(publicKey)
  return {
    type: 'ssh-rsa',
    blob: Buffer.concat([writeString('ssh-rsa'), mpint(e), mpint(n)]),
    sign: (data) => strings('rsa-sha2-512', sign('sha512', data, privateKey)),
  }
}

export type SignatureParts = Readonly<{
  namespace?: string
  version?: number
  hash?: string
  reserved?: string
  /** Octets behind the end of the blob. */
  tail?: string
}>

/** An armoured signature of `message`. */
export function armoured(key: TestKey, message: Uint8Array, parts: SignatureParts = {}): string {
  const { namespace = 'sallyport-rules', version = 1, hash = 'sha512', reserved = '', tail = '' } = parts
  const digest = createHash(hash).update(message).digest()
  const signed = Buffer.concat([Buffer.from('SSHSIG'), strings(namespace, reserved, hash, digest)])
  const blob = Buffer.concat([
    Buffer.from('SSHSIG'),
    u32(version),
    strings(key.blob, namespace, reserved, hash, key.sign(signed)),
    Buffer.from(tail),
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? []
  return `-----BEGIN SSH SIGNATURE-----\n${lines.join('\n')}\n-----END SSH SIGNATURE-----\n`
}

/** A line of an allowed-signers file. */
export function signerLine(principal: string, key: TestKey, options = ''): string {
  return `${principal} namespaces="sallyport-rules"${options} ${key.type} ${Buffer.from(key.blob).toString('base64')} test\n`
}
