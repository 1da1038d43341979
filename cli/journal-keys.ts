/** sallyport journal key, signing-key, content-key: make the keys of a journal; never over a file that is there. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type KeyType, keyFingerprint } from '../guard/common/keys.ts'
import { cannotWrite } from '../rules/unreadable.ts'
import { UsageError } from './usage.ts'

/** 32 random octets, in hexadecimal. */
export function digestKeyCommand(argv: string[]): number {
  const file = oneFile('key', argv)
  return written(file, () => {
    writeNew(file, `${randomBytes(32).toString('hex')}\n`, 0o600)
    return 'made; let only the journal stage read it'
  })
}

export function signingKeyCommand(argv: string[]): number {
  return makePair(oneFile('signing-key', argv), 'ed25519', 'let only the journal stage read it')
}

export function contentKeyCommand(argv: string[]): number {
  return makePair(
    oneFile('content-key', argv),
    'x25519',
    'it opens kept contents: take it to where they are to be read, no host of the guard needs it',
  )
}

function makePair(file: string, type: KeyType, advice: string): number {
  const { privateKey, publicKey } =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')
  return written(file, () => {
    writeNew(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600)
    try {
      writeNew(`${file}.pub`, publicKey.export({ type: 'spki', format: 'pem' }), 0o644)
    } catch (error) {
      rmSync(file)
      throw error
    }
    return `made; ${advice}\n${file}.pub: its public half, fingerprint ${keyFingerprint(publicKey)}`
  })
}

function writeNew(file: string, text: string | Buffer, mode: number): void {
  writeFileSync(file, text, { mode, flag: 'wx' })
}

function written(file: string, write: () => string): number {
  try {
    process.stdout.write(`${file}: ${write()}\n`)
    return 0
  } catch (error) {
    const { path = file } = error as NodeJS.ErrnoException
    process.stderr.write(`${path}: ${cannotWrite(error, 'name a new file in a directory that is there')}\n`)
    return 2
  }
}

function oneFile(action: string, argv: string[]): string {
  const { positionals } = parseArgs({ args: argv, options: {}, allowPositionals: true })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError(`${action} needs one FILE`)
  return file
}
