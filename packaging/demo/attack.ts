/** A subverted edge: it holds the edge's own certificate and key, and speaks GCXP with the guard as it likes. */
import {
  connectProducer,
  formatNumber,
  nextNumber,
  parseNumber,
  readCredentials,
  type StanzaNumber,
} from '../../guard/gcxp/index.ts'
import type { Spif } from '../../rules/spif/spif.ts'
import type { Step } from './conversation.ts'
import { readVerdicts } from './journal.ts'
import { arrival, judge, knownOf, type Played } from './play.ts'
import type { World } from './world.ts'

/** Plays the steps as ACME's edge, which must be stopped. Calls `onPlayed` after each. */
export async function playAsEdge(
  world: World,
  steps: readonly Step[],
  spifs: readonly Spif[],
  onPlayed: (played: Played) => void,
): Promise<void> {
  const { intake, journal } = world.guards['acme-to-coalition']
  const credentials = readCredentials(world.edges.acme.gcxp, Date.now())
  if ('problem' in credentials) throw new Error(credentials.problem)
  const answers = new Map<number, (accepted: boolean) => void>()
  const producer = connectProducer({
    host: '127.0.0.1',
    port: intake.port,
    peer: intake.peer,
    credentials,
    onAnswer: (number, accepted) => answers.get(number.count)?.(accepted),
  })
  try {
    let number = nextAfter(readVerdicts(journal).at(-1)?.number)
    for (const step of steps) {
      const known = knownOf(world, step)
      const answered = new Promise<boolean>((resolve) => answers.set(number.count, resolve))
      // The id of what an edge sends is the number of its frame.
      const own = step.stanza.replace(`id="${step.id}"`, `id="o${formatNumber(number)}"`)
      producer.send(number, Buffer.from(own))
      number = nextNumber(number)
      const accepted = await Promise.race([answered, after(5_000)])
      const told = accepted === undefined ? undefined : accepted ? 'accepted' : 'refused'
      if (accepted === true) await arrival(world, step, known)
      onPlayed(judge(world, step, spifs, known, told))
    }
  } finally {
    producer.close()
  }
}

function nextAfter(last: string | undefined): StanzaNumber {
  const number = last === undefined ? undefined : parseNumber(last)
  return number === undefined ? { generation: 1, count: 1 } : nextNumber(number)
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined).unref())
}
