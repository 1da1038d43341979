/**
 * A page as one self-contained HTML file: no scripts, nothing loaded, and it prints well.
 *
 * Whatever comes from a bundle is escaped; characters that do not show, or that turn the direction of a line, are written out as U+….
 */
import { type Block, type Cell, type Inline, type Line, linesOf, type Page, piecesOf } from './page.ts'
import { visible } from './visible.ts'

const STYLE = `
:root { color-scheme: light }
body { font: 15px/1.45 "DejaVu Sans", "Noto Sans", "Segoe UI", Helvetica, Arial, sans-serif; color: #16202a; background: #fff;
  max-width: 68em; margin: 2.5em auto; padding: 0 1.5em }
header { border-bottom: 3px solid #16202a; margin-bottom: 1.5em; padding-bottom: .6em }
h1 { font-size: 1.9em; margin: 0 0 .1em } header p { margin: 0; color: #4a5866 }
h2 { font-size: 1.35em; margin: 2em 0 .5em; border-bottom: 1px solid #b9c3cc; padding-bottom: .2em }
h3 { font-size: 1.05em; margin: 1.5em 0 .4em }
p { margin: .5em 0; max-width: 52em } ul { margin: .5em 0; padding-left: 1.3em } li { margin: .2em 0 }
table { border-collapse: collapse; width: calc(100% - 2px); margin: .6em 0 1em; font-size: .92em }
th { text-align: left; background: #e9edf1; border: 1px solid #b9c3cc; padding: .35em .55em }
td { border: 1px solid #ccd4db; padding: .35em .55em; vertical-align: top; overflow-wrap: break-word }
table.pairs td:first-child { width: 7em }
td > div + div { margin-top: .25em }
code { font: .9em "DejaVu Sans Mono", "Noto Sans Mono", Consolas, monospace; background: #f1f4f6; padding: 0 .2em; border-radius: 2px;
  overflow-wrap: break-word }
pre { font: .82em/1.4 "DejaVu Sans Mono", "Noto Sans Mono", Consolas, monospace; background: #f1f4f6; border: 1px solid #ccd4db;
  padding: .5em .7em; white-space: pre-wrap; overflow-wrap: anywhere; margin: .4em 0 1em }
.marking { display: inline-block; border: 1px solid #16202a; padding: .05em .45em; font-weight: bold; font-size: .93em;
  print-color-adjust: exact; -webkit-print-color-adjust: exact }
.warning { background: #ffe3e0; color: #7c0f06; font-weight: bold; padding: 0 .25em; border-bottom: 2px solid #b3261e;
  print-color-adjust: exact; -webkit-print-color-adjust: exact }
@page { size: A4; margin: 16mm 14mm 18mm }
@media print { body { font-size: 9.5pt; max-width: none; margin: 0; padding: 0 } h2, h3 { break-after: avoid }
  tr, pre, .marking { break-inside: avoid } p:has(+ pre) { break-after: avoid } thead { display: table-header-group } }
`.trim()

/** The file. */
export function asHtml({ title, subtitle, blocks }: Page): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><p>${escaped(subtitle)}</p></header>
${blocks.map(block).join('\n')}
</body>
</html>
`
}

function block(one: Block): string {
  switch (one.type) {
    case 'heading':
      return `<h${one.level}>${escaped(one.text)}</h${one.level}>`
    case 'paragraph':
      return `<p>${line(one.line)}</p>`
    case 'list':
      return `<ul>${one.items.map((item) => `<li>${line(item)}</li>`).join('')}</ul>`
    case 'verbatim':
      return `<pre>${escaped(one.text)}</pre>`
    case 'table': {
      const head = one.head.map((text) => `<th>${escaped(text)}</th>`).join('')
      const rows = one.rows.map((row) => `<tr>${row.map((item) => `<td>${cell(item)}</td>`).join('')}</tr>`)
      const shown = one.head.some((text) => text !== '') ? `<thead><tr>${head}</tr></thead>` : ''
      return `<table${shown === '' ? ' class="pairs"' : ''}>${shown}<tbody>\n${rows.join('\n')}\n</tbody></table>`
    }
  }
}

function cell(one: Cell): string {
  const lines = linesOf(one)
  return lines.length === 1 ? line(lines[0]!) : lines.map((item) => `<div>${line(item)}</div>`).join('')
}

function line(one: Line): string {
  return piecesOf(one).map(inline).join('')
}

function inline(one: Inline): string {
  if (typeof one === 'string') return escaped(one)
  if ('code' in one) return `<code>${escaped(one.code)}</code>`
  if ('strong' in one) return `<strong>${escaped(one.strong)}</strong>`
  if ('warning' in one) return `<span class="warning">${escaped(one.warning)}</span>`
  const style = `color:${colour(one.fgcolor)};background:${colour(one.bgcolor)}`
  return `<span class="marking" style="${style}">${escaped(one.marking)}</span>`
}

/** Only `#rrggbb` may reach a style. */
function colour(value: string): string {
  return /^#[0-9a-f]{6}$/.test(value) ? value : '#ffffff'
}

function escaped(text: string): string {
  return visible(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
