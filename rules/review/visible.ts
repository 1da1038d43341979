/** Text as a reviewer must see it. */

/** Controls, formats, private use, unassigned, separators and marks without a base: what does not show, or moves what shows. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u034f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu

/** The text with every character that does not show written as U+…; LF stays. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (character) =>
    character === '\n'
      ? character
      : `⟨U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
}
