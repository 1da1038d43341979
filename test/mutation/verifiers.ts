/**
 * Mutation testing of the two verifiers: one change at a time in the code by which one of them decides, and the corpus must tell.
 *
 *   node test/mutation/verifiers.ts [inspect|verify] [PART OF A FILE'S NAME]
 *
 * The mutants are those of Stryker's instrumenter: all are in one copy of the code and one is switched on at a time, so that
 * a mutant costs milliseconds and not a process. The oracle of verdict and octets is the *other* verifier, unchanged; reasons and places
 * are compared with the program's own. A mutant that hangs or throws is found out too: its stage would be silent or gone, and the
 * direction with it. Exit code 0: none survived but those that survivors.ts explains.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import type { Bundle } from '../../rules/bundle/bundle.ts'
import { makeVerifiers } from '../support/verifiers.ts'
import { random } from '../verify/random.ts'
import { corpusBundles, type Frame, makeCorpus, toldOf, verdictOf } from './corpus.ts'
import { explained } from './survivors.ts'
import { CODE, type Mutant, type Side, targetFiles } from './targets.ts'
import type { Expected, Found, Work } from './worker.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WORKER = new URL('./worker.ts', import.meta.url)
/** A mutant that takes this long, hangs. */
const HANGS_MS = 3_000

export type Result =
  | (Found & Readonly<{ mutant: Mutant }>)
  | Readonly<{ mutant: Mutant; id: string; by: 'hang'; lenient: false; at?: number }>

/** What the two verifiers say of each frame as they are. Throws where they differ: then there is nothing to compare with. */
export function expectations(side: Side, bundles: readonly Bundle[], corpus: readonly Frame[]): Expected[] {
  const honest = bundles.map(makeVerifiers)
  const other = side === 'inspect' ? 'verify' : 'inspect'
  return corpus.map(({ bundle, stanza, second }) => {
    const own = honest[bundle]![side](stanza, second)
    const said = honest[bundle]![other](stanza, second)
    const verdict = verdictOf(said)
    if (verdictOf(own) !== verdict) throw new Error(`the two differ on ${stanza}`)
    return { verdict, told: toldOf(own), hostile: !said.accepted }
  })
}

/** A copy of the side's code with all mutants in it, switched off. */
export async function plantAll(side: Side, directory: string, part: string): Promise<Mutant[]> {
  for (const folder of CODE[side]) cpSync(join(ROOT, folder), join(directory, folder), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(directory, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
  const silent = {
    debug() {},
    info() {},
    warn() {},
    error() {},
    fatal() {},
    trace() {},
    isDebugEnabled: () => false,
  }
  const files = targetFiles(side, ROOT)
    .filter((file) => file.includes(part))
    .map((name) => ({ name, content: readFileSync(join(ROOT, name), 'utf8'), mutate: true }))
  const sources = new Map(files.map(({ name, content }) => [name, content.split('\n')]))
  const instrumented = await new Instrumenter(silent as never).instrument(files, {
    plugins: null,
    ignorers: [],
    excludedMutations: [],
  })
  for (const { name, content } of instrumented.files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  return instrumented.mutants.map(({ id, fileName, location, mutatorName, replacement }) => ({
    id,
    file: fileName,
    line: location.start.line + 1,
    kind: mutatorName,
    from: textAt(sources.get(fileName)!, location),
    to: replacement.replace(/\s+/g, ' '),
  }))
}

type Location = Readonly<{ start: { line: number; column: number }; end: { line: number; column: number } }>

function textAt(lines: readonly string[], { start, end }: Location): string {
  const part = lines.slice(start.line, end.line + 1)
  part[part.length - 1] = part.at(-1)!.slice(0, end.column)
  part[0] = part[0]!.slice(start.column)
  return part.join(' ').replace(/\s+/g, ' ')
}

/** Tries mutants one after another. */
export async function tryAll(
  work: Work,
  mutants: readonly Mutant[],
  each: (result: Result) => void,
): Promise<void> {
  let thread = await startThread(work)
  const fixed = new Set(thread.fixed)
  for (const mutant of mutants) {
    const own = fixed.has(mutant.id)
    const used = own ? await startThread({ ...work, only: mutant.id }) : thread
    const found = await used.attempt(mutant.id)
    if (own || found === undefined) await used.end()
    if (!own && found === undefined) thread = await startThread(work)
    each(found === undefined ? { mutant, id: mutant.id, by: 'hang', lenient: false } : { ...found, mutant })
  }
  await thread.end()
}

type Thread = Readonly<{
  /** Mutants that act when the module is loaded. */
  fixed: readonly string[]
  /** Undefined: it hangs, and the thread with it. */
  attempt(id: string): Promise<Found | undefined>
  end(): Promise<unknown>
}>

async function startThread(workerData: Work): Promise<Thread> {
  const worker = new Worker(WORKER, { workerData, stdout: true, stderr: true })
  const next = (ms: number) =>
    new Promise<unknown>((resolve) => {
      const timer = setTimeout(() => {
        worker.off('message', take)
        resolve(undefined)
      }, ms)
      const take = (message: unknown) => {
        clearTimeout(timer)
        resolve(message)
      }
      worker.once('message', take)
    })
  const ready = (await next(60_000)) as { ready: string[] } | undefined
  return {
    fixed: ready?.ready ?? [],
    async attempt(id) {
      if (ready === undefined) return undefined
      worker.postMessage({ id })
      return (await next(HANGS_MS)) as Found | undefined
    },
    end: () => worker.terminate(),
  }
}

/** Mutants of one side that nothing told from the program and nobody has explained; `report` hears of each mutant. */
export async function survivorsOf(
  side: Side,
  options: Readonly<{ part: string; frames: number; sample: number }>,
  report: (line: string) => void,
): Promise<{ tried: number; found: Record<string, number>; lenient: number; survived: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-mutants-'))
  try {
    const all = await plantAll(side, directory, options.part)
    const chance = random(all.length)
    const mutants =
      options.sample >= all.length ? all : Array.from({ length: options.sample }, () => chance.pick(all))
    const bundles = corpusBundles()
    const corpus = makeCorpus(bundles, options.frames, 1)
    const expected = expectations(side, bundles, corpus)
    const found: Record<string, number> = {}
    const survived: string[] = []
    let lenient = 0
    await tryAll({ side, tree: directory, bundles, corpus, expected }, mutants, ({ mutant, ...result }) => {
      found[result.by] = (found[result.by] ?? 0) + 1
      if (result.lenient) lenient += 1
      const told = `${mutant.file}:${mutant.line} ${mutant.kind}: ${mutant.from} → ${mutant.to}`
      if (result.by === 'nothing') {
        const why = explained(mutant)
        if (why === undefined) survived.push(told)
        report(
          `${why === undefined ? 'SURVIVED' : 'explained'} ${told}${why === undefined ? '' : `: ${why}`}`,
        )
      }
    })
    return { tried: mutants.length, found, lenient, survived }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [side = '', part = ''] = process.argv.slice(2)
  const sides: Side[] = side === 'inspect' || side === 'verify' ? [side] : ['verify', 'inspect']
  let survivors = 0
  for (const one of sides) {
    const started = performance.now()
    const { tried, found, lenient, survived } = await survivorsOf(
      one,
      { part, frames: 1_500, sample: Number.POSITIVE_INFINITY },
      console.log,
    )
    survivors += survived.length
    console.log(
      `${one}: ${tried} mutants, ${JSON.stringify(found)}; ${lenient} accepted what must not cross, and the other verifier refused it; ${survived.length} survived unexplained; ${((performance.now() - started) / 1000).toFixed(0)} s`,
    )
  }
  process.exitCode = survivors === 0 ? 0 : 1
}
