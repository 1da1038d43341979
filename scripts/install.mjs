/**
 * install: brings node_modules, and with it the pinned Node, in line with the lockfile.
 *
 * Runs before every npm script, under whatever Node ≥ 20 the machine has, so it is plain JavaScript
 * without dependencies. The script proper then runs under the Node of node_modules/.bin.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = `${root}node_modules/.sallyport-lock`

const wanted = createHash('sha256')
  .update(`${process.platform} ${process.arch}\n`)
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) install()

function install() {
  console.error('installing the pinned Node and packages (npm ci --ignore-scripts) …')
  const started = Date.now()
  // npm's own output goes to stderr, so that a script's output stays the script's.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) {
    console.error(`npm ci failed (${npm.error?.message ?? npm.signal ?? `exit code ${npm.status}`}).`)
    console.error('It needs the npm registry once; mend what npm says above and start again.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
  console.error(`installed in ${((Date.now() - started) / 1000).toFixed(0)} s`)
}
