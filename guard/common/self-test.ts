/** The self-test on the pipes: its stanzas are the first frames of a run, under a number that no stanza has. */
import { SELF_TEST_NUMBER, SELF_TEST_SECOND, type SelfTestCase } from '../../rules/self-test/self-test.ts'
import { encodeStanzaFrame } from './stanza-frame.ts'

export function selfTestFrame({ stanza }: SelfTestCase): Buffer {
  return encodeStanzaFrame(SELF_TEST_NUMBER, SELF_TEST_SECOND, stanza)
}
