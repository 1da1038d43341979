/**
 * Counts which branches of the product run: every module under `rules/`, `guard/` and `edge/`, and saxes, is instrumented by
 * Jazzer.js when it is loaded, with a counter a branch and with its comparisons told to the fuzzer.
 *
 * Jazzer.js's own loader sees ES modules of JavaScript only; what is here takes the types out first.
 */
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { fuzzer } from '@jazzer.js/fuzzer'
import { Instrumentor } from '@jazzer.js/instrumentor'
import { compareHooks } from '@jazzer.js/instrumentor/dist/plugins/compareHooks.js'
import { esmCodeCoverage } from '@jazzer.js/instrumentor/dist/plugins/esmCodeCoverage.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTRUMENTED = ['rules/', 'guard/', 'edge/', 'node_modules/saxes/', 'node_modules/xmlchars/'].map(
  (part) => ROOT + part,
)

/** Instruments what is loaded from now on. Gives the list of counters, which grows by one element a module. */
export function instrument(): readonly Uint8Array[] {
  const modules: Uint8Array[] = []
  const instrumentor = new Instrumentor()
  Object.assign(globalThis, {
    Fuzzer: fuzzer, // its tracer is what instrumented comparisons call
    __counters(size: number) {
      const counters = fuzzer.coverageTracker.createModuleCounters(size)
      modules.push(counters)
      return counters
    },
  })

  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      const file = url.startsWith('file:') ? fileURLToPath(url) : ''
      if (!INSTRUMENTED.some((part) => file.startsWith(part)) || !/\.(js|ts)$/.test(file)) return loaded
      const source = Buffer.from(loaded.source as Uint8Array).toString('utf8')
      const format = loaded.format?.replace('-typescript', '')
      const coverage = esmCodeCoverage()
      const instrumented = instrumentor.transform(
        file,
        format === loaded.format ? source : stripTypeScriptTypes(source),
        [coverage.plugin, compareHooks] as never, // typed for another Babel
        { configFile: false, babelrc: false, sourceMaps: false },
      )
      const counters = `const __jazzer_cov = __counters(${coverage.edgeCount()});`
      return { ...loaded, ...(format && { format }), source: counters + instrumented!.code }
    },
  })
  return modules
}
