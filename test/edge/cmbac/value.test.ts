/** Clearances as files and directories hold them, and as strangers would. */
import t from 'tap'
import { readClearances } from '../../../edge/cmbac/value.ts'
import { clearance4774Of, x501Of } from '../../../rules/clearance/clearance.ts'
import { write4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import { encodeX501 } from '../../../rules/clearance/x501.ts'
import { isProblem } from '../../../rules/label/label.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { ACME, clearance, OTHER } from './policies.ts'

const POLICIES = [ACME, OTHER]
const HELD = clearance(ACME, ['OPEN', 'SECRET'], { Need: ['ALPHA'], Nation: ['AUS'] })
const XML = serialise(write4774Clearance(clearance4774Of(ACME, HELD)))
const x501 = x501Of(ACME, HELD)
if (isProblem(x501)) throw new Error(x501.problem)
const BER = encodeX501(x501)

const read = (value: string | Uint8Array, policies = POLICIES) =>
  readClearances(typeof value === 'string' ? Buffer.from(value) : value, policies)
const names = (value: string | Uint8Array) =>
  read(value).clearances.map(({ policy, classifications, categories }) => [
    policy.name,
    ...classifications.map(({ name }) => name),
    ...categories.map(({ value }) => value.name),
  ])

t.test('every form of one clearance', (t) => {
  const base64 = Buffer.from(BER).toString('base64')
  const attribute = Buffer.concat([
    Buffer.from([0x30, 7 + BER.length, 0x06, 0x03, 0x55, 0x04, 0x37, 0x31, BER.length]),
    BER,
  ])
  const forms = [
    XML,
    `\n  ${XML}\n`,
    `<?xml version="1.0" encoding="UTF-8"?>\n${XML}`,
    Buffer.from(XML).toString('base64'),
    Buffer.from(XML).toString('base64url'),
    BER,
    base64,
    base64.replace(/=+$/, ''),
    base64.replace(/(.{20})/g, '$1\r\n'),
    Buffer.from(BER).toString('base64url'),
    attribute,
    attribute.toString('base64'),
  ]
  for (const form of forms) {
    t.same(names(form), [['ACME', 'OPEN', 'SECRET', 'ALPHA', 'AUS']], String(form))
    t.same(read(form).problems, [])
  }
  t.end()
})

t.test('what a policy does not know grants nothing, beside what it knows', (t) => {
  t.same(names(XML.replace('>ALPHA<', '>GAMMA<').replace('>OPEN<', '>COSMIC<')), [['ACME', 'SECRET', 'AUS']])
  t.end()
})

t.test('what cannot be used grants nothing and is told', (t) => {
  const cases: [string | Uint8Array, RegExp][] = [
    ['', /is no XML, no BER and no base64/],
    ['SECRET', /is base64 of neither|is no XML/],
    ['\u0000', /is no XML/],
    [Buffer.from([0x3c, 0xff]), /neither text nor BER/],
    [Buffer.from([0x30]), /is no clearance in BER/],
    [Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), /is no clearance in BER/],
    [Buffer.from([0x30, 0x80, 0x00, 0x00]), /is no clearance in BER/],
    [Buffer.from('300a0302004006022a03', 'hex'), /is no clearance in BER/],
    [Buffer.from('300406022a03', 'hex'), /"1\.2\.3", which is not listed/],
    ['<', /is not usable XML/],
    [`<!DOCTYPE x [<!ENTITY a "b">]>${XML}`, /is not usable XML/],
    [`${XML}${XML}`, /is not usable XML/],
    [XML.replace('ClassificationList', 'List'), /is not usable XML|is no ConfidentialityClearance/],
    ['<ConfidentialityClearance xmlns="urn:other"/>', /is no ConfidentialityClearance/],
    [
      XML.replace('>ACME<', '>NATO<').replace('urn:oid:1.2.3.4"', 'urn:oid:2.999.9"'),
      /is of the policy "NATO"/,
    ],
    [XML.replace('>ACME<', '>OTHER<'), /policy-conflict/],
    [Buffer.alloc(65_537, 0x41), /more than 65536 octets/],
    [`<a>${'<a>'.repeat(100)}`, /is not usable XML/],
    [Buffer.from(Buffer.from(XML).toString('base64')).toString('base64'), /base64 of neither/],
  ]
  for (const [value, wanted] of cases) {
    const { clearances, problems } = read(value)
    t.same(clearances, [], String(value).slice(0, 60))
    t.match(problems.join(), wanted, String(value).slice(0, 60))
    t.equal(problems.length, 1)
    t.notMatch(problems.join(), /\n/)
  }
  t.end()
})

t.test('cut short or changed in one octet, it never throws, and grants or is told', (t) => {
  for (let i = 0; i < BER.length; i++) {
    t.same(names(BER.subarray(0, i)), [])
    for (const flip of [0x01, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(BER)
      changed[i]! ^= flip
      const { clearances, problems } = read(changed)
      t.equal(clearances.length + problems.length, 1)
    }
  }
  for (let i = 0; i < XML.length; i++) t.same(names(XML.slice(0, i)), [])
  t.end()
})
