/**
 * Loading of a bundle: the digest first, then the one spelling, then the shape. No code comes out of a bundle.
 */
import { createHash } from 'node:crypto'
import type { Bundle } from './bundle.ts'
import { canonicalJson } from './canonical.ts'
import { bundleShape, ShapeError } from './shape.ts'

/** A bundle that must not be used; the message is one line that says why and what to do. */
export class BundleError extends Error {}

/** The digest of a bundle: SHA-256 of its octets, 64 small hexadecimal digits. */
export function bundleDigest(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}

/** The octets of a bundle, as `rules compile` writes them. */
export function bundleOctets(bundle: Bundle): Uint8Array {
  return new TextEncoder().encode(canonicalJson(bundle))
}

/**
 * Reads a bundle whose digest is known from the configuration. The result is frozen throughout.
 * Throws a `BundleError` when the octets have another digest or are not a canonical bundle of this version; the message is one line that
 * says why and what to do.
 */
export function loadBundle(octets: Uint8Array, digest: string): Bundle {
  if (!/^[0-9a-f]{64}$/.test(digest)) {
    throw new BundleError(
      `the digest must be 64 small hexadecimal digits, as "sallyport rules compile" prints them`,
    )
  }
  const actual = bundleDigest(octets)
  if (actual !== digest) {
    throw new BundleError(
      `the bundle has the digest ${actual}, the configuration demands ${digest}: use the bundle that was approved`,
    )
  }
  const value = parseCanonical(octets)
  try {
    bundleShape(value, '')
  } catch (error) {
    if (error instanceof ShapeError)
      throw new BundleError(`${error.message}: compile the ruleset with this version of sallyport`)
    throw error
  }
  return deepFreeze(value) as Bundle
}

function parseCanonical(octets: Uint8Array): unknown {
  let text: string
  let value: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
    value = JSON.parse(text)
  } catch {
    throw new BundleError('the bundle is not JSON: compile the ruleset again')
  }
  if (canonicalJson(value) !== text)
    throw new BundleError('the bundle is not canonical JSON: compile the ruleset again')
  return value
}

function deepFreeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const item of Object.values(value)) deepFreeze(item)
    Object.freeze(value)
  }
  return value
}
