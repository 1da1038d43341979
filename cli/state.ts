/** Whether a state folder can be had, found without writing in it. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { cannotWrite } from '../rules/unreadable.ts'

/** Why nothing could be written in `folder`; undefined when it can, as far as is known without writing. */
export function stateProblem(folder: string): string | undefined {
  // A folder that is not there is made, in the nearest one above that is.
  let there = folder
  while (!existsSync(there)) there = dirname(there)
  try {
    if (!statSync(there).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' })
    accessSync(there, constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return `${folder}: ${cannotWrite(error, 'give it a state folder that it may write')}`
  }
}
