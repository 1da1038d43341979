/** Names of policies, classes, tag sets and values are compared without regard to case (ADatP-4774 value domains). */

/**
 * The one form of a name in which it is compared. ASCII letters only: whole-Unicode lower-casing makes a KELVIN SIGN a k,
 * and no policy needs it.
 */
export function fold(name: string): string {
  return ASCII.test(name) ? name.toLowerCase() : name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

const ASCII = /^[\x00-\x7f]*$/
