/** Bundles that verify does not start with, and two that show what a bundle's limits do. */

import { hash } from 'node:crypto'
import t from 'tap'
import { readBundle } from '../../guard/verify/bundle.ts'
import { makeDecider } from '../../guard/verify/decide.ts'
import { NUMBER } from '../support/number.ts'
import { BAD_BUNDLES, changed } from './bad-bundles.ts'
import { bundle, chat, compile, encodeBundle, labelOf, NOW, presence, rows } from './fixture.ts'

t.test('the fixture is read', async (t) => {
  const { forms, labels, digest } = compile(bundle)
  t.equal(forms.size, 3)
  t.equal(labels.rows.length, rows.length)
  t.equal(digest.toString('hex'), encodeBundle(bundle).digest)
})

t.test('octets that are not those of the digest, or not the one spelling', async (t) => {
  const { octets, digest } = encodeBundle(bundle)
  t.throws(
    () =>
      readBundle(
        octets,
        digest.replace(/./, (one) => (one === '0' ? '1' : '0')),
      ),
    /digest/,
  )
  t.throws(() => readBundle(octets, digest.toUpperCase()), /--digest/)
  const text = octets.toString('utf8')
  for (const other of [
    text.trimEnd(),
    `${text}\n`,
    ` ${text}`,
    `\ufeff${text}`,
    text.replace('"burst":100', '"burst":1e2'),
    text.replace('"burst":100', '"burst":100,"burst":100'),
    text.replace('{"edge"', '{"name":"x","edge"'),
    text.replace('"high"', '"\\u0068igh"'),
  ]) {
    t.throws(() => readBundle(Buffer.from(other), hash('sha256', other, 'hex')), other.slice(0, 40))
  }
  const broken = Buffer.concat([octets.subarray(0, 20), Buffer.from([0xff]), octets.subarray(20)])
  t.throws(() => readBundle(broken, hash('sha256', broken, 'hex')))
})

t.test('what verify does not know stops it', async (t) => {
  for (const [path, value, message] of BAD_BUNDLES) {
    t.throws(() => compile(changed(path, value)), { message }, `${path} ${JSON.stringify(value)}`)
  }
})

t.test('an empty allow-list passes no label, an empty profile no stanza', async (t) => {
  const stanza = Buffer.from(chat(`<body>Hi</body>${labelOf(0)}`))
  t.match(makeDecider(compile(changed('labels.rows', [])))(stanza, NOW, NUMBER), {
    accepted: false,
    reason: 'label-unlisted',
  })
  t.match(makeDecider(compile(changed('forms', [])))(stanza, NOW, NUMBER), {
    accepted: false,
    reason: 'unknown-stanza',
  })
})

t.test('depth counts from the root', async (t) => {
  const stanza = Buffer.from(
    presence('<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="none"></item></x>'),
  )
  const withDepth = (depth: number) => {
    const copy = changed('labels.rows', []) as { limits: { depth: number } }
    copy.limits.depth = depth
    return makeDecider(compile(copy))(stanza, NOW, NUMBER)
  }
  t.match(withDepth(3), { accepted: true })
  t.match(withDepth(2), {
    accepted: false,
    reason: 'too-deep',
    at: presence('<x xmlns="http://jabber.org/protocol/muc#user">').length - '</presence>'.length,
  })
  t.match(withDepth(1), { accepted: false, reason: 'too-deep' })
})
