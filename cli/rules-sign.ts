/**
 * sallyport rules sign: has ssh-keygen sign a bundle, with a key in a file, an agent or a token.
 *
 * Reads    the bundle, which must be one
 * Writes   the signature, whole or not at all
 * Starts   ssh-keygen, which asks for the passphrase or for a touch; our own code sees no secret key
 */
import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { NAMESPACE } from '../rules/signature/sshsig.ts'
import { readNamedBundle } from './rules-bundle.ts'
import { writeWhole } from './rules-write.ts'
import { UsageError } from './usage.ts'

export function signRules(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { key: { type: 'string' }, output: { type: 'string', short: 'o' } },
    allowPositionals: true,
  })
  const [file, ...more] = positionals
  if (file === undefined || more.length > 0) throw new UsageError('sign needs one bundle')
  const { key } = values
  if (key === undefined)
    throw new UsageError('sign needs --key FILE: your SSH key, or its .pub for an agent or token')
  const { bundle, octets, digest } = readNamedBundle(file)
  process.stderr.write(`signing ${bundle.name} version ${bundle.version}, ${digest}\n`)
  const made = spawnSync('ssh-keygen', ['-Y', 'sign', '-n', NAMESPACE, '-f', key], {
    input: octets,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (made.error !== undefined) {
    throw new Error(
      `ssh-keygen cannot be started (${(made.error as NodeJS.ErrnoException).code}): install the OpenSSH client, or sign where it is with: ssh-keygen -Y sign -n ${NAMESPACE} -f KEY ${file}`,
    )
  }
  if (made.status !== 0)
    throw new Error(`ssh-keygen made no signature (exit code ${made.status}): see what it says above`)
  const output = values.output ?? `${file}.${basename(key).replace(/\.pub$/, '')}.sig`
  writeWhole(output, made.stdout)
  process.stdout.write(`${output}\n`)
  return 0
}
