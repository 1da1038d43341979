/** sallyport edge tap: stanzas as they pass a running edge, what users wrote hidden. */
import type { Members } from '../edge/control/lines.ts'
import { ask } from './edge-asked.ts'
import { printable } from './journal-record.ts'
import { untilStopped } from './running.ts'
import { UsageError } from './usage.ts'

export function tapCommand(
  file: string,
  { json, ...values }: Readonly<Record<string, string | boolean | undefined>>,
): Promise<number> {
  const args: Record<string, string | number> = {}
  for (const name of ['from', 'to', 'kind'] as const)
    if (typeof values[name] === 'string') args[name] = values[name]
  for (const name of ['count', 'seconds'] as const) {
    const text = values[name]
    if (typeof text !== 'string') continue
    if (!/^[1-9][0-9]{0,8}$/.test(text))
      throw new UsageError(`--${name} ${text}: write a whole number above 0`)
    args[name] = Number(text)
  }
  const show = (item: Members) =>
    void process.stdout.write(`${json === true ? JSON.stringify(item) : printable(describe(item))}\n`)
  return ask(file, 'tap', args, show, untilStopped())
}

function describe({ time, direction, point, verdict, number, taken, stanza, dropped }: Members): string {
  if (dropped !== undefined) return `${String(dropped)} more passed, too fast to be shown`
  const notes = [
    ...[number, verdict].flatMap((note) => (note === undefined ? [] : [String(note)])),
    ...(Array.isArray(taken) ? [`taken out ${taken.join(', ')}`] : []),
  ]
  const said = notes.length === 0 ? '' : ` (${notes.join('; ')})`
  return `${String(time)} ${String(direction)} ${String(point)}${said}: ${String(stanza)}`
}
