import t from 'tap'
import { createDecider, type Verdict } from '../../rules/decide/decide.ts'
import type { Reason } from '../../rules/reasons.ts'
import {
  BUNDLE,
  CREATION,
  chat,
  ESS_LABEL,
  NATO_LABEL,
  natoLabel,
  PASSING,
  REVIEW,
  SECOND,
} from './bundle.ts'

const decide = createDecider(BUNDLE)
const ask = (stanza: string, second = SECOND): Verdict => decide(Buffer.from(stanza), second)

t.test('what the bundle names comes out, made anew', async (t) => {
  for (const { name, input, output, form, row } of PASSING) {
    const [from, to] = [/from="([^"]*)"/.exec(input)![1], / to="([^"]*)"/.exec(input)![1]]
    t.same(ask(input), { accepted: true, row, form, from, to, output }, name)
  }
})
