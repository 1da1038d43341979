/** A bundle that a person names on the command line: by its file, with the digest that it has. */
import { readFileSync } from 'node:fs'
import type { Bundle } from '../rules/bundle/bundle.ts'
import { BundleError, bundleDigest, loadBundle } from '../rules/bundle/load.ts'
import { cannotRead } from '../rules/unreadable.ts'

export type NamedBundle = Readonly<{ file: string; octets: Uint8Array; digest: string; bundle: Bundle }>

/** Reads it; throws an Error of one line when it is none. */
export function readNamedBundle(file: string): NamedBundle {
  const octets = readNamedFile(file, 'give a bundle that "sallyport rules compile" wrote')
  const digest = bundleDigest(octets)
  try {
    return { file, octets, digest, bundle: loadBundle(octets, digest) }
  } catch (error) {
    if (error instanceof BundleError) throw new Error(`${file}: ${error.message}`)
    throw error
  }
}

/** The octets of a file; throws an Error of one line that ends in `advice`. */
export function readNamedFile(file: string, advice: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Error(`${file} ${cannotRead(error, advice)}`)
  }
}
