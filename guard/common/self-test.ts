/** The self-test on the pipes: its stanzas are the first frames of a run, under a number that no stanza has. */
import { SELF_TEST_SECOND, type SelfTestCase } from '../../rules/self-test/self-test.ts'
import type { StanzaNumber } from '../gcxp/number.ts'
import { encodeStanzaFrame } from './stanza-frame.ts'

/** No stanza has count 0; behind every other number, so that a stanza under it may go back to one. */
export const SELF_TEST_NUMBER: StanzaNumber = { generation: 0xffff, count: 0 }

export function selfTestFrame({ stanza }: SelfTestCase): Buffer {
  return encodeStanzaFrame(SELF_TEST_NUMBER, SELF_TEST_SECOND, stanza)
}
