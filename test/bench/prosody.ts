/**
 * Debian's Prosody as a subject, where it is installed: s2s in, to a component of its own (XEP-0114), so that what is measured
 * is its s2s and its routing, as an edge has them. Its limits are off.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../../packaging/demo/world.ts'
import { startDomain } from '../peer/domain.ts'
import { createSlicer } from '../peer/slice.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import type { Subject } from './drive.ts'
import { processFacts } from './facts.ts'
import type { Measured, Setting } from './setting.ts'

const PROSODY = '/usr/bin/prosody'
const SECRET = 'of-the-benchmark-only'
const STARTED_MS = 10_000

/** Whether there is a Prosody to stand beside. */
export const hasProsody = (): boolean => existsSync(PROSODY)

export async function prosodyS2s({ folder, sample }: Setting): Promise<Measured> {
  const ca = await makeCa('Bench')
  writeFileSync(join(folder, 'ca.crt'), ca.certificate)
  const server = writeCredentials(folder, 'server', await issue(ca, { dns: ['coalition.example'] }))
  const [s2sPort, componentPort, ownPort] = (await freePorts(3)) as [number, number, number]
  const data = join(folder, 'data')
  mkdirSync(data)
  const configuration = join(folder, 'prosody.cfg.lua')
  writeFileSync(
    configuration,
    `run_as_root = true
data_path = "${data}"
pidfile = "${join(data, 'prosody.pid')}"
modules_enabled = { "tls"; "saslauth" }
modules_disabled = { "dialback"; "limits" }
interfaces = { "127.0.0.1" }
c2s_ports = {}
s2s_ports = { ${s2sPort} }
component_interfaces = { "127.0.0.1" }
component_ports = { ${componentPort} }
s2s_require_encryption = true
s2s_secure_auth = true
ssl = { key = "${server.key}"; certificate = "${server.certificate}"; cafile = "${join(folder, 'ca.crt')}" }
log = { warn = "${join(folder, 'prosody.log')}" }
VirtualHost "localhost"
Component "coalition.example"
  component_secret = "${SECRET}"
`,
  )
  const child: ChildProcess = spawn(PROSODY, ['-F', '--config', configuration], { stdio: 'ignore' })
  let handler = (_: number) => {}
  const component = await joinComponent(componentPort, (count) => handler(count))
  const domain = await startDomain({
    domains: ['acme.example'],
    credentials: await issue(ca, { dns: ['acme.example'] }),
    ca: ca.certificate,
    route: () => ({ host: '127.0.0.1', port: s2sPort }),
    port: ownPort,
  })
  const link = await domain.stream('acme.example', 'coalition.example')
  const subject: Subject = {
    name: 'prosody',
    send: () => void link.write(sample.octets),
    onResults(next) {
      handler = next
    },
    processes: [{ name: 'prosody', pid: child.pid! }],
    async close() {
      component.destroy()
      await domain.close()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
  return { ...subject, facts: async () => processFacts(subject) }
}

/** Takes the place of the domain behind the server (XEP-0114 §3), and counts what comes. */
async function joinComponent(port: number, onStanza: (count: number) => void): Promise<Socket> {
  const until = performance.now() + STARTED_MS
  let socket: Socket | undefined
  while (socket === undefined) {
    const attempt = connect(port, '127.0.0.1')
    await Promise.race([once(attempt, 'connect'), once(attempt, 'error').catch(() => {})]).catch(() => {})
    if (attempt.readyState === 'open') socket = attempt
    else if (performance.now() > until) throw new Error('Prosody does not listen for its component')
    else await new Promise((resolve) => setTimeout(resolve, 100))
  }
  socket.on('error', () => {})
  socket.write(
    `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='coalition.example'>`,
  )
  let joined: () => void = () => {}
  const ready = new Promise<void>((resolve) => {
    joined = resolve
  })
  let isIn = false
  const open = socket
  let text = ''
  const slice = createSlicer({
    onHeader() {},
    onElement() {
      if (isIn) return onStanza(1)
      isIn = true
      joined()
    },
    onClose() {},
  })
  socket.on('data', (octets: Buffer) => {
    if (text !== 'known') {
      text += octets.toString('latin1')
      const id = /<stream:stream[^>]* id=['"]([^'"]+)['"]/.exec(text)?.[1]
      if (id !== undefined) {
        text = 'known'
        open.write(
          `<handshake>${createHash('sha1')
            .update(id + SECRET)
            .digest('hex')}</handshake>`,
        )
      }
    }
    slice(octets)
  })
  await ready
  return socket
}
