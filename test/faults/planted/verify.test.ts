import { checkFaults } from './check.ts'
import { verifyFaults } from './verify-faults.ts'

await checkFaults('verify', verifyFaults)
