/**
 * Whether two people of different roles have signed the bundle: the second, independent check, which shares no code with rules/signature.
 *
 * Nothing that a signature file says is interpreted. For every key of the allowed-signers file the octets are made that a signature on
 * rules by that key must begin with; one that begins otherwise is none (OpenSSH PROTOCOL.sshsig):
 *
 *   "SSHSIG" | u32 1 | string key | string "sallyport-rules" | string "" | string hash | string signature
 *
 * What is then left is a signature in the form of that key's kind, and node:crypto judges it.
 */
import { constants, createPublicKey, hash, type KeyObject, verify } from 'node:crypto'

/** What was read: octets of the bundle, texts of the signature files and of the allowed-signers file. */
export type SignedBundle = Readonly<{ octets: Uint8Array; signatures: readonly string[]; signers: string }>

/** `until` (seconds since 1970) is when a key that signed stops counting; a problem is one line. */
export type SignatureCheck = Readonly<{ until: number }> | Readonly<{ problem: string }>

type Signer = Readonly<{ role: string; name: string; key: Buffer; after: number; before: number }>

const NAMESPACE = 'sallyport-rules'
const ROLES = ['author', 'accreditor']
const LONGEST_SIGNATURE = 16_384
const ARMOUR =
  /^-----BEGIN SSH SIGNATURE-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END SSH SIGNATURE-----(\r?\n)?$/

/** Checks the signatures of a bundle at `now`, seconds since 1970. */
export function checkSignatures({ octets, signatures, signers }: SignedBundle, now: number): SignatureCheck {
  const known: Signer[] = []
  for (const [index, line] of signers.split('\n').entries()) {
    const words = line.trim()
    if (words === '' || words.startsWith('#')) continue
    const signer = readSigner(words)
    if (signer === undefined) return { problem: `the allowed signers: line ${index + 1} is no signer` }
    known.push(signer)
  }
  const shared = known.some((one, index) =>
    known
      .slice(0, index)
      .some((two) => one.key.equals(two.key) || (one.name === two.name && one.role !== two.role)),
  )
  if (shared) return { problem: 'the allowed signers: one key or one person stands for two' }
  if (signatures.length === 0) return { problem: 'the bundle is unsigned' }

  const missing = new Set(ROLES)
  let until = Number.POSITIVE_INFINITY
  for (const signature of signatures) {
    const signer = known.find((one) => isSignature(signature, one.key, octets))
    if (signer === undefined) {
      return {
        problem: 'a signature is of no allowed signer, or not of this bundle: it was altered, or is another',
      }
    }
    if (now < signer.after || now >= signer.before) {
      return { problem: `the key of ${signer.role}/${signer.name} does not count now` }
    }
    missing.delete(signer.role)
    until = Math.min(until, signer.before)
  }
  if (missing.size > 0)
    return { problem: `the bundle is half-signed: no ${[...missing].join(' and no ')} signed it` }
  return { until }
}

/** A line `ROLE/NAME options kind base64 [comment]`; undefined when it is not exactly that, or its key is none that may sign. */
function readSigner(line: string): Signer | undefined {
  const [principal = '', options = '', kind = '', base64 = ''] = line.split(/[ \t]+/)
  const [role = '', name = '', ...more] = principal.split('/')
  if (!ROLES.includes(role) || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name) || more.length > 0) return undefined
  const stated = options.split(',')
  const value = (option: string): string | undefined =>
    stated.find((one) => one.startsWith(`${option}="`) && one.endsWith('"'))?.slice(option.length + 2, -1)
  const [after, before] = [value('valid-after'), value('valid-before')]
  const expected = [
    ['namespaces', NAMESPACE],
    ['valid-after', after],
    ['valid-before', before],
  ]
    .filter(([, one]) => one !== undefined)
    .map(([option, one]) => `${option}="${one}"`)
  if (stated.toSorted().join() !== expected.sort().join()) return undefined
  const key = Buffer.from(base64, 'base64')
  if (key.toString('base64') !== base64 || !key.subarray(4).toString('latin1').startsWith(kind))
    return undefined
  if (key.readUInt32BE(0) !== kind.length || publicKey(key) === undefined) return undefined
  const times = [timeOf(after, 0), timeOf(before, Number.POSITIVE_INFINITY)]
  if (times.some(Number.isNaN)) return undefined
  return { role, name, key, after: times[0]!, before: times[1]! }
}

/** `YYYYMMDD[HHMM[SS]]Z` in seconds since 1970; NaN when it is no such time. */
function timeOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z$/.exec(text)
  if (parts === null) return Number.NaN
  const [year, month, day, hour, minute, second] = parts.slice(1).map((part) => Number(part ?? 0))
  const date = new Date(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!))
  const same = date.getUTCMonth() === month! - 1 && date.getUTCDate() === day && date.getUTCHours() === hour
  return same && year! >= 1970 && minute! < 60 && second! < 60 ? date.getTime() / 1000 : Number.NaN
}

function isSignature(armoured: string, key: Buffer, octets: Uint8Array): boolean {
  if (armoured.length > LONGEST_SIGNATURE) return false
  const base64 = ARMOUR.exec(armoured)?.[1]?.replaceAll(/\r?\n/g, '')
  const blob = Buffer.from(base64 ?? '', 'base64')
  if (base64 === undefined || blob.toString('base64') !== base64) return false
  return ['sha512', 'sha256'].some((name) => {
    const magic = Buffer.from('SSHSIG')
    const fields = [prefixed(NAMESPACE), prefixed(''), prefixed(name)]
    const head = Buffer.concat([magic, Buffer.from([0, 0, 0, 1]), prefixed(key), ...fields])
    if (!blob.subarray(0, head.length).equals(head)) return false
    const rest = blob.subarray(head.length)
    const signature = rest.subarray(4)
    if (rest.length < 4 || rest.readUInt32BE(0) !== signature.length) return false
    return verifies(key, Buffer.concat([magic, ...fields, prefixed(hash(name, octets, 'buffer'))]), signature)
  })
}

/** Octets behind their length. */
function prefixed(value: Uint8Array | string): Buffer {
  const octets = Buffer.from(value as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(octets.length)
  return Buffer.concat([length, octets])
}

/** The fields of a key or signature; undefined when they do not fill it exactly. */
function fieldsOf(octets: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = []
  let at = 0
  while (at < octets.length) {
    if (octets.length - at < 4) return undefined
    const end = at + 4 + octets.readUInt32BE(at)
    if (end > octets.length) return undefined
    fields.push(octets.subarray(at + 4, end))
    at = end
  }
  return fields
}

type KeyKind = Readonly<{ key: KeyObject; kind: string; application?: Buffer }>

/** SubjectPublicKeyInfo (RFC 8410 §4, RFC 5480 §2) up to the key itself. */
const HEADS: ReadonlyMap<string, Readonly<{ der: string; octets: number }>> = new Map([
  ['ssh-ed25519', { der: '302a300506032b6570032100', octets: 32 }],
  ['nistp256', { der: '3059301306072a8648ce3d020106082a8648ce3d030107034200', octets: 65 }],
  ['nistp384', { der: '3076301006072a8648ce3d020106052b81040022036200', octets: 97 }],
  ['nistp521', { der: '30819b301006072a8648ce3d020106052b8104002303818600', octets: 133 }],
])

function publicKey(blob: Buffer): KeyKind | undefined {
  const [kind, ...fields] = (fieldsOf(blob)?.map((field, index) =>
    index === 0 ? field.toString('latin1') : field,
  ) as [string, ...Buffer[]]) ?? ['']
  try {
    switch (kind) {
      case 'ssh-ed25519':
        return fields.length === 1 ? { key: spki('ssh-ed25519', fields[0]!), kind } : undefined
      case 'sk-ssh-ed25519@openssh.com':
        return fields.length === 2
          ? { key: spki('ssh-ed25519', fields[0]!), kind, application: fields[1]! }
          : undefined
      case 'ecdsa-sha2-nistp256':
      case 'ecdsa-sha2-nistp384':
      case 'ecdsa-sha2-nistp521': {
        const curve = kind.slice(-8)
        const fits = fields.length === 2 && fields[0]!.toString('latin1') === curve && fields[1]![0] === 4
        return fits ? { key: spki(curve, fields[1]!), kind } : undefined
      }
      case 'sk-ecdsa-sha2-nistp256@openssh.com': {
        const fits =
          fields.length === 3 && fields[0]!.toString('latin1') === 'nistp256' && fields[1]![0] === 4
        return fits ? { key: spki('nistp256', fields[1]!), kind, application: fields[2]! } : undefined
      }
      case 'ssh-rsa': {
        const [exponent, modulus] = fields
        if (exponent === undefined || modulus === undefined || fields.length > 2) return undefined
        // An mpint is the content of a DER INTEGER.
        const body = Buffer.concat([der(2, modulus), der(2, exponent)])
        const key = createPublicKey({ key: der(0x30, body), format: 'der', type: 'pkcs1' })
        return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048 ? { key, kind } : undefined
      }
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}

function spki(kind: string, point: Buffer): KeyObject {
  const head = HEADS.get(kind)
  if (head === undefined || point.length !== head.octets) throw new TypeError('no such key')
  const key = Buffer.concat([Buffer.from(head.der, 'hex'), point])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}

/** A DER value with its tag and length (X.690 §8.1). */
function der(tag: number, content: Buffer): Buffer {
  const size = content.length
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}

function verifies(blob: Buffer, data: Buffer, signature: Buffer): boolean {
  const known = publicKey(blob)
  if (known === undefined) return false
  const { key, kind, application } = known
  if (application === undefined)
    return verifiesPlain(key, kind === 'ssh-rsa' ? 'rsa-sha2-512' : kind, data, signature)
  // A token signs what it was asked with its flags (1: it was touched) and its counter behind it.
  const state = signature.subarray(-5)
  if (signature.length < 5 || (state[0]! & 1) === 0) return false
  const sha256 = (octets: Buffer): Buffer => hash('sha256', octets, 'buffer')
  const signed = Buffer.concat([sha256(application), state, sha256(data)])
  return verifiesPlain(key, kind, signed, signature.subarray(0, -5))
}

function verifiesPlain(key: KeyObject, algorithm: string, data: Buffer, signature: Buffer): boolean {
  const fields = fieldsOf(signature)
  if (fields?.length !== 2 || fields[0]!.toString('latin1') !== algorithm) return false
  const value = fields[1]!
  if (algorithm.includes('ed25519')) return value.length === 64 && verify(null, data, key, value)
  if (algorithm === 'rsa-sha2-512') {
    return verify('sha512', data, { key, padding: constants.RSA_PKCS1_PADDING }, value)
  }
  const numbers = fieldsOf(value)
  if (numbers?.length !== 2 || numbers.some(isNegativeOrLong)) return false
  const name = algorithm.includes('nistp256')
    ? 'sha256'
    : algorithm.includes('nistp384')
      ? 'sha384'
      : 'sha512'
  return verify(name, data, key, der(0x30, Buffer.concat(numbers.map((number) => der(2, number)))))
}

/** An mpint that is no positive number in its shortest form. */
function isNegativeOrLong(number: Buffer): boolean {
  return number.length === 0 || number[0]! > 127 || (number[0] === 0 && (number[1] ?? 0) < 128)
}
