import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { labelCommand } from '../../cli/label.ts'
import { makeClearance, x501Of } from '../../rules/clearance/clearance.ts'
import { encodeX501 } from '../../rules/clearance/x501.ts'
import { writeDer, writeOid, writeUtf8 } from '../../rules/label/der.ts'
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
  const item =
    '<item selector="a"><securitylabel xmlns="urn:xmpp:sec-label:0"><displaymarking fgcolor="red">OPEN</displaymarking><label><esssecuritylabel xmlns="urn:xmpp:sec-label:ess:0">MQYCAQQGASk=</esssecuritylabel></label></securitylabel></item>'
  t.match(
    JSON.parse(
      (await run(['decode', '--json', `<catalog xmlns="urn:xmpp:sec-label:catalog:2">${item}</catalog>`]))
        .out,
    ),
    {
      items: [{ selector: 'a', displayMarking: { text: 'OPEN', fgcolor: 'red' }, label: { policy: '1.1' } }],
    },
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
  t.match(await check('--clearance', 'MQYCAQQGASk='), {
    code: 2,
    err: /the clearance: MQYCAQQGASk= is a label; give a clearance/,
  })
  t.match(await check('--clearance', '300406022a03'), {
    code: 1,
    out: /denied: other-policy: no clearance is of Orchard: wrong-policy 1\.2\.3/,
  })
})

t.test('check: all that a subject holds, within what authorities allow', async (t) => {
  const check = (...args: string[]) => run(['check', ...words, ...args])
  const der = (base64: string) => Buffer.from(base64, 'base64')
  const rust = clearance('Blight=RUST')
  const dell = clearance('Pickers=DELL')
  const whole = clearance('Blight=RUST', 'Pickers=DELL')
  const attribute = (type: string, ...values: string[]) => {
    const set = writeDer(0x31, ...values.map(der))
    return Buffer.from(writeDer(0x30, writeOid(type), set)).toString('base64')
  }
  const constraints = (...values: string[]) => Buffer.from(writeDer(0x30, ...values.map(der))).toString('hex')
  t.match(await check('--clearance', '300406022a03', '--clearance', whole), { code: 0 }, 'one of several')
  t.match(await check('--clearance', whole, '--clearance', '300406022a03'), { code: 0 })
  const apart = await check('--clearance', rust, '--clearance', dell)
  t.match(
    apart,
    { code: 1, out: /permissive-not-held.*\n.*restrictive-not-held/ },
    'they are not put together',
  )
  for (const type of ['2.5.4.55', '2.5.1.5.55']) {
    t.match(await check('--clearance', attribute(type, whole)), { code: 0 }, `attribute ${type}`)
    t.match(await check('--clearance', attribute(type, rust, whole)), { code: 0 })
    t.match(await check('--clearance', attribute(type, rust)), { code: 1, out: /permissive-not-held/ })
  }
  t.match(await check('--clearance', whole, '--constraints', constraints(whole)), { code: 0 })
  t.match(await check('--clearance', whole, '--constraints', constraints('MAQGAioD', whole)), { code: 0 })
  t.match(await check('--clearance', whole, '--constraints', rust), { code: 1, out: /permissive-not-held/ })
  t.match(
    await check(
      '--clearance',
      whole,
      '--constraints',
      constraints(whole),
      '--constraints',
      constraints(dell),
    ),
    { code: 1, out: /restrictive-not-held/ },
    'each of several',
  )
  t.match(await check('--clearance', whole, '--constraints', constraints('MAQGAioD')), {
    code: 1,
    out: /other-policy: the constraints have no clearance of Orchard/,
  })
  t.match(await check('--constraints', constraints(whole)), { code: 2, err: /give --clearance/ })
  t.match(await check('--clearance', constraints(whole)), { code: 2, err: /give it as --constraints/ })
  t.match(await check('--clearance', whole, '--constraints', attribute('2.5.4.55', whole)), {
    code: 2,
    err: /give it as --clearance/,
  })
  t.match(await run(['decode', constraints(rust, '300406022a03')]), { code: 2 })
  t.match(await run(['decode', constraints(rust, 'MAQGAioD')]), {
    code: 0,
    out: /policy +2\.999\.1[\s\S]*\n\npolicy +1\.2\.3/,
  })
  t.match(await run(['decode', attribute('2.5.4.55', rust, 'MAQGAioD'), '--spif', spif]), {
    code: 1,
    out: /Blight +RUST[\s\S]*policy +1\.2\.3/,
    err: /wrong-policy/,
  })
  t.match(
    JSON.parse((await run(['decode', attribute('2.5.4.55', rust, dell), '--json', '--spif', spif])).out),
    [{ categories: [{ value: 'RUST' }] }, { categories: [{ value: 'DELL' }] }],
  )
})

t.test('the moment: now, or that of --at', async (t) => {
  const old = join(directory, 'old.xml')
  const source = readFileSync(spif, 'utf8')
  const dates = 'notBefore="2026-01-01T00:00:00Z" notAfter="2026-12-31T23:59:59Z"'
  writeFileSync(
    old,
    source
      .replace(dates, 'notAfter="2001-01-01T00:00:00Z"')
      .replace('lacv="7" applied="both"', 'lacv="7" applied="both"'),
  )
  const copse = ['--spif', old, '--classification', 'INNER', '--category', 'Pickers=COPSE']
  const then = ['--at', '2000-06-01T00:00:00Z']
  const held = clearance('Pickers=COPSE')
  const actions: [string, string[], RegExp, RegExp][] = [
    ['validate', copse, /not-in-force.*2001-01-01T00:00:00Z only, and not at 20/, /^valid/],
    ['check', [...copse, '--clearance', held], /denied: the label is invalid: not-in-force/, /permitted/],
  ]
  for (const [action, args, late, early] of actions) {
    t.match(await run([action, ...args]), { code: 1, out: late })
    t.match(await run([action, ...args, ...then]), { code: 0, out: early })
  }
  const next = ['compose', '--spif', old, '--classification', 'INNER']
  t.notMatch((await run(next)).out, /COPSE/)
  t.match((await run([...next, ...then])).out, /COPSE/)
  t.match(await run(['compose', ...copse]), { code: 1, out: /\(not-in-force\)/ })
  const all = ['compose', '--spif', old, '--all', '--clearance', held]
  t.notMatch((await run(all)).out, /COPSE/)
  t.match((await run([...all, ...then])).out, /INNER, Pickers: COPSE/)
  const catalog = ['catalog', '--spif', old, '--clearance', held]
  t.notMatch((await run(catalog)).out, /COPSE/)
  t.match((await run([...catalog, ...then])).out, /COPSE/)
  const aged = join(directory, 'aged.xml')
  writeFileSync(
    aged,
    readFileSync(meadow, 'utf8').replace('name="MOLE"', 'name="MOLE" notAfter="2001-01-01T00:00:00Z"'),
  )
  const map = [
    'map',
    '--spif',
    spif,
    '--target',
    aged,
    '--classification',
    'OPEN',
    '--category',
    'Blight=CANKER',
  ]
  t.match(await run(map), { code: 1, err: /the result is invalid: not-in-force: Pests: MOLE/ })
  t.match(await run([...map, ...then]), { code: 0 })
  const closed = join(directory, 'closed.xml')
  writeFileSync(
    closed,
    source.replace('keyIdentifier=""', 'keyIdentifier="" notAfter="2001-01-01T00:00:00Z"'),
  )
  t.match(await run(['compose', '--spif', closed]), {
    code: 1,
    err: /nothing of Orchard may be chosen at 20/,
  })
  t.match(await run(['compose', '--spif', closed, ...then]), { code: 0 })
})

t.test('words: values with commas, tags by name', async (t) => {
  const odd = join(directory, 'odd.xml')
  writeFileSync(
    odd,
    readFileSync(spif, 'utf8')
      .replace('name="DELL" lacv="4"', 'name="DELL, THE =\\ ONE" lacv="4"')
      .replace('name="COOPERS"', 'name="ASHBY"')
      .replace('securityCategoryTagSet name="Notes"', 'securityCategoryTagSet name="No::tes"'),
  )
  const mark = (...categories: string[]) =>
    run(['mark', '--spif', odd, '--classification', 'OPEN', ...categories.flatMap((c) => ['--category', c])])
  t.match(await mark('Pickers=DELL\\, THE =\\\\ ONE, BIRCHY'), {
    code: 0,
    out: /FOR Birchy, DELL, THE =\\ ONE ONLY/,
  })
  t.match(await mark('Pickers=DELL\\, THE \\=\\\\ ONE'), { code: 0 })
  t.match(await mark('Pickers=ASHBY'), { code: 1, err: /ambiguous-category/ })
  t.match(await mark('Pickers::Guilds=ASHBY'), { code: 0, out: /OPEN ASHBY/ })
  t.match(await mark('Pickers::Villages=ASHBY', 'Pickers::Guilds=ASHBY'), {
    code: 0,
    out: /FOR Ashby ONLY ASHBY/,
  })
  t.match(await mark('No\\::tes=SPRING'), { code: 0, out: /SPRING/ })
  t.match(await mark('Pickers::Coves=ASHBY'), { code: 1, err: /has no tag Coves/ })
  for (const bad of ['=DELL', 'Pickers', 'Pickers::Guilds::x=ASHBY', 'Pickers=A\\B', 'Pickers=A\\'])
    t.match(await mark(bad), { code: 2, err: /--category "/ }, bad)
  const { out } = await run(['compose', '--spif', odd, '--classification', 'OPEN'])
  t.match(out, /Pickers::Villages +ASHBY, BIRCHY, (COPSE, )?DELL\\, THE \\=\\\\ ONE/)
  t.match(out, /Pickers::Guilds +ASHBY/)
  t.match(out, /No\\::tes +SPRING/)
})

t.test('a label keeps whose it is and of when, but in ESS', async (t) => {
  const xml = `<alternativeConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0" Id="x1" ReviewDateTime="2030-01-01T00:00:00Z"><ConfidentialityInformation><PolicyIdentifier URI="urn:oid:2.999.1">Orchard</PolicyIdentifier><Classification>OPEN</Classification></ConfidentialityInformation><OriginatorID IDType="jID">a@b</OriginatorID><CreationDateTime>1969-07-20T20:17:40Z</CreationDateTime><SuccessionHandling><SuccessionDateTime>2031-01-01T00:00:00Z</SuccessionDateTime><SuccessorConfidentialityLabel><ConfidentialityInformation><PolicyIdentifier URI="urn:oid:2.999.2">Meadow</PolicyIdentifier><Classification>LOW</Classification></ConfidentialityInformation><CreationDateTime>2020-01-01T00:00:00Z</CreationDateTime></SuccessorConfidentialityLabel></SuccessionHandling></alternativeConfidentialityLabel>`
  t.match(await run(['encode', xml, '--as', '4774', '--spif', spif]), { code: 0, out: `${xml}\n`, err: '' })
  const wrapped = await run(['encode', xml, '--as', '4774-0258', '--spif', spif])
  t.match(wrapped, { code: 0, err: '' })
  t.match(await run(['encode', wrapped.out, '--as', '4774', '--spif', spif]), { out: `${xml}\n` })
  const later = await run(['encode', xml, '--as', '4774', '--spif', spif, '--review', '2040-01-01T00:00:00Z'])
  t.equal(later.out, `${xml.replace('2030-01-01', '2040-01-01')}\n`)
  t.match(await run(['decode', xml, '--spif', spif]), {
    out: /originator +a@b \(jID\)\ncreated +1969-07-20T20:17:40Z\nreview +2030.*\nsuccession +LOW from 2031/,
  })
  t.match(await run(['encode', xml, '--as', 'ess', '--spif', spif]), {
    code: 0,
    err: /no place for that it is the alternative label, Id, OriginatorID, CreationDateTime, ReviewDateTime, SuccessionHandling/,
  })
  const mixed = join(directory, 'mixed.xml')
  writeFileSync(
    mixed,
    readFileSync(spif, 'utf8').replace(
      'name="Guilds" tagType="permissive"',
      'name="Guilds" tagType="enumerated" enumType="restrictive"',
    ),
  )
  const both = ['--spif', mixed, '--classification', 'INNER', '--category', 'Pickers=ASHBY,COOPERS']
  t.match(await run(['encode', '--as', '4774', '--review', '2030-01-01T00:00:00Z', ...both]), {
    code: 0,
    err: /strict reading will refuse this label: second Category Pickers/,
  })
  t.match(
    await run([
      'encode',
      '31090201010603883701'.replace('3109', '3108'),
      '--as',
      '4774',
      '--review',
      '2030-01-01T00:00:00Z',
      '--spif',
      spif,
    ]),
    { code: 0 },
  )
  const control = Buffer.from(
    writeDer(0x31, Buffer.from('0201010603883701', 'hex'), writeUtf8('a\u0001')),
  ).toString('hex')
  t.match(
    await run(['encode', control, '--as', '4774', '--review', '2030-01-01T00:00:00Z', '--spif', spif]),
    {
      code: 1,
      err: /XML cannot hold/,
    },
  )
})

t.test('what is wrong is said with the input, the line and how to mend it', async (t) => {
  const xml = (type: string, more = '') =>
    `<originatorConfidentialityLabel xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"${more}>\n<ConfidentialityInformation>\n<PolicyIdentifier>Orchard</PolicyIdentifier><Classification>OPEN</Classification>\n<Category TagName="Pickers" Type="${type}"><GenericValue>DELL</GenericValue></Category></ConfidentialityInformation><CreationDateTime>2026-01-01T00:00:00Z</CreationDateTime></originatorConfidentialityLabel>`
  const file = join(directory, 'wrong.xml')
  writeFileSync(file, xml('Permissive'))
  t.match(await run(['decode', file]), {
    code: 2,
    out: '',
    err: /the label in .*wrong\.xml: line 4: a Category with Type Permissive; it is RESTRICTIVE/,
  })
  t.notMatch((await run(['decode', file])).err, /--lenient/, 'which would not help')
  t.match(await run(['decode', xml('PERMISSIVE')]), {
    code: 2,
    err: /the label: line 1: neither ReviewDateTime nor SuccessionHandling; --lenient forgives it/,
  })
  t.match(await run(['decode', xml('PERMISSIVE'), '--lenient']), {
    code: 0,
    err: /note: the label: line 1: neither ReviewDateTime/,
  })
  t.match(await run(['check', ...words, '--clearance', '3005']), {
    code: 2,
    err: /the clearance: .*truncated/,
  })
  t.match(await run(['check', ...words, '--clearance', 'no-such.xml']), {
    code: 2,
    err: /the clearance: there is no file "no-such\.xml", and it is no XML, hex or base64/,
  })
  t.match(await run(['decode', 'labels01']), {
    code: 2,
    err: /there is no file "labels01", and taken as base64 it is none/,
  })
  t.match(await run(['decode', directory]), { code: 2, err: /the label: cannot read .*: it is a directory/ })
  t.match(await run(['decode', '3103020104ff']), { code: 2, err: /octet 5: octets behind/ })
  const other = '<message><BindingData xmlns="urn:nato:stanag:4778:profile:xmpp:1:3"/></message>'
  t.match(await run(['decode', other]), {
    code: 2,
    err: /profile:xmpp:1:3; --profile-namespace accepts another/,
  })
  for (const [from, to] of [
    ['requiredClass="OPEN"', 'requiredClass="SHUT"'],
    ['<excludedClass>OPEN</excludedClass>', '<excludedClass>SHUT</excludedClass>'],
  ] as const) {
    const policy = join(directory, 'hint.xml')
    writeFileSync(policy, readFileSync(spif, 'utf8').replace(from, to))
    const helps = from.startsWith('required')
    for (const args of [
      ['policy', policy],
      ['mark', 'MQYCAQQGASk=', '--spif', policy],
    ]) {
      const { code, err } = await run(args)
      t.same([code, err.includes('--lenient forgives it')], [2, helps], err)
      t.match(err, /hint\.xml:[0-9]+: /)
    }
  }
})

t.test('bindings of configured namespaces', async (t) => {
  const made = (await run(['encode', '--as', '4774-4778', '--review', '2030-01-01T00:00:00Z', ...words])).out
  const other = made
    .replace('profile:xmpp:1:0', 'profile:xmpp:1:3')
    .replace('bindinginformation:1:0', 'bindinginformation:1:1')
  const profile = ['--profile-namespace', 'urn:nato:stanag:4778:profile:xmpp:1:3']
  const binding = ['--binding-namespace', 'urn:nato:stanag:4778:bindinginformation:1:1']
  t.match(await run(['decode', other, '--spif', spif, ...profile, ...binding]), { code: 0, out: /INNER/ })
  t.match(await run(['decode', `<message>${other}</message>`, '--spif', spif, ...profile, ...binding]), {
    code: 0,
  })
  t.match(await run(['decode', other, ...binding]), { code: 2, err: /--profile-namespace/ })
  t.match(await run(['decode', other, ...profile]), { code: 2, err: /not BindingInformation in urn:nato/ })
  t.match(
    await run(['decode', made, '--spif', spif, ...profile, ...binding]),
    { code: 0 },
    'besides the known ones',
  )
  const information = other.slice(other.indexOf('<BindingInformation'), other.indexOf('</BindingDataObject>'))
  t.match(await run(['decode', information, '--spif', spif, ...binding]), { code: 0, out: /INNER/ })
  t.match(await run(['decode', information]), { code: 2, err: /--binding-namespace/ })
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
  const held = ['--clearance', clearance('Pickers=ASHBY,DELL', 'Blight=RUST')]
  t.equal((await run(['compose', '--spif', spif, ...held])).out, 'OPEN\nINNER\nDEEP\n')
  const open = await run(['compose', '--spif', spif, '--classification', 'INNER', ...held])
  t.match(open, { code: 0, out: /Blight +RUST, MILD\nPickers +ASHBY, BIRCHY/ })
  t.notMatch(open.out, /CANKER|COOPERS|CIDER|NORTH/, 'what it does not admit')
  t.match(await run(['compose', '--spif', spif, '--classification', 'DEEPER', ...held]), {
    code: 1,
    out: /\(class-not-held\) +DEEPER/,
  })
  const birchy = ['--classification', 'INNER', '--category', 'Pickers=BIRCHY']
  t.match(await run(['compose', '--spif', spif, ...birchy, ...held]), {
    code: 1,
    out: /\(permissive-not-held\) +Pickers: BIRCHY/,
  })
  for (const args of [[], ['--classification', 'OPEN'], ['--all']]) {
    const foreign = await run(['compose', '--spif', spif, ...args, '--clearance', '300406022a03'])
    t.equal(foreign.code, 1, foreign.err)
    t.match(foreign.out + foreign.err, /no clearance is of Orchard: wrong-policy 1\.2\.3/)
  }
  t.match(
    JSON.parse((await run(['compose', '--spif', spif, '--classification', 'OPEN', '--json'])).out)
      .selectable[1],
    {
      tagSet: 'Blight',
      tag: 'Remarks',
      kind: 'informative',
      values: ['MILD'],
    },
  )
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
  t.match(await run(['catalog', '--bundle', bundle, '--spif', spif, '--limit', '1']), { code: 2 })
  const cut = await run([
    'catalog',
    '--bundle',
    bundle,
    '--limit',
    '2',
    ...spifs.flatMap((name) => ['--spif', join(directory, name)]),
  ])
  t.match(cut, { code: 0, err: /note: \d+ of \d+ labels are left out; --limit gives more/ })
  t.equal(cut.out.match(/<item /g)!.length, 2)
  t.match(xml.err, /there are more than these 4 labels; --limit gives more/)
  t.match(await run(['catalog', '--spif', spif, '--clearance', '300406022a03']), {
    code: 1,
    err: /no clearance is of Orchard/,
  })
  t.match(await run(['catalog', ...held, '--name', 'a\u0001']), { code: 2, err: /--name/ })
  t.match(await run(['catalog', ...held, '--default', 'NONE']), { code: 2, err: /NONE/ })
  t.match(await run(['catalog', ...held, '--as', '4774']), { code: 2, err: /--review/ })
  t.match(await run(['catalog', ...held, 'x']), { code: 2 })
})

t.test('catalog: labels that share a marking, and values that share a number', async (t) => {
  const odd = join(directory, 'odd-catalog.xml')
  writeFileSync(
    odd,
    readFileSync(spif, 'utf8')
      .replace('name="COPSE" lacv="3"', 'name="COPSE" lacv="2"')
      .replaceAll(
        '<tagCategory name="SPRING" lacv="0"/>',
        '<tagCategory name="SPRING" lacv="0"><markingData><code>noMarkingDisplay</code></markingData></tagCategory>',
      ),
  )
  const all = [
    '--spif',
    odd,
    '--clearance',
    clearance('Pickers=DELL'),
    '--limit',
    '30',
    '--at',
    '2026-06-01T00:00:00Z',
  ]
  const made = await run(['catalog', ...all])
  t.equal(made.code, 0, made.err)
  t.match(made.out, /selector="Orchard\|OPEN\|\[Orchard OPEN\] \(Notes: SPRING\)"/)
  t.match(made.out, /selector="Orchard\|OPEN\|\[Orchard OPEN\] \(Notes: AUTUMN\)"/)
  t.match(made.out, /selector="Orchard\|OPEN\|\[Orchard OPEN\]"/)
  const selectors = made.out.match(/selector="[^"]*"/g)!
  t.equal(new Set(selectors).size, selectors.length)
  const byName = `<c:ConfidentialityClearance xmlns:c="urn:nato:stanag:4774:confidentialityclearance:1:0" xmlns="urn:nato:stanag:4774:confidentialitymetadatalabel:1:0"><PolicyIdentifier>Orchard</PolicyIdentifier><c:ClassificationList><Classification>OPEN</Classification></c:ClassificationList><Category TagName="Pickers" Type="PERMISSIVE"><GenericValue>BIRCHY</GenericValue><GenericValue>COPSE</GenericValue></Category></c:ConfidentialityClearance>`
  const shares = [
    'catalog',
    '--spif',
    odd,
    '--clearance',
    byName,
    '--limit',
    '60',
    '--at',
    '2026-06-01T00:00:00Z',
  ]
  const numbers = await run(shares)
  t.match(numbers, {
    code: 0,
    err: /note: \d+ labels are left out, which cannot be written as ess: ambiguous-category: (BIRCHY|COPSE) \(2\) in Pickers \(\d+\)/,
  })
  t.ok(!/COPSE|Birchy/.test(numbers.out) && /SPRING/.test(numbers.out), 'the others are there')
  const names = await run([...shares, '--as', '4774', '--review', '2030-01-01T00:00:00Z'])
  t.ok(
    names.code === 0 && /Birchy/.test(names.out) && /COPSE/.test(names.out),
    'by name nothing is ambiguous',
  )
  t.notMatch(names.err, /left out/)
  const plain = await run(['catalog', ...all, '--default', '[Orchard OPEN]'])
  t.ok(
    plain.out.includes('default="true" selector="Orchard|OPEN|[Orchard OPEN]"'),
    'the name of one, the marking of many',
  )
  const shared = await run(['catalog', ...all, '--default', 'Orchard|OPEN|[Orchard OPEN] (Notes: SPRING)'])
  t.ok(shared.out.includes('default="true" selector="Orchard|OPEN|[Orchard OPEN] (Notes: SPRING)"'))
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
  const json = JSON.parse((await run(['policy', meadow, '--json'])).out)
  t.match(json, { loaded: true })
  t.equal(json.spif.tagSets[0].tags[0].maxSelection, 'unlimited')
  const bad = join(directory, 'bad.xml')
  writeFileSync(bad, '<SPIF/>')
  t.match(await run(['policy', bad]), {
    code: 2,
    out: '',
    err: /bad\.xml:1: [\s\S]*is no SPIF that can be used/,
  })
  t.match(await run(['policy', bad, '--json']), { code: 2, out: /"loaded": false/, err: /bad\.xml:1: / })
  t.match(await run(['policy', join(directory, 'none.xml')]), {
    code: 2,
    err: /cannot read the SPIF.*there is no such file/,
  })
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
