/** The number of the frame in which a stanza is judged, where a test is not about numbers. */
import { assumedNaming } from '../../edge/normalise/naming.ts'
import { SAMPLE_NUMBER } from '../../rules/examples/values.ts'

export { SAMPLE_NUMBER as NUMBER } from '../../rules/examples/values.ts'
export const NAMING = assumedNaming(SAMPLE_NUMBER)
