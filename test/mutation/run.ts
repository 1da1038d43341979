/** A run of mutants of one verifier: what each was found out by, what survived, what the pair let through. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Corpus, makeCorpus } from './corpus.ts'
import { copyCode, plantFile, ROOT } from './plant.ts'
import { loadSubject } from './subject.ts'
import { explained, miscounted } from './survivors.ts'
import { KEEPING, type Mutant, type Side, targetFiles } from './targets.ts'
import type { Expected, Found, Work } from './worker.ts'

const WORKER = new URL('./worker.ts', import.meta.url)
/** Loops are found out by counting; only what stands still without them takes this long. */
const SILENT_MS = 60_000

type Options = Readonly<{
  /** Of file names; several with commas between. */
  part: string
  /** Random cases a bundle. */
  frames: number
  /** Which mutants of a file are tried. */
  choose: (mutants: readonly Mutant[]) => readonly Mutant[]
}>

/** `failures`: why the run is no proof. */
export async function mutationRun(
  side: Side,
  { part, frames, choose }: Options,
  report: (line: string) => void,
): Promise<{ summary: string; failures: string[] }> {
  const started = performance.now()
  const failures: string[] = []
  const fail = (line: string) => {
    failures.push(line)
    report(line)
  }
  const by: Record<Found['by'], number> = { verdict: 0, told: 0, exception: 0, hang: 0, nothing: 0 }
  const pair = { tried: 0, lenient: 0, crossings: 0, leaks: 0 }
  const all: Mutant[] = []
  const tried: Mutant[] = []
  const survivors: Mutant[] = []
  const corpus = makeCorpus(side, frames)
  const expected = await expectations(side, corpus)

  for (const file of targetFiles(side, ROOT)) {
    if (!part.split(',').some((one) => file.includes(one))) continue
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-mutants-'))
    try {
      copyCode(side, directory)
      const mutants = await plantFile(file, directory)
      const chosen = choose(mutants)
      all.push(...mutants)
      tried.push(...chosen)
      if (chosen.length === 0) continue
      await tryAll({ side, tree: directory, ...corpus, expected }, chosen, ({ mutant, ...found }) => {
        by[found.by] += 1
        pair.tried += found.tried
        pair.crossings += found.lenient
        pair.leaks += found.leaks
        if (found.lenient > 0) pair.lenient += 1
        const told = `${mutant.file}:${mutant.line} ${mutant.kind}: ${mutant.from} → ${mutant.to}`
        if (found.leaks > 0) fail(`CROSSED ${found.leaks} times: ${told}`)
        if (found.by !== 'nothing') return
        survivors.push(mutant)
        if (explained(mutant) === undefined) fail(`SURVIVED ${told}`)
      })
      report(`${file}: ${chosen.length} mutants after ${seconds(started)} s`)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  }

  for (const entry of miscounted(all, new Set(tried), survivors)) fail(`MISCOUNTED ${entry}`)
  const hostile = corpus.cases.filter((one, at) => one.kind === 'stanza' && !expected[at]!.accepted).length
  return {
    failures,
    summary: [
      `${side}: ${tried.length} mutants of ${all.length}, ${tried.length - by.nothing} found out ${JSON.stringify(by)},`,
      `${by.nothing} equivalent or unexplained, on ${corpus.cases.length} cases of which ${hostile} must not cross;`,
      `${pair.lenient} mutants let ${pair.crossings} through by themselves in ${pair.tried} trials, the pair ${pair.leaks};`,
      `${failures.length} failures; ${seconds(started)} s`,
    ].join(' '),
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(0)
}

/** What the two verifiers say of each case as they are. Throws where they differ: then there is nothing to compare with. */
async function expectations(side: Side, { bundles, cases }: Corpus): Promise<Expected[]> {
  const own = await loadSubject(side, ROOT, bundles)
  const other = await loadSubject(side === 'inspect' ? 'verify' : 'inspect', ROOT, bundles)
  return cases.map((one) => {
    const said = own.say(one)
    if (one.kind !== 'stanza' || one.alone) return said
    const judged = other.say(one)
    if (said.verdict !== judged.verdict)
      throw new Error(`the two differ on ${one.stanza}: ${said.told} ${judged.told}`)
    if (one.hostile && judged.accepted) throw new Error(`both let through ${one.stanza}`)
    return said
  })
}

type Result = Omit<Found, 'id'> & Readonly<{ mutant: Mutant }>

/** Tries mutants one after another. */
async function tryAll(work: Work, mutants: readonly Mutant[], each: (result: Result) => void): Promise<void> {
  let thread = await startThread(work)
  const atLoad = new Set(thread.atLoad)
  for (const mutant of mutants) {
    const own = atLoad.has(mutant.id) || KEEPING.has(mutant.file)
    const used = own ? await startThread({ ...work, only: mutant.id }) : thread
    const found = await used.attempt(mutant.id)
    if (own || found === undefined) await used.end()
    if (!own && found === undefined) thread = await startThread(work)
    each(found === undefined ? { mutant, by: 'hang', tried: 0, lenient: 0, leaks: 0 } : { ...found, mutant })
  }
  await thread.end()
}

type Thread = Readonly<{
  /** Mutants that act when the code is loaded. */
  atLoad: readonly string[]
  /** Undefined: it stands still, and the thread with it. */
  attempt(id: string): Promise<Found | undefined>
  end(): Promise<unknown>
}>

async function startThread(workerData: Work): Promise<Thread> {
  const worker = new Worker(WORKER, { workerData, stdout: true, stderr: true })
  let answer: (message: unknown) => void = () => {}
  worker.on('message', (message) => answer(message))
  const next = (ms: number) =>
    new Promise<unknown>((resolve) => {
      const timer = setTimeout(resolve, ms, undefined)
      answer = (message) => {
        clearTimeout(timer)
        resolve(message)
      }
    })
  const ready = (await next(10 * SILENT_MS)) as { ready: string[] } | undefined
  return {
    atLoad: ready?.ready ?? [],
    async attempt(id) {
      if (ready === undefined) return undefined
      worker.postMessage({ id })
      return (await next(SILENT_MS)) as Found | undefined
    },
    end: () => worker.terminate(),
  }
}
