/**
 * Addresses: inspect's and verify's code say the same of each, for any domain; what is canonical is what it prepares to, and what
 * is prepared is canonical.
 */
import assert from 'node:assert/strict'
import { findBadAddress } from '../../../guard/verify/address.ts'
import { makeValue } from '../../../guard/verify/value.ts'
import { domainOf, normaliseJid, parseJid } from '../../../rules/address/jid.ts'
import type { Target } from '../target.ts'

const MOST = { local: 1023, resource: 1023 }
const value = makeValue(10_000)

export const target: Target = {
  kept: 14,
  grown: 3071,
  dictionary: [
    '@',
    '/',
    '.',
    'xn--',
    'a@b.c/d',
    '\xcc\x81',
    '\xe2\x80\x8d',
    '\xe2\x80\x8c',
    '\xef\xbc\xa1',
    '\xe2\x84\xaa',
    '\xce\xb1',
    '\xd0\xb0',
    '\xd9\xa0',
    '\xdb\xb0',
    '\xd7\x90',
    '\xe0\xa5\x98',
    '\xe1\x84\x80\xe1\x85\xa1',
    '\xf0\x9f\x98\x80',
    '\xef\xb8\x8f',
    '\xe3\x80\x80',
    '\xc2\xa0',
    '\xf3\xa0\x81\x81',
  ],
  seeds: () =>
    [
      'high.example',
      'anna@high.example/pc 1',
      'a@b.c/d@e/f',
      'Ärger@High.Example./Ω',
      'ｊ@h.example',
      'نام@h.example',
      'ユーザー@high.example/👍🏽',
      'क्‍ष@h.e/क्‍ष',
      '\u0660\u06f0@h.e',
      'pаy@h.e/pаy',
      'ǅ\u0323\u0301@h.e/e\u0301',
    ].map((text) => Buffer.from(text)),
  check(input) {
    const text = textOf(input)
    if (text === undefined) return
    const jid = parseJid(text)
    const prepared = normaliseJid(text)
    const domain = domainIn(text)
    if (text.length <= 3071) {
      const isDomain =
        domain.length <= 253 && domain.split('.').every((label) => /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label))
      const domains = new Map([[domain, undefined]])
      const points = pointsOf(text)
      value.points.set(points)
      value.length = points.length
      const bad = isDomain ? findBadAddress(value, domains, MOST) : 0
      assert.equal(bad < 0, jid !== undefined, `verify says ${bad}, inspect ${JSON.stringify(jid)}`)
      assert.ok(bad <= points.length, 'a place behind the end')
    }
    if (jid !== undefined) {
      assert.deepEqual(prepared, jid, 'a canonical address that prepares to another')
      assert.equal(jid.text, text)
      assert.equal(domainOf(text), domain)
      assert.equal(jid.domain, domain)
    }
    if (prepared !== undefined)
      assert.deepEqual(parseJid(prepared.text), prepared, 'prepared and not canonical')
  },
}

/** RFC 7622 §3.1, in other words than the product's. */
function domainIn(text: string): string {
  const [bare = ''] = text.split('/', 1)
  const [first = '', ...rest] = bare.split('@')
  return rest.length === 0 ? first : rest.join('@')
}

function pointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0)!)
}

function textOf(octets: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return undefined
  }
}
