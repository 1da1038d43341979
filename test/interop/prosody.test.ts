import { interoperate } from './interop.ts'
import { startProsody } from './servers.ts'

await interoperate({ high: startProsody, low: startProsody }, '4774-4778+alternative')
