/** What a fuzz target is, and which there are. */

/** One part of the product under hostile octets. A module of `targets/` exports it as `target`. */
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

/** By name; loaded one by one, since what is loaded is what coverage is measured on. */
const MODULES = {
  frame: () => import('./targets/frame.ts'),
  pipe: () => import('./targets/pipe.ts'),
  stream: () => import('./targets/stream.ts'),
  parser: () => import('./targets/parser.ts'),
  reader: () => import('./targets/reader.ts'),
  der: () => import('./targets/der.ts'),
  jid: () => import('./targets/jid.ts'),
  value: () => import('./targets/value.ts'),
  stanza: () => import('./targets/stanza.ts'),
  forms: () => import('./targets/forms.ts'),
} satisfies Record<string, () => Promise<{ target: Target }>>

export type TargetName = keyof typeof MODULES

export const TARGET_NAMES = Object.keys(MODULES) as readonly TargetName[]

export async function loadTarget(name: TargetName): Promise<Target> {
  return (await MODULES[name]()).target
}
