/**
 * Addresses (RFC 7622, narrowed by doc/formats.md §2): `[local@]domain[/resource]`.
 *
 * The resource begins at the first `/`, then the local part ends at the first `@` (§3.1). Code points are judged before
 * any mapping, so that none slips in by being folded into another. Domains are ASCII; those of internationalised
 * names stand as A-labels.
 */

import { checkResource } from '../text/content.ts'
import {
  LATIN,
  LATIN_LIKE,
  LETTER,
  LOCAL,
  MARK,
  OTHER_SPACE,
  properties,
  RIGHT_TO_LEFT,
  UNPREPARED,
} from '../text/points.ts'

/** An address in its one spelling: equal when `text` is equal. A part that is absent is ''. */
export type Jid = Readonly<{ text: string; local: string; domain: string; resource: string }>

/** RFC 7622 §3.2 to §3.4: octets of each part. */
const MAX_PART = 1023
const MAX_TEXT = 3 * MAX_PART + 2

/** Marks in a row, as in texts. */
const MAX_MARKS = 4

/** The address that `text` spells canonically, or undefined. Never throws on input; linear. */
export function parseJid(text: string): Jid | undefined {
  return text.length <= MAX_TEXT ? checked(split(text)) : undefined
}

/**
 * The address that `text` stands for once prepared (RFC 7622 §3, RFC 8265 §3.3 and §4.2): domain and local part in small
 * letters, full and half width letters of the local part mapped, other spaces of the resource mapped to U+0020, both in
 * NFC. Undefined when it is none, or none that the guard would let through. Only the edge prepares addresses.
 */
export function normaliseJid(text: string): Jid | undefined {
  if (text.length > MAX_TEXT) return undefined
  const { local, domain, resource } = split(text)
  if (!/^[!-~]*$/.test(domain)) return undefined // toLowerCase would fold others into ASCII
  if (local !== undefined && !isPreparable(local)) return undefined
  return checked({
    local: local === undefined ? undefined : widthMapped(local).toLowerCase().normalize('NFC'),
    domain: domain.toLowerCase().replace(/\.$/, ''),
    resource: resource === undefined ? undefined : spaceMapped(resource).normalize('NFC'),
  })
}

/** The domain of an address that has been checked. */
export function domainOf(address: string): string {
  const slash = address.indexOf('/')
  const bare = slash < 0 ? address : address.slice(0, slash)
  return bare.slice(bare.indexOf('@') + 1)
}

/** The address without its resource. */
export function bareOf({ text, resource }: Jid): string {
  return resource === '' ? text : text.slice(0, -1 - resource.length)
}

type Parts = { local: string | undefined; domain: string; resource: string | undefined }

/** RFC 7622 §3.1. */
function split(text: string): Parts {
  const slash = text.indexOf('/')
  const bare = slash < 0 ? text : text.slice(0, slash)
  const at = bare.indexOf('@')
  return {
    local: at < 0 ? undefined : bare.slice(0, at),
    domain: bare.slice(at + 1),
    resource: slash < 0 ? undefined : text.slice(slash + 1),
  }
}

/** Judges the parts, each by itself, so that no mapped `@` or `/` is taken for a separator. */
function checked({ local, domain, resource }: Parts): Jid | undefined {
  if (local !== undefined && !isLocal(local)) return undefined
  if (!isDomain(domain)) return undefined
  if (resource !== undefined && !checkResource(resource, MAX_PART)) return undefined
  const bare = local === undefined ? domain : local + '@' + domain
  const text = resource === undefined ? bare : bare + '/' + resource
  return { text, local: local ?? '', domain, resource: resource ?? '' }
}

/** Labels of small ASCII letters, digits and hyphens (RFC 5890 §2.3.1), 1 to 63 octets each and 253 in all. */
function isDomain(domain: string): boolean {
  if (domain.length > 253) return false
  for (const label of domain.split('.')) {
    if (label.length > 63 || !/^[a-z0-9-]+$/.test(label) || label.startsWith('-') || label.endsWith('-'))
      return false
  }
  return true
}

/** Printable ASCII without capitals and without what RFC 7622 §3.3.1 forbids. */
const ASCII_LOCAL = /^[!#-%(-.0-9;=?[-~]+$/

function isLocal(local: string): boolean {
  if (local === '' || local.length > MAX_PART) return false
  if (ASCII_LOCAL.test(local)) return true
  if (Buffer.byteLength(local) > MAX_PART) return false
  let marks = 0
  let run = 0
  let all = 0
  for (let i = 0; i < local.length; ) {
    const point = local.codePointAt(i)!
    const is = properties(point)
    if (point < 0x80 ? !ASCII_LOCAL.test(local[i]!) : (is & LOCAL) === 0) return false
    if ((is & MARK) !== 0) {
      if (i === 0 || ++marks > MAX_MARKS) return false
    } else marks = 0
    if ((is & (LETTER | MARK)) !== 0) {
      run |= is
      if ((run & LATIN) !== 0 && (run & LATIN_LIKE) !== 0) return false
    } else run = 0
    all |= is
    i += point > 0xffff ? 2 : 1
  }
  if ((all & RIGHT_TO_LEFT) !== 0 && (all & (LATIN | LATIN_LIKE)) !== 0) return false
  if (ARABIC_DIGIT.test(local) && PERSIAN_DIGIT.test(local)) return false
  return local.normalize('NFC') === local
}

/** The two rows of digits that RFC 5892 appendix A.8 and A.9 keep apart: most of them look alike. */
const ARABIC_DIGIT = /[\u0660-\u0669]/
const PERSIAN_DIGIT = /[\u06f0-\u06f9]/

/** Whether each code point, after width mapping alone, may stand in a local part (RFC 8265 §3.3.1). */
function isPreparable(local: string): boolean {
  for (const character of widthMapped(local)) {
    const point = character.codePointAt(0)!
    if (point >= 0x80 && (properties(point) & UNPREPARED) === 0) return false
  }
  return true
}

/** Code points that decompose as wide or narrow: but for U+3000, those of Halfwidth and Fullwidth Forms. */
function widthMapped(local: string): string {
  return local.replace(/[\uff01-\uffee]/g, (character) => character.normalize('NFKC'))
}

/** Other spaces to U+0020 (RFC 8265 §4.2.2). */
function spaceMapped(resource: string): string {
  let mapped = ''
  for (const character of resource) {
    mapped += (properties(character.codePointAt(0)!) & OTHER_SPACE) !== 0 ? ' ' : character
  }
  return mapped
}
