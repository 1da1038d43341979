/** A relay that guards nothing as a subject: TLS in, TLS out, octets as they come. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { createSlicer } from '../peer/slice.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import type { Subject } from './drive.ts'
import { processFacts } from './facts.ts'
import type { Measured, Setting } from './setting.ts'

/** The yardstick: the same load through one process that takes TLS off and puts TLS on. */
export async function plainRelay({ folder, sample }: Setting): Promise<Measured> {
  const ca = await makeCa('Bench')
  const issued = await issue(ca, { dns: ['relay.example'] })
  const paths = writeCredentials(folder, 'relay', issued)
  writeFileSync(join(folder, 'ca.crt'), ca.certificate)
  const tls = {
    cert: issued.certificate,
    key: issued.key,
    ca: ca.certificate,
    minVersion: 'TLSv1.3' as const,
  }

  let handler = (_: number) => {}
  const sink = createServer({ ...tls, requestCert: true }, (socket) => {
    const slice = createSlicer({ onHeader() {}, onElement: () => handler(1), onClose() {} })
    socket.on('data', slice)
  })
  sink.listen(0, '127.0.0.1')
  await once(sink, 'listening')
  const child: ChildProcess = spawn(
    process.execPath,
    [
      join(import.meta.dirname, 'relay.ts'),
      ...[paths.certificate, paths.key, join(folder, 'ca.crt'), String((sink.address() as AddressInfo).port)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  const socket = connect({ ...tls, host: '127.0.0.1', port: Number(line), servername: 'relay.example' })
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  socket.write('<stream>')
  let corked = false
  const subject: Subject = {
    name: 'relay',
    send() {
      if (!corked) {
        corked = true
        socket.cork()
        setImmediate(() => {
          corked = false
          socket.uncork()
        })
      }
      socket.write(sample.octets)
    },
    onResults(next) {
      handler = next
    },
    processes: [{ name: 'relay', pid: child.pid! }],
    async close() {
      socket.destroy()
      sink.close()
      child.kill()
      await once(child, 'exit')
    },
  }
  return { ...subject, facts: async () => processFacts(subject) }
}
