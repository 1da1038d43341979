/**
 * sallyport journal witness: holds heads of guards' journals on another host (guard/witness/main.ts, doc/journal.md).
 *
 *   sallyport journal witness --config FILE            runs until SIGTERM or SIGINT
 *   sallyport journal witness check --config FILE      looks at everything that it needs, and at its port
 *   sallyport journal witness show PATH [--key FILE]   heads, for `journal verify DIR --head`, and what was found. PATH is the
 *                                                      state folder of a witness, or the file witness.json that export keeps
 *
 * Exits    0 done; 1 something is wrong, or, with show: something was found, or a signature is not of the key; 2 the command line
 *          is wrong or the files cannot be read
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readPublicKey } from '../guard/common/keys.ts'
import { readSignedHead, type SignedHeadFields, verifyCountersigned } from '../guard/witness/countersign.ts'
import { type Incident, readGuardFile } from '../guard/witness/heads.ts'
import { runWitness } from '../guard/witness/main.ts'
import { cannotRead } from '../rules/unreadable.ts'
import { portProblem } from './ports.ts'
import { configured, untilStopped } from './running.ts'
import { UsageError } from './usage.ts'
import { loadWitnessConfig } from './witness-config.ts'

export async function witnessCommand(argv: string[]): Promise<number> {
  if (argv[0] === 'show') return show(argv.slice(1))
  const { file, check } = configured(argv)
  const config = loadWitnessConfig(file, Date.now())
  if ('problems' in config) {
    for (const problem of config.problems) process.stderr.write(`${problem}\n`)
    return 1
  }
  if (!check) {
    await runWitness(config, untilStopped())
    return 0
  }
  const problem = await portProblem(config.listen)
  if (problem !== undefined) {
    process.stderr.write(`${file}: listen ${config.listen.host}:${config.listen.port}: ${problem}\n`)
    return 1
  }
  process.stdout.write(`${file}: the witness of ${config.guards.length} guards can start\n`)
  return 0
}

function show(argv: string[]): number {
  const { values, positionals } = parseArgs({
    args: argv,
    options: { key: { type: 'string' } },
    allowPositionals: true,
  })
  const [path, ...more] = positionals
  if (path === undefined || more.length > 0) throw new UsageError('show needs one PATH')
  const key = values.key === undefined ? undefined : readPublicKey(values.key, 'ed25519')
  if (key !== undefined && 'problem' in key) return unread(`${values.key} ${key.problem}`)
  let sound = true
  const print = (signed: SignedHeadFields, first: string): void => {
    const { guard, seq, chain, second } = signed
    const good = key === undefined ? undefined : verifyCountersigned(key, signed)
    const signature = good === undefined ? '' : good ? ', signature good' : ', SIGNATURE NOT OF THIS KEY'
    if (good === false) sound = false
    process.stdout.write(`${guard} ${seq}:${chain} signed ${isoTime(second)}${first}${signature}\n`)
  }
  const tell = (guard: string, { time, finding, seq, held }: Incident): void => {
    sound = false
    process.stdout.write(`${guard} FOUND ${time}: ${finding} at record ${seq}, while ${held} was held\n`)
  }
  try {
    if (!statSync(path).isDirectory()) {
      const signed = readSignedHead(JSON.parse(readFileSync(path, 'latin1')))
      if (signed === undefined) return unread(`${path} holds no head of a witness`)
      print(signed, '')
      return sound ? 0 : 1
    }
    for (const name of readdirSync(path)
      .filter((one) => one.endsWith('.json'))
      .sort()) {
      const guard = name.slice(0, -'.json'.length)
      const known = readGuardFile(join(path, name), guard)
      if (known?.signed !== undefined) print(known.signed, `, records from ${known.begins} on`)
      for (const incident of known?.incidents ?? []) tell(guard, incident)
      if (known !== undefined && known.more > 0) process.stdout.write(`${guard} FOUND ${known.more} more\n`)
    }
  } catch (error) {
    if (error instanceof SyntaxError) return unread(`${path} holds no head of a witness`)
    if ((error as NodeJS.ErrnoException).code === undefined) return unread((error as Error).message)
    return unread(
      `${path} ${cannotRead(error, 'give the state folder of a witness, or the witness.json of an export')}`,
    )
  }
  return sound ? 0 : 1
}

function unread(problem: string): number {
  process.stderr.write(`${problem}\n`)
  return 2
}

function isoTime(second: number): string {
  const time = new Date(second * 1000)
  return Number.isNaN(time.getTime()) ? `${second} s` : time.toISOString()
}
