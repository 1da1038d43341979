/** The value rules of a bundle (doc/formats.md §2) as functions of one value. */

import { parseJid } from '../address/jid.ts'
import type { Bundle, ValueRule } from '../bundle/bundle.ts'
import { checkResource, checkText, codePoints } from '../text/content.ts'
import { parseDate } from '../text/date.ts'
import { createNarrowing, type Narrowing } from '../text/narrow.ts'
import { checkIdentifier, checkInteger } from '../text/token.ts'

/** Whether a value is one that its rule admits. */
export type ValueCheck = (value: string) => boolean

/**
 * What the values of a bundle are judged by beside their rules: domains by the side that a rule names, each with its local
 * parts where they are listed; and what texts may not hold.
 */
export type Scope = Readonly<
  Record<'from' | 'to' | 'either', ReadonlyMap<string, ReadonlySet<string> | null>> & { narrow: Narrowing }
>

export function scopeOf(bundle: Pick<Bundle, 'from' | 'to' | 'content'>): Scope {
  const entries = (side: 'from' | 'to') =>
    bundle[side].domains.map(
      ({ name, locals }) => [name, locals === undefined ? null : new Set(locals)] as const,
    )
  const [from, to] = [entries('from'), entries('to')]
  return {
    from: new Map(from),
    to: new Map(to),
    either: new Map([...from, ...to]),
    narrow: createNarrowing(bundle.content),
  }
}

export function compileValue(rule: ValueRule, scope: Scope): ValueCheck {
  switch (rule.type) {
    case 'enum': {
      const values = new Set(rule.values)
      return (value) => values.has(value)
    }
    case 'identifier':
      return (value) => checkIdentifier(value, rule.max)
    case 'integer':
      return (value) => checkInteger(value, rule.min, rule.max)
    case 'date':
      return (value) => parseDate(value) !== undefined
    case 'text':
      return (value) => checkText(value, rule) && scope.narrow(value)
    case 'resource':
      return (value) => checkResource(value, rule.max)
    case 'address': {
      const domains = scope[rule.side]
      return (value) => {
        const jid = parseJid(value)
        if (jid === undefined) return false
        if (codePoints(jid.local) > rule.local || codePoints(jid.resource) > rule.resource) return false
        const locals = domains.get(jid.domain)
        return locals === null || (locals !== undefined && (jid.local === '' || locals.has(jid.local)))
      }
    }
  }
}
