import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { labelCommand } from '../../cli/label.ts'
import { makeClearance, x501Of } from '../../rules/clearance/clearance.ts'
import { encodeX501 } from '../../rules/clearance/x501.ts'
import { isProblem } from '../../rules/label/label.ts'
import { label, orchard } from '../spif/policies.ts'
import { compiled, exampleSources } from '../support/ruleset.ts'

const program = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))
const spif = fileURLToPath(new URL('../spif/fixtures/orchard.spif.xml', import.meta.url))
const meadow = fileURLToPath(new URL('../spif/fixtures/meadow.spif.xml', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'sallyport-label-'))
t.teardown(() => rmSync(directory, { recursive: true }))

type Outcome = Readonly<{ code: number; out: string; err: string }>

/** Runs the action here; `input` lies in a file whose name takes the place of `-`. */
async function run(given: readonly string[], input = ''): Promise<Outcome> {
  const file = join(directory, 'input')
  writeFileSync(file, input)
  const args = given.map((arg) => (arg === '-' ? file : arg))
  const written = { out: '', err: '' }
  const { stdout, stderr } = process
  const [writeOut, writeErr] = [stdout.write, stderr.write]
  stdout.write = ((text: string) => (written.out += text) !== '') as typeof stdout.write
  stderr.write = ((text: string) => (written.err += text) !== '') as typeof stderr.write
  // The command does all its work before it returns its promise; the test's own output must not be caught.
  const finished = labelCommand([...args])
  stdout.write = writeOut
  stderr.write = writeErr
  return { code: await finished, ...written }
}

/** Runs it as a process of its own, with `input` on standard input. */
function start(args: readonly string[], input: string): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'label', ...args], {
    encoding: 'utf8',
    input,
  })
  return { code: status ?? -1, out: stdout, err: stderr }
}

function clearance(...parts: string[]): string {
  const x501 = x501Of(
    orchard,
    makeClearance(orchard, orchard.classifications.slice(0, 3), label(orchard, 'OPEN', ...parts).categories),
  )
  if (isProblem(x501)) throw new Error(x501.detail)
  return Buffer.from(encodeX501(x501)).toString('base64')
}

const words = [
  '--spif',
  spif,
  '--classification',
  'INNER',
  '--category',
  'Pickers=ASHBY,DELL',
  '--category',
  'Blight=RUST',
]

t.test('encode, decode, in every form and from every source', async (t) => {
  const ess = await run(['encode', '--as', 'ess', ...words])
  t.equal(ess.code, 0, ess.err)
  const base64 = ess.out.trim()
  const hex = Buffer.from(base64, 'base64').toString('hex')
  t.equal((await run(['encode', '--as', 'ess', '--output', 'hex', ...words])).out.trim(), hex)
  t.match(start(['decode', '-', '--spif', spif], base64), { code: 0, out: /INNER/ }, 'from standard input')
  const file = join(directory, 'label.der')
  writeFileSync(file, Buffer.from(base64, 'base64'))
  for (const [argument, input] of [
    [base64],
    [hex],
    [file],
    ['-', base64],
    ['-', `${base64.slice(0, 9)}\n${base64.slice(9)}`],
  ] as const) {
    const decoded = await run(['decode', argument, '--spif', spif], input)
    t.equal(decoded.code, 0, decoded.err)
    t.match(
      decoded.out,
      /classification +INNER \(5\)\nBlight +RUST \(2\)\nPickers +ASHBY \(1\), DELL \(4\)\nmarking +\[Orchard INNER WITH RUST FOR Ashby, DELL ONLY\]/,
    )
  }
  for (const as of ['4774', '4774-0258', '4774-4778', 'ess-0258']) {
    const made = await run([
      'encode',
      '--as',
      as,
      '--review',
      '2030-01-01T01:00:00+01:00',
      '--creation',
      '2026-01-01T00:00:00Z',
      ...words,
    ])
    t.equal(made.code, 0, made.err)
    const decoded = await run(['decode', made.out, '--json', '--spif', spif])
    t.match(JSON.parse(decoded.out), {
      label: { classification: { name: 'INNER' } },
      marking: { bgcolor: '#ffa500' },
    })
    const stanza = `<message xmlns="jabber:client"><body>x</body>${made.out}</message>`
    if (as !== '4774') t.match((await run(['decode', '-', '--spif', spif], stanza)).out, /INNER/)
    const again = await run(['encode', made.out, '--as', as, '--spif', spif])
    t.equal(again.out, made.out, 'a label keeps its dates')
  }
  t.match(await run(['encode', '--as', '4774', ...words]), { code: 2, err: /--review/ })
  t.match(await run(['encode', '--as', 'iso', ...words]), { code: 2, err: /not one of ess/ })
  t.match(await run(['encode', ...words]), { code: 2, err: /--as/ })
})

t.test('decode without a policy, and what is no label', async (t) => {
  t.match(await run(['decode', 'MQYCAQQGASk=']), { code: 0, out: /policy +1\.1\nclassification +4/ })
  t.match(
    await run([
      'decode',
      '<message><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>OPEN</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel></label></securitylabel></message>',
    ]),
    { code: 0, out: /claimed marking +OPEN \(not believed\)/ },
  )
  t.match(await run(['decode', '300706022a03030100']), { code: 0, out: /classifications +\(none\)/ })
  t.match(await run(['decode', clearance('Blight=RUST'), '--spif', spif]), {
    code: 0,
    out: /classifications +OPEN, INNER, DEEP\nBlight +RUST/,
  })
  t.match(
    await run(['decode', '30083106020104060129']),
    { code: 0, out: /ESS security label/ },
    'equivalent labels',
  )
  t.match(
    await run([
      'decode',
      '<catalog xmlns="urn:xmpp:sec-label:catalog:2"><item selector="a" default="1"/></catalog>',
    ]),
    { code: 0, out: /\* a/ },
  )
  for (const bad of [
    '',
    'MQYB',
    'no label at all',
    '<x/>',
    '<message/>',
    '<a',
    '31',
    '310602010406012900',
    '<!DOCTYPE a><a/>',
  ]) {
    t.match(
      await run(['decode', '-'], bad),
      { code: 2, out: '', err: /^sallyport label: / },
      JSON.stringify(bad),
    )
  }
  t.match(await run(['decode', 'MQYCAQQGASk=', '--spif', spif]), { code: 1, err: /wrong-policy/ })
  t.match(await run(['decode']), { code: 2, err: /missing/ })
})

t.test(
  'of several labels in a binding, the originator’s, or an alternative of a policy at hand',
  async (t) => {
    const make = (policy: string, role: string, name: string) =>
      `<Metadata><${role}ConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" ReviewDateTime="2030-01-01T00:00:00Z"><ConfidentialityInformation><PolicyIdentifier>${policy}</PolicyIdentifier><Classification>${name}</Classification></ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime></${role}ConfidentialityLabel></Metadata>`
    const binding = (...metadata: string[]) =>
      `<BindingInformation xmlns="urn:nato:stanag:4778:bindinginformation:1:0"><MetadataBindingContainer><MetadataBinding>${metadata.join('')}<DataReference URI=""/></MetadataBinding></MetadataBindingContainer></BindingInformation>`
    const both = binding(make('Meadow', 'originator', 'LOW'), make('Orchard', 'alternative', 'OPEN'))
    t.match(await run(['decode', both, '--spif', spif]), { code: 0, out: /classification +OPEN/ })
    t.match(await run(['decode', both, '--spif', spif, '--spif', meadow]), {
      code: 0,
      out: /classification +LOW/,
    })
    t.match(await run(['decode', both]), { code: 0, out: /policy +Meadow[\s\S]*other labels +1/ })
    t.match(await run(['decode', binding(make('Moor', 'originator', 'X')), '--spif', spif]), {
      code: 1,
      err: /wrong-policy/,
    })
    const wrong = binding(make('Meadow', 'originator', 'NONE'), make('Orchard', 'alternative', 'OPEN'))
    t.match(await run(['decode', wrong, '--spif', spif, '--spif', meadow]), {
      code: 1,
      err: /unknown-classification/,
    })
    t.match(await run(['decode', binding(make('Meadow', 'alternative', 'LOW'))]), {
      code: 2,
      err: /0 originator labels/,
    })
  },
)

t.test('a clearance as a token carries it: XML, plain or in base64url', async (t) => {
  const xml = `<c:ConfidentialityClearance xmlns:c="urn:nato:stanag:4774:confidentialityclearance:1:0" xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"><PolicyIdentifier>Orchard</PolicyIdentifier><c:ClassificationList><Classification>INNER</Classification></c:ClassificationList></c:ConfidentialityClearance>`
  for (const form of [xml, Buffer.from(xml).toString('base64url')]) {
    t.match(await run(['check', '--spif', spif, '--classification', 'INNER', '--clearance', form]), {
      code: 0,
    })
    t.match(await run(['decode', form]), { code: 0, out: /classifications +INNER/ })
  }
})

t.test('what is shown cannot act on a terminal', async (t) => {
  const hostile = `<securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking>\u202eNEPO\u009b1m&#x9;</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel></label></securitylabel>`
  const { out } = await run(['decode', hostile])
  t.match(out, /\\u\{202e\}NEPO\\u\{9b\}1m/)
  t.notMatch(out, /[\u0080-\u009f\u202e\t\u001b]/)
  t.match((await run(['decode', '-'], `<\u001b[31m`)).err, /^[ -~\n]*$/)
})

t.test('mark, in places and languages', async (t) => {
  t.equal((await run(['mark', ...words])).out, '[Orchard INNER WITH RUST FOR Ashby, DELL ONLY]\n')
  t.equal(
    (await run(['mark', ...words, '--language', 'fr'])).out,
    '[Orchard INTERNE AVEC RUST FOR Ashby, DELL ONLY]\n',
  )
  t.match(JSON.parse((await run(['mark', ...words, '--json', '--location', 'portionMarking'])).out), {
    fgcolor: '#000000',
  })
  t.match(await run(['mark', ...words, '--location', 'ceiling']), { code: 2, err: /ceiling/ })
})

t.test('validate', async (t) => {
  t.match(await run(['validate', ...words]), { code: 0, out: 'valid\n' })
  t.match(await run(['validate', '--spif', spif, '--classification', 'DEEP']), {
    code: 1,
    out: /invalid: required-category/,
  })
  t.match(await run(['validate', '--spif', spif, '--classification', 'SHUT']), {
    code: 1,
    out: /unknown-classification/,
  })
  t.match(await run(['validate', '--spif', spif, '--classification', 'WITHERED']), { code: 0 })
  t.match(await run(['validate', '--spif', spif, '--classification', 'WITHERED', '--new']), {
    code: 1,
    out: /obsolete/,
  })
  t.match(
    await run([
      'validate',
      '--spif',
      spif,
      '--classification',
      'INNER',
      '--category',
      'Pickers=COPSE',
      '--at',
      '2030-01-01T00:00:00Z',
    ]),
    { code: 1, out: /not-in-force/ },
  )
  t.match(await run(['validate', '--spif', spif, '--classification', 'INNER', '--at', 'now']), {
    code: 2,
    err: /--at/,
  })
  t.match(await run(['validate', '--spif', spif]), { code: 2, err: /--classification/ })
  t.match(await run(['validate', 'MQYCAQQGASk=']), { code: 2, err: /--spif/ })
  t.match(await run(['validate', '--spif', spif, '--classification', 'INNER', '--category', 'Pickers']), {
    code: 2,
    err: /TAG SET=/,
  })
  t.match(JSON.parse((await run(['validate', ...words, '--json'])).out), { valid: true, invalid: [] })
})

t.test('check: valid, and within the clearance', async (t) => {
  const check = (...args: string[]) => run(['check', ...words, ...args])
  t.match(await check('--clearance', clearance('Blight=RUST', 'Pickers=DELL')), { code: 0, out: /permitted/ })
  t.match(await check('--clearance', clearance('Blight=RUST')), {
    code: 1,
    out: /permissive-not-held: Pickers: ASHBY or Pickers: DELL/,
  })
  t.match(await run(['check', '--spif', spif, '--classification', 'DEEP', '--clearance', clearance()]), {
    code: 1,
    out: /the label is invalid/,
  })
  t.match(await run(['check', 'MQYCAQQGASk=', '--spif', spif, '--clearance', clearance()]), {
    code: 1,
    out: /wrong-policy/,
  })
  t.match(await check(), { code: 2, err: /--clearance/ })
  t.match(await check('--clearance', 'MQYCAQQGASk='), { code: 2, err: /clearance/ })
  t.match(await check('--clearance', '300406022a03'), { code: 2, err: /wrong-policy/ })
})

t.test('map', async (t) => {
  const map = (args: string[], ...more: string[]) =>
    run(['map', '--spif', spif, '--target', meadow, ...args, ...more])
  t.match(await map(['--classification', 'OPEN', '--category', 'Blight=CANKER']), {
    code: 0,
    out: /classification +LOW \(10\)\nPests +MOLE/,
  })
  t.match(await map(['--classification', 'DEEPER']), { code: 1, err: /no-equivalent-class/ })
  t.match(await map(['--classification', 'DEEP', '--category', 'Blight=RUST']), {
    code: 1,
    err: /the result is invalid/,
  })
  const scab = ['--classification', 'INNER', '--category', 'Blight=SCAB,CANKER,RUST']
  t.match(await await map(scab), { code: 1, err: /discard-not-allowed/ })
  t.match(await await map(scab, '--discard'), { code: 0, out: /left out +Blight: SCAB/ })
  t.match(await map(['--classification', 'OPEN', '--privacy-mark', 'ADDRESSEE']), {
    code: 1,
    err: /privacy-mark/,
  })
  t.match(
    await map(['--classification', 'OPEN', '--privacy-mark', 'ADDRESSEE', '--privacy-mark-mapping', 'drop']),
    { code: 0 },
  )
  t.match(
    await run(['map', '--spif', meadow, '--target', spif, '--incoming', '--classification', 'LOW', '--json']),
    { code: 0, out: /"name": "OPEN"/ },
  )
  t.match(await run(['map', '--spif', spif, '--classification', 'OPEN']), { code: 2, err: /--target/ })
})

t.test('compose: what is next, and all that a clearance admits', async (t) => {
  t.equal((await run(['compose', '--spif', spif])).out, 'OPEN\nINNER\nDEEP\nDEEPER\n')
  t.match(await run(['compose', '--spif', spif, '--classification', 'OPEN']), {
    code: 0,
    out: /Notes +SPRING, AUTUMN, DRAFT, FIRST/,
  })
  t.match(await run(['compose', '--spif', spif, '--classification', 'DEEP']), {
    code: 1,
    out: /required-category/,
  })
  t.match(await run(['compose', '--spif', spif, '--classification', 'SHUT']), { code: 2, err: /SHUT/ })
  const all = await run([
    'compose',
    '--spif',
    spif,
    '--all',
    '--clearance',
    clearance('Pickers=ASHBY'),
    '--limit',
    '3',
  ])
  t.match(all, { code: 0, out: 'OPEN\nINNER\nOPEN, Blight: MILD\n', err: /there are more/ })
  t.match(await run(['compose', '--spif', spif, '--all']), { code: 2, err: /--clearance/ })
  t.match(await run(['compose', '--spif', spif, '--all', '--clearance', clearance(), '--limit', '0']), {
    code: 2,
    err: /--limit/,
  })
})

t.test('catalog: of a clearance and of a bundle, as XML and for Prosody', async (t) => {
  const held = ['--clearance', clearance('Pickers=ASHBY'), '--spif', spif, '--limit', '4']
  const xml = await run([
    'catalog',
    ...held,
    '--restrict',
    '--default',
    '[Orchard OPEN]',
    '--to',
    'example.net',
  ])
  t.equal(xml.code, 0, xml.err)
  t.match(await run(['decode', '-'], xml.out), { code: 0, out: /\* Orchard\|OPEN\|\[Orchard OPEN\]/ })
  t.match(xml.out, /restrict="true"/)
  t.match(
    await run([
      'catalog',
      ...held,
      '--format',
      'prosody',
      '--as',
      '4774',
      '--review',
      '2030-01-01T00:00:00Z',
    ]),
    { code: 0, out: /security_labels = \{\n\t\{ name = "Orchard\|OPEN/ },
  )
  const bundle = join(directory, 'bundle')
  const sources = exampleSources('acme-to-coalition')
  const spifs = [...sources.keys()].filter((name) => name.endsWith('.spif.xml'))
  for (const name of spifs) writeFileSync(join(directory, name), sources.get(name)!)
  writeFileSync(bundle, compiled(sources).octets)
  const made = await run([
    'catalog',
    '--bundle',
    bundle,
    ...spifs.flatMap((name) => ['--spif', join(directory, name)]),
  ])
  t.equal(made.code, 0, made.err)
  t.match(await run(['decode', '-'], made.out), { code: 0, out: /\|/ })
  t.match(await run(['catalog', '--bundle', bundle, '--spif', spif]), { code: 2, err: /--spif/ })
  t.match(await run(['catalog', '--bundle', join(directory, 'none'), '--spif', spif]), {
    code: 2,
    err: /cannot read/,
  })
  t.match(await run(['catalog', '--spif', spif]), { code: 2, err: /--bundle FILE or --clearance/ })
  t.match(await run(['catalog', ...held, '--default', 'NONE']), { code: 2, err: /NONE/ })
  t.match(await run(['catalog', ...held, '--as', '4774']), { code: 2, err: /--review/ })
  t.match(await run(['catalog', ...held, 'x']), { code: 2 })
})

t.test('policy: for a person to read', async (t) => {
  const { code, out } = await run(['policy', spif])
  t.equal(code, 0)
  for (const part of [
    /Policy Orchard \(2\.999\.1\), version 3/,
    /needs one or more of: Pickers: any permissive value, Blight: RUST/,
    /is 20 of Meadow \(encrypt\), adding all of: Origin 1/,
    /stands as Markets of Meadow/,
    /is left out under Meadow/,
    /the user's own string/,
    /ADDRESSEE/,
    /Languages of markings\n {2}fr/,
  ])
    t.match(out, part)
  t.match(await run(['policy', meadow, '--json']), { code: 0, out: /"loaded": true/ })
  const bad = join(directory, 'bad.xml')
  writeFileSync(bad, '<SPIF/>')
  t.match(await run(['policy', bad]), { code: 1, out: /bad\.xml:1: / })
  t.match(await run(['policy', join(directory, 'none.xml')]), { code: 2, err: /cannot read the SPIF/ })
  t.match(await run(['policy']), { code: 2, err: /missing/ })
  t.match(await run(['mark', 'MQYCAQQGASk=', '--spif', bad]), { code: 2, err: /bad\.xml:1: / })
  t.match(await run(['mark', 'MQYCAQQGASk=', '--spif', join(directory, 'none.xml')]), {
    code: 2,
    err: /cannot read the SPIF/,
  })
})

t.test('misuse', async (t) => {
  t.match(await run([]), { code: 2, err: /say what to do: decode, encode/ })
  t.match(await run(['explode']), { code: 2, err: /unknown action "explode"/ })
  t.match(await run(['decode', 'a', 'b']), { code: 2, err: /one input at a time/ })
  t.match(start(['decode', '--frobnicate'], ''), { code: 2 })
  t.match(await run(['--help']), { code: 0, out: /^usage: sallyport label/ })
})
