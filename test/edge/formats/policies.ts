/** The two policies of the labels of bundles.ts, and one whose labels not every form can hold. */
import { loadSpif, type Spif } from '../../../rules/spif/index.ts'
import { ACME_TEXT } from '../cmbac/policies.ts'

export { ACME, ACME_TEXT } from '../cmbac/policies.ts'

export const CWIX_TEXT = ACME_TEXT.replaceAll('"ACME"', '"CWIX25"')
  .replace('"1.2.3.4"', '"1.3.6.1.4.1.31778.102.25"')
  .replace('"OPEN"', '"UNCLASSIFIED"')
  .replaceAll('"Nation"', '"Releasable To"')
  .replace('"1.2.3.4.2"', '"1.3.6.1.4.1.31778.103.15"')

/** ESS has no class above 256. */
const HIGH_TEXT = ACME_TEXT.replaceAll('"ACME"', '"HIGH"')
  .replace('"1.2.3.4"', '"1.2.3.6"')
  .replace('name="SECRET" lacv="4"', 'name="SECRET" lacv="300"')

/** With markings for a first line, and for none. */
const LINES_TEXT = ACME_TEXT.replaceAll('"ACME"', '"LINES"')
  .replace('"1.2.3.4"', '"1.2.3.7"')
  .replace(
    'name="SECRET" lacv="4" hierarchy="4"/>',
    'name="SECRET" lacv="4" hierarchy="4"><markingData phrase="MOST SECRET"><code>firstLineOfText</code></markingData></securityClassification>',
  )
  .replace(
    'name="RESTRICTED" lacv="2" hierarchy="2"/>',
    'name="RESTRICTED" lacv="2" hierarchy="2"><markingData><code>noMarkingDisplay</code></markingData></securityClassification>',
  )

function load(text: string): Spif {
  const loaded = loadSpif(text, { strict: true })
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems))
  return loaded.spif
}

export const CWIX = load(CWIX_TEXT)
export const HIGH = load(HIGH_TEXT)
export const LINES = load(LINES_TEXT)
