import { interoperate } from './interop.ts'
import { startEjabberd, startProsody } from './servers.ts'

await interoperate({ high: startProsody, low: startEjabberd }, 'ess-0258+equivalentlabel')
