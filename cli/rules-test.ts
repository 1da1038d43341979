/**
 * sallyport rules test: the examples that a bundle carries, judged by its rules.
 *
 * Reads    the bundle, and no source
 * Writes   a line for each example; exit code 1 when one differs
 */
import { parseArgs } from 'node:util'
import { judgeExamples, verdictWords } from '../rules/examples/judge.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { UsageError } from './usage.ts'

export function testRules(argv: string[]): number {
  const { positionals, values } = parseArgs({
    args: argv,
    options: { examples: { type: 'string' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('test needs one bundle')
  const { bundle } = readNamedBundle(file)
  const source = values.examples === undefined ? bundle : readNamedBundle(values.examples).bundle
  const judged = judgeExamples(bundle, source.examples ?? [])
  if (judged.length === 0) {
    process.stderr.write(`${source.name} carries no examples; write examples.yaml beside its ruleset.yaml\n`)
    return 1
  }
  for (const { example, verdict, differs } of judged) {
    const line =
      differs === undefined
        ? `ok    ${example.name}: ${verdictWords(bundle, verdict)}`
        : `FAIL  ${example.name}: ${differs}`
    process.stdout.write(`${line}\n`)
  }
  const failed = judged.filter(({ differs }) => differs !== undefined).length
  process.stdout.write(`${judged.length - failed} as expected, ${failed} not\n`)
  return failed === 0 ? 0 : 1
}
