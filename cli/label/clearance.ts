/** What someone may see: the clearances of `--clearance` under a policy, within the constraints of `--constraints`. */
import { bind4774Clearance, bindX501, type Clearance, constrain } from '../../rules/clearance/clearance.ts'
import { type BindingProblem, isProblem } from '../../rules/label/label.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import { type Arguments, decodeArgument } from './arguments.ts'
import type { Decoded, EncodedClearance } from './input.ts'
import { visible } from './show.ts'
import { Unusable } from './unusable.ts'

/** A subject's clearances, decoded, and for each certificate on the way to it what that constrains them to. */
export type Subject = Readonly<{
  clearances: readonly EncodedClearance[]
  constraints: readonly (readonly EncodedClearance[])[]
}>

/** What the arguments say of the subject; undefined without `--clearance`. */
export function subjectOf(args: Arguments): Subject | undefined {
  const given = args.clearance ?? []
  const constraints = args.constraints ?? []
  if (given.length === 0 && constraints.length === 0) return undefined
  if (given.length === 0) throw new Unusable('--constraints constrain a clearance: give --clearance')
  return {
    clearances: given.flatMap((argument) => {
      const decoded = clearanceIn('the clearance', argument, args)
      if (decoded.form === 'constraints')
        throw new Unusable(
          `the clearance: ${visible(argument)} is a list of clearances, as authorities have; give it as --constraints`,
        )
      return decoded.encoded
    }),
    constraints: constraints.map((argument) => {
      const decoded = clearanceIn('the constraints', argument, args)
      if (decoded.form === 'attribute')
        throw new Unusable(
          `the constraints: ${visible(argument)} is an attribute of a subject; give it as --clearance`,
        )
      return decoded.encoded
    }),
  }
}

function clearanceIn(
  what: string,
  argument: string,
  args: Arguments,
): Extract<Decoded, { kind: 'clearance' }> {
  const decoded = decodeArgument(what, argument, args)
  if (decoded.kind !== 'clearance')
    throw new Unusable(`${what}: ${visible(argument)} is a ${decoded.kind}; give a clearance`)
  return decoded
}

/** What a subject holds under a policy, each clearance by itself: two are never put together. Or why it holds nothing. */
export type Held = Readonly<{ held: readonly Clearance[]; reason: string }>

export function heldUnder(spif: Spif, { clearances, constraints }: Subject): Held {
  const bound = clearances.map((encoded) => bind(spif, encoded))
  let held = bound.filter((c): c is Clearance => !isProblem(c))
  const others = bound.filter(isProblem).map(({ problem, detail }) => `${problem} ${detail}`)
  let reason = `no clearance is of ${spif.name}: ${others.join('; ')}`
  for (const list of constraints) {
    const limits = list.map((encoded) => bind(spif, encoded)).filter((c): c is Clearance => !isProblem(c))
    if (held.length > 0 && limits.length === 0) reason = `the constraints have no clearance of ${spif.name}`
    held = held.flatMap((clearance) => limits.map((limit) => constrain(spif, clearance, limit)))
  }
  return { held, reason }
}

export function bind(spif: Spif, encoded: EncodedClearance): Clearance | BindingProblem {
  return 'x501' in encoded ? bindX501(spif, encoded.x501) : bind4774Clearance(spif, encoded.stanag4774)
}
