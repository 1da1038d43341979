/**
 * Reading of YAML (1.2, core schema) with a place for every value.
 *
 * Rules and configuration are read by people, so one spelling is enough: no aliases, anchors, tags or directives, one document, each
 * key once. A warning of the parser is an error.
 */
import {
  type ErrorCode,
  isAlias,
  isCollection,
  isMap,
  isPair,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { Problem } from './problem.ts'

export type Path = readonly (string | number)[]

/** A document that was read; `at` and `atKey` give the place of a value or of the key before it. */
export type YamlSource = Readonly<{
  value: unknown
  /** Whether something stands there. */
  has: (path: Path) => boolean
  problem: (path: Path, message: string) => Problem
  problemOfKey: (path: Path, message: string) => Problem
}>

/** What to do about faults whose own message does not say it to who writes the file. */
const ADVICE: ReadonlyMap<ErrorCode, string> = new Map([
  ['MULTIPLE_DOCS', 'a second document begins here; a file holds one, remove "---" and what does not belong'],
  ['DUPLICATE_KEY', 'this key stands here twice; remove one'],
  ['TAB_AS_INDENT', 'a tab as indentation; indent with blanks'],
  ['BAD_INDENT', 'this line is not indented as those beside it; align it'],
  [
    'MISSING_CHAR',
    'a quote, bracket or blank is missing here; close what is open, and put a blank behind each colon and comma',
  ],
])

/** Reads one file; the text has been decoded. */
export function readYaml(
  file: string,
  text: string,
): YamlSource | Readonly<{ problems: readonly Problem[] }> {
  const lines = new LineCounter()
  const problem = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), message }
  }
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error', // 'silent' would let a second document pass unread
    lineCounter: lines,
  })
  const problems = [...document.errors, ...document.warnings].map((e) =>
    problem(
      e.pos[0],
      `YAML: ${ADVICE.get(e.code) ?? `${e.message.replace(/[.]$/, '')}; mend the line, or put the value in quotes`}`,
    ),
  )
  const refuse = (node: Node, what: string): void => {
    problems.push(problem(node.range?.[0] ?? 0, `YAML: ${what} is not used here; write the value out`))
  }
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node)) refuse(node, 'an alias')
      else if (node.anchor !== undefined) refuse(node, 'an anchor')
      else if (node.tag !== undefined) refuse(node, 'a tag')
    },
  })
  // A directive could make it YAML 1.1, in which `on` is true and 010 is 8.
  const { yaml, tags } = document.directives ?? { yaml: { explicit: false }, tags: {} }
  if (yaml.explicit === true || Object.keys(tags).length > 1) {
    problems.push(problem(0, 'YAML: a directive is not used here; remove the line that begins with %'))
  }
  if (problems.length > 0) return { problems }

  const offset = (path: Path): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      const range = (node as Node | null | undefined)?.range
      if (range) return range[0]
    }
    return 0
  }
  const keyOffset = (path: Path): number => {
    const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
    if (isMap(parent)) {
      for (const pair of parent.items) {
        const key = isPair(pair) ? (pair.key as Node & { value?: unknown }) : undefined
        if (key?.range && String(key.value) === path.at(-1)) return key.range[0]
      }
    }
    return offset(path)
  }
  return {
    value: isCollection(document.contents) ? document.toJS({ maxAliasCount: 0 }) : document.toJS(),
    has: (path) => document.hasIn(path),
    problem: (path, message) => problem(offset(path), message),
    problemOfKey: (path, message) => problem(keyOffset(path), message),
  }
}
