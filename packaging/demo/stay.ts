/** The demo after the demo: whoever sits at the terminal joins the conversation, by hand or with a server of their own. */
import { createInterface } from 'node:readline'
import { dim, heading, say, visible } from './print.ts'
import type { Side, World } from './world.ts'

/** Says how to join, shows what arrives and sends what is typed, until `stop` settles. */
export async function stay(world: World, stop: Promise<unknown>): Promise<void> {
  const { acme, coalition } = world.edges
  heading('It keeps running: how to join')
  say(`  Type a stanza in one line: it is sent by the domain in its "from", and what arrives anywhere is shown. Such as

    <presence from='alice@acme.example/desk' to='bob@coalition.example'/>

  Or bring a server of your own. For acme.example it connects to the edge at 127.0.0.1:${acme.s2sPort}, for coalition.example to
  127.0.0.1:${coalition.s2sPort}; certificate and key are ${world.folder}/pki/domain-acme.crt and .key
  (domain-coalition likewise), and it trusts ca-acme.crt there. The edge connects to port ${world.domains.acme.port} for acme.example and
  to ${world.domains.coalition.port} for coalition.example: type "close acme" or "close coalition" to free that port for your server.

  Ctrl-C ends everything.`)
  for (const side of ['acme', 'coalition'] as const) showArrivals(world, side)
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => void take(world, line.trim()))
  await stop
  lines.close()
}

function showArrivals(world: World, side: Side): void {
  world.domains[side].onStanza(({ xml }) => say(`${dim(`${side} received`)} ${visible(xml)}`))
}

async function take(world: World, line: string): Promise<void> {
  const closing = /^close (acme|coalition)$/.exec(line)?.[1] as Side | undefined
  try {
    if (closing !== undefined) {
      await world.domains[closing].close()
      say(`port ${world.domains[closing].port} is free`)
    } else if (line !== '')
      await world.domains[/\bfrom=.[^'"]*acme\.example/.test(line) ? 'acme' : 'coalition'].send(line)
  } catch (error) {
    say(`not sent: ${(error as Error).message}`)
  }
}
