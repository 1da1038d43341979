/**
 * The search filter of a user (RFC 4515), from a template such as `(&(objectClass=person)(mail={jid}))`.
 *
 * The template is parsed once; a user's address is put into the parsed filter as the value that is compared with. No
 * text of a filter is ever made of an address, so nothing in one can be taken for a part of it: what RFC 4515 §3 has escapes
 * for stays what it is.
 */
import {
  AndFilter,
  EqualityFilter,
  type Filter,
  FilterParser,
  NotFilter,
  OrFilter,
  PresenceFilter,
} from 'ldapts'
import { bareOf, type Jid } from '../../../rules/address/jid.ts'

/** A template; `tells` says which parts of an address it asks for. */
export type UserFilter = Readonly<{ tells: ReadonlySet<string>; of(user: Jid): Filter }>

const PLACES = new Map<string, (user: Jid) => string>([
  ['{jid}', bareOf],
  ['{local}', ({ local }) => local],
  ['{domain}', ({ domain }) => domain],
])

/** Reads a template; a problem is part of a line. */
export function readUserFilter(template: string): UserFilter | Readonly<{ problem: string }> {
  const tells = new Set<string>()
  try {
    const make = compile(FilterParser.parseString(template), tells)
    if (!tells.has('{jid}') && !tells.has('{local}'))
      return { problem: 'asks for nobody: compare something with {jid} or {local}' }
    return { tells, of: make }
  } catch (error) {
    return { problem: `is not a usable filter (${(error as Error).message}): write one such as (mail={jid})` }
  }
}

function compile(filter: Filter, tells: Set<string>): (user: Jid) => Filter {
  if (filter instanceof AndFilter || filter instanceof OrFilter) {
    const parts = filter.filters.map((part) => compile(part, tells))
    const Kind = filter instanceof AndFilter ? AndFilter : OrFilter
    return (user) => new Kind({ filters: parts.map((part) => part(user)) })
  }
  if (filter instanceof NotFilter) {
    const part = compile(filter.filter, tells)
    return (user) => new NotFilter({ filter: part(user) })
  }
  if (filter instanceof PresenceFilter) return () => filter
  if (!(filter instanceof EqualityFilter) || typeof filter.value !== 'string')
    throw new Error('more than and, or, not, presence and equality')
  const { attribute, value } = filter
  const pieces = value.split(/(\{[^{}]*\})/)
  for (const piece of pieces.filter((_, i) => i % 2 === 1)) {
    if (!PLACES.has(piece)) throw new Error(`${piece} is unknown; known are ${[...PLACES.keys()].join(', ')}`)
    tells.add(piece)
  }
  return (user) =>
    new EqualityFilter({
      attribute,
      value: pieces.map((piece, i) => (i % 2 === 1 ? PLACES.get(piece)!(user) : piece)).join(''),
    })
}
