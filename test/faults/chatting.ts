/** A crossing with a server on either side, and labelled chat messages with a number between them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { writeLabel } from '../../packaging/demo/labels.ts'
import { copyRulesets, EXAMPLES, readSpif } from '../../packaging/demo/rulesets.ts'
import { type PeerDomain, startDomain } from '../peer/domain.ts'
import { compileProduct } from '../support/compile.ts'
import { type Crossing, startCrossing } from '../support/crossing.ts'

export type Chatting = Readonly<{
  crossing: Crossing
  domains: Readonly<{ near: PeerDomain; far: PeerDomain }>
  /** The message with this number. */
  out(n: number): string
  back(n: number): string
  log(name: string): string
}>

/** @param onOctets takes each stanza at a server. @param ports first of 14 ports. */
export async function startChatting(
  t: Test,
  ports: number,
  onOctets: (which: 'near' | 'far', octets: Buffer) => void,
): Promise<Chatting> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-edges-'))
  const side = (name: string, port: number) => ({
    name,
    domains: [`${name}.example`, `rooms.${name}.example`],
    listen: `127.0.0.1:${port}`,
    servers: { host: '127.0.0.1', port: port + 1 },
  })
  const sides = { near: side('acme', ports + 10), far: side('coalition', ports + 12) }
  const copied = copyRulesets(EXAMPLES, join(folder, 'rulesets'))
  let crossing: Crossing | undefined
  const domains: PeerDomain[] = []
  t.teardown(async () => {
    for (const domain of domains) await domain.close()
    await crossing?.close()
    if (t.passing()) rmSync(folder, { recursive: true, force: true })
    else t.comment(`logs are kept in ${folder}`)
  })
  crossing = await startCrossing({
    folder: join(folder, 'crossing'),
    ...sides,
    rulesets: { out: copied['acme-to-coalition'], back: copied['coalition-to-acme'] },
    ports,
    cli: compileProduct(),
  })
  const { pki, processes } = crossing
  for (const which of ['near', 'far'] as const) {
    const { certificate, key, ca } = pki[which]
    const port = Number(sides[which].listen.split(':')[1])
    domains.push(
      await startDomain({
        domains: sides[which].domains,
        credentials: { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') },
        ca: readFileSync(ca, 'utf8'),
        route: () => ({ host: '127.0.0.1', port }),
        port: sides[which].servers.port,
        onOctets: (octets) => onOctets(which, octets),
      }),
    )
  }
  const spif = (direction: keyof typeof copied, name: string) => readSpif(join(copied[direction], name))
  const label = {
    out: writeLabel(spif('acme-to-coalition', 'acme.spif.xml'), {
      form: 'ess-0258',
      classification: 'RESTRICTED',
      categories: [{ tagSet: 'Releasable To', values: ['ACME', 'HARBOUR'] }],
    }),
    back: writeLabel(spif('coalition-to-acme', 'harbour.spif.xml'), {
      form: '4774-0258',
      classification: 'UNCLASSIFIED',
    }),
  }
  return {
    crossing,
    domains: { near: domains[0]!, far: domains[1]! },
    out: (n) =>
      `<message from='alice@acme.example/a' to='bob@coalition.example/b' id='o${n}' type='chat'><body>n${n}</body>${label.out}</message>`,
    back: (n) =>
      `<message from='bob@coalition.example/b' to='alice@acme.example/a' id='b${n}' type='chat'><body>n${n}</body>${label.back}</message>`,
    log: (name) => readFileSync(processes.find((one) => one.name === name)!.log, 'utf8'),
  }
}
