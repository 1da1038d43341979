/** The demo from its first line to its exit code (what it shows: README.md). */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { playAsEdge } from './attack.ts'
import { attack, conversation } from './conversation.ts'
import { readVerdicts } from './journal.ts'
import { type Played, playThroughEdge } from './play.ts'
import { bad, bold, dim, good, heading, say } from './print.ts'
import { copyRulesets, EXAMPLES, readSpif } from './rulesets.ts'
import { showPlaces, showProcesses, showStep } from './show.ts'
import { stay } from './stay.ts'
import { measureThroughput } from './throughput.ts'
import { startWorld, type World } from './world.ts'

export type DemoOptions = Readonly<{
  /** Leave everything running until Ctrl-C. */
  stay: boolean
  /** Leave the folder behind. */
  keep: boolean
  /** The folder with the two rulesets, instead of packaging/examples. */
  rules?: string
  /** Leave the throughput out. */
  quick: boolean
}>

/** Plays the demo. Resolves with the exit code: 0 when every verdict was as expected. */
export async function runDemo(options: DemoOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-'))
  const keep = options.keep
  let world: World | undefined
  let interrupted = () => {}
  const stopping = new AbortController()
  const stop = new Promise<'stopped'>((resolve) => {
    interrupted = () => resolve('stopped')
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupted)
  try {
    const played = play(options, folder, stopping.signal, (made) => {
      world = made
    })
    const ended = await Promise.race([played, stop])
    if (ended === 'stopped') {
      say('\nstopped')
      stopping.abort()
      // Where the world is still being made, that ends now; where a step is being played, the world's end ends it.
      if (world === undefined) await played.catch(() => {})
      return 130
    }
    if (options.stay) {
      await stay(world!, stop)
    }
    return ended
  } catch (error) {
    say(bad(`\ndemo: ${(error as Error).message}`))
    return 1
  } finally {
    await world?.close()
    if (keep) say(`left behind: ${folder}`)
    else rmSync(folder, { recursive: true, force: true })
  }
}

async function play(
  options: DemoOptions,
  folder: string,
  signal: AbortSignal,
  onWorld: (world: World) => void,
): Promise<number> {
  const started = performance.now()
  say(bold('Sallyport: two edges, two guards, and a conversation across the boundary'))
  const rulesets = copyRulesets(options.rules ?? EXAMPLES, join(folder, 'rulesets'))
  const spifs = {
    acme: readSpif(join(rulesets['acme-to-coalition'], 'acme.spif.xml')),
    harbour: readSpif(join(rulesets['acme-to-coalition'], 'harbour.spif.xml')),
  }
  const world = await startWorld({ folder, rulesets, signal })
  onWorld(world)
  for (const [direction, { digest }] of Object.entries(world.bundles)) {
    say(dim(`  bundle ${direction} ${digest}`))
  }
  say(dim(`  ready after ${seconds(started)} s in ${folder}`))
  showProcesses(world)

  const all: Played[] = []
  const policies = [spifs.acme, spifs.harbour]
  const onPlayed = (played: Played) => showStep(all.push(played), played)

  heading('The conversation')
  for (const step of conversation(spifs.acme, spifs.harbour)) {
    onPlayed(await playThroughEdge(world, step, policies))
  }

  heading('The edge of ACME is subverted: it sends what it likes, straight to the guard')
  await world.stopEdge('acme')
  await playAsEdge(world, attack(spifs.acme), policies, onPlayed)
  await world.startEdge('acme')

  heading('The sum')
  const wrong = all.filter((one) => one.wrong.length > 0).length
  const surplus = countSurplus(world, all)
  const crossed = all.filter((one) => one.arrived !== undefined).length
  say(`  ${all.length} steps: ${crossed} crossed, ${all.length - crossed} stopped`)
  for (const line of surplus) say(`  ${bad(line)}`)

  if (!options.quick) {
    heading('Throughput')
    for (const line of await measureThroughput(world, spifs.acme)) say(`  ${line}`)
  }

  heading('Where to look')
  showPlaces(world)
  const fine = wrong === 0 && surplus.length === 0
  say()
  say(
    fine
      ? good(`Every verdict as expected, in ${seconds(started)} s.`)
      : bad(`${wrong} of ${all.length} steps went otherwise than expected.`),
  )
  return fine ? 0 : 1
}

/** What the far sides received, and the journals hold, beyond what the steps account for. */
function countSurplus(world: World, all: readonly Played[]): string[] {
  const lines: string[] = []
  for (const direction of ['acme-to-coalition', 'coalition-to-acme'] as const) {
    const steps = all.filter(({ step }) => step.direction === direction)
    const far = world.domains[direction === 'acme-to-coalition' ? 'coalition' : 'acme']
    const arrived = far.received.filter(({ xml }) => !/ type=["']error["']/.test(xml)).length
    const due = steps.filter((one) => one.arrived !== undefined).length
    if (arrived !== due)
      lines.push(`${direction}: the far side received ${arrived} stanzas, ${due} are accounted for`)
    const verdicts = readVerdicts(world.guards[direction].journal).length
    const judged = steps.filter((one) => one.journal !== undefined).length
    if (verdicts !== judged) lines.push(`${direction}: the journal holds ${verdicts} verdicts, not ${judged}`)
  }
  return lines
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1)
}
