import { isolated } from './isolated.ts'

await isolated(import.meta.filename, () => import('./partition.ts'))
