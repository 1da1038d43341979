/** The gate of a guard of real processes: closed at once and for good, opened by a person only, and closed whenever in doubt. */
import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { encodeGate, type Gate, gateFile, readGate } from '../../guard/common/gate.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { makeGate, writeGate } from '../../guard/launcher/gate.ts'
import { pace } from '../support/pace.ts'
import { benign, released } from './bundle.ts'
import { guardCommand, guardOnTerminal, type Said } from './command.ts'
import { health, makeSite, metric, receive, runGuard, sendTo, until } from './harness.ts'
import { journalRecords } from './install.ts'

const CLOSED = 'sallyport_guard_gate_closed{guard="high-to-low"}'

t.setTimeout(200_000)

const site = await makeSite()
t.teardown(() => site.remove())

const words = (action: string, reason: string) => [action, '--config', site.config, '--reason', reason]
const command = (action: string, reason: string) => guardCommand(...words(action, reason))
const onTerminal = (reason: string, typed: string, behind = '') =>
  guardOnTerminal(words('open', reason), typed, behind)

const gateRecords = () => journalRecords(site, 'gate')

t.test(
  'closed under load, through restarts, opened by a person: nothing leaves, is lost, or is another',
  async (t) => {
    const far = receive(site)
    let guard = runGuard(site)
    t.teardown(async () => {
      far.close()
      await guard.stop()
    })
    await guard.ready()
    t.equal(await metric(site, CLOSED), 0)
    const near = sendTo(site)
    const load = pace(400, (i) => near.send(benign(`n${i}`)))
    await until(() => far.order.length > 400, 20_000, guard.said)

    const closed = await command('close', 'an incident, see log 7')
    t.match(closed, {
      code: 0,
      out: /^high-to-low: the gate is closed since 2.*Z by .*: an incident, see log 7\n$/,
    })
    // What had come to this host is still to be read here.
    await delay(200)
    const crossed = far.order.length
    const unchanged = async (what: string) => {
      await delay(700)
      t.equal(far.order.length, crossed, `${what}: nothing leaves`)
    }
    await unchanged('under load')
    t.match(await health(site), {
      status: 503,
      text: /^the gate is closed since .*: an incident, see log 7\n$/,
    })
    t.equal(await metric(site, CLOSED), 1)
    t.equal(await metric(site, 'sallyport_guard_ready{guard="high-to-low"}'), 0)
    t.match(
      await command('close', 'again'),
      { code: 0, out: /: an incident, see log 7\n$/ },
      'what it was closed for stays',
    )

    for (const stage of ['release', 'verify', 'journal']) {
      const before = guard.pids()
      process.kill(before[stage]!, 'SIGKILL')
      await until(() => guard.pids()[stage] !== before[stage], 20_000, guard.said)
      await until(async () => (await health(site)).text.startsWith('the gate is closed'), 20_000, guard.said)
      await unchanged(`after a kill of ${stage}`)
    }
    t.equal(await guard.stop(), 0)
    guard = runGuard(site)
    await until(async () => (await health(site)).text.startsWith('the gate is closed'), 20_000, guard.said)
    await unchanged('after another start')

    const refusals: [string, Said, RegExp][] = [
      ['without a terminal', await command('open', 'over'), /opened by a person: run this on a terminal/],
      [
        'with a terminal for input only',
        await onTerminal('over', 'high-to-low\n', ' | cat'),
        /run this on a terminal/,
      ],
      ['with another name', await onTerminal('over', 'low-to-high\n'), /that is not its name/],
      ['with no name', await onTerminal('over', '\u0004'), /that is not its name/],
    ]
    for (const [what, said, why] of refusals) {
      if (!what.includes('input only')) t.equal(said.code, 1, what)
      t.match(said.out + said.err, why, what)
    }
    await unchanged('after four who may not')

    const opened = await onTerminal('it is over', 'high-to-low\n')
    t.match(opened, {
      code: 0,
      out: /is closed since .*: an incident, see log 7\r\n.*high-to-low: the gate is open; /,
    })
    await until(() => far.order.length > crossed + 400, 20_000, guard.said)
    await load.stop()
    await until(() => near.answers.size === load.sent(), 60_000, guard.said)
    t.equal(far.payloads.size, load.sent(), 'every stanza crossed')
    t.same(far.changed, [])
    for (let i = 1; i <= load.sent(); i++) {
      if (far.payloads.get(`0.${i}`) !== released(`n${i}`)) t.fail(`0.${i} is another stanza`)
    }
    t.match(await onTerminal('again', ''), { code: 0, out: /the gate is open since .*: it is over/ })
    t.comment(
      `${load.sent()} stanzas, ${far.order.length - far.payloads.size} came again under their numbers`,
    )
    near.producer.close()

    const records = gateRecords()
    const by = records[0]!['by']
    t.ok(records.length >= 6)
    for (const record of records.slice(0, -1))
      t.match(record, { state: 'closed', by, reason: 'an incident, see log 7' })
    t.match(records.at(-1), { state: 'open', by, reason: 'it is over', since: /Z$/ })
    t.same(verifyJournal(site.journal, []).problems, [])
  },
)

t.test('what cannot be told is a closed gate, until a person opens it', async (t) => {
  const far = receive(site)
  const guard = runGuard(site)
  const near = sendTo(site, 'high', 1_000_000)
  t.teardown(async () => {
    near.producer.close()
    far.close()
    await guard.stop()
  })
  // The numbers of the test before are known: a new generation begins.
  let count = 1
  const send = (text: string) =>
    near.producer.send({ generation: 1, count: count++ }, Buffer.from(benign(text)))
  await guard.ready()
  const file = gateFile(site.gate)
  const tampered: [string, () => void, RegExp][] = [
    ['garbage', () => writeFileSync(file, 'open'), /gate\.json is damaged/],
    ['no octet', () => writeFileSync(file, ''), /gate\.json is damaged/],
    ['no file', () => rmSync(file), /gate\.json is missing/],
    ['no directory', () => rmSync(site.gate, { recursive: true }), /gate\.json is missing/],
    [
      'one made anew',
      () => {
        rmSync(site.gate, { recursive: true, force: true })
        makeGate(site.gate)
      },
      /it was closed, and its file has been made anew/,
    ],
  ]
  for (const [what, tamper, why] of tampered) {
    tamper()
    await until(async () => why.test((await health(site)).text), 20_000, guard.said)
    t.match(
      await health(site),
      { status: 503, text: /^the gate is closed: .*: a person opens it with "sallyport guard open"\n$/ },
      what,
    )
    const before = far.order.length
    send(what)
    await delay(300)
    t.equal(far.order.length, before, `${what}: nothing leaves`)
  }
  const pids = guard.pids()
  process.kill(pids['release']!, 'SIGKILL')
  await until(() => guard.pids()['release'] !== pids['release'], 20_000, guard.said)
  await until(async () => /made anew since/.test((await health(site)).text), 20_000, guard.said)
  t.pass('the journal knows that it was closed, also behind a restart')
  t.match(await onTerminal('looked at', 'high-to-low\n'), { code: 0 })
  await until(() => far.payloads.size === tampered.length, 20_000, guard.said)
  t.same(
    [...far.payloads.keys()],
    tampered.map((_, i) => `1.${i + 1}`),
    'what was held goes on',
  )
  t.match(gateRecords().at(-1), { state: 'open', reason: 'looked at' })
})

t.test('closed while no guard runs, and a gate that is turned behind its back', async (t) => {
  t.match(await command('close', 'maintenance'), {
    code: 0,
    out: /no guard answers, and one that starts keeps it so/,
  })
  t.match(readGate(site.gate), { state: 'closed', reason: 'maintenance' })
  for (const [what, reason] of [
    ['no words', ''],
    ['two lines', 'a\nb'],
    ['an escape', 'a\u001b[2J'],
    ['what is not seen', 'a\u200bb'],
    ['too many', 'x'.repeat(201)],
  ] as const) {
    t.match(
      await command('close', reason),
      { code: 2, err: /--reason: one line of 1 to 200 printable characters/ },
      what,
    )
  }
  const guard = runGuard(site)
  await until(async () => (await health(site)).text.includes('maintenance'), 20_000, guard.said)
  t.match(await onTerminal('done', 'high-to-low\n'), { code: 0 })
  await guard.stop()
  t.match(await command('close', 'closed and opened'), { code: 0 })
  t.match(await onTerminal('in between', 'high-to-low\n'), {
    code: 0,
    out: /no guard answers, and one that starts goes by it/,
  })
  const far = receive(site)
  const again = runGuard(site)
  await again.ready()
  await again.stop()
  far.close()
})

t.test('a gate file fits exactly, or it is none', (t) => {
  const gate: Gate = {
    state: 'open',
    time: '2026-11-25T10:00:00Z',
    by: 'anna as root',
    reason: 'größer, 100 %',
  }
  const directory = join(site.directory, 'other-gate')
  makeGate(directory)
  t.match(readGate(directory), { state: 'new' })
  writeFileSync(join(directory, 'gate.json.part'), 'left by a crash')
  writeGate(directory, gate)
  t.match(readGate(directory), { ...gate, time: /^2/ })
  makeGate(directory)
  t.match(readGate(directory), { state: 'open' }, 'what is there is not made anew')
  const text = encodeGate(gate)
  const put = (octets: string | Uint8Array) => {
    writeFileSync(gateFile(directory), octets)
    return readGate(directory)
  }
  t.same(put(text), gate)
  const bad: [string, string | Uint8Array][] = [
    ['another state', text.replace('open', 'ajar')],
    ['a capital', text.replace('open', 'Open')],
    ['no time', text.replace('2026-11-25T10:00:00Z', 'yesterday')],
    ['another order', text.replace(/("state":"open"),("time":"[^"]*")/, '$2,$1')],
    ['a member more', text.replace('}', ',"x":""}')],
    ['a state twice', text.replace('{', '{"state":"closed",')],
    ['blanks', text.replace(':', ': ')],
    ['an escape', text.replace('anna', '\\u0061nna')],
    ['no LF', text.trimEnd()],
    ['more behind it', `${text}\n`],
    ['no reason', text.replace(/"reason":"[^"]*"/, '"reason":""')],
    ['a reason that is too long', text.replace(/"reason":"[^"]*"/, `"reason":"${'x'.repeat(201)}"`)],
    ['a file that is too long', text + ' '.repeat(10_000)],
    ['not UTF-8', Buffer.from(text.replace('ö', '\xff'), 'latin1')],
    ['a list', '[]\n'],
    ['null', 'null\n'],
  ]
  for (const [what, octets] of bad) t.match(put(octets), { problem: /is damaged$/ }, what)
  rmSync(gateFile(directory))
  symlinkSync('/dev/null', gateFile(directory))
  t.match(readGate(directory), { problem: /cannot be read \(ELOOP\)/, passing: false }, 'a link')
  t.end()
})

t.test('what a host has no more of for a while closes no gate', (t) => {
  const directory = join(site.directory, 'gate-without-descriptors')
  makeGate(directory)
  const file = join(import.meta.dirname, '..', '..', 'guard', 'common', 'gate.ts')
  const code = `
    import { closeSync, openSync } from 'node:fs'
    import { readGate } from ${JSON.stringify(file)}
    const taken = []
    try { for (;;) taken.push(openSync('/dev/null')) } catch {}
    const without = readGate(${JSON.stringify(directory)})
    closeSync(taken[0])
    console.log(JSON.stringify([without, readGate(${JSON.stringify(directory)})]))`
  const words = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', code]
  const [without, then] = JSON.parse(execFileSync('sh', words, { encoding: 'utf8' }))
  t.match(without, { problem: /cannot be read \(EMFILE\)$/, passing: true })
  t.match(then, { state: 'new' })
  t.end()
})
