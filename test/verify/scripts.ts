/** Scripts of tests that ask the runtime what the tables must say. */

/** Those that are written from right to left, by doc/formats.md §2. */
const NAMES = [
  ...['Adlam', 'Arabic', 'Avestan', 'Chorasmian', 'Cypriot', 'Elymaic'],
  ...['Garay', 'Hanifi_Rohingya', 'Hatran', 'Hebrew', 'Imperial_Aramaic', 'Inscriptional_Pahlavi'],
  ...['Inscriptional_Parthian', 'Kharoshthi', 'Lydian', 'Mandaic', 'Manichaean', 'Mende_Kikakui'],
  ...['Meroitic_Cursive', 'Meroitic_Hieroglyphs', 'Nabataean', 'Nko', 'Old_Hungarian', 'Old_North_Arabian'],
  ...['Old_Sogdian', 'Old_South_Arabian', 'Old_Turkic', 'Old_Uyghur', 'Palmyrene', 'Phoenician'],
  ...['Psalter_Pahlavi', 'Samaritan', 'Sidetic', 'Sogdian', 'Syriac', 'Thaana'],
  ...['Yezidi'],
]

export const RIGHT_TO_LEFT = new RegExp(`[${NAMES.map((name) => `\\p{sc=${name}}`).join('')}]`, 'u')
