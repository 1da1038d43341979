/** demo: what `npm run demo` starts; the same as `sallyport demo`. */
import { demoCommand } from '../../cli/demo.ts'

process.exitCode = await demoCommand(process.argv.slice(2))
