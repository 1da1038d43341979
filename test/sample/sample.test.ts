/**
 * The sample of hostile and benign s2s input, through a whole crossing: each file on a fresh, authenticated stream to the near
 * edge, under the ruleset made from its own policy. Benign and hostile files take turns in one run; the table is printed. Then again
 * in single octets, in random pieces, and behind many benign stanzas.
 *
 *   SALLYPORT_SAMPLE_BENIGN=1000000 node test/sample/sample.test.ts     so many of them (2,000)
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parse, stringify } from 'yaml'
import { type PeerDomain, startDomain } from '../peer/domain.ts'
import { initiate } from '../peer/negotiate.ts'
import { type Crossing, startCrossing } from '../support/crossing.ts'
import { sampleSources, writeSampleRuleset } from '../support/sample-ruleset.ts'
import { random } from '../verify/random.ts'

type Hostile = Readonly<{
  file: string
  class: string
  accept: readonly string[]
  must_never_appear_downstream: string
  must_never_appear_downstream_hex?: string
  also_never?: string | readonly string[]
  if_sanitised_must_appear?: string
  firmness: string
  needs?: string
}>
type Benign = Readonly<{ file: string; must_appear: string; firmness: string; needs?: string }>
type Sample = ({ kind: 'hostile' } & Hostile) | ({ kind: 'benign' } & Benign)

const STANZAS = fileURLToPath(new URL('../../../shared/conformance/stanzas/', import.meta.url))
const PORTS = 17_100
/** How many benign stanzas go before the last round. */
const BENIGN = Number(process.env['SALLYPORT_SAMPLE_BENIGN'] ?? 2_000)
/** SECRET of ACME. */
const LABEL = `<securitylabel xmlns='urn:xmpp:sec-label:0'><label><esssecuritylabel xmlns='urn:xmpp:sec-label:ess:0'>MQgCAQQGAyoDBA==</esssecuritylabel></label></securitylabel>`

/** How the octets of a file are handed to TCP. */
const CUTS = {
  whole: 'each in one piece',
  single: 'each octet by itself',
  random: 'in random pieces',
  'behind many': `behind ${BENIGN} benign stanzas`,
} as const
type Cut = keyof typeof CUTS

/** Files larger than this are not cut into single octets: their size is the point, not where they are cut. */
const CUTTABLE = 4_096

if (!existsSync(STANZAS)) {
  t.test('the sample', { skip: 'shared/conformance is not beside this clone' }, () => {})
} else {
  await run()
}

async function run(): Promise<void> {
  t.setTimeout(600_000)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-sample-'))
  const rulesets = { out: join(folder, 'out'), back: join(folder, 'back') }
  writeSampleRuleset(STANZAS, rulesets.out)
  writeReverse(rulesets.back)
  const side = (name: string, port: number) => ({
    name,
    domains: [`${name}.example`, `conference.${name}.example`],
    listen: `127.0.0.1:${port}`,
    servers: { host: '127.0.0.1', port: port + 1 },
  })
  const [near, far] = [side('high', PORTS + 10), side('low', PORTS + 12)]
  let crossing: Crossing | undefined
  const domains: PeerDomain[] = []
  t.teardown(async () => {
    for (const domain of domains) await domain.close()
    await crossing?.close()
    if (t.passing()) rmSync(folder, { recursive: true, force: true })
    else t.comment(`logs are kept in ${folder}`)
  })

  let downstream = Buffer.alloc(0)
  let earlier = downstream
  await t.test('the crossing is up', { timeout: 120_000 }, async (t) => {
    crossing = await startCrossing({
      folder: join(folder, 'crossing'),
      near,
      far,
      rulesets,
      ports: PORTS,
      // What a file leads to is seen while it is tried, and not when its time has come.
      edges: { limits: { stanzaSeconds: 2 }, presence: { seconds: 0 } },
    })
    for (const [which, own] of [
      ['near', near],
      ['far', far],
    ] as const) {
      const { certificate, key, ca } = crossing.pki[which]
      const edge = Number(own.listen.split(':')[1])
      domains.push(
        await startDomain({
          domains: own.domains,
          credentials: { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
          ca: readFileSync(ca, 'utf8'),
          route: () => ({ host: '127.0.0.1', port: edge }),
          port: own.servers.port,
          ...(which === 'far'
            ? {
                onOctets: (octets: Buffer) => {
                  downstream = Buffer.concat([downstream, octets])
                },
              }
            : {}),
        }),
      )
    }
    t.equal(crossing.processes.length, 4, 'two edges and two guards')
  })
  if (crossing === undefined) return
  const { pki, processes } = crossing as Crossing
  const nearDomain = domains[0]!
  const identity = {
    credentials: {
      certificate: readFileSync(pki.near.certificate, 'utf8'),
      key: readFileSync(pki.near.key, 'utf8'),
    },
    ca: readFileSync(pki.near.ca, 'utf8'),
  }

  /** What the far side receives because of these octets, and whether the near edge closed the stream over them. */
  const chance = random(3)
  let asked = 0
  const attempt = async (octets: Buffer, cut: Cut): Promise<{ closed: boolean; arrived: Buffer }> => {
    const before = downstream.length
    const plain = connect(PORTS + 10, '127.0.0.1')
    plain.on('error', () => {})
    const { socket, talk } = await initiate(plain, 'high.example', 'low.example', identity)
    talk.flow(() => {})
    socket.on('error', () => {})
    const id = `sample-${++asked}`
    const closed = new Promise<true>((resolve) => socket.once('close', () => resolve(true)))
    for (const piece of piecesOf(octets, cut, chance)) {
      if (socket.destroyed) break
      socket.write(piece)
      if (cut !== 'whole') await new Promise(setImmediate)
    }
    socket.write(
      `<iq from='high.example' to='low.example' type='get' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`,
    )
    const answered = nearDomain.find((xml) => xml.includes(id), 20_000)
    const wasClosed = await Promise.race([closed, answered.then(() => false)])
    socket.destroy()
    await barrier()
    return { closed: wasClosed, arrived: downstream.subarray(before) }
  }
  /** Benign messages between all four pairs of domains: the far edge has a stream for each, and when they have arrived, all before them has. */
  let barriers = 0
  const barrier = async () => {
    const markers: string[] = []
    for (const from of ['alice@high.example/b', 'room@conference.high.example/b']) {
      for (const to of ['bob@low.example', 'room@conference.low.example/b']) {
        const marker = `BARRIER-${++barriers}.`
        markers.push(marker)
        await nearDomain.send(
          `<message from='${from}' to='${to}' type='chat'><body>${marker}</body>${LABEL}</message>`,
        )
      }
    }
    for (const end = Date.now() + 30_000; !markers.every((marker) => downstream.includes(marker)); ) {
      if (Date.now() > end) throw new Error(`one of ${markers.join(' ')} did not arrive`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  /** Benign stanzas over one stream, in portions whose arrival is waited for. */
  const many = async (t: Test) => {
    const message = (n: number) =>
      `<message from='alice@high.example/b' to='bob@low.example' type='chat'><body>BENIGN-${n}.</body>${LABEL}</message>`
    // What they leave behind need not be kept.
    earlier = downstream
    for (let sent = 0; sent < BENIGN; ) {
      const portion = Math.min(1_000, BENIGN - sent)
      for (let n = 0; n < portion; n += 1) await nearDomain.send(message(++sent))
      await barrier()
      t.ok(downstream.includes(`BENIGN-${sent}.`), `${sent} benign stanzas`)
      downstream = Buffer.alloc(0)
    }
  }

  const index = (kind: string) =>
    JSON.parse(readFileSync(join(STANZAS, kind, 'index.json'), 'utf8')) as object[]
  const hostile = index('hostile').map((entry) => ({ kind: 'hostile', ...entry }) as Sample)
  const benign = index('benign').map((entry) => ({ kind: 'benign', ...entry }) as Sample)
  const turns = interleave(hostile, benign)
  const table: string[] = []
  const tally = { hostile: 0, benign: 0 }

  for (const cut of ['whole', 'single', 'random', 'behind many'] as const) {
    await t.test(`${turns.length} files, ${CUTS[cut]}`, { timeout: 400_000 + BENIGN * 10 }, async (t) => {
      if (cut === 'behind many') await many(t)
      for (const sample of turns) {
        const octets = readFileSync(join(STANZAS, sample.kind, sample.file))
        if (cut === 'single' && octets.length > CUTTABLE) continue
        const { closed, arrived } = await attempt(octets, cut)
        const rest = withoutBarriers(arrived)
        const outcome = closed ? 'stream-error' : rest.length > 0 ? 'delivered' : 'reject'
        if (sample.kind === 'benign') {
          t.ok(arrived.includes(sample.must_appear), `${sample.file} is delivered`)
          if (arrived.includes(sample.must_appear) && cut === 'whole') tally.benign++
        } else {
          t.same(
            forbidden(sample).filter((octets) => arrived.includes(octets)),
            [],
            `${sample.file}: no marker`,
          )
          const accepted =
            outcome === 'delivered'
              ? sample.accept.includes('sanitise')
              : sample.accept.includes(outcome) ||
                (outcome === 'reject' && sample.accept.includes('sanitise'))
          t.ok(accepted, `${sample.file}: ${outcome} is one of ${sample.accept.join(', ')}`)
          if (outcome === 'delivered' && sample.if_sanitised_must_appear !== undefined) {
            t.ok(
              arrived.includes(sample.if_sanitised_must_appear),
              `${sample.file}: the harmless rest arrives`,
            )
          }
          if (accepted && cut === 'whole') tally.hostile++
        }
        if (cut === 'whole') table.push(`${sample.kind.padEnd(8)} ${outcome.padEnd(12)} ${sample.file}`)
      }
    })
  }

  await t.test('no marker anywhere on the far side, whatever came with what', async (t) => {
    const traces = processes
      .filter((one) => one.name === 'edge-far' || one.name === 'guard-back')
      .map((one) => readFileSync(one.log))
    for (const sample of hostile as ({ kind: 'hostile' } & Hostile)[]) {
      const all = [earlier, downstream, ...traces]
      t.same(
        forbidden(sample).filter((octets) => all.some((trace) => trace.includes(octets))),
        [],
        sample.file,
      )
    }
  })
  t.comment(
    `hostile stopped or cleaned: ${tally.hostile} of ${hostile.length}; benign delivered: ${tally.benign} of ${benign.length}`,
  )
  for (const line of table.sort()) t.comment(line)
}

function piecesOf(octets: Buffer, cut: Cut, chance: ReturnType<typeof random>): Buffer[] {
  if (cut === 'single') return Array.from(octets, (_, at) => octets.subarray(at, at + 1))
  if (cut !== 'random') return [octets]
  const pieces: Buffer[] = []
  for (let at = 0; at < octets.length; ) {
    const length = 1 + chance.below(chance.pick([4, 64, 2_000]))
    pieces.push(octets.subarray(at, at + length))
    at += length
  }
  return pieces
}

/** What must not arrive; white-space and character-reference channels are forbidden as octets. */
function forbidden(sample: Hostile): Buffer[] {
  return [
    Buffer.from(sample.must_never_appear_downstream),
    ...(sample.must_never_appear_downstream_hex === undefined
      ? []
      : [Buffer.from(sample.must_never_appear_downstream_hex, 'hex')]),
    ...[sample.also_never ?? []].flat().map((text) => Buffer.from(text)),
  ]
}

function withoutBarriers(octets: Buffer): string {
  return octets.toString('latin1').replace(/<message[^>]*>(?:(?!<\/message>).)*BARRIER-.*?<\/message>/gs, '')
}

/** Spreads the shorter list evenly over the longer. */
function interleave(long: readonly Sample[], short: readonly Sample[]): Sample[] {
  const every = Math.max(1, Math.floor(long.length / short.length))
  const rest = [...short]
  return [...long.flatMap((one, at) => (at % every === 0 ? [one, ...rest.splice(0, 1)] : [one])), ...rest]
}

/** The same ruleset with the sides changed over. */
function writeReverse(directory: string): void {
  mkdirSync(directory, { recursive: true })
  for (const [file, octets] of sampleSources(STANZAS)) {
    if (file !== 'ruleset.yaml') {
      writeFileSync(join(directory, file), octets)
      continue
    }
    const ruleset = parse(new TextDecoder().decode(octets)) as Record<string, unknown>
    const reverse = { ...ruleset, name: 'low-to-high', from: ruleset['to'], to: ruleset['from'] }
    writeFileSync(join(directory, file), stringify(reverse, { aliasDuplicateObjects: false }))
  }
}
