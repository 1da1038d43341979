/** One part of the product under hostile octets, and what must be true of all of them. A module of `targets/` exports it as `target`. */
export type Target = Readonly<{
  /** Inputs to begin with. */
  seeds(): readonly Uint8Array[]
  /** Tokens that are worth putting in. */
  dictionary: readonly string[]
  /** Octets up to which an input is grown, to see that time grows with it and not with its square. */
  grown: number
  /** Most inputs in the kept corpus; of all targets together, less than 300. */
  kept: number
  /** Throws when what the product does with these octets is wrong. */
  check(input: Buffer): void
}>
