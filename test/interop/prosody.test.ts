import { interoperate } from './interop.ts'
import { startProsody } from './servers.ts'

await interoperate({ high: startProsody, low: startProsody })
