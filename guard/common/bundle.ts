/** The bundle as a stage that is no verifier reads it: by the digest in its arguments, or not at all. */
import { readFileSync } from 'node:fs'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { BundleError, loadBundle } from '../../rules/bundle/load.ts'
import { cannotRead } from '../../rules/unreadable.ts'

/** A problem is one line: what, where, how to mend. */
export function readBundle(file: string, digest: string): Bundle | Readonly<{ problem: string }> {
  try {
    return loadBundle(readFileSync(file), digest)
  } catch (error) {
    if (error instanceof BundleError) return { problem: `bundle ${file}: ${error.message}` }
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return { problem: `bundle ${file}: ${cannotRead(error, 'give the path of the approved bundle')}` }
  }
}
