/** The value rules of a bundle (doc/formats.md §2) as functions of one value. */

import { domainOf, parseJid } from '../address/jid.ts'
import type { Bundle, ValueRule } from '../bundle/bundle.ts'
import { checkResource, checkText, codePoints } from '../text/content.ts'
import { parseDate } from '../text/date.ts'
import { createNarrowing, type Narrowing } from '../text/narrow.ts'
import { compareNumbers, formatNumber, parseReference, type StanzaNumber } from '../text/numbered.ts'
import { checkIdentifier, checkInteger } from '../text/token.ts'

/** The stanza in which a value stands: the number of its frame, and the root's `from`, which has been checked. */
export type Bearer = Readonly<{ number: StanzaNumber; from: string }>

/** Whether a value is one that its rule admits, in that stanza. */
export type ValueCheck = (value: string, bearer: Bearer) => boolean

/**
 * What the values of a bundle are judged by beside their rules: domains by the side that a rule names, each with its local
 * parts where they are listed; the domains of rooms that send; and what texts may not hold.
 */
export type Scope = Readonly<
  Record<'from' | 'to' | 'either', ReadonlyMap<string, ReadonlySet<string> | null>> & {
    rooms: ReadonlySet<string>
    narrow: Narrowing
  }
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
    rooms: new Set(bundle.from.domains.filter(({ kind }) => kind === 'rooms').map(({ name }) => name)),
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
    case 'own-number':
      return (value, bearer) =>
        value === 'o' + formatNumber(bearer.number) || (rule.echo && isEcho(value, bearer, scope))
    case 'answer-number':
      return (value) => parseReference(value)?.own === false
    case 'earlier-number':
      return (value, bearer) => isEarlier(value, bearer) || (rule.echo && isEcho(value, bearer, scope))
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

/** A room gives a stanza back under the identifier with which it came. */
function isEcho(value: string, { from }: Bearer, { rooms }: Scope): boolean {
  return rooms.has(domainOf(from)) && parseReference(value)?.own === false
}

function isEarlier(value: string, { number }: Bearer): boolean {
  const reference = parseReference(value)
  return reference?.own === true && compareNumbers(reference.number, number) < 0
}
