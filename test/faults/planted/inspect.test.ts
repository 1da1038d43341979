import { checkFaults } from './check.ts'
import { inspectFaults } from './inspect-faults.ts'

await checkFaults('inspect', inspectFaults)
