/**
 * Mutants that no input can tell from the program, each with the input that cannot exist. A mutant is named by file and text, not by
 * line. The list is closed: a survivor that is not in it fails the run, and so does an entry that no longer survives.
 */
import type { Mutant } from './targets.ts'

type Entry = Readonly<{ file: string; from: string; to: string; why: string }>

const EQUIVALENT: readonly Entry[] = []

function names({ file, from, to }: Entry, mutant: Mutant): boolean {
  return mutant.file === file && mutant.from === from && mutant.to === to
}

export function explained(mutant: Mutant): string | undefined {
  return EQUIVALENT.find((entry) => names(entry, mutant))?.why
}

/** Entries of which mutants were tried, none of which survived. */
export function unused(survivors: readonly Mutant[], tried: readonly Mutant[]): string[] {
  return EQUIVALENT.filter(
    (entry) =>
      tried.some((mutant) => names(entry, mutant)) && !survivors.some((mutant) => names(entry, mutant)),
  ).map(({ file, from, to }) => `${file}: ${from} → ${to}`)
}
