/** Plays one step of the conversation and judges it by what the far side received and what the journal holds. */
import type { Element } from 'ltx'
import type { Spif } from '../../rules/spif/spif.ts'
import { condition } from '../../test/peer/negotiate.ts'
import { readXml } from '../../test/peer/xml.ts'
import type { Step } from './conversation.ts'
import { type JournalVerdict, readVerdicts } from './journal.ts'
import { readLabel, type SeenLabel } from './labels.ts'
import type { World } from './world.ts'

/** What became of a step. `wrong` says in what it differs from what was expected; empty: in nothing. */
export type Played = Readonly<{
  step: Step
  before: SeenLabel | undefined
  /** What the far side received of it. */
  arrived: string | undefined
  after: SeenLabel | undefined
  /** The guard's verdict of it, when it came so far. */
  journal: JournalVerdict | undefined
  /** What the sender was told: an error's condition, or how the stream ended. */
  told: string | undefined
  wrong: readonly string[]
}>

/** Longest wait for what is expected, and how long what is not expected gets to come. */
const PATIENCE = 5_000

/** Sends the stanza as the server of its side would. */
export async function playThroughEdge(world: World, step: Step, spifs: readonly Spif[]): Promise<Played> {
  const journal = world.guards[step.direction].journal
  const known = readVerdicts(journal).length
  const near = world.domains[step.direction === 'acme-to-coalition' ? 'acme' : 'coalition']
  let told: string | undefined

  if (step.expected.kind === 'stream error') {
    const [from, to] = step.direction.split('-to-').map((side) => `${side}.example`) as [string, string]
    const stream = await near.stream(from, to)
    stream.write(step.stanza)
    const ended = await within(stream.closed)
    told = ended === undefined ? undefined : `stream error ${ended}`
  } else {
    await near.send(step.stanza)
    if (step.expected.kind === 'error') {
      const error = await near.find((xml) => isErrorFor(xml, step.id), PATIENCE)
      told = error && `error ${errorCondition(error.xml)}`
    }
  }
  return judge(world, step, spifs, known, told)
}

/** Waits for what `step` leads to, then compares. `known`: verdicts that the journal held before. */
export async function judge(
  world: World,
  step: Step,
  spifs: readonly Spif[],
  known: number,
  told: string | undefined,
): Promise<Played> {
  const far = world.domains[step.direction === 'acme-to-coalition' ? 'coalition' : 'acme']
  const { expected } = step
  const crosses = expected.kind === 'crosses'
  const isIt = (xml: string) => readXml(xml).attrs['id'] === step.id && !isErrorFor(xml, step.id)
  const arrived = (await far.find(isIt, crosses ? PATIENCE : 0))?.xml
  const reachesGuard = crosses || expected.kind === 'guard refuses'
  const verdicts = await verdictsBehind(world.guards[step.direction].journal, known, reachesGuard)
  const journal = verdicts[0]
  const after = arrived === undefined ? undefined : readLabel(arrived, spifs)
  const seen = { step, before: readLabel(step.stanza, spifs), arrived, after, journal, told }
  return { ...seen, wrong: differences(seen, verdicts.length) }
}

function differences(seen: Omit<Played, 'wrong'>, verdicts: number): string[] {
  const { step, arrived, after, journal, told } = seen
  const { expected } = step
  const wrong: string[] = []
  const same = (what: string, is: string | number | undefined, due: string | number | undefined) => {
    if (is !== due) wrong.push(`${what}: ${is ?? 'none'}, expected ${due ?? 'none'}`)
  }
  same(
    'the far side',
    arrived === undefined ? 'nothing' : 'a stanza',
    expected.kind === 'crosses' ? 'a stanza' : 'nothing',
  )
  switch (expected.kind) {
    case 'crosses':
      same('verdicts in the journal', verdicts, 1)
      same('the journal', journal?.outcome, 'released')
      same('the label', after?.text, expected.label?.text)
      same('its form', after?.form, expected.label?.form)
      same('its marking in the journal', journal?.releasedLabel, expected.label?.marking)
      if (after?.marking !== undefined) same('its marking', after.marking.text, expected.label?.marking)
      break
    case 'guard refuses':
      same('verdicts in the journal', verdicts, 1)
      same('the journal', journal?.outcome, 'refused')
      same('inspect', journal?.inspect.reason, expected.reason)
      same('verify', journal?.verify.verdict, 'refused')
      break
    default:
      same('verdicts in the journal', verdicts, 0)
      same('the sender was told', told, `${expected.kind} ${expected.condition}`)
  }
  return wrong
}

/** New verdicts, waited for when one is due. */
async function verdictsBehind(journal: string, known: number, due: boolean): Promise<JournalVerdict[]> {
  const until = performance.now() + PATIENCE
  for (;;) {
    const verdicts = readVerdicts(journal, known)
    if (verdicts.length > 0 || !due || performance.now() > until) return verdicts
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function isErrorFor(xml: string, id: string): boolean {
  const { id: its, type } = readXml(xml).attrs as Record<string, string>
  return its === id && type === 'error'
}

function errorCondition(xml: string): string {
  const error = readXml(xml).getChild('error') as Element | undefined
  return error === undefined ? 'without condition' : condition(error)
}

function within<T>(promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE, undefined)
    void promise.then((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
}
