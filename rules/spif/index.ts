/** Security policies: loading them, and what they decide of labels. */
export { loadSpif } from './load.ts'
export { mapIncoming, mapOutgoing } from './mapping.ts'
export { marking } from './marking.ts'
export type { Spif } from './spif.ts'
export { validate } from './validity.ts'
