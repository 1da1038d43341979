/**
 * What is to be done with a state folder that came out of a backup, or whose spool is damaged: the numbers behind it may have been
 * given out since, and what waits in it may have crossed. So both spools are emptied and the generation is raised, by so much that it
 * is above every generation that came after the backup. The highest number that was taken is kept.
 */
import { NO_NUMBER } from '../guard/gcxp/index.ts'
import { incomingHeading, readIncoming } from './incoming/spool.ts'
import { outgoingHeading, readOutgoing } from './outgoing/spool.ts'
import { renewStore } from './spool/store.ts'
import { giveToOwner, raiseGeneration, spoolFolders } from './state.ts'

/** Generations by which one start after another would not go on for long. */
const AHEAD = 256

/** How many stanzas each spool held; undefined: it could not be read. */
export type Emptied = Readonly<{
  generation: number
  outgoing: number | undefined
  incoming: number | undefined
}>

/** Begins anew in a state folder in which no edge lives. Throws one line when it cannot be written. */
export function beginAnew(folder: string): Emptied {
  const folders = spoolFolders(folder)
  const before = {
    outgoing: attempt(() => readOutgoing(folders.outgoing, Date.now)),
    incoming: attempt(() => readIncoming(folders.incoming, Date.now)),
  }
  // First: if this ends in the middle, the spool is of another generation than its folder, which no edge goes on with.
  const generation = raiseGeneration(folder, AHEAD)
  renewStore(folders.outgoing, outgoingHeading(generation, 0, 0, 1, 1))
  renewStore(folders.incoming, incomingHeading(before.incoming?.last ?? NO_NUMBER, 1, 1))
  giveToOwner(folder)
  return {
    generation,
    outgoing: before.outgoing?.kept.live.size,
    incoming: before.incoming?.live.size,
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
