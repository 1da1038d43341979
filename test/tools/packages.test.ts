/** What is installed is what was pinned, said why, and written down. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pinnedNode } from '../../scripts/test/runtime.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
const pinned = ['dependencies', 'optionalDependencies', 'devDependencies'].flatMap((group) =>
  Object.entries(manifest[group]!),
)

t.test('this is the pinned Node', async (t) => {
  t.equal(process.versions.node, pinnedNode(root))
})

t.test('versions are exact, and the installed ones', async (t) => {
  for (const [name, version] of pinned) {
    t.match(version, /^\d+\.\d+\.\d+$/, name)
    const file = `node_modules/${name}/package.json`
    if (!(name in manifest['optionalDependencies']!) || existsSync(join(root, file))) {
      t.equal(JSON.parse(read(file)).version, version, name)
    }
  }
})

t.test('the lockfile names no registry', async (t) => {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, object> }
  const named = Object.entries(packages).filter(([, entry]) => 'resolved' in entry)
  t.strictSame(named, [])
})

t.test('each dependency is justified, in the version that is used', async (t) => {
  const rows = [...read('packaging/dependencies.md').matchAll(/^\| `([^`]+)` \| ([0-9.]+) \| (.{10,}) \|$/gm)]
  t.strictSame(
    new Map(rows.map(([, name, version]) => [name, version])),
    new Map(pinned),
    'packaging/dependencies.md and package.json say the same',
  )
})

t.test('the installed Node binary is the recorded one', async (t) => {
  const rows = read('packaging/node.sha256').trim().split('\n')
  const recorded = new Map(rows.map((row) => row.split('  ').reverse() as [string, string]))
  t.strictSame(
    [...recorded.keys()].sort(),
    ['arm64', 'x64'].map((arch) => `node_modules/node-linux-${arch}/bin/node`),
  )
  const file = `node_modules/node-linux-${process.arch}/bin/node`
  t.equal(
    createHash('sha256')
      .update(readFileSync(join(root, file)))
      .digest('hex'),
    recorded.get(file),
  )
  t.equal(process.execPath, join(root, file), 'and it is the one that runs this')
})

t.test('the Unicode tables are of the version that Node has', async (t) => {
  const tables = `@unicode/unicode-${process.versions.unicode}.0`
  t.ok(
    pinned.some(([name]) => name === tables),
    tables,
  )
})
