import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import t from 'tap'
import { prepareGuard, stageUser } from '../../guard/launcher/prepare.ts'
import { PIPES, STAGES } from '../../guard/launcher/stages.ts'
import { benign, released } from '../guard/bundle.ts'
import { health, makeSite, receive, sendTo, until } from '../guard/harness.ts'
import { configOf } from '../guard/stage.ts'

const UNITS = join(import.meta.dirname, '..', '..', 'systemd')
const text = (name: string) => readFileSync(join(UNITS, name), 'utf8')
const hasAnalyze = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' })

t.setTimeout(110_000)

const noSysusers =
  spawnSync('systemd-sysusers', ['--version']).status === 0 ? false : 'systemd-sysusers is not installed here'
const notRoot = process.getuid?.() === 0 ? false : 'only root can give files to users'

/** A root with the units, and with empty files where they name programs. */
function makeRoot(): string {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-root-'))
  const put = (from: string, folder: string) => {
    mkdirSync(join(root, folder), { recursive: true })
    copyFileSync(from, join(root, folder, basename(from)))
  }
  for (const name of globSync('*.{service,target}', { cwd: UNITS }))
    put(join(UNITS, name), 'etc/systemd/system')
  for (const name of globSync('/usr/lib/systemd/system/*.target')) put(name, 'usr/lib/systemd/system')
  for (const program of [
    'usr/lib/sallyport/node',
    'bin/sh',
    'bin/sleep',
    'bin/systemctl',
    'usr/bin/systemd-sysusers',
  ]) {
    mkdirSync(join(root, program, '..'), { recursive: true })
    writeFileSync(join(root, program), '#!/bin/sh\n')
    chmodSync(join(root, program), 0o755)
  }
  return root
}

const skip = hasAnalyze.status === 0 ? false : 'systemd-analyze is not installed here'

t.test('systemd takes the units as they are, and finds little exposed', { skip }, (t) => {
  const root = makeRoot()
  t.comment(hasAnalyze.stdout.split('\n')[0] ?? '')
  const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' })
  const verified = analyze(`--root=${root}`, 'verify', 'sallyport-guard@x.target', 'sallyport-edge.service')
  t.equal(verified.stdout + verified.stderr, '')
  t.equal(verified.status, 0)
  const most: Record<string, number> = {
    'sallyport-inspect@x': 0.2,
    'sallyport-verify@x': 0.2,
    'sallyport-journal@x': 0.2,
    'sallyport-intake@x': 1,
    'sallyport-release@x': 1,
    'sallyport-metrics@x': 1,
    'sallyport-edge': 1,
    'sallyport-export@x': 1,
    'sallyport-witness': 1,
    'sallyport-guard-prepare@x': 2,
    'sallyport-guard-restart@x': 1,
    'sallyport-guard-users@x': 2,
  }
  for (const [unit, limit] of Object.entries(most)) {
    const one = analyze(`--root=${root}`, 'verify', `${unit}.service`)
    t.equal(one.stdout + one.stderr, '', `${unit}: verified`)
    const { stdout } = analyze(
      'security',
      '--offline=true',
      `--root=${root}`,
      '--no-pager',
      `${unit}.service`,
    )
    const exposure = Number(/exposure level for .*: ([0-9.]+)/.exec(stdout)?.[1] ?? Number.NaN)
    t.comment(`exposure of ${unit}: ${exposure}`)
    t.ok(exposure <= limit, `${unit}: ${exposure}, at most ${limit}`)
  }
  rmSync(root, { recursive: true })
  t.end()
})

t.test('a wrong unit would be found', { skip }, (t) => {
  const root = makeRoot()
  const unit = join(root, 'etc/systemd/system/sallyport-verify@.service')
  writeFileSync(unit, readFileSync(unit, 'utf8').replace('ProtectClock=yes', 'ProtectClok=yes'))
  const { stdout, stderr } = spawnSync(
    'systemd-analyze',
    [`--root=${root}`, 'verify', 'sallyport-verify@x.service'],
    { encoding: 'utf8' },
  )
  t.match(stdout + stderr, /ProtectClok/)
  rmSync(root, { recursive: true })
  t.end()
})

t.test('the units of the stages differ only where they must', (t) => {
  const lines = (stage: string) =>
    text(`sallyport-${stage}@.service`)
      .replace('StandardError=journal\n', '')
      .replace(' /usr/bin/flock\n', '\n')
      .replace('UMask=0027', stage === 'journal' ? 'UMask=0077' : '$&')
      .replaceAll(stage, 'STAGE')
      .split('\n')
      .filter(
        (line) =>
          line !== '' &&
          !line.startsWith('#') &&
          !/^(Description|MemoryMax|LimitNOFILE|ReadWritePaths)=/.test(line),
      )
  const core = lines('inspect')
  t.ok(core.includes('PrivateNetwork=yes') && core.includes('RestrictAddressFamilies=none'))
  t.ok(
    core.includes('MemoryDenyWriteExecute=yes') &&
      core.includes('User=sp-STAGE-%i') &&
      core.includes('Group=sp-STAGE-%i'),
  )
  t.same(lines('verify'), core)
  t.same(lines('journal'), core)
  const network = /^(PrivateNetwork|RestrictAddressFamilies|IPAddress|SocketBind)/
  const rest = core.filter((line) => !network.test(line))
  for (const stage of ['intake', 'release', 'metrics']) {
    t.same(
      lines(stage).filter((line) => !network.test(line)),
      rest,
      stage,
    )
    t.ok(lines(stage).includes('IPAddressDeny=any'), `${stage}: addresses are listed`)
  }
  for (const stage of STAGES) {
    const user = stageUser(stage, '%i')
    t.match(text(`sallyport-${stage}@.service`), new RegExp(`^User=${user}\nGroup=${user}$`, 'm'))
    t.match(text('sallyport-guard-users@.service'), new RegExp(`"u ${user} - `))
  }
  t.match(
    text('sallyport-guard@.target'),
    /^Wants=.*sallyport-inspect@%i\.service.*sallyport-intake@%i\.service$/m,
  )
  t.end()
})

t.test('the start files start a guard, in whatever order, again and again', async (t) => {
  const site = await makeSite()
  const far = receive(site)
  const config = await configOf(site)
  const directory = join(site.directory, 'run')
  const near = sendTo(site)
  t.teardown(() => {
    near.producer.close()
    far.close()
    site.remove()
  })
  for (let round = 1; round <= 3; round++) {
    prepareGuard({ config, directory })
    const order = STAGES.toSorted(() => Math.random() - 0.5)
    const stages: ChildProcess[] = order.map((stage) =>
      spawn('sh', [join(directory, `${stage}.sh`)], { stdio: ['ignore', 'ignore', 'pipe'] }),
    )
    const said: string[] = []
    for (const stage of stages)
      stage.stderr?.setEncoding('utf8').on('data', (line: string) => said.push(line))
    await until(
      () => health(site).then(({ status }) => status === 200),
      20_000,
      () => `${order}\n${said.join('')}`,
    )
    await near.send(benign(`round ${round}`))
    await until(() => near.answers.get(`0.${round}`) === true)
    t.equal(far.payloads.get(`0.${round}`), released(`round ${round}`), `started as ${order.join(', ')}`)
    const ended = stages.map((stage) => once(stage, 'exit'))
    stages[Math.floor(Math.random() * stages.length)]!.kill('SIGKILL')
    await Promise.all(ended)
    t.pass('with one stage all end')
  }
})

t.test('each pipe is for one writer and one reader', async (t) => {
  const site = await makeSite()
  t.teardown(site.remove)
  const config = await configOf(site)
  const directory = join(site.directory, 'run')
  prepareGuard({ config, directory })
  for (const stage of STAGES) {
    const script = readFileSync(join(directory, `${stage}.sh`), 'utf8')
    const opens = [...script.matchAll(/^exec ([0-9]+)([<>])\S*\/([a-z]+-[a-z]+)$/gm)].map(
      ([, fd, way, pipe]) => `${fd}${way}${pipe}`,
    )
    const own = PIPES.flatMap(({ name, writer, reader }) => [
      ...(writer.stage === stage ? [`${writer.fd}>${name}`] : []),
      ...(reader.stage === stage ? [`${reader.fd}<${name}`] : []),
    ])
    t.same(opens, own, `${stage}: in the order of the table`)
    t.match(script, /exec env -i/)
  }
  if (process.getuid?.() === 0) {
    t.throws(
      () => prepareGuard({ config, directory, userOf: (stage) => stageUser(stage, 'nowhere') }),
      /make the users/,
    )
  }
})

t.test('the users of two directions are made, and are fourteen', { skip: noSysusers }, (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-users-'))
  t.teardown(() => rmSync(root, { recursive: true }))
  mkdirSync(join(root, 'etc'))
  const command = /^ExecStart=\S+ --inline((?:[^\n]*\\\n)*[^\n]*)$/m.exec(
    text('sallyport-guard-users@.service'),
  )![1]!
  const lines = [...command.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, line]) => line!.replaceAll('\\"', '"'))
  for (const direction of ['high-to-low', 'a-name-of-twenty-abc']) {
    const own = lines.map((line) => line.replaceAll('%i', direction))
    const made = spawnSync('systemd-sysusers', [`--root=${root}`, '--inline', ...own], { encoding: 'utf8' })
    t.equal(made.status, 0, made.stderr)
  }
  const users = readFileSync(join(root, 'etc', 'passwd'), 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name]) => name!.startsWith('sp-'))
  t.same(
    users.map(([name]) => name).sort(),
    ['high-to-low', 'a-name-of-twenty-abc']
      .flatMap((direction) => [
        ...STAGES.map((stage) => stageUser(stage, direction)),
        `sp-export-${direction}`,
      ])
      .sort(),
  )
  t.equal(new Set(users.map(([, , uid]) => uid)).size, 14)
  t.end()
})

t.test('a stage can do nothing to another direction', { skip: notRoot }, async (t) => {
  const uids = (base: number) => (stage: (typeof STAGES)[number]) => `${base + STAGES.indexOf(stage)}`
  const directions = [uids(61_100), uids(61_200)] as const
  const pipes: string[] = []
  const files: string[] = []
  for (const userOf of directions) {
    const site = await makeSite()
    t.teardown(site.remove)
    chmodSync(site.directory, 0o711)
    const directory = join(site.directory, 'run')
    mkdirSync(directory, { mode: 0o711 })
    chmodSync(directory, 0o711)
    prepareGuard({ config: await configOf(site), directory, userOf })
    pipes.push(...PIPES.map(({ name }) => join(directory, 'pipes', name)))
    files.push(...STAGES.map((stage) => join(directory, `${stage}.sh`)))
  }
  const asked = [...pipes, ...files]
  const script =
    'for f; do test -r "$f" && printf r; test -w "$f" && printf w; echo; done; kill -0 "$VICTIM" 2>&- && echo kill'
  for (const [which, userOf] of directions.entries()) {
    for (const stage of STAGES) {
      const victim = spawn('sleep', ['60'], { uid: Number(directions[1 - which]!(stage)) })
      const uid = Number(userOf(stage))
      const { stdout } = spawnSync(
        'setpriv',
        [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'sh', '-c', script, 'sh', ...asked],
        {
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], VICTIM: String(victim.pid) },
        },
      )
      victim.kill()
      const expected = directions.flatMap((_, other) =>
        PIPES.map(({ writer, reader }) =>
          other !== which ? '' : writer.stage === stage ? 'w' : reader.stage === stage ? 'r' : '',
        ),
      )
      const startFiles = directions.flatMap((_, other) =>
        STAGES.map((one) => (other === which && one === stage ? 'r' : '')),
      )
      t.same(stdout, `${[...expected, ...startFiles].join('\n')}\n`, `${stage} of direction ${which + 1}`)
    }
  }
})
