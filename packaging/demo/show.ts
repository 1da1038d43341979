/** What the demo prints of a step and of the processes. */
import { FORM_NAMES, type SeenLabel } from './labels.ts'
import type { Played } from './play.ts'
import { bad, dim, good, heading, marked, quoted, say, stopped, table } from './print.ts'
import { descendants, type Seen, tcpSockets } from './process.ts'
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
  const programs = [...Object.values(world.guards), ...Object.values(world.edges)].map(({ program }) => ({
    name: program.name,
    seen: descendants(program.pid).map((one) => ({ ...one, ...split(one.args) })),
  }))
  const stages = programs.flatMap(({ seen }) => seen.filter(({ flags }) => flags.length > 0))
  const common = stages[0]?.flags.filter((flag) => stages.every(({ flags }) => flags.includes(flag))) ?? []
  say(`  every stage of a guard: ${dim(common.join(' '))}`)
  const sockets = tcpSockets()
  for (const { name, seen } of programs) {
    say(`\n  ${name}`)
    for (const one of seen) {
      const own = one.flags.filter((flag) => !common.includes(flag) && !flag.startsWith('--allow-fs-read'))
      const files = one.flags.length === 0 ? '' : `reads ${one.flags.filter(isRead).length} paths`
      const line = [...own.map(shortenFlag), files].filter((text) => text !== '').join(' ')
      say(`    ${one.program.padEnd(9)} pid ${String(one.pid).padEnd(7)} user ${one.user}  ${dim(line)}`)
      if (one.program !== 'keeper') say(dim(`              ${openOf(one, sockets)}`))
    }
  }
}

/** Node's own flags, and what is run with them. */
function split(args: readonly string[]): { flags: readonly string[]; program: string } {
  const script = args.findIndex((argument) => !argument.startsWith('-'))
  const [file = '', command = ''] = args.slice(script)
  const stage = /guard\/([a-z]+)\/main\.[jt]s$/.exec(file)?.[1]
  const program = stage ?? (file.includes('keeper') ? 'keeper' : command === 'guard' ? 'launcher' : command)
  return { flags: args.slice(0, script), program }
}

function isRead(flag: string): boolean {
  return flag.startsWith('--allow-fs-read')
}

function shortenFlag(flag: string): string {
  return flag.replace(/^(--allow-fs-write=).*\//, '$1…/')
}

/** The descriptors that lead out of the process; those of Node's event loop are counted. */
function openOf({ descriptors }: Seen, sockets: ReadonlyMap<string, string>): string {
  const inner = (target: string) =>
    target.startsWith('anon_inode:') || descriptors.filter((one) => one.target === target).length === 2
  const shown: string[] = []
  let own = 0
  for (const { number, target, way } of descriptors) {
    const inode = /^socket:\[([0-9]+)\]$/.exec(target)?.[1]
    const fifo = /\/([a-z-]+) \(deleted\)$/.exec(target)?.[1]
    const arrow = way === 'read' ? '←' : way === 'write' ? '→' : '↔'
    if (number > 2 && (inner(target) || target === '/dev/null')) own += 1
    else if (inode !== undefined) shown.push(`${number} ${sockets.get(inode) ?? 'socket'}`)
    else
      shown.push(
        `${number} ${arrow} ${fifo === undefined ? target.replace(/^.*\/(?=[^/]+$)/, '') : `FIFO ${fifo}`}`,
      )
  }
  return `${shown.join(', ')}, and ${own} of Node's event loop`
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
