/**
 * sallyport journal export: takes the journal of one guard off its host (guard/export/main.ts, doc/journal.md).
 *
 *   sallyport journal export --config FILE          runs until SIGTERM or SIGINT
 *   sallyport journal export check --config FILE    looks at everything that it needs, and connects to nobody
 *
 * Exits    0 done, 1 something is wrong (a line each on stderr), 2 the command line is wrong
 */
import { runExport } from '../guard/export/main.ts'
import { loadExportConfig } from './export-config.ts'
import { configured, untilStopped } from './running.ts'

export async function exportCommand(argv: string[]): Promise<number> {
  const { file, check } = configured(argv)
  const config = loadExportConfig(file, Date.now())
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`)
    return 1
  }
  if (check) {
    process.stdout.write(`${file}: the journal of the guard ${config.guard} can be exported\n`)
    return 0
  }
  return runExport(config, untilStopped())
}
