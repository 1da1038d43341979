/** XEP-0172: the name by which a user wants to be called (§2), in messages and in requests to see presence. */
import type { ElementRule } from '../bundle/bundle.ts'
import { elementRule, value } from './element.ts'

const NICK_NS = 'http://jabber.org/protocol/nick'

/** Longest name, in code points. */
const MAX_NAME = 128

export const nickname: ElementRule = elementRule(
  NICK_NS,
  'nick',
  [],
  value({ type: 'text', max: MAX_NAME, lines: false }),
  'always',
)
