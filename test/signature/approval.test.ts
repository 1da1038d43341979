import { execFileSync, spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { approve } from '../../guard/release/approve.ts'
import { checkSignatures } from '../../guard/release/signature.ts'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { approvalOf, notSuccessor, outOfTime } from '../../rules/signature/approval.ts'
import { readSigners } from '../../rules/signature/signers.ts'
import { armoured, ecdsa, ecdsaToken, ed25519, rsa, signerLine, type TestKey, token } from './make.ts'

const BUNDLE = Buffer.from('{"a":"bundle"}\n')
const NOW = Date.UTC(2026, 10, 22) / 1000
const anna = ed25519()
const ben = ed25519()
const SIGNERS = signerLine('author/anna', anna) + signerLine('accreditor/ben', ben)

const file = (text: string, name = 'x.sig') => ({ file: name, text })
const both = [file(armoured(anna, BUNDLE), 'anna.sig'), file(armoured(ben, BUNDLE), 'ben.sig')]

/** The one problem, or the principals that signed. */
function outcome(
  signatures = both,
  signers = SIGNERS,
  { message = BUNDLE as Uint8Array, now = NOW } = {},
): string {
  const approval = approvalOf(message, signatures, signers, now)
  const second = checkSignatures(
    { octets: message, signatures: signatures.map(({ text }) => text), signers },
    now,
  )
  if ('problem' in second !== 'problems' in approval) {
    throw new Error(`release says ${JSON.stringify(second)}, rules/signature ${JSON.stringify(approval)}`)
  }
  return 'problems' in approval
    ? approval.problems.join(' | ')
    : approval.signers.map((signer) => signer.principal).join(' ')
}

t.test('two people of different roles approve a bundle', (t) => {
  t.equal(outcome(), 'author/anna accreditor/ben')
  t.equal(outcome([...both].reverse()), 'accreditor/ben author/anna')
  t.end()
})

t.test('release approves the octets of the digest that it runs, not what the file holds by then', (t) => {
  const folder = t.testdir({
    bundle: BUNDLE,
    signers: SIGNERS,
    'anna.sig': armoured(anna, BUNDLE),
    'ben.sig': armoured(ben, BUNDLE),
  })
  const files = (digest: string) => ({
    bundle: join(folder, 'bundle'),
    digest,
    signers: [join(folder, 'signers')],
    signature: [join(folder, 'anna.sig'), join(folder, 'ben.sig')],
  })
  const bundle = { version: 2 } as Bundle
  t.match(approve(files(hash('sha256', BUNDLE)), bundle), { bundle: { version: 2 } })
  t.match(approve(files(hash('sha256', 'another bundle')), bundle), {
    problem: /was changed while it was read/,
  })
  t.end()
})

t.test('what is not approved says why', (t) => {
  t.match(outcome([]), /unsigned/)
  t.match(outcome(both.slice(0, 1)), /half-signed: author\/anna signed it, no accreditor/)
  t.match(outcome([both[1]!, both[1]!]), /half-signed: accreditor\/ben signed it, no author/)
  t.match(
    outcome(both, SIGNERS, { message: Buffer.from('{"a":"bundlf"}\n') }),
    /anna\.sig: author\/anna signed something else: the bundle was altered/,
  )
  const mallory = ed25519()
  t.match(
    outcome([...both, file(armoured(mallory, BUNDLE), 'm.sig')]),
    /m\.sig: the key SHA256:\S+ is not among/,
  )
  const claims = armoured({ ...mallory, blob: anna.blob }, BUNDLE)
  t.match(outcome([file(claims), both[1]!]), /author\/anna signed something else/)
  t.end()
})

t.test('a signature for another purpose, format or hash does not count', (t) => {
  const cases: [object, RegExp][] = [
    [{ namespace: 'file' }, /made for file: sign with the namespace sallyport-rules/],
    [{ namespace: 'sallyport-rules2' }, /made for/],
    [{ version: 2 }, /version 2/],
    [{ hash: 'sha1' }, /hash is sha1/],
    [{ reserved: 'x' }, /reserved/],
    [{ tail: 'x' }, /left over/],
  ]
  for (const [parts, expected] of cases) {
    t.match(outcome([file(armoured(anna, BUNDLE, parts)), both[1]!]), expected)
  }
  t.equal(
    outcome([file(armoured(anna, BUNDLE, { hash: 'sha256' })), both[1]!]),
    'author/anna accreditor/ben',
    'sha256 is the other hash that ssh-keygen makes',
  )
  t.end()
})

t.test('a damaged signature is none', (t) => {
  const good = both[0]!.text
  const lines = good.split('\n')
  const cases = [
    '',
    good.slice(1),
    ` ${good}`,
    `x\n${good}`,
    `${good}x`,
    `${good}\n`,
    good.replace('BEGIN', 'BEGIM'),
    good.replace(lines[1]!, `${lines[1]} `),
    good.replace(lines[1]!, ''),
    good.replace(lines[2]!, lines[2]!.toLowerCase()),
    [...lines.slice(0, -2), '=', ...lines.slice(-2)].join('\n'),
    'x'.repeat(20_000),
  ]
  for (const text of cases)
    t.match(outcome([file(text), both[1]!]), /^x\.sig: /, JSON.stringify(text.slice(0, 40)))
  t.equal(outcome([file(good.replaceAll('\n', '\r\n')), both[1]!]), 'author/anna accreditor/ben')
  t.end()
})

t.test('every octet of a signature counts', (t) => {
  const blob = Buffer.from(both[0]!.text.split('\n').slice(1, -2).join(''), 'base64')
  let accepted = 0
  for (let at = 0; at < blob.length; at++) {
    for (const flip of [0x01, 0x80]) {
      const changed = Buffer.from(blob)
      changed[at]! ^= flip
      const text = `-----BEGIN SSH SIGNATURE-----\n${changed.toString('base64')}\n-----END SSH SIGNATURE-----\n`
      if (!/^x\.sig|half/.test(outcome([file(text), both[1]!]))) accepted++
    }
  }
  t.equal(accepted, 0)
  t.ok(blob.length > 100)
  t.end()
})

t.test('every kind of key', (t) => {
  const kinds: [string, TestKey][] = [
    ['ed25519', ed25519()],
    ['nistp256', ecdsa('nistp256')],
    ['nistp384', ecdsa('nistp384')],
    ['nistp521', ecdsa('nistp521')],
    ['rsa', rsa()],
    ['token', token()],
    ['ecdsa token', ecdsaToken()],
  ]
  for (const [name, key] of kinds) {
    const signers = signerLine('author/anna', key) + signerLine('accreditor/ben', ben)
    t.equal(outcome([file(armoured(key, BUNDLE)), both[1]!], signers), 'author/anna accreditor/ben', name)
    const other = Buffer.from('other')
    t.match(outcome([file(armoured(key, other)), both[1]!], signers), /signed something else/, name)
  }
  const untouched = token(0)
  const signers = signerLine('author/anna', untouched) + signerLine('accreditor/ben', ben)
  t.match(outcome([file(armoured(untouched, BUNDLE)), both[1]!], signers), /nobody touched the token/)
  t.match(
    outcome(both, signerLine('author/anna', rsa(1024)) + SIGNERS),
    /line 1: an RSA key has at least 2048 bits/,
  )
  t.end()
})

t.test('keys count in their time', (t) => {
  const timed = (options: string) => outcome(both, SIGNERS.replace('rules" ', `rules"${options} `))
  t.equal(timed(',valid-after="20261122Z",valid-before="20261122000001Z"'), 'author/anna accreditor/ben')
  t.match(timed(',valid-after="202611220001Z"'), /author\/anna does not count before 2026-11-22T00:01:00Z/)
  t.match(timed(',valid-before="20261122Z"'), /author\/anna no longer counts since 2026-11-22T00:00:00Z/)
  const approval = approvalOf(
    BUNDLE,
    both,
    SIGNERS.replaceAll('rules" ', 'rules",valid-before="20270101Z" '),
    NOW,
  )
  t.match(approval, { until: Date.UTC(2027, 0, 1) / 1000 })
  t.end()
})

t.test('the allowed-signers file is read strictly, each problem with its line', (t) => {
  const line = signerLine('author/anna', anna)
  const cases: [string, RegExp][] = [
    ['', /line 1: there is no signer/],
    [line.replace('author/anna', 'anna'), /line 1: "anna" is not ROLE\/NAME/],
    [line.replace('author/anna', 'author/anna,accreditor/anna'), /not ROLE\/NAME/],
    [line.replace('author/anna', 'author/*'), /not ROLE\/NAME/],
    [line.replace('author/', 'operator/'), /not ROLE\/NAME/],
    [line.replace(' namespaces="sallyport-rules"', ''), /the options are missing/],
    [line.replace('sallyport-rules', 'sallyport-rules,file'), /not known|not for rules/],
    [line.replace('sallyport-rules', '*'), /not for rules/],
    [line.replace('namespaces=', 'cert-authority,namespaces='), /cert-authority is not known/],
    [line.replace('rules" ', 'rules",valid-before="20270101" '), /no time in UTC/],
    [line.replace('rules" ', 'rules",valid-before="20270231Z" '), /no time in UTC/],
    [line.replace('ssh-ed25519', 'ssh-rsa'), /said to be ssh-rsa and is ssh-ed25519/],
    [line.replace(/AAAA/, 'AAAB'), /line 1/],
    [
      `# a comment\n\n${line}${line.replace('author/anna', 'accreditor/eve')}`,
      /line 4: the key of accreditor\/eve is that of author\/anna/,
    ],
    [line + signerLine('accreditor/anna', ben), /line 2: anna is author already/],
  ]
  for (const [text, expected] of cases) {
    const found = readSigners(text)
    t.match(checkSignatures({ octets: BUNDLE, signatures: [], signers: text }, NOW), {
      problem: text === '' ? /unsigned/ : /allowed signers/,
    })
    t.match('problems' in found ? found.problems.join() : 'no problem', expected)
  }
  t.end()
})

t.test('a bundle has its time and its predecessor', (t) => {
  t.equal(outOfTime({}, NOW), undefined)
  t.equal(outOfTime({ validity: { notBefore: NOW, notAfter: NOW + 1 } }, NOW), undefined)
  t.match(outOfTime({ validity: { notBefore: NOW + 1 } }, NOW), /not valid before/)
  t.match(outOfTime({ validity: { notAfter: NOW } }, NOW), /expired/)
  const before = { version: 3, digest: 'a'.repeat(64) }
  t.equal(notSuccessor({ version: 3 }, before.digest, before), undefined, 'the same bundle starts again')
  t.equal(notSuccessor({ version: 4, validity: { replaces: before.digest } }, 'b', before), undefined)
  t.match(notSuccessor({ version: 3, validity: { replaces: before.digest } }, 'b', before), /older/)
  t.match(notSuccessor({ version: 4 }, 'b', before), /replaces nothing/)
  t.match(notSuccessor({ version: 4, validity: { replaces: 'c'.repeat(64) } }, 'b', before), /replaces cccc/)
  t.end()
})

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

t.test('ssh-keygen and we agree', { skip: hasKeygen ? false : 'no ssh-keygen here' }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = (name: string) => join(folder, name)
  writeFileSync(path('bundle'), BUNDLE)
  const kinds = [
    ['ed25519', '256'],
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
  ] as const
  for (const [type, bits] of kinds) {
    const name = type + bits
    execFileSync('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', path(name)])
    const made = execFileSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'sallyport-rules', '-f', path(name)], {
      input: BUNDLE,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const publicKey = readFileSync(`${path(name)}.pub`, 'utf8')
    const signers = `author/anna namespaces="sallyport-rules",valid-after="20200101Z" ${publicKey}${signerLine('accreditor/ben', ben)}`
    t.equal(outcome([file(made.toString()), both[1]!], signers), 'author/anna accreditor/ben', name)

    writeFileSync(path('signers'), signers)
    writeFileSync(path('ben.sig'), both[1]!.text)
    const theirs = spawnSync(
      'ssh-keygen',
      [
        ...['-Y', 'verify', '-f', path('signers'), '-I', 'accreditor/ben'],
        ...['-n', 'sallyport-rules', '-s', path('ben.sig')],
      ],
      { input: BUNDLE },
    )
    t.equal(theirs.status, 0, `ssh-keygen reads our file: ${theirs.stderr}`)
  }
  t.end()
})
