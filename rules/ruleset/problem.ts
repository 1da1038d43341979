/** What is wrong with a ruleset: where, what, and what to write instead. */

/** Line and column count from 1; a problem of a whole file stands at 1:1. */
export type Problem = Readonly<{ file: string; line: number; column: number; message: string }>

/** One line for people and editors: `file:line:column: message`. */
export function formatProblem(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`
}

/** By file, then by position; what stands twice is kept once. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const order = (a: Problem, b: Problem): number =>
    compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.message, b.message)
  return [...problems].sort(order).filter((p, i, all) => i === 0 || order(p, all[i - 1] as Problem) !== 0)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** ‘a, b and c’, shortened when there are very many. */
export function listed(names: readonly string[]): string {
  const shown = names.length > 24 ? [...names.slice(0, 24), `${names.length - 24} more`] : names
  if (shown.length < 2) return shown.join('')
  return `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}
