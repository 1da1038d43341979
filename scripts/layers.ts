/**
 * layers: holds every file of the tree to the import rule of .dependency-cruiser.mjs.
 *
 *   node scripts/layers.ts [ROOT]
 *
 * One line a violation: rule, importing file, imported module. Refuses to call a tree sound that it did
 * not see whole: each source file must be in the graph.
 */
import { existsSync, globSync } from 'node:fs'
import { resolve } from 'node:path'
import { cruise, type ICruiseResult } from 'dependency-cruiser'
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config'

const folders = ['rules', 'guard', 'edge', 'cli', 'packaging', 'scripts', 'test']
const config = await extractConfig(`${import.meta.dirname}/../.dependency-cruiser.mjs`)
const { forbidden = [], options = {} } = config

process.chdir(resolve(process.argv[2] ?? `${import.meta.dirname}/..`))
const present = folders.filter((folder) => existsSync(folder))
const { output } = await cruise(present, { ...options, ruleSet: { forbidden }, validate: true })
const { modules, summary } = output as ICruiseResult

const seen = new Set(modules.map((module) => module.source))
const unseen = present
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,mjs,cjs}`, { exclude: ['**/fixtures/**'] }))
  .filter((file) => !file.endsWith('.d.ts') && !seen.has(file))
for (const file of unseen) console.log(`not-seen: ${file}`)

const comments = new Map(forbidden.map(({ name, comment }) => [name, comment]))
const violations = summary.violations.map(
  ({ rule, from, to, via, cycle }) =>
    `${rule.name}: ${from} → ${[...(cycle ?? via ?? [{ name: to }])].map(({ name }) => name).join(' → ')}`,
)
for (const name of new Set(summary.violations.map(({ rule }) => rule.name))) {
  console.log(`${name}: ${comments.get(name)}`)
}
for (const violation of new Set(violations)) console.log(`  ${violation}`)
console.log(
  `${seen.size} modules, ${summary.totalDependenciesCruised} imports, ${violations.length} violations`,
)
if (violations.length + unseen.length > 0 || seen.size === 0) process.exitCode = 1
