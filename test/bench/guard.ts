/** One guard direction as a subject: a producer and a consumer of GCXP around it, both in this process. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connectProducer, nextNumber, readCredentials } from '../../guard/gcxp/index.ts'
import { startProgram } from '../../packaging/demo/process.ts'
import { freePorts, untilReady } from '../../packaging/demo/world.ts'
import { issue, makeCa, writeCredentials } from '../pki/pki.ts'
import { takeFrames } from './consumer.ts'
import type { Subject } from './drive.ts'
import { journalFacts, processFacts, stagesOf } from './facts.ts'
import { type Measured, ROOT, type Setting } from './setting.ts'

/** (c): one direction from GCXP socket to GCXP socket, durable journal included. */
export async function guardDirection({ folder, bundle, sample, jit, journals }: Setting): Promise<Measured> {
  const ca = await makeCa('Bench')
  const trusted = join(folder, 'ca.crt')
  writeFileSync(trusted, ca.certificate)
  const files = async (name: string) => ({
    ...writeCredentials(folder, name, await issue(ca, { dns: [`${name}.example`] })),
    ca: trusted,
  })
  const [edge, guard] = await Promise.all([files('edge'), files('guard')])
  const credentials = readCredentials(edge, Date.now())
  if ('problem' in credentials) throw new Error(credentials.problem)

  let handler = (_: number) => {}
  const { port, consumer } = await takeFrames('guard.example', credentials, () => handler(1))
  const [intakePort, metricsPort] = (await freePorts(2)) as [number, number]
  const journal = mkdtempSync(join(journals ?? folder, 'journal-'))
  writeFileSync(join(folder, 'digest-key'), `${randomBytes(32).toString('hex')}\n`)
  const configuration = join(folder, 'guard.yaml')
  const config = {
    name: 'bench',
    bundle,
    intake: { listen: `127.0.0.1:${intakePort}`, peer: 'edge.example', ...guard },
    release: { connect: `127.0.0.1:${port}`, peer: 'edge.example', ...guard },
    journal: { directory: journal, key: join(folder, 'digest-key') },
    gate: join(folder, 'gate'),
    metrics: { listen: `127.0.0.1:${metricsPort}` },
    jit,
  }
  writeFileSync(configuration, JSON.stringify(config))
  const program = startProgram(
    'guard',
    [join(ROOT, 'cli/sallyport.ts'), 'guard', 'run', '--config', configuration],
    join(folder, 'log'),
  )
  const metrics = `http://127.0.0.1:${metricsPort}`

  const waiting: number[] = []
  let number = { generation: 1, count: 0 }
  const producer = connectProducer({
    host: '127.0.0.1',
    port: intakePort,
    peer: 'guard.example',
    credentials,
    onAnswer(_number, accepted) {
      if (!accepted) throw new Error('the guard refused the stanza of the benchmark')
    },
    onRoom: () => pump(),
  })
  let room = true
  const pump = () => {
    room = true
    while (room && waiting.length > 0) {
      waiting.pop()
      number = nextNumber(number)
      room = producer.send(number, sample.framed(number))
    }
  }
  await untilReady({ program, metrics })
  while (!producer.connected()) await new Promise((resolve) => setTimeout(resolve, 20))
  const subject: Subject = {
    name: 'guard',
    send(sequence) {
      waiting.push(sequence)
      if (room) pump()
    },
    onResults(next) {
      handler = next
    },
    processes: stagesOf(program.pid),
    async close() {
      producer.close()
      consumer.close()
      await program.stop()
      rmSync(journal, { recursive: true })
    },
  }
  return { ...subject, facts: async () => [...processFacts(subject), await journalFacts(journal, metrics)] }
}
