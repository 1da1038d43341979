/** Small files that are replaced whole or not at all, and durably: what a program must find again after a crash. */
import { constants } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const { O_WRONLY, O_CREAT, O_TRUNC, O_DSYNC } = constants

/** Done once the new content would be there after a loss of power. Rejects with what the file system says. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, 0o640)
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  // The new name is durable with its directory.
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A pause between two writes of one file, so that who gives it cause to be written cannot keep the disk busy. */
const BETWEEN_MS = 250

export type Keeper = Readonly<{
  /** Makes `text` the content of the file; one that comes before the write begins takes its place. `kept` is told when it is durable. */
  keep(text: string, kept?: () => void): void
  /** Done when nothing waits to be written. */
  flush(): Promise<void>
}>

/** One write at a time. A failure is told once, and nothing is written any more. */
export function createKeeper(path: string, onFailure: (error: unknown) => void): Keeper {
  let waiting: Readonly<{ text: string; kept?: (() => void) | undefined }> | undefined
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    while (waiting !== undefined) {
      const { text, kept } = waiting
      waiting = undefined
      await writeWhole(path, text)
      kept?.()
      await delay(BETWEEN_MS)
    }
    running = undefined
  }

  return {
    keep(text, kept) {
      waiting = { text, kept }
      running ??= run().catch(onFailure)
    },
    flush: async () => running,
  }
}
