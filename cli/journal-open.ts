/** sallyport journal open: one kept content, opened with the private key; for the terminal, or as it came into a file. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPrivateKey } from '../guard/common/keys.ts'
import { openSealed } from '../guard/common/seal.ts'
import { parseNumber } from '../guard/gcxp/number.ts'
import type { ContentPlace } from '../guard/journal/content-file.ts'
import { listSegments } from '../guard/journal/files.ts'
import { readKept, readPlace } from '../guard/journal/kept.ts'
import { fileLines, readFields } from '../guard/journal/read.ts'
import { cannotWrite } from '../rules/unreadable.ts'
import { UsageError } from './usage.ts'

export function openCommand(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: {
      key: { type: 'string' },
      record: { type: 'string' },
      output: { type: 'string', short: 'o' },
    },
    allowPositionals: true,
  })
  const [directory, told, ...more] = positionals
  if (directory === undefined || told === undefined || more.length > 0)
    throw new UsageError('open needs DIR and NUMBER')
  const number = parseNumber(told)
  if (number === undefined) throw new UsageError(`${told}: write generation.count, such as 0.42`)
  if (values.key === undefined) throw new UsageError('--key FILE is missing')
  if (values.record !== undefined && !/^[1-9][0-9]{0,14}$/.test(values.record))
    throw new UsageError(`--record ${values.record}: write the number of a record`)
  const key = readPrivateKey(values.key, 'x25519')
  if ('problem' in key) return wrong(2, `${values.key} ${key.problem}`)

  const found = findContents(directory, told)
  const chosen =
    values.record === undefined ? found.at(-1) : found.find(({ seq }) => seq === Number(values.record))
  if (chosen === undefined) {
    const where = values.record === undefined ? '' : ` in record ${values.record}`
    return wrong(1, `${told}: no content of it is kept${where}: journal.content says of what it is`)
  }
  const { seq, place } = chosen
  if (found.length > 1) {
    const others = found.filter((one) => one !== chosen).map((one) => one.seq)
    process.stderr.write(`note: this is record ${seq}; ${told} is in ${others.join(', ')} too (--record)\n`)
  }
  const sealed = place && readKept(directory, place)
  if (sealed === undefined)
    return wrong(1, `record ${seq}: its content is not what it names: run "sallyport journal verify"`)
  const content = openSealed(key, number, sealed)
  if (content === undefined)
    return wrong(1, `record ${seq}: ${values.key} does not open it: it was sealed for another key`)
  return values.output === undefined ? print(content) : write(values.output, content)
}

/** The records of `number` that name a content, in order; without place when it is out of format. */
function findContents(
  directory: string,
  number: string,
): Readonly<{ seq: number; place: ContentPlace | undefined }>[] {
  const found: { seq: number; place: ContentPlace | undefined }[] = []
  for (const { name, first } of listSegments(directory)) {
    for (const { text } of fileLines(join(directory, name))) {
      const fields = text === undefined ? undefined : readFields(text)
      if (fields?.['number'] !== number || fields['content'] === undefined) continue
      found.push({ seq: Number(fields['seq']), place: readPlace(fields['content'], first) })
    }
  }
  return found
}

/** As text, without what steers a terminal. */
function print(content: Buffer): number {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
    process.stdout.write(`${text.replace(/(?![\n\t])\p{C}/gu, '?')}\n`)
    return 0
  } catch {
    return wrong(1, 'the content is not UTF-8: write it into a file with -o FILE')
  }
}

function write(file: string, content: Buffer): number {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: 'wx' })
    return 0
  } catch (error) {
    return wrong(2, `${file}: ${cannotWrite(error, 'name a new file in a directory that is there')}`)
  }
}

function wrong(status: number, line: string): number {
  process.stderr.write(`${line}\n`)
  return status
}
