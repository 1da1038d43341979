/** What a bundle says, a fact at a time, and what of it another bundle says differently. */
import type { LabelRow } from '../bundle/bundle.ts'

/**
 * `kind` tells what can show that it differs. `where` and `what` are for people: the same `what` in several places is told once.
 * `%` in `what` stands for `names`, so that what is the same of several names is told once. `meaning` is equal exactly when the fact is
 * the same, `deciding` when no verdict can differ by it ('' where it decides nothing); `value` says it in words. `values` are those of a closed list, and `rest` the
 * words beside them; `alone` is said besides where the other bundle has no such fact.
 */
export type Fact = Readonly<{
  kind: 'domain' | 'form' | 'profile' | 'row' | 'window' | 'size' | 'depth' | 'content' | 'default' | 'paper'
  name: string
  where: string
  what: string
  names?: readonly string[]
  meaning: string
  deciding?: string
  value: string
  values?: readonly string[]
  rest?: string
  alone?: string
  row?: LabelRow
}>

/** Children of one parent in the order of their slots; those of one inner list share a slot. */
export type ChildOrder = Readonly<{ parent: string; where: string; slots: readonly (readonly string[])[] }>

/** A fact that is in one bundle only, or means another thing in each. `before` and `after` are words. */
export type Change = Readonly<{
  kind: Fact['kind'] | 'order' | 'pair'
  name: string
  where: string
  what: string
  names: readonly string[]
  before?: string
  after?: string
  /** Whether a verdict of the guard could differ by it. */
  decides: boolean
  /** Of labels: the rows of both. */
  rows?: Readonly<{ before: LabelRow | undefined; after: LabelRow | undefined }>
  /** Of pairs: those that gain or lose the same forms. */
  pairs?: readonly (readonly [from: string, to: string])[]
}>
