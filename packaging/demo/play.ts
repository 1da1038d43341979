/** Plays one step of the conversation and judges it by what the far side received and what the journal holds. */
import type { Element } from 'ltx'
import type { Spif } from '../../rules/spif/spif.ts'
import { condition } from '../../test/peer/negotiate.ts'
import { readXml } from '../../test/peer/xml.ts'
import type { Step } from './conversation.ts'
import { type JournalVerdict, readVerdicts } from './journal.ts'
import { readLabel, type SeenLabel } from './labels.ts'
import type { Side, World } from './world.ts'

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

/** Milliseconds for the first sign of what became of a stanza. */
const PATIENCE = 5_000

/** Sends the stanza as the server of its side would, and waits until it arrives or its sender is told otherwise. */
export async function playThroughEdge(world: World, step: Step, spifs: readonly Spif[]): Promise<Played> {
  const [from, to] = step.direction.split('-to-') as [Side, Side]
  const near = world.domains[from]
  const known = knownOf(world, step)
  const stream = await near.stream(`${from}.example`, `${to}.example`)
  stream.write(step.stanza)
  const told = await Promise.race([
    arrival(world, step, known).then(() => undefined),
    near.find((xml) => isErrorFor(xml, step.id), PATIENCE).then((error) => error && errorOf(error.xml)),
    stream.closed.then((why) => `stream error ${why}`),
  ])
  return judge(world, step, spifs, known, told)
}

/** How many verdicts the journal holds, and how many stanzas the far side has received: what comes behind is of the next step. */
export type Known = Readonly<{ verdicts: number; received: number }>

export function knownOf(world: World, { direction }: Step): Known {
  const far = world.domains[direction.split('-to-')[1] as Side]
  return { verdicts: readVerdicts(world.guards[direction].journal).length, received: far.received.length }
}

/** Settles when the far side has the stanza, or after a while without it. Its id is not that of the step: ids do not cross. */
export function arrival(world: World, step: Step, known: Known): Promise<unknown> {
  const far = world.domains[step.direction.split('-to-')[1] as Side]
  let place = 0
  return far.find((xml) => place++ >= known.received && !isError(xml), PATIENCE)
}

/** Compares what became of `step` with what was expected. */
export function judge(
  world: World,
  step: Step,
  spifs: readonly Spif[],
  known: Known,
  told: string | undefined,
): Played {
  const far = world.domains[step.direction.split('-to-')[1] as Side]
  const arrived = far.received.slice(known.received).find(({ xml }) => !isError(xml))?.xml
  // A verdict is in the journal before its stanza leaves and before its sender is answered.
  const verdicts = readVerdicts(world.guards[step.direction].journal, known.verdicts)
  const seen = {
    step,
    before: readLabel(step.stanza, spifs),
    arrived,
    after: arrived === undefined ? undefined : readLabel(arrived, spifs),
    journal: verdicts[0],
    told,
  }
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

function isErrorFor(xml: string, id: string): boolean {
  const { id: its, type } = readXml(xml).attrs as Record<string, string>
  return its === id && type === 'error'
}

function isError(xml: string): boolean {
  return readXml(xml).attrs['type'] === 'error'
}

function errorOf(xml: string): string {
  const error = readXml(xml).getChild('error') as Element | undefined
  return `error ${error === undefined ? 'without condition' : condition(error)}`
}
