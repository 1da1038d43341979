import t from 'tap'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { canonicalJson } from '../../rules/bundle/canonical.ts'
import { bundleDigest, bundleOctets, loadBundle } from '../../rules/bundle/load.ts'
import { stanzaForms } from '../../rules/profile/forms.ts'

const bundle: Bundle = {
  format: 'sallyport-bundle-1',
  name: 'test',
  version: 1,
  unicode: '17.0',
  from: { name: 'high', domains: [{ name: 'high.example', kind: 'im' }] },
  to: { name: 'low', domains: [{ name: 'low.example', kind: 'im' }] },
  limits: { stanzaBytes: 65536, depth: 12, rate: 1000, burst: 1000 },
  forms: stanzaForms({
    on: new Set(['messages', 'presence', 'rooms', 'errors', 'discovery', 'receipts', 'chat-states', 'delay']),
    unlabelled: new Set(['presence']),
    limits: { body: 100, subject: 100, thread: 36, id: 64, local: 64, resource: 128, items: 32 },
    identifiers: 'foreign',
    languages: ['en'],
  }),
  labels: {
    windows: { creationPast: 1, creationFuture: 2, reviewAfterCreation: 3 },
    rows: [
      {
        name: 'set/label',
        input: {
          form: '4774-4778',
          value: 'v',
          marking: 'm',
          template: ['<a>', { hole: 'creation' }, '</a>'],
        },
        output: {
          form: '4774-0258',
          marking: 'n',
          template: ['<b>', { hole: 'now' }, { hole: 'now-plus', seconds: 5 }, { hole: 'review' }, '</b>'],
        },
      },
    ],
  },
  edge: {
    strip: [{ ns: 'a', name: 'b' }],
    stripInside: [{ ns: 'a', name: 'b', parent: { ns: 'c', name: 'd' } }],
    stripAttributes: [{ ns: 'a', name: 'b', attribute: 'c' }],
  },
  sources: [{ file: 'ruleset.yaml', sha256: '00' }],
}

const encode = (text: string) => new TextEncoder().encode(text)
const load = (octets: Uint8Array) => loadBundle(octets, bundleDigest(octets))

t.test('canonical JSON: sorted keys, no white space, one LF', (t) => {
  t.equal(
    canonicalJson({ b: [1, { d: null, c: 'x"\n' }], a: true, é: [], B: {} }),
    '{"B":{},"a":true,"b":[1,{"c":"x\\"\\n","d":null}],"é":[]}\n',
  )
  for (const value of [1.5, -0, Number.NaN, 2 ** 53, '\ud800', undefined, () => 1, [undefined]]) {
    t.throws(() => canonicalJson(value), TypeError)
  }
  t.end()
})

t.test('a bundle comes back as it was, frozen', (t) => {
  const loaded = load(bundleOctets(bundle))
  t.same(loaded, bundle)
  t.ok(
    Object.isFrozen(loaded) &&
      Object.isFrozen(loaded.forms[0]) &&
      Object.isFrozen(loaded.labels.rows[0]?.input.template),
  )
  t.end()
})

t.test('another digest is refused before anything is read', (t) => {
  const octets = bundleOctets(bundle)
  const digest = bundleDigest(octets)
  t.match(digest, /^[0-9a-f]{64}$/)
  t.throws(() => loadBundle(octets, digest.toUpperCase()), { message: /64 small/ })
  t.throws(() => loadBundle(octets, ''), { message: /64 small/ })
  t.throws(() => loadBundle(octets, digest.slice(1)), { message: /64 small/ })
  const other = octets.slice()
  other[40] = (other[40] as number) ^ 1
  t.throws(() => loadBundle(other, digest), { message: /has the digest .* demands/ })
  t.end()
})

t.test('what is not the one spelling is refused', (t) => {
  const text = canonicalJson(bundle)
  for (const octets of [
    encode(text.trimEnd()),
    encode(` ${text}`),
    encode(`\ufeff${text}`),
    encode(JSON.stringify(bundle, null, 1)),
    encode(text.replace('{', '{"name":"first",')),
    encode(''),
    encode('null'),
    Uint8Array.of(0xff, 0x7b),
  ]) {
    t.throws(() => load(octets), {
      message: /^the bundle is not (canonical )?JSON|^the bundle is not an object/,
    })
  }
  t.end()
})

t.test('what is not the shape is refused, by the name of the field', (t) => {
  // biome-ignore lint/suspicious/noExplicitAny: the point is to build what the type forbids
  type Changed = any
  const changed = (change: (b: Changed) => void) => {
    const copy = JSON.parse(canonicalJson(bundle))
    change(copy)
    return () => load(encode(canonicalJson(copy)))
  }
  const cases: [string, (b: Changed) => void][] = [
    ['format', (b) => (b.format = 'sallyport-bundle-2')],
    ['extra', (b) => (b.extra = 1)],
    ['__proto__', (b) => Object.defineProperty(b, '__proto__', { value: 1, enumerable: true })],
    ['limits.depth', (b) => (b.limits.depth = -1)],
    ['limits.rate', (b) => delete b.limits.rate],
    ['from.domains[0].kind', (b) => (b.from.domains[0].kind = 'pubsub')],
    ['forms[0].type', (b) => (b.forms[0].type = 7)],
    ['forms[0].slots[0].type', (b) => (b.forms[0].slots[0].type = 'any')],
    ['forms[0].slots[0].of[0].content.type', (b) => (b.forms[0].slots[0].of[0].content.type = 'mixed')],
    ['forms[0].slots[0].of[0].labelling', (b) => (b.forms[0].slots[0].of[0].labelling = 'sometimes')],
    ['forms[0].attributes[0].value.type', (b) => (b.forms[0].attributes[0].value.type = 'regexp')],
    ['forms[0].attributes[0].value.side', (b) => (b.forms[0].attributes[0].value.side = 'any')],
    ...[
      { type: 'own-number' },
      { type: 'own-number', echo: 1 },
      { type: 'earlier-number', echo: null },
      { type: 'answer-number', echo: true },
    ].map((value): [string, (b: Changed) => void] => [
      'forms[0].attributes[0].value.echo',
      (b) => (b.forms[0].attributes[0].value = value),
    ]),
    ...['0', '0.1.1', '00.1', 7].map((number): [string, (b: Changed) => void] => [
      'examples[0].number',
      (b) => (b.examples = [{ name: 'n', at: 0, number, stanza: '', verdict: 'accepted' }]),
    ]),
    ['labels.rows[0].input.template[1].hole', (b) => (b.labels.rows[0].input.template[1].hole = 'now')],
    ['labels.rows[0].output.template[2].seconds', (b) => (b.labels.rows[0].output.template[2].seconds = '5')],
    ['labels.rows', (b) => (b.labels.rows = { 0: {} })],
    ['edge.stripInside[0].parent', (b) => delete b.edge.stripInside[0].parent],
  ]
  for (const [field, change] of cases) {
    t.throws(
      changed(change),
      { name: 'Error', message: new RegExp(`^${field.replaceAll(/[[\].]/g, '\\$&')} is not `) },
      field,
    )
  }
  t.end()
})
