/** One interoperation test: real servers on both sides, the crossing between them, real clients. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { PairForm } from '../../rules/bundle/bundle.ts'
import { ask, type Crossing } from '../support/crossing.ts'
import { login } from './account.ts'
import { catalogs } from './catalogs.ts'
import { failures } from './failures.ts'
import { GATE, openGate } from './gate.ts'
import { ADDRESS, closeNetwork, hasRoute, networkAvailable } from './network.ts'
import { edgeRestarts, serverRestart } from './restart.ts'
import { membership, room, topic, uncleared } from './room.ts'
import { largeRoster } from './roster.ts'
import {
  corrections,
  discovery,
  flood,
  logIn,
  messages,
  notices,
  presence,
  subscriptions,
} from './scenario.ts'
import type { Server, ServerFiles, Side } from './servers.ts'
import type { Users } from './stanzas.ts'

type StartServer = (side: Side, folder: string, files: ServerFiles) => Server

/** Other work on the machine must not fail a test. */
const PATIENT = { timeout: 400_000 } as const

const SALLYPORT = join(import.meta.dirname, '../../cli/sallyport.ts')

/** Runs the command on the host of the edges; gives all that it says. */
function sallyport(...words: string[]): string {
  const [command, ...prefix] = GATE
  const { stdout, stderr } = spawnSync(command, [...prefix, process.execPath, SALLYPORT, ...words], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  return stdout + stderr
}

/** Runs every scenario with these servers, with labels that leave as such pairs. Prints the versions, and how many stanzas each guard journalled. */
export async function interoperate(
  servers: Readonly<Record<Side, StartServer>>,
  pairs: PairForm,
): Promise<void> {
  const available = networkAvailable()
  if (available !== true) {
    t.test('interoperation', { skip: available }, () => {})
    return
  }
  t.setTimeout(540_000)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-interop-'))
  let crossing: Crossing | undefined
  let users: Users | undefined
  const running: Server[] = []
  t.teardown(async () => {
    for (const account of Object.values(users ?? {})) account.close()
    for (const server of running) server.stop()
    await crossing?.close()
    closeNetwork()
    if (t.passing()) rmSync(folder, { recursive: true, force: true })
    else t.comment(`logs are kept in ${folder}`)
  })

  await t.test(
    'three hosts, two edges, two guards, two servers and four clients are up',
    PATIENT,
    async (t) => {
      crossing = await openGate(folder, pairs, {
        cleared: true,
        edges: { limits: { acknowledgeSeconds: 5 } },
      })
      running.push(
        servers.high('high', folder, crossing.pki.near),
        servers.low('low', folder, crossing.pki.far),
      )
      users = await logIn(crossing.pki.near.ca, crossing.pki.far.ca)
      t.notOk(hasRoute('high', ADDRESS.low.server), 'the high server has no route to the low one')
      t.notOk(hasRoute('low', ADDRESS.high.server), 'the low server has no route to the high one')
    },
  )
  if (crossing === undefined || users === undefined) return
  const [{ processes, bundles: compiled }, people] = [crossing as Crossing, users as Users]
  t.comment(
    `high: ${running[0]!.name} ${running[0]!.version}, low: ${running[1]!.name} ${running[1]!.version}`,
  )

  const bundles = { high: compiled.out, low: compiled.back }
  await t.test('labelled messages both ways, refusals as errors', PATIENT, (t) =>
    messages(t, people, bundles),
  )
  await t.test('notices', PATIENT, (t) => notices(t, people))
  await t.test('receipts, chat states and corrections', PATIENT, (t) => corrections(t, people, bundles))
  await t.test('presence', PATIENT, (t) => presence(t, people))
  await t.test('subscriptions both ways', PATIENT, (t) => subscriptions(t, people))
  for (const side of ['low', 'high'] as const) {
    await t.test(`a room on the ${side} side`, PATIENT, (t) => room(t, side, people, bundles))
    await t.test(`who comes and goes in a room on the ${side} side`, PATIENT, (t) =>
      membership(t, side, people, bundles),
    )
    await t.test(`the subject of a room on the ${side} side`, PATIENT, (t) => topic(t, side, people, bundles))
    await t.test(`a guest who is not cleared for all in a room on the ${side} side`, PATIENT, (t) =>
      uncleared(t, side, people, bundles),
    )
  }
  await t.test('discovery', PATIENT, (t) => discovery(t, people))
  await t.test('catalogs', PATIENT, (t) => catalogs(t, people))
  await t.test('what cannot be delivered', PATIENT, (t) => failures(t, people, bundles))
  const { near, far } = crossing.pki
  await t.test('a large roster', PATIENT, (t) => {
    const { metrics } = processes.find(({ name }) => name === 'edge-far')!
    const arrived = () =>
      Number(
        /^sallyport_edge_stanzas_total\{direction="in"\} (\d+)/m.exec(
          ask(`${metrics}/metrics`, GATE).text,
        )?.[1],
      )
    return largeRoster(t, near.ca, arrived, people, bundles)
  })
  await t.test('many messages both ways at once', PATIENT, (t) => flood(t, people, bundles))
  // ejabberd says that it has what its users do not have yet, and bounces what they have: what is lost there is not the edge's.
  const restarts =
    running.every(({ name }) => name === 'Prosody') || process.env['SALLYPORT_INTEROP_FLOOD'] !== undefined
  if (restarts) await restarted()
  else t.comment('with ejabberd nothing is restarted but in the long form (SALLYPORT_INTEROP_FLOOD)')

  /** Both edges, then the low server, are ended in mid-traffic and started again. */
  async function restarted(): Promise<void> {
    await t.test('both edges are killed in mid-traffic', PATIENT, (t) => {
      const asks = (server: Server) => server.name === 'Prosody'
      const { killAndStart } = crossing as Crossing
      return edgeRestarts(t, people, bundles, killAndStart, {
        high: asks(running[0]!),
        low: asks(running[1]!),
      })
    })
    await t.test('the low server is restarted in mid-traffic', PATIENT, async (t) => {
      const old = running[1]!
      const bob = await serverRestart(t, people, bundles, old.name === 'Prosody', async () => {
        const gone = once(old.process, 'exit')
        old.stop()
        await gone
        people.bob.close()
        people.bill.close()
        running[1] = servers.low('low', folder, far)
        const bob = await login('low', 'bob', far.ca)
        bob.send('<presence/>')
        return bob
      })
      users = { ...people, bob }
    })
  }
  await t.test('the guards refused nothing: the edges know the rules', PATIENT, async (t) => {
    for (const one of processes.filter((p) => p.name.startsWith('guard'))) {
      const { text } = ask(`${one.metrics}/metrics`, GATE)
      const counts = text
        .split('\n')
        .filter((line) => /^sallyport_guard_(accepted|refused|disagreements)_total/.test(line))
      for (const line of counts.filter((line) => !/ 0$/.test(line))) t.comment(`${one.name}: ${line}`)
      t.ok(counts.length > 0, `${one.name} counts its verdicts`)
      const refused = counts.filter((line) => /refused|disagree/.test(line) && !/ 0$/.test(line))
      t.same(refused, [], `${one.name} refused nothing`)
    }
  })
  await t.test('the operator sees the servers, and what the edges put on record', PATIENT, async (t) => {
    for (const [which, server] of [
      ['near', running[0]!],
      ['far', running[1]!],
    ] as const) {
      const file = join(folder, 'crossing', `edge-${which}.yaml`)
      const check = sallyport('edge', 'check', '--config', file)
      t.match(check, /runs: its ports and guards were left out/, `${server.name} offers what an edge needs`)
      t.notMatch(check, /server of/, check)
      const sessions = sallyport('edge', 'sessions', '--config', file)
      for (const direction of ['inbound', 'outbound'])
        t.match(sessions, new RegExp(`^s2s ${direction} .*: open, session`, 'm'), sessions)
      const records = join(folder, 'crossing', `state-${which}`, 'records')
      t.match(sallyport('journal', 'verify', records), /^sound: /m)
      for (const name of readdirSync(records))
        t.notMatch(readFileSync(join(records, name), 'utf8'), /mapped out|must stay|from the guest/, name)
    }
  })
  await t.test('the logs hold no message body', PATIENT, async (t) => {
    for (const one of processes) {
      t.notMatch(readFileSync(one.log, 'utf8'), /mapped out|must stay|from the guest/, one.name)
    }
  })
}
