/**
 * Keys of the journal in PEM files: PKCS#8 for the private half, SubjectPublicKeyInfo for the public one (RFC 7468).
 *
 * Ed25519 signs checkpoints, X25519 seals content. A private key where a public one belongs is refused: it would lie open.
 */
import { createPrivateKey, createPublicKey, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { cannotRead } from '../../rules/unreadable.ts'

export type KeyType = 'ed25519' | 'x25519'

const NAMES = { ed25519: 'Ed25519', x25519: 'X25519' } as const

/** A problem is one line, without the name of the file. */
export function readPrivateKey(file: string, type: KeyType): KeyObject | Readonly<{ problem: string }> {
  return readKey(file, type, 'PRIVATE', createPrivateKey)
}

export function readPublicKey(file: string, type: KeyType): KeyObject | Readonly<{ problem: string }> {
  return readKey(file, type, 'PUBLIC', createPublicKey)
}

function readKey(
  file: string,
  type: KeyType,
  half: 'PRIVATE' | 'PUBLIC',
  create: (pem: string) => KeyObject,
): KeyObject | Readonly<{ problem: string }> {
  const made = `make one with "sallyport journal ${type === 'ed25519' ? 'signing-key' : 'content-key'} FILE"`
  const problem = {
    problem: `is not an ${NAMES[type]} ${half.toLowerCase()} key in PEM: ${made}${half === 'PUBLIC' ? ' and give FILE.pub' : ''}`,
  }
  let pem: string
  try {
    pem = readFileSync(file, 'latin1')
  } catch (error) {
    return { problem: cannotRead(error, made) }
  }
  if (!pem.startsWith(`-----BEGIN ${half} KEY-----\n`)) return problem
  try {
    const key = create(pem)
    return key.asymmetricKeyType === type ? key : problem
  } catch {
    return problem
  }
}

/** The key of digests: 32 octets, as 64 small hexadecimal digits. A problem is one line, without the name of the file. */
export function readDigestKey(file: string): KeyObject | Readonly<{ problem: string }> {
  const made = 'make one with "sallyport journal key FILE"'
  try {
    const text = readFileSync(file, 'latin1').trimEnd()
    return /^[0-9a-f]{64}$/.test(text)
      ? createSecretKey(text, 'hex')
      : { problem: `is not 64 small hexadecimal digits: ${made}` }
  } catch (error) {
    return { problem: cannotRead(error, made) }
  }
}

/** SHA-256 of a public key's DER (SubjectPublicKeyInfo), in hexadecimal: for people to compare. */
export function keyFingerprint(key: KeyObject): string {
  return hash('sha256', key.export({ type: 'spki', format: 'der' }))
}
