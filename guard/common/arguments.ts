/** Command lines of stages: plain long options, all of them required, nothing else. */
import { parseArgs } from 'node:util'

/** The values of `names` in `argv`. Throws an Error with one line when one is missing or something else is there. */
export function stageArguments<Name extends string>(
  argv: readonly string[],
  names: readonly Name[],
): Record<Name, string> {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false })
  for (const name of names) {
    if (values[name] === undefined) throw new Error(`--${name} is missing: the launcher or unit gives it`)
  }
  return values as Record<Name, string>
}
