/**
 * install: brings node_modules, and with it the pinned Node, in line with the lockfile.
 *
 * Runs before every npm script, under whatever Node ≥ 20 the machine has, so it is plain JavaScript
 * without dependencies. The script proper then runs under the Node of node_modules/.bin.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const stamp = `${root}node_modules/.sallyport-lock`
const runtime = `node-${process.platform}-${process.arch}/bin/node`

const wanted = createHash('sha256')
  .update(`${process.platform} ${process.arch}\n`)
  .update(readFileSync(`${root}package-lock.json`))
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  install()
  linkRuntime()
  writeFileSync(stamp, wanted)
}

function install() {
  console.error('installing the pinned Node and packages (npm ci --ignore-scripts) …')
  const started = Date.now()
  // npm's own output goes to stderr, so that a script's output stays the script's.
  const npm = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (npm.status !== 0) {
    fail(
      `npm ci failed (${npm.error?.message ?? npm.signal ?? `exit code ${npm.status}`}).`,
      'It needs the npm registry once; mend what npm says above and start again.',
    )
  }
  console.error(`installed in ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

/** npm 10 drops the link when it drops the other platform's package; npm 11 keeps it. */
function linkRuntime() {
  if (!existsSync(`${root}node_modules/${runtime}`)) {
    fail(
      `There is no pinned Node for ${process.platform} on ${process.arch}; there is for Linux on x64 and arm64.`,
    )
  }
  const link = `${root}node_modules/.bin/node`
  if (!existsSync(link)) symlinkSync(`../${runtime}`, link)
}

function fail(...lines) {
  for (const line of lines) console.error(line)
  process.exit(1)
}
