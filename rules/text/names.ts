/** The names that a ruleset may use of scripts and categories (Unicode 17.0, Script and General_Category). */

/** Living scripts; what has another script than these cannot be admitted by name. */
export const SCRIPTS = [
  'Arabic',
  'Armenian',
  'Bengali',
  'Bopomofo',
  'Cyrillic',
  'Devanagari',
  'Ethiopic',
  'Georgian',
  'Greek',
  'Gujarati',
  'Gurmukhi',
  'Han',
  'Hangul',
  'Hebrew',
  'Hiragana',
  'Kannada',
  'Katakana',
  'Khmer',
  'Lao',
  'Latin',
  'Malayalam',
  'Mongolian',
  'Myanmar',
  'Oriya',
  'Sinhala',
  'Syriac',
  'Tamil',
  'Telugu',
  'Thaana',
  'Thai',
  'Tibetan',
] as const

export type ScriptName = (typeof SCRIPTS)[number]

/** Of what the content rules admit: letters, marks, numbers, punctuation, symbols. */
export const CATEGORIES = [
  ...(['Lu', 'Ll', 'Lt', 'Lm', 'Lo', 'Mn', 'Mc', 'Me', 'Nd', 'Nl', 'No'] as const),
  ...(['Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po', 'Sm', 'Sc', 'Sk', 'So'] as const),
] as const

export type CategoryName = (typeof CATEGORIES)[number]
