import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

t.test('every npm command of the README exists', (t) => {
  const commands = [...readme.matchAll(/npm (?:run ([a-z-]+)|(test))/g)].map((match) => match[1] ?? match[2]!)
  t.ok(commands.length > 4)
  for (const command of new Set(commands)) t.ok(scripts[command], `npm run ${command}`)
  t.end()
})

t.test('every subcommand of the README exists', (t) => {
  const help = execFileSync(process.execPath, [join(ROOT, 'cli/sallyport.ts'), '--help'], {
    encoding: 'utf8',
  })
  const named = [...readme.matchAll(/npm run sallyport -- ([a-z]+)/g)].map((match) => match[1]!)
  t.ok(named.length > 1)
  for (const command of named) t.match(help, new RegExp(`^ +${command} `, 'm'))
  t.end()
})

t.test('every file that the README names exists', (t) => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map((match) => match[1]!)
  const paths = [...readme.matchAll(/`((?:rules|guard|edge|cli|packaging|test|doc)\/[^` ]*)`/g)].map(
    (match) => match[1]!,
  )
  t.ok(links.length > 4)
  for (const path of new Set([...links, ...paths])) t.ok(existsSync(join(ROOT, path)), path)
  t.end()
})
