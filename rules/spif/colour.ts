/**
 * Colours of classifications, as Open XML SPIF has them, for XEP-0258 display markings.
 *
 * The SPIF names a background only. The foreground is black or white, whichever reads better on it (WCAG 2.2
 * relative luminance).
 */
import type { Colour } from './spif.ts'

/** The sixteen colours of HTML 4, `fuschia` as the SPIF schema misspells it, and `orange` of XEP-0258. */
const NAMES: ReadonlyMap<string, Colour> = new Map([
  ['aqua', '#00ffff'],
  ['black', '#000000'],
  ['blue', '#0000ff'],
  ['fuchsia', '#ff00ff'],
  ['fuschia', '#ff00ff'],
  ['gray', '#808080'],
  ['green', '#008000'],
  ['lime', '#00ff00'],
  ['maroon', '#800000'],
  ['navy', '#000080'],
  ['olive', '#808000'],
  ['orange', '#ffa500'],
  ['purple', '#800080'],
  ['red', '#ff0000'],
  ['silver', '#c0c0c0'],
  ['teal', '#008080'],
  ['white', '#ffffff'],
  ['yellow', '#ffff00'],
])

/** `#rrggbb` in small letters for a colour name or `#RRGGBB`, else undefined. */
export function colourOf(value: string): Colour | undefined {
  const named = NAMES.get(value)
  if (named !== undefined) return named
  return /^#[0-9a-fA-F]{6}$/.test(value) ? value.toLowerCase() : undefined
}

/** Black or white, by the higher contrast against `background` (WCAG 2.2 §1.4.3: never less than 4.5 to 1). */
export function readableOn(background: Colour): Colour {
  const luminance =
    0.2126 * linear(background, 1) + 0.7152 * linear(background, 3) + 0.0722 * linear(background, 5)
  return (luminance + 0.05) ** 2 > 1.05 * 0.05 ? '#000000' : '#ffffff'
}

function linear(colour: Colour, at: number): number {
  const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}
