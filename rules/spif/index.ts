/** Security policies: loading them, and what they decide of labels. */
export { access } from '../clearance/access.ts'
export { labelFromNames } from '../label/bind.ts'
export { loadSpif } from './load.ts'
export { mapIncoming, mapOutgoing } from './mapping.ts'
export { clearanceMarking, marking } from './marking.ts'
export type { Finding, Spif } from './spif.ts'
export { validate } from './validity.ts'
