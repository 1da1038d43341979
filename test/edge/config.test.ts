/** edge.yaml: what is wrong with it is said with file, line, column and what to do; what is right is taken as it is. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { edgeCommand } from '../../cli/edge.ts'
import { UsageError } from '../../cli/usage.ts'
import { loadEdgeConfig } from '../../edge/config/load.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { testBundle } from './bundles.ts'
import { OWN, writeWorld } from './world.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-edge-config-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const { file, yaml, ca } = await writeWorld(folder, { server: 5270, guard: 7001 }, {})
writeCredentials(
  folder,
  'expired',
  await issue(ca, { dns: ['low.example', 'conference.low.example'], period: 'expired' }),
)
writeCredentials(folder, 'narrow', await issue(ca, { dns: ['low.example'] }))
writeCredentials(folder, 'own', await issue(ca, { dns: OWN }))
writeFileSync(join(folder, 'other-ca.crt'), (await makeCa('Other')).certificate)

const EACH = { domain: 'high.example', subtree: true }
const ROOMS = { domain: 'conference.high.example' }

type Mutable = { [key: string]: Mutable } & Mutable[]

/** The problems of the configuration after a change, without the file's name. */
function problemsOf(change: (config: Mutable) => void): string[] {
  const changed = structuredClone(yaml) as unknown as Mutable
  change(changed)
  const path = join(folder, 'changed.yaml')
  writeFileSync(path, JSON.stringify(changed, undefined, 2))
  const config = loadEdgeConfig(path, Date.now())
  return 'problems' in config ? config.problems.map((line) => line.replace(`${path}:`, '')) : []
}

t.test('a good one', (t) => {
  const config = loadEdgeConfig(file, Date.now())
  if ('problems' in config) return t.fail(config.problems.join('\n'))
  t.equal(config.side, 'high')
  t.same(config.limits, {
    handshakeSeconds: 30,
    stanzaSeconds: 20,
    acknowledgeSeconds: 60,
    idleSeconds: 600,
    hardOctets: 1_048_576,
    iqSeconds: 60,
    failBackSeconds: 60,
    queueStanzas: 10_000,
  })
  t.same(config.s2s.listen, { host: '127.0.0.1', port: 0 })
  t.equal(config.state, join(folder, 'state'))
  return t.end()
})

t.test('each mistake is found, with its place and what to do', (t) => {
  const cases: [string, (config: Mutable) => void, RegExp][] = [
    [
      'unknown key',
      (c) => {
        c['s2s']!['dialback'] = true as never
      },
      /^\d+:\d+: unknown key "dialback" in the streams with own servers; known are .*listen/,
    ],
    [
      'missing key',
      (c) => {
        delete c['metrics']
      },
      /^1:1: "metrics" is missing in the configuration of an edge; add it: where figures and health are shown$/,
    ],
    [
      'wrong kind',
      (c) => {
        c['gcxp']!['out']!['port'] = '7001' as never
      },
      /^\d+:\d+: "7001" is not a port from 1 to 65535; write a port from 1 to 65535/,
    ],
    [
      'bad listen',
      (c) => {
        c['s2s']!['listen'] = '5269' as never
      },
      /"5269" is not HOST:PORT, .*; write HOST:PORT/,
    ],
    [
      'port too high',
      (c) => {
        c['metrics']!['listen'] = '127.0.0.1:99999' as never
      },
      /there is no port 99999/,
    ],
    ...(
      [
        [
          [{ domain: 'high.example', networks: ['10.0.0.0/33'] }, ROOMS],
          /"10\.0\.0\.0\/33" is not a network; write/,
        ],
        [[{ domain: 'high.example' }], /no rule is for the own domain conference\.high\.example: add one$/],
        [
          [EACH, { domain: 'high.example' }, { domain: 'high.example' }],
          /has controls\[1\] already: put both/,
        ],
        [[EACH, { domain: 'other.example' }], /other\.example is the rule of no own domain of the bundle/],
        [[EACH, { domain: 'high.example', burst: 5 }], /there is no burst without a rate/],
        [[EACH, { domain: 'high.example', kinds: ['chat'] }], /"chat" is not message, presence or iq/],
        [[{ ...EACH, trunk: ['high.example'] }], /a rule with subtree has no streams of its own/],
        [[EACH, { domain: 'high.example', trunk: ['low.example'] }], /low\.example is not an own domain/],
        [
          [EACH, { domain: 'high.example', trunk: ['high.example'] }],
          /is the rule's own domain: take it out/,
        ],
        [[EACH, { domain: 'high.example', trunk: ['conference.high.example'] }], /has a route of its own/],
        [[], /is empty; write at least one entry/],
      ] as [object[], RegExp][]
    ).map(([controls, problem]): [string, (config: Mutable) => void, RegExp] => [
      `controls ${JSON.stringify(controls)}`,
      (c) => {
        c['controls'] = controls as never
      },
      problem,
    ]),
    [
      'empty list',
      (c) => {
        c['s2s']!['ca'] = [] as never
      },
      /a list of CA files is empty; write at least one entry/,
    ],
    [
      'missing file',
      (c) => {
        c['s2s']!['ca'] = ['nowhere.crt'] as never
      },
      /^\d+:\d+: nowhere\.crt cannot be read \(ENOENT\): give the path of a PEM file$/,
    ],
    [
      'missing bundle',
      (c) => {
        c['bundles']!['out']!['file'] = 'x' as never
      },
      /x cannot be read \(ENOENT\)/,
    ],
    [
      'wrong digest',
      (c) => {
        c['bundles']!['out']!['digest'] = 'a'.repeat(64) as never
      },
      /the bundle has the digest [0-9a-f]{64}, the configuration demands a+: use the bundle that was approved/,
    ],
    [
      'exchanged bundles',
      (c) => {
        ;[c['bundles']!['out'], c['bundles']!['in']] = [c['bundles']!['in']!, c['bundles']!['out']!]
      },
      /the bundle leads away from the side "low", this edge is of "high"/,
    ],
    [
      'numbered identifiers one way',
      (c) => {
        const octets = bundleOctets(testBundle('high', 'low', 'numbered'))
        writeFileSync(join(folder, 'bundles/numbered.json'), octets)
        c['bundles']!['out'] = { file: 'bundles/numbered.json', digest: bundleDigest(octets) } as never
      },
      /identifiers are numbered in one of the two bundles only: compile both from rulesets with the same identifiers/,
    ],
    [
      'other side',
      (c) => {
        c['side'] = 'low' as never
      },
      /this edge is of "low": exchange the bundles, or correct side/,
    ],
    [
      'expired certificate',
      (c) => {
        Object.assign(c['s2s']!['certificates']![0]!, { certificate: 'expired.crt', key: 'expired.key' })
      },
      /expired\.crt: expired on .*: have it renewed/,
    ],
    [
      'certificate without a domain',
      (c) => {
        Object.assign(c['s2s']!['certificates']![0]!, { certificate: 'narrow.crt', key: 'narrow.key' })
      },
      /narrow\.crt: is not for conference\.low\.example: have it issued with that DNS name/,
    ],
    [
      'certificate of other names',
      (c) => {
        Object.assign(c['s2s']!['certificates']![0]!, { certificate: 'own.crt', key: 'own.key' })
      },
      /own\.crt: is not for low\.example/,
    ],
    [
      'key of another certificate',
      (c) => {
        c['s2s']!['certificates']![0]!['key'] = 'own.key' as never
      },
      /the key is not the one of this certificate/,
    ],
    [
      'key that is none',
      (c) => {
        c['s2s']!['certificates']![0]!['key'] = 'own.crt' as never
      },
      /holds no usable PEM private key/,
    ],
    [
      'far domain without certificate',
      (c) => {
        c['s2s']!['certificates']![0]!['domains'] = ['low.example'] as never
      },
      /the far domain conference\.low\.example has 0 certificates here/,
    ],
    [
      'certificate for a stranger',
      (c) => {
        c['s2s']!['certificates']!.push({
          domains: ['high.example'],
          certificate: 'own.crt',
          key: 'own.key',
        } as never)
      },
      /high\.example is not a far domain of the bundle/,
    ],
    [
      'route for a stranger',
      (c) => {
        c['s2s']!['routes']![0]!['domain'] = 'low.example' as never
      },
      /low\.example is not an own domain of the bundle/,
    ],
    [
      'no such acknowledgement',
      (c) => {
        c['s2s']!['peers'] = [{ domain: 'high.example', acknowledge: 'sometimes' }] as never
      },
      /"sometimes" is not auto or none; write one of auto and none/,
    ],
    [
      'a hard limit below the other',
      (c) => {
        c['limits'] = { hardOctets: 2048 } as never
      },
      /2048 is less than the \d+ octets that a stanza of the outgoing bundle may have: raise it/,
    ],
    [
      'GCXP key of another certificate',
      (c) => {
        c['gcxp']!['in']!['key'] = 'own.key' as never
      },
      /is not the key of .*edge\.crt/,
    ],
    [
      'limit',
      (c) => {
        c['limits'] = { iqSeconds: 0 } as never
      },
      /0 is not seconds from 1 to 3600; write seconds from 1 to 3600/,
    ],
  ]
  for (const [name, change, wanted] of cases) {
    const problems = problemsOf(change)
    t.ok(
      problems.some((line) => wanted.test(line)),
      `${name}: ${problems.join(' | ')}`,
    )
    for (const line of problems) t.match(line, /^\d+:\d+: /, `${name}: has a place`)
  }
  t.same(
    problemsOf(() => {}),
    [],
  )
  t.end()
})

t.test('no YAML, no file, no UTF-8', (t) => {
  const path = join(folder, 'broken.yaml')
  for (const [text, wanted] of [
    ['name: [', /broken\.yaml:\d+:\d+: YAML: /],
    ['name: a\nname: b\n', /broken\.yaml:2:1: YAML: /],
    [Buffer.from([0x6e, 0xff]), /broken\.yaml: is not UTF-8/],
    ['', /broken\.yaml:1:1: null is not the configuration of an edge; write .*, with name, side, state/],
  ] as const) {
    writeFileSync(path, text)
    const config = loadEdgeConfig(path, Date.now())
    t.match('problems' in config ? config.problems[0] : '', wanted)
  }
  const none = loadEdgeConfig(join(folder, 'none.yaml'), Date.now())
  t.match('problems' in none ? none.problems : [], [/none\.yaml: cannot be read \(ENOENT\): give the path/])
  t.end()
})

t.test('the command line', async (t) => {
  const said: string[] = []
  // The certificates of tests run out soon.
  const findings = () =>
    said.splice(0).filter((line) => !/warning: .* expires on .*: have it renewed/.test(line))
  t.intercept(process, 'stdout', { value: { ...process.stdout, write: (text: string) => said.push(text) } })
  t.intercept(process, 'stderr', { value: { ...process.stderr, write: (text: string) => said.push(text) } })
  t.equal(await edgeCommand(['check', '--offline', '--config', file]), 0)
  t.match(findings(), [/edge\.yaml: edge-high of the side high can be run, as far as can be said offline\n/])
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  const { port } = blocker.address() as AddressInfo
  const blocked = join(folder, 'blocked.yaml')
  writeFileSync(
    blocked,
    JSON.stringify({ ...yaml, metrics: { listen: `127.0.0.1:${port}` }, state: 'edge.crt/state' }),
  )
  t.equal(await edgeCommand(['check', '--offline', '--config', blocked]), 1)
  t.match(findings(), [
    /blocked\.yaml: state .*edge\.crt\/state: cannot be written \(ENOTDIR\): it, or a part of its path, is no directory/,
    /blocked\.yaml: metrics\.listen 127\.0\.0\.1:[0-9]+: the port is in use: stop the other program/,
  ])
  blocker.close()
  t.equal(await edgeCommand(['check', '--config', join(folder, 'none.yaml')]), 1)
  t.match(said.pop(), /none\.yaml: cannot be read/)
  const known = 'say one of run, check, reload, config, sessions, end, queue, restored, explain, tap'
  await t.rejects(edgeCommand(['run']), new UsageError('--config FILE is missing'))
  await t.rejects(edgeCommand(['walk', '--config', file]), new UsageError(known))
  await t.rejects(edgeCommand([]), new UsageError(known))
  await t.rejects(
    edgeCommand(['end', '--config', file]),
    new UsageError('end needs one word: SESSION --config FILE'),
  )
  const rules = join(folder, 'rules.yaml')
  writeFileSync(
    rules,
    JSON.stringify({ ...yaml, controls: [{ domain: 'high.example' }, { domain: 'example', subtree: true }] }),
  )
  t.equal(await edgeCommand(['explain', 'conference.high.example', '--config', rules]), 0)
  t.same(said.splice(0), [
    'controls[0] (high.example): conference.high.example is below high.example, but the rule has no subtree: true\n',
    'controls[1] (example and below): holds\n',
  ])
  t.equal(await edgeCommand(['explain', 'low.test', '--config', rules]), 1)
  t.match(said.splice(0).at(-1), /^no rule holds for low\.test: it may not connect\n$/)
  t.equal(await edgeCommand(['explain', 'high.example', '--config', file]), 0)
  t.match(said.splice(0), [/^there are no controls/])
  await t.rejects(edgeCommand(['explain', 'a@b', '--config', file]), new UsageError('"a@b": write a domain'))
  await t.rejects(edgeCommand(['check', 'x', '--config', file]), new UsageError('check takes no word'))
  t.equal(await edgeCommand(['--help']), 0)
  await t.rejects(edgeCommand(['run', '--colour']), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' })
})
