/** Security policies: loading them, and what they decide of labels. */

export { mapIncoming } from './incoming.ts'
export { loadSpif } from './load.ts'
export { mapOutgoing } from './mapping.ts'
export { marking } from './marking.ts'
export type { Spif } from './spif.ts'
export { validate } from './validity.ts'
