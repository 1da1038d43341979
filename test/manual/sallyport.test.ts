/** doc/sallyport.md has the usage texts that the commands print; README.md leads to every page of the manual. */
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { withUsages } from '../../packaging/manual/usage.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

t.test('the usage texts are those that the commands print', async (t) => {
  const page = read('doc/sallyport.md')
  const commands = [...page.matchAll(/^<!-- usage: ([a-z]*) ?-->$/gm)].map(([, command]) => command)
  t.same(commands, ['', 'edge', 'guard', 'rules', 'label', 'journal', 'demo'])
  t.equal(page, withUsages(page), 'run scripts/manual.ts')
})

t.test('README.md leads to every page, and no link leads nowhere', async (t) => {
  const readme = read('README.md')
  for (const page of globSync('doc/*.md', { cwd: root }))
    t.ok(readme.includes(`(${page})`), `README.md names ${page}`)
  for (const page of ['README.md', ...globSync('doc/*.md', { cwd: root })]) {
    for (const [, target] of read(page).matchAll(/\]\(([^)#:]+)\)/g))
      t.ok(existsSync(join(root, dirname(page), target ?? '')), `${page}: ${target}`)
  }
})
