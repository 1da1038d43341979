/**
 * BER and DER, and the labels and clearances in them: what is read as DER is written again as the very octets, what is read as BER
 * has one DER that means the same, and what DER admits, BER does.
 */
import assert from 'node:assert/strict'
import { decodeX501, encodeX501 } from '../../../rules/clearance/x501.ts'
import {
  type DerProblem,
  rawTlv,
  readBits,
  readDer,
  readInteger,
  readString,
  TAG,
  type Tlv,
  writeBits,
  writeDer,
  writeInteger,
  writeUtf8,
} from '../../../rules/label/der.ts'
import {
  decodeEquivalentLabels,
  decodeEss,
  type EssLabel,
  encodeEss,
  fitsPrivacyMark,
} from '../../../rules/label/ess.ts'
import { decodeOid, encodeOid } from '../../../rules/label/oid.ts'
import type { Target } from '../target.ts'

const isProblem = (value: object): value is DerProblem => 'problem' in value

export const target: Target = {
  kept: 16,
  grown: 100_000,
  dictionary: [
    '\x31\x80',
    '\x30\x80',
    '\0\0',
    '\x24\x80',
    '\x81\x80',
    '\x82\x01\0',
    '\x88\0\0\0\0\0\0\0',
    '\x02\x02\x01\0',
    '\x06\x03\x2a\x03\x04',
    '\x60\x86\x48\x01\x65\x02\x01\x08\x01',
    '\x60\x86\x48\x01\x65\x02\x01\x08\x02',
    '\x60\x86\x48\x01\x65\x02\x01\x08\x03',
    '\x60\x86\x48\x01\x65\x02\x01\x08\x03\x04',
    '\x80\x03\x2a\x03\x04',
    '\xa1\x03',
    '\x0c\x01',
    '\x13\x01',
    '\x03\x02',
  ],
  seeds() {
    const labels: EssLabel[] = [
      { policy: '1.2.3', classification: 4, categories: [] },
      { classification: 256, privacyMark: { text: 'é', type: 'utf8' }, categories: [] },
      ...(['bits', 'integers'] as const).flatMap((encoding): EssLabel[] =>
        (['restrictive', 'permissive', 'informative'] as const).map((kind) => ({
          policy: '2.999.1',
          classification: 1,
          privacyMark: { text: 'MARK', type: 'printable' },
          categories: [{ syntax: 'acp145', kind, tagSet: '1.2.3', encoding, values: ['0', '7', '9'] }],
        })),
      ),
    ]
    return [
      ...labels.map(encodeEss),
      writeDer(TAG.sequence, encodeEss(labels[0]!), encodeEss(labels[1]!)),
      Buffer.from('318106060129020104', 'hex'),
      Buffer.from('3180060129020104' + '0000', 'hex'),
      Buffer.from('2480040141240304014204010000', 'hex'),
      Buffer.from('30080603550401030200' + '05', 'hex'),
    ]
  },
  check(input) {
    const der = readDer(input, 'der')
    const ber = readDer(input, 'ber')
    if (!isProblem(der)) {
      assert.deepEqual(ber, der, 'DER is read otherwise as BER')
      assertOctets(rawTlv(der), input, 'DER written again')
      eachLeaf(der, checkLeaf)
    }
    if (!isProblem(ber)) {
      const octets = rawTlv(ber)
      const again = readDer(octets, 'der')
      assert.ok(!isProblem(again), 'BER has no DER')
      assertOctets(rawTlv(again), octets, 'BER written in DER')
    }
    for (const problem of [der, ber]) if (isProblem(problem)) assert.ok(problem.at <= input.length)
    checkLabel(input)
    checkClearance(input)
  },
}

function checkLabel(input: Buffer): void {
  const strict = decodeEss(input, 'der')
  const loose = decodeEss(input, 'ber')
  if (!isProblem(strict)) {
    assert.deepEqual(loose, strict, 'a label in DER is read otherwise as BER')
    assertOctets(encodeEss(strict), input, 'a label in DER written again')
  }
  const equivalent = decodeEquivalentLabels(input)
  const labels = [...('problem' in equivalent ? [] : equivalent), ...(isProblem(loose) ? [] : [loose])]
  for (const label of labels) {
    const octets = encodeEss(label)
    const again = decodeEss(octets, 'ber')
    assert.ok(!isProblem(again), 'a label that is written cannot be read')
    assertOctets(encodeEss(again), octets, 'a label in BER written again')
    assert.deepEqual(
      { ...again, categories: again.categories.length },
      { ...label, categories: label.categories.length },
    )
    const isKnown = label.categories.every(({ syntax }) => syntax !== 'unknown')
    const fits = label.privacyMark === undefined || fitsPrivacyMark(label.privacyMark.text, 128)
    assert.equal(!isProblem(decodeEss(octets, 'der')), isKnown && fits, 'a label that was written, as DER')
  }
}

function checkClearance(input: Buffer): void {
  const clearance = decodeX501(input)
  if (isProblem(clearance)) return
  const octets = encodeX501(clearance)
  const again = decodeX501(octets)
  assert.ok(!isProblem(again), 'a clearance that is written cannot be read')
  assertOctets(encodeX501(again), octets, 'a clearance written again')
}

/** A value that is read means one thing: written in DER it is the same octets, where they were DER. */
function checkLeaf(leaf: Tlv): void {
  const whole = writeDer(leaf.tag, leaf.content)
  if (leaf.tag === TAG.integer) {
    const decimal = readInteger(leaf.content)
    if (decimal !== undefined) assertOctets(writeInteger(decimal), whole, 'an INTEGER')
  } else if (leaf.tag === TAG.oid) {
    const oid = decodeOid(leaf.content)
    if (oid !== undefined) assertOctets(encodeOid(oid)!, leaf.content, 'an OBJECT IDENTIFIER')
  } else if (leaf.tag === TAG.bitString && leaf.content.length < 1000) {
    const bits = readBits(leaf.content)
    if (bits !== undefined) {
      const again = readDer(writeBits(bits), 'der')
      assert.ok(!isProblem(again))
      assert.deepEqual(readBits(again.content), bits, 'a BIT STRING')
    }
  } else if (leaf.tag === TAG.utf8String || leaf.tag === TAG.printableString) {
    const text = readString(leaf)
    if (text !== undefined) assertOctets(writeUtf8(text, leaf.tag), whole, 'a string')
  }
}

function eachLeaf(tlv: Tlv, visit: (leaf: Tlv) => void): void {
  if (tlv.members.length === 0) visit(tlv)
  for (const member of tlv.members) eachLeaf(member, visit)
}

function assertOctets(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return
  assert.fail(`${what}: ${Buffer.from(actual).toString('hex')}, not ${Buffer.from(expected).toString('hex')}`)
}
