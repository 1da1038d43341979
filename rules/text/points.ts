/**
 * What the rules ask of a single code point, under the Unicode version of the running Node.
 *
 * Regular expressions are used on one code point at a time and the answer is kept in a table, so a hostile text costs
 * no more than a look-up for each of its code points.
 */

/** Category L*. */
export const LETTER = 1 << 0
/** Category M*. */
export const MARK = 1 << 1
/** Category L*, M*, N*, P* or S*. */
export const VISIBLE = 1 << 2
/** What shows nothing: Default_Ignorable_Code_Point, and the Braille pattern without a dot. */
export const IGNORABLE = 1 << 3
/** Script Latin. */
export const LATIN = 1 << 4
/** Script Cyrillic or Greek: letters that are easily taken for Latin ones. */
export const LATIN_LIKE = 1 << 5
/** Script Inherited: a mark that takes the script of what it stands on. */
export const INHERITED = 1 << 6
/** A script that needs joiners in its ordinary spelling. */
export const JOINING = 1 << 7
/** Property Emoji. */
export const EMOJI = 1 << 8
/** Property Extended_Pictographic. */
export const PICTOGRAPH = 1 << 9
/** Property Emoji_Modifier. */
export const MODIFIER = 1 << 10
/** May stand in a prepared local part (RFC 8265 §3.3): letter or digit, its own NFKC form, not a capital. */
export const LOCAL = 1 << 11
/** May stand in a local part before it is prepared: as LOCAL, or a capital of which the same holds. */
export const UNPREPARED = 1 << 12
/** A space other than U+0020. */
export const OTHER_SPACE = 1 << 13
/** A script that is written from right to left. */
export const RIGHT_TO_LEFT = 1 << 14

const KNOWN = 1 << 15

const RIGHT_TO_LEFT_SCRIPTS = [
  ...['Adlam', 'Arabic', 'Avestan', 'Chorasmian', 'Cypriot', 'Elymaic'],
  ...['Garay', 'Hanifi_Rohingya', 'Hatran', 'Hebrew', 'Imperial_Aramaic', 'Inscriptional_Pahlavi'],
  ...['Inscriptional_Parthian', 'Kharoshthi', 'Lydian', 'Mandaic', 'Manichaean', 'Mende_Kikakui'],
  ...['Meroitic_Cursive', 'Meroitic_Hieroglyphs', 'Nabataean', 'Nko', 'Old_Hungarian', 'Old_North_Arabian'],
  ...['Old_Sogdian', 'Old_South_Arabian', 'Old_Turkic', 'Old_Uyghur', 'Palmyrene', 'Phoenician'],
  ...['Psalter_Pahlavi', 'Samaritan', 'Sidetic', 'Sogdian', 'Syriac', 'Thaana'],
  ...['Yezidi'],
]

const TESTS: readonly (readonly [flag: number, test: RegExp])[] = [
  [LETTER, /^\p{L}$/u],
  [MARK, /^\p{M}$/u],
  [VISIBLE, /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u],
  [IGNORABLE, /^[\p{Default_Ignorable_Code_Point}\u2800]$/u],
  [LATIN, /^\p{Script=Latin}$/u],
  [LATIN_LIKE, /^[\p{Script=Cyrillic}\p{Script=Greek}]$/u],
  [INHERITED, /^\p{Script=Inherited}$/u],
  [
    JOINING,
    /^[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Gurmukhi}\p{Script=Gujarati}\p{Script=Oriya}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Khmer}\p{Script=Myanmar}\p{Script=Mongolian}]$/u,
  ],
  [
    RIGHT_TO_LEFT,
    new RegExp(`^[${RIGHT_TO_LEFT_SCRIPTS.map((name) => `\\p{Script=${name}}`).join('')}]$`, 'u'),
  ],
  [EMOJI, /^\p{Emoji}$/u],
  [PICTOGRAPH, /^\p{Extended_Pictographic}$/u],
  [MODIFIER, /^\p{Emoji_Modifier}$/u],
  [OTHER_SPACE, /^[\p{Zs}--\u0020]$/v],
]

const SMALL = /^[\p{Ll}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]$/u
const CAPITAL = /^\p{Lu}$/u

const table = new Uint16Array(0x110000)

/** The flags above that hold for a code point, which is no surrogate. */
export function properties(point: number): number {
  const known = table[point]!
  return known !== 0 ? known : (table[point] = look(point))
}

function look(point: number): number {
  const character = String.fromCodePoint(point)
  let flags = KNOWN
  for (const [flag, test] of TESTS) if (test.test(character)) flags |= flag
  if ((flags & IGNORABLE) === 0 && character.normalize('NFKC') === character) {
    if (SMALL.test(character) && character.toLowerCase() === character) flags |= LOCAL | UNPREPARED
    else if (CAPITAL.test(character)) flags |= UNPREPARED
  }
  return flags
}
