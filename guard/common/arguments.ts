/** Command lines of stages: plain long options, nothing else. */
import { parseArgs } from 'node:util'

/**
 * The values of `names` in `argv`, each required once, and of `lists`, each as often as it is there. Throws an Error with one line when one is
 * missing or something else is there.
 */
export function stageArguments<Name extends string, List extends string = never>(
  argv: readonly string[],
  names: readonly Name[],
  lists: readonly List[] = [],
): Record<Name, string> & Record<List, string[]> {
  const options = Object.fromEntries([
    ...names.map((name) => [name, { type: 'string' as const }]),
    ...lists.map((name) => [name, { type: 'string' as const, multiple: true, default: [] as string[] }]),
  ])
  const { values } = parseArgs({ args: [...argv], options, strict: true, allowPositionals: false })
  for (const name of names) {
    if (!Object.hasOwn(values, name)) throw new Error(`--${name} is missing: the launcher or unit gives it`)
  }
  return values as Record<Name, string> & Record<List, string[]>
}
