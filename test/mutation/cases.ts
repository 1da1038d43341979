/** What mutants are tried on. */
import type { StanzaNumber } from '../../rules/text/numbered.ts'

export type Case =
  /**
   * A stanza in its frame. `hostile`: by where it comes from, and not by what a verifier says of it, one that nothing may let through.
   * `alone`: under a bundle whose rows only one verifier can read, which is its own judge there.
   */
  | Readonly<{
      kind: 'stanza'
      bundle: number
      stanza: Buffer
      second: number
      number: StanzaNumber
      hostile: boolean
      alone: boolean
    }>
  /** Octets as they come on the pipe of frames. */
  | Readonly<{ kind: 'pipe'; bundle: number; chunks: readonly Buffer[] }>
  /** A file that is given to `verify` as its bundle, and as its digest; or what `inspect` makes its decision of. */
  | Readonly<{ kind: 'bundle'; octets: Buffer; digest: string }>
