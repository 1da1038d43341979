/** Whether identifiers of a bundle are numbers of frames, by what its forms say of them. */
import type { Bundle } from './bundle.ts'

/** Numbered are all identifiers of stanzas, or none (rules/profile/identifiers.ts). */
export function isNumbered({ forms }: Pick<Bundle, 'forms'>): boolean {
  const ids = forms.flatMap(({ attributes }) => attributes.filter(({ name }) => name === 'id'))
  return ids.some(({ value }) => value.type !== 'identifier')
}
