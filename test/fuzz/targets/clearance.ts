/**
 * What a directory says: messages of LDAP, cut as they may be, and the clearances in them. A message has one length, known from
 * its first octets on; one that is read has no other reading when it is written again; a clearance that is read is the same in
 * each form that it can be written in.
 */
import assert from 'node:assert/strict'
import { messageLength, readMessage, type ServerMessage } from '../../../edge/cmbac/ldap/protocol.ts'
import { readClearances } from '../../../edge/cmbac/value.ts'
import { type Clearance, clearance4774Of, x501Of } from '../../../rules/clearance/clearance.ts'
import { write4774Clearance } from '../../../rules/clearance/stanag4774.ts'
import { encodeX501 } from '../../../rules/clearance/x501.ts'
import { TAG, writeDer, writeInteger } from '../../../rules/label/der.ts'
import { isProblem } from '../../../rules/label/label.ts'
import { serialise } from '../../../rules/xml/write.ts'
import { ACME, clearance, OTHER } from '../../edge/cmbac/policies.ts'
import type { Target } from '../target.ts'

const POLICIES = [ACME, OTHER]
const HELD = clearance(ACME, ['OPEN', 'SECRET'], { Need: ['ALPHA'], Nation: ['AUS', 'NZL'] })

export const target: Target = {
  kept: 6,
  grown: 60_000,
  dictionary: [
    '\x30\x84\0\0\0\x10',
    '\x30\x80',
    '\x02\x01\x04',
    '\x61\x07\x0a\x01\0\x04\0\x04\0',
    '\x64\x15\x04\x03d=a\x30\x0e',
    '\x65\x07\x0a\x01\0\x04\0\x04\0',
    '\x73\x03\x04\x01x',
    '\x78\x07\x0a\x01\0\x04\0\x04\0',
    '\xa0\0',
    '\x31\x06\x04\x01x\x04\x01y',
    '<ConfidentialityClearance xmlns="urn:nato:stanag:4774:confidentialityclearance:1:0">',
    '<PolicyIdentifier xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" URI="urn:oid:1.2.3.4">ACME</PolicyIdentifier>',
    '<Classification xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0">SECRET</Classification>',
    '<?xml version="1.0"?>',
    '\x06\x03\x2a\x03\x04',
    '\x55\x04\x37',
    'PENvbmZpZGVudGlhbGl0eQ==',
  ],
  seeds() {
    const written = forms(HELD)
    const entry = Buffer.from('301a02010464150403643d61300e300c040261613106040178040179', 'hex')
    const done = Buffer.from('300c02010465070a010004000400', 'hex')
    return [
      entry,
      done,
      Buffer.concat([entry, done]),
      Buffer.from('30840000001002010465840000000 70a012004000400'.replace(' ', ''), 'hex'),
      ...written,
      ...written.flatMap((form) =>
        (['base64', 'base64url'] as const).map((name) => Buffer.from(form.toString(name))),
      ),
    ]
  },
  check(input) {
    checkLength(input)
    const message = readMessage(input)
    if (!('problem' in message))
      assert.deepEqual(plain(readMessage(write(message))), plain(message), 'written again it is another')
    const { clearances, problems } = readClearances(input, POLICIES)
    assert.ok(clearances.length > 0 || problems.length > 0, 'nothing is read and nothing is wrong')
    for (const problem of problems) assert.ok(!/[\n\r]/.test(problem), 'more than a line')
    for (const one of clearances) {
      for (const form of forms(one)) {
        const again = readClearances(form, POLICIES)
        assert.deepEqual(
          again,
          { clearances: [{ ...one, ignored: [] }], problems: [] },
          form.toString('latin1'),
        )
      }
    }
  },
}

/** However much of it has come, its length is not known yet, or is that. */
function checkLength(input: Buffer): void {
  const length = messageLength(input)
  for (let cut = 0; cut <= Math.min(input.length, 8); cut++) {
    const early = messageLength(input.subarray(0, cut))
    if (early !== 0) assert.deepEqual(early, length, `after ${cut} octets`)
  }
  if (typeof length === 'number' && length > 0 && length < input.length)
    assert.ok('problem' in readMessage(input), 'octets behind a message are read')
}

/** Views of octets may be of any class. */
function plain(message: ReturnType<typeof readMessage>): unknown {
  if ('problem' in message || message.kind !== 'entry') return message
  const attributes = message.attributes.map(({ name, values }) => ({
    name,
    values: values.map((value) => Buffer.from(value).toString('hex')),
  }))
  return { ...message, attributes }
}

function write(message: ServerMessage): Uint8Array {
  const octets = (value: Uint8Array) => writeDer(TAG.octetString, value)
  const number = writeInteger(String(message.id))
  switch (message.kind) {
    case 'reference':
      return writeDer(TAG.sequence, number, writeDer(0x73))
    case 'entry': {
      const attributes = message.attributes.map(({ name, values }) =>
        writeDer(TAG.sequence, octets(Buffer.from(name, 'latin1')), writeDer(TAG.set, ...values.map(octets))),
      )
      const list = writeDer(TAG.sequence, ...attributes)
      return writeDer(TAG.sequence, number, writeDer(0x64, octets(Buffer.alloc(0)), list))
    }
    default: {
      const tag = { bound: 0x61, done: 0x65, extended: 0x78 }[message.kind]
      return writeDer(TAG.sequence, number, writeDer(tag, writeDer(0x0a, Uint8Array.of(message.code))))
    }
  }
}

/** A clearance in XML and, as far as that can hold it, in BER; without class it is in BER only. */
function forms(one: Clearance): Buffer[] {
  const spif = POLICIES.find(({ id }) => id === one.policy.id)!
  const x501 = x501Of(spif, one)
  return [
    ...(one.classifications.length === 0
      ? []
      : [Buffer.from(serialise(write4774Clearance(clearance4774Of(spif, one))))]),
    ...(isProblem(x501) ? [] : [Buffer.from(encodeX501(x501))]),
  ]
}
