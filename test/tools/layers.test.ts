/** The import rule finds a planted violation of each of its rules, and sees a sound tree whole. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config'
import t from 'tap'

const packages = { saxes: '6.0.0', yaml: '2.9.1', pino: '10.4.0' }
const sound = {
  'package.json': JSON.stringify({ dependencies: packages, devDependencies: { cborg: '6.1.5' } }),
  ...Object.fromEntries([...Object.keys(packages), 'cborg', 'stray'].flatMap(stub)),
  'rules/index.ts': `import { parse } from './xml/parse.ts'\nexport { parse }`,
  'rules/xml/parse.ts': `import { createHash } from 'node:crypto'\nimport 'saxes'\nexport const parse = createHash`,
  'rules/ruleset/load.ts': `import 'node:fs'\nimport 'node:path'\nimport 'yaml'\nimport '../index.ts'`,
  'guard/gcxp/codec.ts': `export const codec = 1`,
  'guard/log/log.ts': `import 'node:fs'\nexport const log = 1`,
  'guard/common/pipe.ts': `import 'node:net'\nexport const pipe = 1`,
  'guard/intake/main.ts': `import 'node:tls'\nimport 'pino'\nimport '../gcxp/codec.ts'\nimport '../common/pipe.ts'`,
  'guard/inspect/main.ts': `import 'node:net'\nimport 'node:fs'\nimport '../common/pipe.ts'\nimport '../../rules/index.ts'`,
  'guard/verify/main.ts': `import 'node:net'\nimport 'node:process'\nimport './recogniser.ts'`,
  'guard/verify/recogniser.ts': `export const recogniser = 1`,
  'guard/journal/main.ts': `import 'node:net'\nimport '../log/log.ts'`,
  'guard/journal/line.ts': `export const line = 1`,
  'guard/witness/protocol.ts': `import '../journal/line.ts'`,
  'guard/export/main.ts': `import 'node:tls'\nimport '../gcxp/codec.ts'\nimport '../journal/line.ts'\nimport '../witness/protocol.ts'`,
  'guard/launch.ts': `import 'node:child_process'\nimport './common/pipe.ts'`,
  'edge/main.ts': `import 'node:tls'\nimport '../rules/index.ts'\nimport '../guard/gcxp/codec.ts'\nimport '../guard/log/log.ts'`,
  'cli/sallyport.ts': `import '../rules/ruleset/load.ts'\nimport '../edge/main.ts'\nimport '../guard/launch.ts'`,
  'packaging/demo/demo.ts': `import '../../cli/sallyport.ts'\nimport 'cborg'`,
  'test/some.test.ts': `import '../guard/verify/recogniser.ts'\nimport 'cborg'`,
}

/** One file each, added to the sound tree: the file, what it imports, the rule that must object. */
const planted = [
  ['rules/xml/bad-net.ts', 'node:net', 'rules-pure'],
  ['rules/xml/bad-tls.ts', 'tls', 'rules-pure'],
  ['rules/xml/bad-file.ts', 'node:fs', 'rules-pure'],
  ['rules/xml/bad-clock.ts', 'node:timers', 'rules-pure'],
  ['rules/xml/bad-clock2.ts', 'node:perf_hooks', 'rules-pure'],
  ['rules/ruleset/bad-net.ts', 'node:net', 'ruleset-reads'],
  ['rules/xml/bad-guard.ts', '../../guard/gcxp/codec.ts', 'rules-alone'],
  ['rules/xml/bad-package.ts', 'pino', 'rules-packages'],
  ['guard/verify/bad-rules.ts', '../../rules/index.ts', 'verify-alone'],
  ['guard/verify/bad-gcxp.ts', '../gcxp/codec.ts', 'verify-alone'],
  ['guard/verify/bad-common.ts', '../common/pipe.ts', 'verify-alone'],
  ['guard/verify/bad-package.ts', 'saxes', 'verify-alone'],
  ['guard/verify/bad-sqlite.ts', 'node:sqlite', 'verifiers-closed'],
  ['guard/verify/bad-vm.ts', 'node:vm', 'verifiers-closed'],
  ['guard/verify/bad-module.ts', 'node:module', 'verifiers-closed'],
  ['guard/inspect/bad-worker.ts', 'node:worker_threads', 'verifiers-closed'],
  ['guard/inspect/bad-child.ts', 'node:child_process', 'verifiers-closed'],
  ['guard/inspect/bad-udp.ts', 'node:dgram', 'verifiers-closed'],
  ['guard/inspect/bad-http.ts', 'node:http', 'verifiers-closed'],
  ['guard/inspect/bad-http2.ts', 'node:http2', 'verifiers-closed'],
  ['guard/inspect/bad-https.ts', 'node:https', 'verifiers-closed'],
  ['guard/inspect/bad-tls.ts', 'node:tls', 'verifiers-closed'],
  ['guard/inspect/bad-gcxp.ts', '../gcxp/codec.ts', 'inspect-narrow'],
  ['guard/inspect/bad-verify.ts', '../verify/recogniser.ts', 'inspect-narrow'],
  ['guard/inspect/bad-package.ts', 'pino', 'inspect-packages'],
  ['guard/inspect/bad-compiler.ts', '../../rules/ruleset/load.ts', 'guard-run-time'],
  ['guard/intake/bad-compiler.ts', 'yaml', 'guard-run-time'],
  ['guard/intake/bad-stage.ts', '../journal/main.ts', 'stage-own'],
  ['guard/intake/bad-edge.ts', '../../edge/main.ts', 'stage-own'],
  ['guard/intake/bad-child.ts', 'node:child_process', 'stage-cannot'],
  ['guard/journal/bad-net.ts', 'node:https', 'journal-offline'],
  ['guard/export/bad-stage.ts', '../journal/main.ts', 'carriers-read'],
  ['guard/export/bad-witness.ts', '../witness/bad-edge.ts', 'carriers-read'],
  ['guard/witness/bad-edge.ts', '../../edge/main.ts', 'carriers-read'],
  ['guard/witness/bad-child.ts', 'node:child_process', 'stage-cannot'],
  ['guard/bad-edge.ts', '../edge/main.ts', 'guard-narrow'],
  ['edge/bad-stage.ts', '../guard/intake/main.ts', 'edge-narrow'],
  ['edge/bad-cli.ts', '../cli/sallyport.ts', 'edge-narrow'],
  ['edge/bad-test.ts', '../test/some.test.ts', 'product-not-test'],
  ['edge/bad-package.ts', 'cborg', 'product-not-dev'],
  ['edge/bad-undeclared.ts', 'stray', 'no-undeclared'],
  ['edge/bad-path.ts', './nowhere.ts', 'no-unresolved'],
  ['edge/circle.ts', './circle-back.ts', 'no-circle'],
] as const

t.test('a sound tree passes', async (t) => {
  const { status, lines } = layers(t.testdir(), sound)
  t.equal(status, 0, lines.join('\n'))
})

t.test('each rule has a planted violation', async (t) => {
  const { forbidden = [] } = await extractConfig(join(import.meta.dirname, '../../.dependency-cruiser.mjs'))
  const rules = forbidden.map(({ name }) => name)
  // This one is about what a verifier reaches through others, so it is planted below.
  t.strictSame(new Set([...planted.map(([, , rule]) => rule), 'verifiers-cannot']), new Set(rules))
})

t.test('each planted violation is found, by its own rule', async (t) => {
  const bad = Object.fromEntries(planted.map(([file, target]) => [file, `import '${target}'`]))
  bad['edge/circle-back.ts'] = `import './circle.ts'`
  const { status, lines } = layers(t.testdir(), { ...sound, ...bad })
  t.equal(status, 1)
  for (const [file, target, rule] of planted) {
    // A circle is told once, from either of its files.
    const from = rule === 'no-circle' ? 'edge/circle' : `${file} → `
    const found = lines.some((line) => line.startsWith(`  ${rule}: ${from}`))
    t.ok(found, `${rule} objects to "${target}" in ${file}`)
  }
  const innocent = lines.filter(
    (line) => line.startsWith('  ') && !/\/(bad-|circle)/.test(line.split('→')[0]!),
  )
  t.strictSame(innocent, [], 'and nothing else is blamed')
})

t.test('what a verifier reaches through the rules counts', async (t) => {
  const { status, lines } = layers(t.testdir(), {
    ...sound,
    'rules/index.ts': `export * from './xml/parse.ts'\nexport * from './xml/bad.ts'`,
    'rules/xml/bad.ts': `export { createServer } from 'node:tls'`,
  })
  t.equal(status, 1)
  t.ok(
    lines.some((line) => line.startsWith('  verifiers-cannot: guard/inspect/main.ts → ')),
    lines.join('\n'),
  )
})

for (const [what, statement] of [
  ['a type', `import type { Server } from 'node:net'`],
  ['a name handed on', `export { createServer } from 'node:net'`],
  ['a dynamic import', `await import('node:net')`],
  ['process.getBuiltinModule', `process.getBuiltinModule('node:net')`],
  ['require', `require('node:net')`],
] as const) {
  t.test(`${what} is an import too`, async (t) => {
    const { status, lines } = layers(t.testdir(), { ...sound, 'rules/xml/bad.ts': statement })
    t.equal(status, 1)
    t.ok(
      lines.some((line) => line.startsWith('  rules-pure: rules/xml/bad.ts → ')),
      lines.join('\n'),
    )
  })
}

t.test('an empty tree does not pass', async (t) => {
  t.equal(layers(t.testdir(), { 'package.json': '{}' }).status, 1)
  t.equal(layers(t.testdir(), { 'package.json': '{}', 'rules/readme.txt': '' }).status, 1)
})

function stub(name: string): [string, string][] {
  return [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, ''],
  ]
}

function layers(root: string, files: Record<string, string>): { status: number | null; lines: string[] } {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const script = join(import.meta.dirname, '../../scripts/layers.ts')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  return { status, lines: `${stdout}${stderr}`.split('\n') }
}
