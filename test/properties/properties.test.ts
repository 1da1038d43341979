/** The list of properties is whole, and names tests that there are. The results are put together by a whole run (scripts/test). */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { withProperties } from '../../packaging/manual/properties.ts'
import { PROPERTIES } from './properties.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

t.test('44 properties, each held by a test or said whose it is', (t) => {
  t.same(
    PROPERTIES.map(({ id }) => id),
    Array.from({ length: 44 }, (_, index) => `P${String(index + 1).padStart(2, '0')}`),
  )
  for (const { id, held, rest } of PROPERTIES) t.ok(held.length > 0 || rest !== undefined, id)
  t.end()
})

t.test('each named test is there', (t) => {
  for (const { id, held } of PROPERTIES) {
    for (const { file, test } of held) {
      if (!existsSync(ROOT + file)) t.fail(`${id}: there is no ${file}`)
      else if (test !== undefined)
        t.ok(readFileSync(ROOT + file, 'utf8').includes(test), `${id}: ${file} has “${test}”`)
    }
  }
  t.end()
})

t.test('the manual says the same', (t) => {
  const page = readFileSync(`${ROOT}doc/assurance.md`, 'utf8')
  t.equal(page, withProperties(page), 'node scripts/manual.ts makes it')
  t.end()
})

t.test('the core that an accreditor reads has the size that the manual states', (t) => {
  const lines = (...patterns: string[]) =>
    patterns
      .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
      .flatMap((file) => readFileSync(ROOT + file, 'utf8').split('\n'))
      .filter((line) => !/^\s*(\/\/|\*|\/\*|$)/.test(line)).length
  const verify = lines('guard/verify/*.ts')
  const release = lines('guard/release/*.ts')
  const manual = readFileSync(`${ROOT}doc/guard.md`, 'utf8')
  const stated = (stage: string) =>
    Number(new RegExp(`\`guard/${stage}\` \\(at most ([0-9,]+)`).exec(manual)?.[1]?.replace(',', ''))
  t.ok(verify <= stated('verify'), `verify: ${verify} lines of code without its tables`)
  t.ok(release <= stated('release'), `release: ${release} lines of code`)
  t.comment(`lines of code: verify ${verify}, release ${release}`)
  t.end()
})
