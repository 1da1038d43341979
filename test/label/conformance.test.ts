/** The cases of the conformance data that lies beside the project: every one, each by the adapter of its operation. */
import t from 'tap'
import { type Case, hasCases, readCases } from './conformance/inputs.ts'
import { OPERATIONS, type Outcome, run } from './conformance/operations.ts'

/** Cases whose expectation we do not share, with the reason. */
const DISPUTED: ReadonlyMap<string, string> = new Map()

/** What an expectation may name that says nothing about the outcome. */
const INFORMATION = new Set(['spiffingError', 'specSays'])

/** Order does not matter in what a label holds. */
function normal(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(normal).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, normal(item)]),
  )
}

/** Of what came out, what the expectation speaks of. */
function like(expected: unknown, found: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(found)) {
    return found.length === expected.length ? found.map((item, i) => like(expected[i], item)) : found
  }
  if (typeof expected !== 'object' || expected === null || typeof found !== 'object' || found === null)
    return found
  return Object.fromEntries(
    Object.keys(expected).map((key) => [key, like((expected as Outcome)[key], (found as Outcome)[key])]),
  )
}

function check(test: Pick<typeof t, 'ok' | 'same'>, { id, expected }: Case, outcome: Outcome): void {
  for (const [key, wanted] of Object.entries(expected)) {
    if (INFORMATION.has(key)) continue
    if (key === 'contains' || key === 'notContains') {
      const names = outcome['names'] as string[]
      const present = (wanted as string[]).filter((name) => names.includes(name))
      test.same(present, key === 'contains' ? wanted : [], `${id}: ${key}`)
      continue
    }
    if (key === 'findings') {
      // We may find more than a case names (v88 repeats NATO in Context too, by name as well as by number).
      const found = (outcome[key] as unknown[]).map((finding) => JSON.stringify(normal(finding)))
      const missing = (wanted as unknown[]).filter(
        (finding) => !found.includes(JSON.stringify(normal(finding))),
      )
      test.same(missing, [], `${id}: findings`)
      continue
    }
    test.ok(key in outcome, `${id}: the adapter gives ${key}`)
    test.same(
      normal(like(wanted, outcome[key])),
      normal(wanted),
      `${id}: ${key}${outcome['problem'] === undefined ? '' : ` (${outcome['problem']})`}`,
    )
  }
}

if (!hasCases) {
  t.test(
    'conformance cases',
    { skip: 'the folder ../shared/conformance/labels is not there' },
    async () => undefined,
  )
} else {
  const cases = readCases()
  t.test('each operation has an adapter', async (t) => {
    const missing = new Set(cases.map((c) => c.operation).filter((operation) => !OPERATIONS.has(operation)))
    t.same([...missing], [])
    t.ok(cases.length > 100, `${cases.length} cases`)
  })
  for (const operation of new Set(cases.map((c) => c.operation))) {
    t.test(operation, async (t) => {
      for (const testCase of cases.filter((c) => c.operation === operation)) {
        const reason = DISPUTED.get(testCase.id)
        if (reason === undefined) check(t, testCase, run(testCase))
        else t.comment(`disputed ${testCase.id}: ${reason}`)
      }
    })
  }
}
