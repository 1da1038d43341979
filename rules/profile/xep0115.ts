/** XEP-0115: entity capabilities (§4), a hash of what a client supports and the name of the client's maker. */
import type { ElementRule } from '../bundle/bundle.ts'
import { elementRule, empty, oneOf, required } from './element.ts'

const CAPS_NS = 'http://jabber.org/protocol/caps'

export const features = [CAPS_NS]

/** Longest address of a client's maker, and longest SHA-512 in base64, in characters. */
const MAX_NODE = 256
const MAX_HASH = 88

/** The node under which what is behind a hash is asked for (§6.2): `node#ver`. */
export const MAX_ASKED = MAX_NODE + 1 + MAX_HASH

export const capabilities: ElementRule = elementRule(
  CAPS_NS,
  'c',
  [
    required('hash', oneOf('sha-1', 'sha-256', 'sha-512')),
    required('node', { type: 'identifier', max: MAX_NODE }),
    required('ver', { type: 'identifier', max: MAX_HASH }),
  ],
  empty,
)
