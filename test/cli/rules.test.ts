import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const program = fileURLToPath(new URL('../../cli/sallyport.ts', import.meta.url))
const examples = fileURLToPath(new URL('../../packaging/examples', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
t.teardown(() => rmSync(folder, { recursive: true }))
const path = (name: string) => join(folder, name)

type Result = Readonly<{ status: number; stdout: string; stderr: string }>

function rules(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, 'rules', ...args], { env: {} }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

t.before(async () => {
  await rules('compile', join(examples, 'minimal-chat'), '-o', path('one.json'))
  cpSync(join(examples, 'minimal-chat'), path('two'), { recursive: true })
  const file = join(path('two'), 'ruleset.yaml')
  const text = readFileSync(file, 'utf8')
    .replace('version: 1', 'version: 2')
    .replace('messages: true', 'messages: true\n  receipts: true')
  writeFileSync(file, text)
  await rules('compile', path('two'), '-o', path('two.json'))
})

t.test('review, as a page and as text', async (t) => {
  t.match(await rules('review', path('one.json')), {
    status: 0,
    stdout: /^<!DOCTYPE html>[\s\S]*minimal-chat/,
  })
  t.match(await rules('review', path('one.json'), '--text'), {
    status: 0,
    stdout: /^minimal-chat, version 1\n=/,
  })
  t.match(await rules('review', path('one.json'), '-o', path('one.html')), { status: 0, stdout: '' })
  t.match(readFileSync(path('one.html'), 'utf8'), /<\/html>/)
  t.match(await rules('review'), { status: 2, stderr: /review needs one bundle/ })
})

t.test('diff says whether it found something', async (t) => {
  t.match(await rules('diff', path('one.json'), path('one.json')), {
    status: 0,
    stdout: /Both mean the same/,
  })
  t.match(await rules('diff', path('one.json'), path('two.json')), {
    status: 1,
    stdout: /received \(XEP-0184/,
  })
  t.match(await rules('diff', path('one.json'), path('two.json'), '--html'), {
    status: 1,
    stdout: /^<!DOCTYPE/,
  })
  t.match(await rules('diff', path('one.json')), { status: 2 })
})

t.test('test, explain, simulate and export read the bundle', async (t) => {
  t.match(await rules('test', path('one.json')), { status: 0, stdout: /4 as expected, 0 not/ })
  writeFileSync(
    path('presence.xml'),
    '<presence xmlns="jabber:server" from="a@plant.example" to="b@office.example"></presence>\n',
  )
  t.match(await rules('explain', path('one.json'), path('presence.xml')), {
    status: 1,
    stdout:
      /FAIL {2}a kind of stanza that is switched on: presence without type {2}\[ruleset\.yaml:\d+\]\nrefused: unknown-stanza/,
  })
  mkdirSync(path('recorded'))
  const received = `<message from='a@plant.example' to='b@office.example'><body>x</body><received xmlns='urn:xmpp:receipts' id='7'/></message>`
  writeFileSync(join(path('recorded'), 'b.xml'), received)
  cpSync(path('presence.xml'), join(path('recorded'), 'a.xml'))
  t.match(await rules('simulate', path('two.json'), path('recorded'), '--against', path('one.json')), {
    status: 1,
    stdout:
      /^CHANGED {2}b\.xml: refused by the edge \(unknown-element\) -> refused \(label-missing\)\n {9}a\.xml: [\s\S]*2 stanzas, 1 judged differently/,
  })
  t.match(await rules('export', path('one.json'), '--relaxng'), {
    status: 0,
    stdout: /<grammar xmlns="http:\/\/relaxng/,
  })
  t.match(await rules('export', path('one.json')), { status: 2, stderr: /say which schema/ })
  t.match(await rules('explain', path('presence.xml'), path('presence.xml')), {
    status: 1,
    stderr: /is not JSON|is not canonical/,
  })
})

t.test(
  'where identifiers are numbered, a stanza is explained in its frame, and recorded ones are numbered',
  async (t) => {
    await rules('compile', join(examples, 'acme-to-coalition'), '-o', path('acme.json'))
    const ends = 'from="anna@acme.example" id="o0.17" to="ben@coalition.example"'
    writeFileSync(path('framed.xml'), `<presence xmlns="jabber:server" ${ends}></presence>`)
    const explain = (...number: string[]) =>
      rules('explain', path('acme.json'), path('framed.xml'), ...number)
    t.match(await explain('--number', '0.17'), { status: 0, stdout: /“o0\.17” {2}\[ruleset\.yaml:\d+\]/ })
    t.match(await explain(), {
      status: 1,
      stdout: /FAIL {2}attribute id .*“o0\.17”.*\nrefused: bad-attribute/,
    })
    t.match(await explain('--number', '0.017'), {
      status: 2,
      stderr: /--number 0\.017 is no number of a frame/,
    })

    mkdirSync(path('foreign'))
    const chat = (inside: string) =>
      `<message from='anna@acme.example/x' to='ben@coalition.example' id='words' type='chat'>${inside}</message>`
    writeFileSync(join(path('foreign'), 'a.xml'), chat(`<received xmlns='urn:xmpp:receipts' id='m1'/>`))
    writeFileSync(join(path('foreign'), 'b.xml'), chat('<body>x</body>'))
    t.match(await rules('simulate', path('acme.json'), path('foreign')), {
      status: 0,
      stdout: /a\.xml: accepted, without a label\n.*b\.xml: refused \(label-missing\)/,
    })
  },
)

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

t.test('two sign, and verify says who', { skip: hasKeygen ? false : 'no ssh-keygen here' }, async (t) => {
  let signers = ''
  for (const [name, principal] of [
    ['anna', 'author/anna'],
    ['ben', 'accreditor/ben'],
  ] as const) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path(name)])
    signers += `${principal} namespaces="sallyport-rules" ${readFileSync(path(`${name}.pub`), 'utf8')}`
  }
  writeFileSync(path('signers'), signers)
  const verify = (...more: string[]) =>
    rules('verify', path('one.json'), '--signers', path('signers'), ...more)
  const sign = async (name: string) => {
    const made = spawnSync(
      process.execPath,
      [program, 'rules', 'sign', path('one.json'), '--key', path(name)],
      { encoding: 'utf8' },
    )
    t.equal(made.status, 0, made.stderr)
    t.equal(made.stdout, `${path('one.json')}.${name}.sig\n`)
  }
  t.match(await verify(), { status: 1, stderr: /unsigned/ })
  await sign('anna')
  t.match(await verify(), { status: 1, stderr: /half-signed: author\/anna/ })
  await sign('ben')
  t.match(await verify(), {
    status: 0,
    stdout: /signed by author\/anna \(ssh-ed25519\)\nsigned by accreditor\/ben/,
  })
  t.match(await verify('--sources', join(examples, 'minimal-chat')), { status: 0 })
  t.match(await verify('--sources', path('two')), {
    status: 1,
    stderr: /two compiles to [0-9a-f]{64}, not to this bundle/,
  })
  t.match(await verify('--after', path('two.json')), {
    status: 1,
    stderr: /version 1, and version 2 has been in use/,
  })
  t.match(
    await rules(
      'verify',
      path('two.json'),
      '--signers',
      path('signers'),
      '--signature',
      `${path('one.json')}.anna.sig`,
    ),
    {
      status: 1,
      stderr: /signed something else/,
    },
  )
  t.match(await rules('review', path('one.json'), '--text', '--signers', path('signers')), {
    stdout: /signed by author\/anna/,
  })
})
