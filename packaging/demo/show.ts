/** What the demo prints of a step and of the processes. */
import { FORM_NAMES, type SeenLabel } from './labels.ts'
import type { Played } from './play.ts'
import { bad, dim, good, heading, marked, quoted, say, stopped, table } from './print.ts'
import { descendants, type Seen } from './process.ts'
import type { World } from './world.ts'

/** One step: what was sent, what arrived, what the journal says, and the verdict. */
export function showStep(number: number, played: Played): void {
  const { step, before, after, arrived, journal, told, wrong } = played
  const line = (what: string, text: string) => say(`     ${dim(what.padEnd(8))} ${text}`)
  const body = /<body>([^<]*)<\/body>/.exec(step.stanza)?.[1]
  say()
  say(` ${String(number).padStart(2)}  ${step.title}   ${dim(step.direction.replaceAll('-to-', ' → '))}`)
  if (body !== undefined) line('says', quoted(body))
  if (before !== undefined) line('before', describeLabel(before, before.marking?.text ?? ''))
  if (arrived !== undefined) {
    if (after === undefined) line('after', 'no label, none needed')
    else line('after', describeLabel(after, journal?.releasedLabel ?? ''))
  }
  if (journal !== undefined) {
    const { inspect, verify } = journal
    const opinion = (of: typeof inspect) => `${of.verdict}${of.reason === undefined ? '' : ` (${of.reason})`}`
    line(
      'journal',
      `${journal.number} ${journal.outcome}: inspect ${opinion(inspect)}, verify ${opinion(verify)}`,
    )
  }
  if (told !== undefined) line('sender', `was told: ${told}`)
  line('verdict', verdictOf(played))
  for (const difference of wrong) say(`     ${bad(`not as expected: ${difference}`)}`)
}

function verdictOf({ arrived, journal }: Played): string {
  if (arrived !== undefined) return good('crossed')
  return stopped(
    journal === undefined ? 'stopped by the edge; the guard never saw it' : 'stopped by the guard',
  )
}

function describeLabel(label: SeenLabel, marking: string): string {
  const { bgcolor, fgcolor } = label.marking ?? {}
  return `${label.text}  ${dim(FORM_NAMES[label.form])}  ${marked(marking, bgcolor, fgcolor)}`
}

/** Every process with pid, user, Node's flags and open descriptors, as /proc has them. */
export function showProcesses(world: World): void {
  heading('The processes, as /proc has them')
  for (const { program } of [...Object.values(world.guards), ...Object.values(world.edges)]) {
    say(`\n  ${program.name}`)
    for (const seen of descendants(program.pid)) showProcess(seen)
  }
}

function showProcess(seen: Seen): void {
  const script = seen.args.findIndex((argument) => /\.[jt]s$/.test(argument) && !argument.startsWith('-'))
  const name = nameOf(seen.args[script] ?? '')
  const flags = seen.args.slice(0, Math.max(script, 0)).filter((flag) => !flag.startsWith('--allow-fs'))
  const files = seen.args.length - (seen.args.length - script) - flags.length
  say(`    ${name.padEnd(9)} pid ${String(seen.pid).padEnd(6)} user ${seen.user}`)
  if (flags.length > 0)
    say(dim(`      flags  ${flags.join(' ')}${files > 0 ? ` and ${files} files to read` : ''}`))
  say(dim(`      open   ${seen.descriptors.map(shorten).join(', ')}`))
}

/** The stage, or what else runs. */
function nameOf(script: string): string {
  return /guard\/([a-z]+)\/main/.exec(script)?.[1] ?? (/keeper/.test(script) ? 'keeper' : 'main')
}

function shorten(descriptor: string): string {
  return descriptor.replace(/anon_inode:\[?([a-z]+)\]?/, '$1').replace(/(pipe|socket):\[([0-9]+)\]/, '$1 $2')
}

/** Where everything is that can be looked at. */
export function showPlaces(world: World): void {
  const rows: string[][] = []
  for (const [direction, guard] of Object.entries(world.guards)) {
    rows.push([`journal ${direction}`, guard.journal], [`metrics ${direction}`, `${guard.metrics}/metrics`])
  }
  for (const [side, edge] of Object.entries(world.edges)) {
    rows.push([`metrics edge-${side}`, `${edge.metrics}/metrics`])
  }
  rows.push(['logs', `${world.folder}/logs`])
  table(rows)
}
