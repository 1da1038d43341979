/** sallyport edge config: the effective configuration, of a file or of the edge that runs with it. */
import { readEdgeFile } from '../edge/config/file.ts'
import { showConfig } from '../edge/config/shown.ts'
import { ask, complain } from './edge-asked.ts'

export function configCommand(file: string, running: boolean): Promise<number> {
  if (running) return ask(file, 'config', {}, ({ text }) => void process.stdout.write(String(text)))
  const read = readEdgeFile(file)
  if ('problems' in read) return Promise.resolve(complain(read.problems))
  process.stdout.write(showConfig(read))
  return Promise.resolve(0)
}
