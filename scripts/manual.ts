/** Writes the pages of the manual that are made from code: `node scripts/manual.ts`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { profileManual } from '../packaging/manual/profile.ts'
import { withProperties } from '../packaging/manual/properties.ts'
import { withFields } from '../packaging/manual/ruleset.ts'
import { withUsages } from '../packaging/manual/usage.ts'

const page = (name: string) => new URL(`../doc/${name}`, import.meta.url)

writeFileSync(page('profile.md'), profileManual())
writeFileSync(page('ruleset.md'), withFields(readFileSync(page('ruleset.md'), 'utf8')))
writeFileSync(page('sallyport.md'), withUsages(readFileSync(page('sallyport.md'), 'utf8')))
writeFileSync(page('assurance.md'), withProperties(readFileSync(page('assurance.md'), 'utf8')))
