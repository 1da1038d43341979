import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { loadGuardConfig } from '../../cli/guard-config.ts'
import { createSeal } from '../../guard/common/seal.ts'
import { contentName, fileOctets, listSegments } from '../../guard/journal/files.ts'
import { readPlace } from '../../guard/journal/kept.ts'
import { verifyJournal } from '../../guard/journal/verify.ts'
import { benign, unlabelled } from '../guard/bundle.ts'
import { makeSite, receive, runGuard, sendTo, until } from '../guard/harness.ts'
import { configOf } from '../guard/stage.ts'
import { at, makePair, runJournal } from './make.ts'

const CLI = join(import.meta.dirname, '..', '..', 'cli', 'sallyport.ts')

function sallyport(...args: string[]) {
  const { NODE_OPTIONS: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'journal', ...args], {
    encoding: 'utf8',
    env,
  })
  return { status, stdout, stderr }
}

const verdicts = (directory: string) =>
  listSegments(directory)
    .flatMap(({ name }) => readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1))
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === 'verdict')

for (const content of ['none', 'refused', 'all'] as const) {
  t.test(`a whole guard that keeps ${content}: sealed, and no word of it anywhere`, async (t) => {
    const site = await makeSite()
    const far = receive(site)
    const key = makePair(site.directory, 'content', 'x25519')
    const settings = content === 'none' ? '' : `, content: ${content}, content-key: content.pub`
    writeFileSync(
      site.config,
      readFileSync(site.config, 'utf8').replace('key: digest.key }', `key: digest.key${settings} }`),
    )
    const guard = runGuard(site)
    t.teardown(async () => {
      if (guard.process.exitCode === null) await guard.stop()
      far.close()
      site.remove()
    })
    await guard.ready()
    const near = sendTo(site)
    const stanzas = [
      benign('a quiet word'),
      unlabelled('a loud word'),
      '\x1b[2J no stanza',
      benign('last word'),
    ]
    for (const stanza of stanzas) await near.send(stanza)
    await until(() => near.answers.size === stanzas.length)
    // What comes again is another verdict, with a content of its own.
    near.producer.close()
    const again = sendTo(site)
    again.producer.send(at(4), Buffer.from(unlabelled('another word')))
    await until(() => again.answers.size === 1)
    again.producer.close()
    far.close()
    t.equal(await guard.stop(), 0)

    const found = verdicts(site.journal)
    t.same(
      found.map((record) => 'content' in record),
      {
        none: [false, false, false, false, false],
        refused: [false, true, true, false, true],
        all: [true, true, true, true, true],
      }[content],
      content,
    )
    t.same(verifyJournal(site.journal, []).problems, [])
    const kept = readdirSync(site.journal)
    t.equal(kept.includes(contentName(1)), content !== 'none')
    for (const name of kept)
      t.notMatch(readFileSync(join(site.journal, name), 'latin1'), / word|no stanza/, name)
    t.notMatch(guard.said(), / word|no stanza/, 'nor in a log')

    const open = (...args: string[]) => sallyport('open', site.journal, ...args)
    if (content === 'none') {
      t.match(open('0.2', '--key', key.file), {
        status: 1,
        stdout: '',
        stderr: /^0\.2: no content of it is kept: /,
      })
    } else {
      t.match(open('0.2', '--key', key.file), {
        status: 0,
        stdout: `${unlabelled('a loud word')}\n`,
        stderr: '',
      })
      t.match(open('0.3', '--key', key.file), { status: 0, stdout: '?[2J no stanza\n' })
      const file = join(site.directory, 'opened')
      t.match(open('0.3', '--key', key.file, '-o', file), { status: 0, stdout: '' })
      t.equal(readFileSync(file, 'latin1'), stanzas[2])
      t.match(open('0.3', '--key', key.file, '-o', file), { status: 2, stderr: /EEXIST/ })
      t.match(open('0.4', '--key', key.file), { status: 0, stdout: `${unlabelled('another word')}\n` })
    }
    if (content === 'all') {
      const { seq } = found[3]
      t.match(open('0.4', '--key', key.file), {
        stderr: `note: this is record ${found[4].seq}; 0.4 is in ${seq} too (--record)\n`,
      })
      t.match(open('0.4', '--key', key.file, '--record', `${seq}`), { status: 0, stdout: `${stanzas[3]}\n` })
      const other = makePair(site.directory, 'other', 'x25519')
      t.match(open('0.2', '--key', other.file), {
        status: 1,
        stderr: /other does not open it: it was sealed for another key/,
      })
      t.match(open('0.2', '--key', key.publicFile), {
        status: 2,
        stderr: /is not an X25519 private key in PEM/,
      })
      t.match(open('0.9', '--key', key.file), { status: 1, stderr: /^0\.9: no content of it is kept/ })
      t.match(open('9', '--key', key.file), { status: 2, stderr: /write generation\.count/ })
      t.match(open('0.2'), { status: 2, stderr: /--key FILE is missing/ })

      // Changed, exchanged, cut off, taken away.
      const path = join(site.journal, contentName(1))
      const octets = readFileSync(path)
      const flipped = Buffer.from(octets)
      flipped[found[1].content.offset + 100]! ^= 1
      for (const [what, wrong] of [
        ['changed', flipped],
        ['cut off', octets.subarray(0, 20)],
        ['exchanged', Buffer.concat([octets.subarray(found[1].content.offset), octets])],
      ] as const) {
        writeFileSync(path, wrong)
        t.match(
          verifyJournal(site.journal, []).problems,
          [/^record [0-9]+ has other content in content-0000000000000001\.sealed/],
          what,
        )
        t.match(
          open('0.2', '--key', key.file),
          {
            status: 1,
            stdout: '',
            stderr: /its content is not what it names: run "sallyport journal verify"/,
          },
          what,
        )
      }
      rmSync(path)
      t.match(verifyJournal(site.journal, []).problems, [
        /^record 4 has its content in .*, which cannot be read \(ENOENT\)/,
      ])
      t.match(open('0.2', '--key', key.file), { status: 2, stderr: /sealed: cannot be read \(ENOENT\)/ })
    }
  })
}

t.test('no record leads out of the directory, or to more than a content is', (t) => {
  const place = { file: contentName(1), offset: 0, octets: 200, sha256: '0'.repeat(64) }
  t.same(readPlace(place, 1), place)
  for (const wrong of [
    undefined,
    null,
    'x',
    { ...place, file: '../../etc/passwd' },
    { ...place, file: contentName(2) },
    { ...place, offset: -1 },
    { ...place, offset: 0.5 },
    { ...place, octets: 5 },
    { ...place, octets: 2 ** 40 },
    { ...place, octets: '200' },
    { ...place, sha256: 7 },
  ]) {
    t.equal(readPlace(wrong, 1), undefined, JSON.stringify(wrong))
  }
  t.end()
})

t.test('the journal matches contents with verdicts', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = await configOf(site)
  const key = makePair(site.directory, 'content', 'x25519')
  const settings = { content: 'all', 'content-key': key.publicFile } as const
  const seal = createSeal(key.publicKey)
  const content = (count: number, text = `words ${count}`) => seal(at(count), Buffer.from(text))

  t.test('whichever comes first', async (t) => {
    const journal = await runJournal(t, config, settings)
    journal.content(at(1), content(1))
    journal.verdict(at(1))
    await journal.waitDurable(1)
    t.equal(fileOctets(join(site.journal, contentName(1))), content(1).length)
    journal.verdict(at(2), 'refused')
    journal.confirmed(at(1))
    await delay(200)
    t.equal(journal.durable(), 1, 'no verdict without its content')
    journal.content(at(2), content(2))
    await journal.waitDurable(3)
    for (let i = 3; i <= 500; i++) journal.content(at(i), content(i))
    for (let i = 3; i <= 500; i++) journal.verdict(at(i))
    await journal.waitDurable(501)
    t.equal(await journal.stop(), 0)
    t.same(verifyJournal(site.journal, []).problems, [])
    t.equal(verdicts(site.journal).filter((record) => 'content' in record).length, 500)
  })

  t.test('goes on behind what a crash left, and with each segment in a file of its own', async (t) => {
    writeFileSync(join(site.journal, contentName(1)), 'half a conte', { flag: 'a' })
    const journal = await runJournal(t, config, { ...settings, 'segment-megabytes': 1 })
    const from = `${'a'.repeat(2000)}@high.example`
    for (let i = 501; i <= 1500; i++) {
      journal.content(at(i), content(i))
      journal.verdict(at(i), 'released', { from })
    }
    await journal.waitDurable(1000)
    t.equal(await journal.stop(), 0)
    const segments = listSegments(site.journal)
    t.ok(segments.length >= 2)
    for (const { first } of segments) t.ok(fileOctets(join(site.journal, contentName(first))) > 0)
    t.same(verifyJournal(site.journal, []).problems, [])
    t.match(sallyport('open', site.journal, '0.1500', '--key', key.file), {
      status: 0,
      stdout: 'words 1500\n',
    })
    t.match(sallyport('open', site.journal, '0.2', '--key', key.file), { status: 0, stdout: 'words 2\n' })
  })

  t.test('holds no more than it must, and waits in no circle', async (t) => {
    const journal = await runJournal(t, config, settings)
    const big = seal(at(1), Buffer.alloc(16_000, 'x'))
    let offered = 0
    let stopped = false
    for (let i = 2001; i <= 4000 && !stopped; i++, offered++) {
      journal.content(at(i), big)
      const pipe = journal.stage.to(6)
      if (!pipe.writableNeedDrain) continue
      const drained = new Promise<false>((resolve) => pipe.once('drain', () => resolve(false)))
      stopped = await Promise.race([drained, delay(1000, true)])
    }
    t.ok(stopped, 'contents are not read any more')
    t.ok(offered > 1000 && offered < 1300, `after ${offered} of 16 kB`)
    for (let i = 2001; i <= 2000 + offered; i++) journal.verdict(at(i), 'refused')
    await journal.waitDurable(offered)
    t.pass('and are when verdicts came')
    t.equal(await journal.stop(), 0)
  })

  t.test('a content that cannot be written keeps its verdict from being told', async (t) => {
    const journal = await runJournal(t, config, settings)
    const before = verdicts(site.journal).length
    // The limit on the size of files stands for a full disk: the segment has room below it, the contents have none.
    const limit = fileOctets(join(site.journal, contentName(listSegments(site.journal).at(-1)!.first)))
    execFileSync('prlimit', ['--pid', `${journal.stage.process.pid}`, `--fsize=${limit}`])
    journal.content(at(4500), content(4500))
    journal.verdict(at(4500))
    t.equal(await journal.stage.exit, 1)
    t.match(journal.stage.said(), /cannot be written \(EFBIG\): make room/)
    t.equal(journal.durable(), 0)
    t.equal(verdicts(site.journal).length, before)
  })

  t.test('whatever does not fit ends the stage', async (t) => {
    const faults: [
      string,
      'none' | 'all',
      (journal: Awaited<ReturnType<typeof runJournal>>) => void,
      RegExp,
    ][] = [
      [
        'another number',
        'all',
        (j) => {
          j.content(at(5002), content(5002))
          j.verdict(at(5001))
        },
        /contents: that of 0\.5001 is not the next one/,
      ],
      [
        'too short',
        'all',
        (j) => j.content(at(5001), Buffer.alloc(20)),
        /contents: a content does not fit its format/,
      ],
      [
        'too long',
        'all',
        (j) => j.content(at(5001), Buffer.alloc(20_000)),
        /contents: a frame of 20008 octets/,
      ],
      [
        'one where none is to be kept',
        'none',
        (j) => j.content(at(5001), content(5001)),
        /contents: one came, and none is to be kept/,
      ],
      ['the end of intake', 'all', (j) => j.stage.to(6).end(), /contents \(descriptor 6\) ended/],
      [
        'the end of intake, where none is kept',
        'none',
        (j) => j.stage.to(6).end(),
        /contents \(descriptor 6\) ended/,
      ],
    ]
    const before = verdicts(site.journal).length
    for (const [what, keeping, cause, message] of faults) {
      const journal = await runJournal(t, config, keeping === 'none' ? {} : settings)
      cause(journal)
      t.equal(await journal.stage.exit, 1, what)
      t.match(journal.stage.said(), message, what)
    }
    t.equal(verdicts(site.journal).length, before, 'and nothing is on record')
    t.same(verifyJournal(site.journal, []).problems, [])
  })
})

t.test('a content key that is none is refused before anything starts', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const good = readFileSync(site.config, 'utf8')
  makePair(site.directory, 'content', 'x25519')
  makePair(site.directory, 'signing', 'ed25519')
  const said = async (settings: string) => {
    writeFileSync(site.config, good.replace('key: digest.key }', `key: digest.key, ${settings} }`))
    const config = await loadGuardConfig(site.config, Date.now())
    return 'problems' in config ? config.problems : []
  }
  for (const [settings, message] of [
    [
      'content: all',
      /guard\.yaml:15:[0-9]+: "all" needs content-key: the public key for which content is sealed/,
    ],
    ['content: some', /"some" is not none, refused or all/],
    [
      'content: all, content-key: content',
      /content is not an X25519 public key in PEM: make one with "sallyport journal content-key FILE" and give FILE\.pub/,
    ],
    ['content: all, content-key: signing.pub', /signing\.pub is not an X25519 public key/],
    ['content-key: nowhere', /nowhere cannot be read \(ENOENT\)/],
    ['signing-key: signing.pub', /signing\.pub is not an Ed25519 private key/],
    ['signing-key: journal.key', /journal\.key begins with the name of the journal directory/],
    ['keep: { days: 0 }', /0 is not a whole number from 1 to 36500/],
    ['keep: { years: 1 }', /unknown key "years" in what is kept at least/],
    ['segment-megabytes: 0.5', /is not a whole number from 1 to 1024/],
    ['warn-free-megabytes: -1', /is not a whole number from 0/],
  ] as const) {
    t.match(await said(settings), [message], settings)
  }
  const all =
    'signing-key: signing, keep: { days: 30, megabytes: 1000 }, content: refused, content-key: content.pub'
  t.same(await said(all), [])
})
