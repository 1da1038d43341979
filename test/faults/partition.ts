/**
 * Packets between a guard and its edges are lost without a word, for a while or, on the connections that stand, for ever: in a network
 * of this file's own (partition.test.ts).
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { runGuard, until } from '../guard/harness.ts'
import { compileProduct } from '../support/compile.ts'
import { LONG, underLoad } from './endure.ts'

t.setTimeout(600_000)

const nft = (rules: string) =>
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'pipe'] })
/** Loses every packet of connections from or to one of these ports; of none when there are none. */
function lose(ports: readonly number[]): void {
  const set = `{ ${ports.join(', ')} }`
  const rules = ports.length === 0 ? '' : `tcp sport ${set} drop\n    tcp dport ${set} drop`
  nft(`add table ip faults
delete table ip faults
table ip faults {
  chain input {
    type filter hook input priority 0
    ${rules}
  }
}
`)
}

function unable(): string | undefined {
  try {
    lose([])
    return undefined
  } catch (error) {
    const why = (error as { stderr?: unknown }).stderr ?? error
    return `needs nft (Debian: nftables) to lose packets: ${String(why).trim()}`
  }
}

const skip = unable() ?? false
t.test('packets are lost', { skip }, async (t) => {
  const cli = compileProduct()
  const direction = await underLoad(t, { start: (site) => runGuard(site, cli) })
  const { producer, consumer } = direction.links

  const made = [producer.made(), consumer.made()]
  await direction.endure(t, {
    name: `no packet between guard and edges for ${LONG ? 90 : 1} s`,
    ...(LONG && { health: /^the consumer does not answer: a stanza has waited for / }),
    async strike() {
      lose([producer.port, consumer.port])
      t.ok(await direction.standsStill(LONG ? 90_000 : 1_000), 'nothing moves')
      lose([])
    },
  })
  t.same([producer.made(), consumer.made()], made, 'TCP bore it')

  // Else it takes a quarter of an hour until the system gives a connection up (doc/guard.md).
  writeFileSync('/proc/sys/net/ipv4/tcp_retries2', LONG ? '6' : '2')
  for (const end of LONG ? (['consumer', 'producer'] as const) : (['consumer'] as const)) {
    await direction.endure(t, {
      name: `half-open: the ${end}'s connection loses all for ever, another can be made`,
      ...(LONG &&
        end === 'consumer' && { health: /^the consumer does not answer: a stanza has waited for / }),
      async strike() {
        const link = direction.links[end]
        const made = link.made()
        lose(link.ports())
        t.ok(await direction.standsStill(500), 'nothing moves')
        await until(() => link.made() > made, 60_000, direction.guard().said)
        await delay(100)
      },
    })
    lose([])
  }
})
