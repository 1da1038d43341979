import { interoperate } from './interop.ts'
import { startEjabberd, startProsody } from './servers.ts'

await interoperate({ high: startProsody, low: startEjabberd })
