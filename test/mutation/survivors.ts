/** Mutants that no input can tell from the program, each with the reason. A mutant is named by file and text, not by line. */
import type { Mutant } from './targets.ts'

const EQUIVALENT: readonly Readonly<{ file: string; from: string; to: string; why: string }>[] = []

export function explained({ file, from, to }: Mutant): string | undefined {
  return EQUIVALENT.find((one) => one.file === file && one.from === from && one.to === to)?.why
}
