/** Writing of a file that is there whole or not at all. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'

export function writeWhole(file: string, content: Uint8Array | string): void {
  const temporary = `${file}.${process.pid}.new`
  try {
    writeFileSync(temporary, content)
    renameSync(temporary, file)
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary)
    throw new Error(
      `cannot write ${file} (${(error as NodeJS.ErrnoException).code}); give a file in a writable directory`,
    )
  }
}
