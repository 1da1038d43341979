/** The linter refuses a clock, randomness and made code where verdicts come from, and only there. */
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '../..')
const refused = [
  'Date.now()',
  'new Date()',
  'Date()',
  'Math.random()',
  'performance.now()',
  'globalThis.performance',
  'process.hrtime()',
  'process.uptime()',
  'setTimeout(done, 1)',
  'setInterval(done, 1)',
  'setImmediate(done)',
  'randomBytes(8)',
  'crypto.getRandomValues(done)',
  "new Function('return 1')",
  "Function('return 1')",
  "eval('1')",
  "fetch('file:///etc/passwd')",
]
const allowed = ['new Date(0)', "Date.parse('2026-01-01T00:00:00Z')", 'Date.UTC(2026, 0)', 'Math.min(1, 2)']

t.test('in rules, inspect and verify', async (t) => {
  const found = lint(['rules/x', 'guard/inspect/x', 'guard/verify/x'])
  for (const folder of ['rules/x', 'guard/inspect/x', 'guard/verify/x']) {
    for (const [at, use] of refused.entries()) {
      t.ok(found.has(`${folder}/refused.ts:${at + 1}`), `${use} in ${folder}`)
    }
  }
  t.strictSame(
    [...found].filter((place) => place.includes('allowed.ts')),
    [],
    'dates of a stanza may be read',
  )
})

t.test('but not where time is kept', async (t) => {
  const found = lint(['guard/intake', 'guard/journal', 'edge/x'])
  // What evaluates text is refused everywhere.
  const evaluates = refused.indexOf("eval('1')") + 1
  t.strictSame([...new Set([...found].map((place) => place.split(':')[1]))], [String(evaluates)])
})

function lint(folders: string[]): Set<string> {
  const tree = mkdtempSync(join(tmpdir(), 'sallyport-lint-'))
  try {
    mkdirSync(join(tree, 'scripts'))
    for (const file of ['biome.json', 'scripts/no-clock.grit'])
      copyFileSync(join(root, file), join(tree, file))
    for (const folder of folders) {
      mkdirSync(join(tree, folder), { recursive: true })
      const source = (uses: string[]) => uses.map((use, at) => `export const a${at} = ${use}\n`)
      writeFileSync(join(tree, folder, 'refused.ts'), source(refused).join(''))
      writeFileSync(join(tree, folder, 'allowed.ts'), source(allowed).join(''))
    }
    const biome = join(root, 'node_modules/.bin/biome')
    const args = ['lint', '--colors=off', '--max-diagnostics=none']
    const { stdout, stderr } = spawnSync(biome, args, { cwd: tree, encoding: 'utf8' })
    const places = [...`${stdout}${stderr}`.matchAll(/^(\S+\.ts):(\d+):\d+ (plugin|lint\S+) .*━$/gm)]
    const told = places.filter(([, , , rule]) => rule !== 'lint/correctness/noUndeclaredVariables')
    return new Set(told.map(([, file, line]) => `${file}:${line}`))
  } finally {
    rmSync(tree, { recursive: true })
  }
}
