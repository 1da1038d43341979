/**
 * The import rule: which folder may import what. `npm test` holds every file to it (scripts/layers.ts),
 * and test/tools/layers.test.ts plants each kind of violation.
 *
 * Names of Node's own modules stand in the cruised graph with or without "node:", hence `core`.
 */

const core = (...names) => `^(node:)?(${names.join('|')})$`
const npm = (...names) => `node_modules/(${names.join('|')})/`
const ours = '^(rules|guard|edge|cli|packaging|systemd|scripts|test)/'
const product = '^(rules|guard|edge|cli)/'
const verifiers = '^guard/(inspect|verify)/'
const stages = '^guard/(intake|inspect|verify|release|journal|metrics|gcxp|log|common|export|witness)/'
const carriers = '^guard/(export|witness)/'

// Without effect outside the process: names of files, addresses, octets and texts.
const plain = ['assert', 'buffer', 'events', 'path', 'string_decoder', 'url', 'util']

const forbidden = [
  rule('no-circle', 'A circle has no order in which to be read.', {}, { circular: true }),
  rule('no-unresolved', 'The import leads nowhere.', {}, { couldNotResolve: true }),
  rule(
    'no-undeclared',
    'package.json does not name the package.',
    {},
    {
      path: 'node_modules/',
      dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown'],
    },
  ),
  rule(
    'product-not-test',
    'The product does not lean on its tests and tools.',
    { path: product },
    {
      path: '^(scripts|test)/',
    },
  ),
  rule(
    'product-not-dev',
    'An installed product has no development packages.',
    { path: product },
    {
      dependencyTypes: ['npm-dev'],
      dependencyTypesNot: ['type-only'],
    },
  ),

  rule('rules-alone', 'rules/ is the pure core.', { path: '^rules/' }, { path: ours, pathNot: '^rules/' }),
  rule(
    'rules-packages',
    'rules/ parses, reads YAML, checks schemas.',
    { path: '^rules/' },
    {
      path: 'node_modules/',
      pathNot: npm('ajv', 'saxes', 'yaml'),
    },
  ),
  rule(
    'rules-pure',
    'rules/ has no sockets, files or clocks.',
    { path: '^rules/', pathNot: '^rules/ruleset[/.]' },
    {
      dependencyTypes: ['core'],
      pathNot: core(...plain, 'crypto'),
    },
  ),
  rule(
    'ruleset-reads',
    'Of rules/ only the loading of rulesets reads files.',
    { path: '^rules/ruleset[/.]' },
    {
      dependencyTypes: ['core'],
      pathNot: core(...plain, 'crypto', 'fs', 'fs/promises'),
    },
  ),

  rule(
    'verify-alone',
    'verify shares no code with anything.',
    { path: '^guard/verify/' },
    {
      path: [ours, 'node_modules/'],
      pathNot: '^guard/verify/',
    },
  ),
  rule(
    'inspect-narrow',
    'inspect uses the rules and its own code.',
    { path: '^guard/inspect/' },
    {
      path: ours,
      pathNot: '^(rules/|guard/(inspect|common)/)',
    },
  ),
  rule(
    'inspect-packages',
    'inspect runs no package but the XML parser.',
    { path: '^guard/inspect/' },
    {
      path: 'node_modules/',
      pathNot: npm('saxes', 'xmlchars'),
      reachable: true,
    },
  ),
  rule(
    'verifiers-closed',
    'A verifier has pipes, its code and the bundle.',
    { path: verifiers },
    {
      dependencyTypes: ['core'],
      pathNot: core(...plain, 'net', 'crypto', 'fs', 'process'),
    },
  ),
  rule(
    'verifiers-cannot',
    'Nothing that a verifier reaches opens these.',
    { path: verifiers },
    {
      path: core(
        'child_process',
        'cluster',
        'dgram',
        'dns',
        'http',
        'http2',
        'https',
        'inspector',
        'module',
        'repl',
        'sqlite',
        'tls',
        'vm',
        'wasi',
        'worker_threads',
      ),
      reachable: true,
    },
  ),
  rule(
    'stage-own',
    'A stage knows no other stage.',
    { path: '^guard/([^/]+)/', pathNot: carriers },
    {
      path: ours,
      pathNot: '^(rules/|guard/(gcxp|log|common|$1)/)',
    },
  ),
  rule(
    'carriers-read',
    'What takes a journal elsewhere reads its format, and knows no stage.',
    { path: carriers },
    {
      path: ours,
      pathNot:
        '^(rules/|guard/(gcxp|log|common|$1)/|guard/journal/(checkpoint|files|head-file|line|read)[.]ts|guard/witness/(countersign|protocol)[.]ts)',
    },
  ),
  rule(
    'guard-narrow',
    'The guard uses the rules and its own code.',
    { path: '^guard/[^/]+$' },
    {
      path: ours,
      pathNot: '^(rules|guard)/',
    },
  ),
  rule(
    'guard-run-time',
    'The guard runs bundles; making them is another program.',
    { path: '^guard/' },
    {
      path: [npm('ajv', 'yaml'), '^rules/ruleset[/.]'],
      reachable: true,
    },
  ),
  rule(
    'stage-cannot',
    'A stage starts nothing and evaluates nothing.',
    { path: stages },
    {
      path: core(
        'child_process',
        'cluster',
        'dgram',
        'inspector',
        'module',
        'repl',
        'sqlite',
        'vm',
        'wasi',
        'worker_threads',
      ),
    },
  ),
  rule(
    'journal-offline',
    'The journal has pipes only.',
    { path: '^guard/(journal|log)/' },
    {
      path: core('dns', 'http', 'http2', 'https', 'tls'),
    },
  ),

  rule(
    'edge-narrow',
    'The edge shares the wire, the log, the lines of a journal and the rules with the guard.',
    { path: '^edge/' },
    {
      path: ours,
      pathNot:
        '^(rules/|edge/|guard/(gcxp|log)/|guard/common/keys[.]ts|guard/journal/(files|head-file|line|retention|space|start|writer)[.]ts)',
    },
  ),
]

function rule(name, comment, from, to) {
  return { name, comment, severity: 'error', from, to }
}

export default {
  forbidden,
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|fixtures)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.cjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
    detectProcessBuiltinModuleCalls: true,
    builtInModules: { add: ['node:sqlite', 'node:test', 'node:sea'] },
  },
}
