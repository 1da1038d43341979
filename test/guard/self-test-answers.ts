/** What a sound verifier writes for the self-test of a bundle, for tests of one stage alone. */
import { selfTestFrame } from '../../guard/common/self-test.ts'
import { encodeAnswer } from '../../guard/inspect/answer.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { createDecider } from '../../rules/decide/decide.ts'
import { SELF_TEST_NUMBER, SELF_TEST_SECOND, selfTest } from '../../rules/self-test/self-test.ts'

export function selfTestAnswers(bundle: Bundle): Buffer[] {
  const decide = createDecider(bundle)
  return selfTest(bundle).map((one) => {
    const rest = selfTestFrame(one).subarray(4)
    return Buffer.from(encodeAnswer(rest, decide(one.stanza, SELF_TEST_SECOND, SELF_TEST_NUMBER)))
  })
}

/** The octets of all its frames. */
export function selfTestFrames(bundle: Bundle): Buffer {
  return Buffer.concat(selfTest(bundle).map(selfTestFrame))
}
