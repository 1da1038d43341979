/** sallyport edge queue: what waits in the spools of a running edge, another try, and an end to waiting. */
import type { Members } from '../edge/control/lines.ts'
import { ask } from './edge-asked.ts'
import { printable } from './journal-record.ts'
import { UsageError } from './usage.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

/** Prints for people, or each item as JSON on a line; exit code 1 when there was nothing to drop. */
export async function queueCommand(file: string, verb: string, values: Values): Promise<number> {
  const { json, ...choice } = values
  const chosen = Object.fromEntries(
    Object.entries(choice).filter(
      (one): one is [string, string] => CHOICES.has(one[0]) && typeof one[1] === 'string',
    ),
  )
  if (!VERBS.has(verb)) throw new UsageError(`say queue ${[...VERBS].join(', ')}`)
  if ((verb === 'drop') !== Object.keys(chosen).length > 0)
    throw new UsageError(
      verb === 'drop'
        ? 'say what to drop: --name NAME of the list, --from JID and --to JID, or --domain DOMAIN'
        : `queue ${verb} takes no choice`,
    )
  const now = Date.now()
  let code = 0
  const asked = await ask(file, `queue-${verb}`, chosen, (item) => {
    if (verb === 'drop' && item['dropped'] === 0) code = 1
    process.stdout.write(json === true ? `${JSON.stringify(item)}\n` : `${printable(describe(item, now))}\n`)
  })
  return asked === 0 ? code : asked
}

const VERBS: ReadonlySet<string> = new Set(['list', 'retry', 'drop'])
const CHOICES: ReadonlySet<string> = new Set(['name', 'from', 'to', 'domain'])

function describe(item: Members, now: number): string {
  const { servers, dropped, inFlight, name, number, since, from, to, kind, octets, state } = item
  if (servers !== undefined) return `${servers} connections to servers are tried now`
  if (dropped !== undefined) {
    const rest = Number(inFlight) > 0 ? `; ${inFlight} may have arrived, and stay` : ''
    return `${dropped} dropped${rest}`
  }
  const age = Math.max(0, Math.round((now - Date.parse(String(since))) / 1000))
  const frame = number === undefined ? '' : `, number ${number}`
  return `${name}: ${kind} from ${from} to ${to}, ${octets} octets, ${age} s, ${state}${frame}`
}
