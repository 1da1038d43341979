/**
 * Closing and opening the gate of a direction.
 *
 * Anybody who may write the gate directory closes it, from a script too. Only a person opens it: on a terminal of this host, by
 * typing the name of the direction.
 */
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { BY_LENGTH, isOperatorText, REASON_LENGTH, readGate } from '../guard/common/gate.ts'
import { makeGate, writeGate } from '../guard/launcher/gate.ts'
import type { GuardConfig } from '../guard/launcher/stages.ts'
import { cannotWrite } from '../rules/unreadable.ts'
import { hearGuard } from './guard-health.ts'
import { UsageError } from './usage.ts'

/** How long a guard that runs has to say that it has seen the gate: as long as it takes to start, and more. */
const HEARD_MS = 20_000

const isClosed = (health: string) => health.startsWith('the gate is closed')

/** Throws a UsageError when the reason is not one line that journal and health can show. */
export function checkReason(reason: string): string {
  if (!isOperatorText(reason, REASON_LENGTH))
    throw new UsageError(`--reason: one line of 1 to ${REASON_LENGTH} printable characters`)
  return reason
}

/** Writes the gate closed, and waits until a guard that runs says that nothing leaves. Gives the exit code. */
export async function closeGate(config: GuardConfig, reason: string): Promise<number> {
  const before = readGate(config.gate)
  const already = !('problem' in before) && before.state === 'closed'
  if (!already && !turn(config, 'closed', reason)) return 1
  const heard = await hearGuard(config, '/healthz', isClosed, HEARD_MS)
  if (heard.kind === 'late') {
    return complain(
      `the gate of ${config.name} is written closed, but its guard says: ${heard.text}: stop the guard, and look at its log`,
    )
  }
  const told =
    heard.kind === 'said'
      ? heard.text
      : 'the gate is closed; no guard answers, and one that starts keeps it so'
  return tell(`${config.name}: ${told}`)
}

/** Asks a person, then writes the gate open, and waits until a guard that runs goes by it. Gives the exit code. */
export async function openGate(config: GuardConfig, reason: string): Promise<number> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    return complain('a gate is opened by a person: run this on a terminal of this host')
  const before = readGate(config.gate)
  if (!('problem' in before) && before.state === 'open')
    return tell(
      `${config.name}: the gate is open since ${before.time}, opened by ${before.by}: ${before.reason}`,
    )
  process.stdout.write(
    'problem' in before
      ? `The gate of ${config.name} is closed: ${before.problem}.\n`
      : before.state === 'new'
        ? `The gate of ${config.name} was made anew at ${before.time}.\n`
        : `The gate of ${config.name} is closed since ${before.time} by ${before.by}: ${before.reason}\n`,
  )
  if ((await ask(`To open it, type the name of the direction: `)) !== config.name)
    return complain('that is not its name: the gate is as it was')
  if (!turn(config, 'open', reason)) return 1
  const heard = await hearGuard(config, '/healthz', (health) => !isClosed(health), HEARD_MS)
  if (heard.kind === 'late')
    return complain(`the gate of ${config.name} is written open, but its guard says: ${heard.text}`)
  const told = heard.kind === 'said' ? heard.text : 'no guard answers, and one that starts goes by it'
  return tell(`${config.name}: the gate is open; ${told}`)
}

/** Undefined when the input ends before a line does. */
async function ask(question: string): Promise<string | undefined> {
  // The terminal's own line editing is enough, and an end of input is told at once.
  const terminal = createInterface({ input: process.stdin, output: process.stdout, terminal: false })
  const ended = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)))
  const line = await Promise.race([terminal.question(question), ended])
  terminal.close()
  return line?.trim()
}

function turn(config: GuardConfig, state: 'open' | 'closed', reason: string): boolean {
  try {
    makeGate(config.gate)
    writeGate(config.gate, { state, by: operator(), reason })
    return true
  } catch (error) {
    complain(`${config.gate} ${cannotWrite(error, 'make the directory around it')}`)
    return false
  }
}

/** Who runs this, and whom sudo names. */
function operator(): string {
  let user = `user ${process.getuid?.()}`
  try {
    user = userInfo().username
  } catch {
    // No name for this number.
  }
  const behind = process.env['SUDO_USER'] ?? ''
  const told = user === 'root' && behind !== '' ? `${behind} as root` : user
  return isOperatorText(told, BY_LENGTH) ? told : 'somebody'
}

function tell(line: string): number {
  process.stdout.write(`${line}\n`)
  return 0
}

function complain(line: string): number {
  process.stderr.write(`sallyport guard: ${line}\n`)
  return 1
}
