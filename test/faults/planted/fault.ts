/** What a planted fault is, and how it gets into a copy of the code. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A stanza of which two honest verifiers say no, and why it must not cross. */
export type Hostile = Readonly<{ what: string; stanza: string | Uint8Array }>

/** One mistake in one verifier. */
export type Fault = Readonly<{
  id: string
  /** What the faulty verifier does, in one sentence. */
  does: string
  /**
   * Texts of the code, each of which stands in its file once, and what stands there instead. There is more than one where
   * a verifier has checks behind each other, and only the loss of all of them is a fault.
   */
  edits: readonly Readonly<{ file: string; find: string; replace: string }>[]
  /** What the faulty verifier accepts. */
  hostile: readonly Hostile[]
  /** The stanzas are harmless and accepted by both; the faulty verifier writes something else of them. */
  lies?: true
  /** Judged by the bundle with a depth limit of 2 and no labels: no compiled profile goes as deep as its limit. */
  shallow?: true
}>

/** Where the code is that the product runs. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** What a guard's stages load from npm; they may read nothing else there, so links out of the copy would not do. */
const PACKAGES = ['saxes', 'xmlchars', 'prom-client', 'tdigest', 'bintrees', '@opentelemetry']

/** What of them Node does not load: half of the files. */
const NEEDLESS = /\.(map|mjs|[cm]?ts|min\.js)$/

/** Takes the self-test away, so that it is the other verifier alone that stops what a faulty one accepts. */
const UNTESTED = {
  file: 'rules/self-test/self-test.ts',
  find: '  const cases: SelfTestCase[] = []\n',
  replace: '  if (bundle) return []\n  const cases: SelfTestCase[] = []\n',
}

/** Copies the code of the stages into `tree` and plants the fault; `tested` leaves the self-test in. Throws when a text does not stand there exactly once. */
export function plant({ id, edits }: Fault, tree: string, tested = false): void {
  mkdirSync(join(tree, 'node_modules'), { recursive: true })
  for (const name of ['rules', 'guard', 'package.json']) {
    cpSync(join(ROOT, name), join(tree, name), { recursive: true })
  }
  for (const name of PACKAGES.map((name) => `node_modules/${name}`)) {
    cpSync(join(ROOT, name), join(tree, name), { recursive: true, filter: (file) => !NEEDLESS.test(file) })
  }
  for (const { file, find, replace } of tested ? edits : [...edits, UNTESTED]) {
    const path = join(tree, file)
    const parts = readFileSync(path, 'utf8').split(find)
    if (parts.length !== 2) {
      throw new Error(`${id}: its text stands ${parts.length - 1} times in ${file}, not once:\n${find}`)
    }
    writeFileSync(path, parts.join(replace))
  }
}
