/** A guard whose configuration demands signatures: what it refuses, and that it says which. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadGuardConfig } from '../../cli/guard-config.ts'
import { encodeHead } from '../../guard/common/record.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import type { GuardConfig } from '../../guard/launcher/stages.ts'
import type { Bundle, Validity } from '../../rules/bundle/bundle.ts'
import { bundleDigest, bundleOctets } from '../../rules/bundle/load.ts'
import { armoured, ed25519, signerLine } from '../signature/make.ts'
import { benign, testBundle } from './bundle.ts'
import { makeSite, receive, runGuard, sendTo, until } from './harness.ts'
import { selfTestAnswers } from './self-test-answers.ts'
import { startStage } from './stage.ts'

const anna = ed25519()
const ben = ed25519()
const site = await makeSite()
t.teardown(() => site.remove())
const at = (name: string) => join(site.directory, name)
const unsignedConfig = readFileSync(site.config, 'utf8')

const NOW = Math.floor(Date.now() / 1000)
const ZERO = { generation: 0, count: 0 }

type Wanted = Readonly<{
  version?: number
  validity?: Validity
  signedBy?: readonly ('anna' | 'ben')[]
  /** Changes the bundle behind the signatures. */
  alter?: (bundle: Bundle) => Bundle
  signers?: string
}>

/** Installs a bundle with signatures, and the configuration that demands them; gives its digest. */
function install({
  version = 1,
  validity,
  signedBy = ['anna', 'ben'],
  alter = (one) => one,
  signers,
}: Wanted): string {
  const bundle: Bundle = { ...testBundle(), version, ...(validity === undefined ? {} : { validity }) }
  const keys = { anna, ben }
  for (const name of signedBy) writeFileSync(at(`${name}.sig`), armoured(keys[name], bundleOctets(bundle)))
  const octets = bundleOctets(alter(bundle))
  const digest = bundleDigest(octets)
  writeFileSync(at('bundle.json'), octets)
  writeFileSync(at('signers'), signers ?? signerLine('author/anna', anna) + signerLine('accreditor/ben', ben))
  const files = signedBy.map((name) => `${name}.sig`).join(', ')
  writeFileSync(
    site.config,
    unsignedConfig.replace(
      /bundle: \{.*\}/,
      `bundle: { file: bundle.json, digest: ${digest}, signers: signers, signatures: [${files}] }`,
    ),
  )
  return digest
}

/** What `guard check` finds. */
async function found(): Promise<string> {
  const config = await loadGuardConfig(site.config, Date.now())
  return 'problems' in config ? config.problems.join(' | ') : 'sound'
}

/** What release says when it is started by itself, past the check of the configuration; `before`: the journal's head. */
async function said(
  before?: Readonly<{ version: number; digest: string }>,
  expiring = false,
): Promise<string> {
  const text = readFileSync(site.config, 'utf8')
  const digest = /digest: ([0-9a-f]{64})/.exec(text)![1]!
  const signatures = /signatures: \[(.*)\]/
    .exec(text)![1]!
    .split(', ')
    .filter((name) => name !== '')
  const tls = { certificate: at('guard.pem'), key: at('guard.key'), ca: at('ca.pem') }
  const config: GuardConfig = {
    name: 'high-to-low',
    bundle: { file: at('bundle.json'), digest, signers: at('signers'), signatures: signatures.map(at) },
    intake: {
      listen: `127.0.0.1:${site.port.intake}`,
      peer: 'edge.high.example',
      ...tls,
      numbering: 'sallyport',
      responses: true,
    },
    release: {
      connect: `127.0.0.1:${site.port.release}`,
      peer: 'edge.low.example',
      ...tls,
      responses: true,
    },
    journal: {
      directory: site.journal,
      key: at('digest.key'),
      'segment-megabytes': 64,
      keep: {},
      'warn-free-megabytes': 0,
      content: 'none',
    },
    metrics: { listen: `127.0.0.1:${site.port.metrics}` },
    gate: site.gate,
    jit: true,
  }
  const stage = startStage('release', config)
  let ended = false
  stage.exit.then(() => {
    ended = true
  })
  const header = Buffer.concat([Buffer.from('SLY1'), Buffer.from(digest, 'hex')])
  for (const fd of [3, 4, 6]) stage.to(fd).on('error', () => {})
  const answers = selfTestAnswers(JSON.parse(readFileSync(at('bundle.json'), 'utf8')))
  for (const fd of [3, 4]) stage.to(fd).write(Buffer.concat([header, ...answers]))
  stage.to(6).write(
    encodeHead({
      records: 0,
      seen: ZERO,
      confirmed: ZERO,
      ...(before === undefined ? {} : { approved: before }),
    }),
  )
  await until(() => ended || (!expiring && stage.from(7).length >= 32), 20_000, stage.said)
  const refused = ended
  if (!refused) stage.process.kill()
  await stage.exit
  return refused ? stage.said() : 'sound'
}

t.test('what is signed by two and in its time is run', async (t) => {
  install({ validity: { notBefore: NOW - 10, notAfter: NOW + 3600 } })
  t.equal(await found(), 'sound')
  t.equal(await said(), 'sound')
})

const refusals: [string, Wanted, RegExp, RegExp][] = [
  ['unsigned', { signedBy: [] }, /the bundle is unsigned/, /the bundle is unsigned/],
  [
    'half-signed',
    { signedBy: ['anna'] },
    /half-signed: author\/anna signed it, no accreditor/,
    /half-signed: no accreditor/,
  ],
  [
    'altered',
    { alter: (bundle) => ({ ...bundle, limits: { ...bundle.limits, rate: bundle.limits.rate + 1 } }) },
    /author\/anna signed something else: the bundle was altered/,
    /not of this bundle: it was altered/,
  ],
  ['expired', { validity: { notAfter: NOW - 1 } }, /has expired/, /it has expired/],
  ['not yet valid', { validity: { notBefore: NOW + 3600 } }, /not valid before/, /not valid yet/],
  [
    'signed with a key that no longer counts',
    {
      signers:
        signerLine('author/anna', anna, ',valid-before="20200101Z"') + signerLine('accreditor/ben', ben),
    },
    /no longer counts since 2020-01-01/,
    /author\/anna does not count now/,
  ],
  [
    'signed by strangers',
    { signers: signerLine('author/eve', ed25519()) + signerLine('accreditor/ben', ben) },
    /not among/,
    /no allowed signer/,
  ],
]
for (const [name, wanted, byCheck, byRelease] of refusals) {
  t.test(`a bundle that is ${name} is refused, by both checks`, async (t) => {
    install(wanted)
    t.match(await found(), byCheck)
    t.match(await said(), byRelease)
  })
}

t.test('a bundle that expires while it runs stops the direction', async (t) => {
  install({ validity: { notAfter: Math.floor(Date.now() / 1000) + 4 } })
  const told = await said(undefined, true)
  t.match(told, /both verifiers have the bundle/, 'it ran')
  t.match(told, /the bundle has expired, or a key that signed it/)
})

t.test('an older bundle, or one that replaces another, is refused by release', async (t) => {
  const before = { version: 2, digest: 'ab'.repeat(32) }
  install({ version: 1, validity: { replaces: before.digest } })
  t.match(await said(before), /version 1, and version 2 has been in use/)
  install({ version: 3, validity: { replaces: 'cd'.repeat(32) } })
  t.match(await said(before), /does not say that it replaces abab/)
  const digest = install({ version: 3, validity: { replaces: before.digest } })
  t.equal(await said(before), 'sound')
  t.equal(await said({ version: 3, digest }), 'sound', 'the same one again')
})

t.test('signers and signatures go together', async (t) => {
  install({})
  const text = readFileSync(site.config, 'utf8')
  writeFileSync(site.config, text.replace(', signers: signers', ''))
  t.match(await found(), /guard\.yaml:2:9: .*the bundle that the guard enforces/)
  writeFileSync(site.config, text.replace('signers: signers', 'signers: nowhere'))
  t.match(await found(), /nowhere cannot be read \(ENOENT\)/)
})

t.test('the journal keeps the last bundle: its successor runs, and it does not run again', async (t) => {
  const far = receive(site)
  t.teardown(() => far.close())
  const first = install({ version: 1 })
  const guard = runGuard(site)
  t.teardown(() => guard.process.kill())
  await guard.ready()
  const near = sendTo(site)
  await near.send(benign('a'))
  await until(() => far.order.length === 1)
  near.producer.close()
  await guard.stop()
  const records = () =>
    readFileSync(join(site.journal, 'journal-0000000000000001.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('"type":"bundle"'))
      .map((line) => JSON.parse(line))
  t.match(records(), [{ type: 'bundle', version: 1, bundle: first }])

  const second = install({ version: 2, validity: { replaces: first } })
  t.equal(await found(), 'sound')
  const again = runGuard(site)
  t.teardown(() => again.process.kill())
  await again.ready()
  await again.stop()
  t.match(records(), [{ version: 1 }, { version: 2, bundle: second }])

  install({ version: 1 })
  t.match(await found(), /version 1, and version 2 has been in use/)
  t.match(verifyJournal(site.journal, []), { problems: [] })
})
