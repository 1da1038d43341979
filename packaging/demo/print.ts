/** How the demo looks: colour on a terminal only, never with NO_COLOR (`util.styleText` sees to both). */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout })

export const bold = (text: string) => styled('bold', text)
export const dim = (text: string) => styled('dim', text)
export const good = (text: string) => styled('green', text)
export const bad = (text: string) => styled(['bold', 'red'], text)
export const stopped = (text: string) => styled('yellow', text)

/** A display marking on the colours of its label, as a client would show it. */
export function marked(text: string, background?: string, foreground?: string): string {
  const on = rgb(background)
  const ink = rgb(foreground)
  if (on === undefined || ink === undefined || !coloured()) return text === '' ? '(no marking)' : `[${text}]`
  return `\u001b[48;2;${on};38;2;${ink}m ${text} \u001b[0m`
}

export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A heading between the parts of the demo. */
export function heading(text: string): void {
  say(`\n${bold(text)}`)
}

/** Text from a stanza in quotes, safe to print, cut at `max` characters. */
export function quoted(text: string, max = 60): string {
  return `"${visible(text.length > max ? `${text.slice(0, max - 1)}…` : text)}"`
}

/** Text from a stanza with control characters, line breaks and characters without width made visible. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Rows in columns as wide as their longest cell; the last column is not padded. */
export function table(rows: readonly (readonly string[])[], indent = '  '): void {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)))
    say(`${indent}${cells.join('  ')}`)
  }
}

function coloured(): boolean {
  return styled('red', 'x') !== 'x'
}

function rgb(colour: string | undefined): string | undefined {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour ?? '')
  return parts
    ?.slice(1)
    .map((part) => Number.parseInt(part, 16))
    .join(';')
}
