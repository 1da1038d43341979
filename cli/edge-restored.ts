/** sallyport edge restored: what is to be done before an edge starts with a state folder that came out of a backup. */
import { resolve } from 'node:path'
import { readEdgeFile } from '../edge/config/file.ts'
import { listenControl } from '../edge/control/server.ts'
import { beginAnew } from '../edge/restored.ts'
import { acceptPlace } from '../edge/state.ts'
import { complain } from './edge-asked.ts'

/** Throws one line when an edge runs there, or the folder cannot be written. */
export async function restoredCommand(file: string, moved: boolean): Promise<number> {
  const read = readEdgeFile(file)
  if ('problems' in read) return complain(read.problems)
  const folder = resolve(read.folder, read.source.state)
  const silent = () => {}
  // Holds the folder, as an edge does.
  const held = await listenControl(folder, new Map(), { info: silent, warn: silent, error: silent })
  try {
    if (moved) {
      acceptPlace(folder)
      process.stdout.write(`${folder}: is taken as it is\n`)
      return 0
    }
    const { generation, outgoing, incoming } = beginAnew(folder)
    process.stdout.write(
      `${folder}: numbers go on in generation ${generation}; not sent: ${counted(outgoing)} for the guard, ${counted(incoming)} for own servers\n`,
    )
    return 0
  } finally {
    held.close()
  }
}

function counted(stanzas: number | undefined): string {
  return stanzas === undefined ? 'what was damaged' : `${stanzas} stanzas`
}
