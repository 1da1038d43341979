/**
 * prepare: makes fresh pipes and a start file for each stage, so that systemd can start the stages as units of their own.
 *
 *   DIR/pipes/<writer>-<reader>   FIFOs: the writer's user may only write, the reader's group may only read
 *   DIR/<stage>.sh                opens the pipes of the stage, then becomes the stage (a text for sh(1))
 *
 * A shell waits in opening a FIFO until its other end is opened too. All stages open theirs in the one order of the table
 * of pipes, so the first pipe that is not open yet is always what both its stages wait for: they cannot wait in a circle.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeTree, NO_CORE_IN_SHELL, nodeFlags, stageFile, stageLock } from './flags.ts'
import { makeGate } from './gate.ts'
import { type GuardConfig, pipesOf, STAGES, type StageName, stageArguments } from './stages.ts'

/**
 * The user, and the group of the same name, of a stage under systemd: each direction has its own, or a stage could signal, read and
 * write what belongs to the same stage of another. Linux takes 31 characters, so a direction's name at most 20.
 */
export function stageUser(stage: StageName, direction: string): string {
  return `sp-${stage}-${direction}`
}

export const DIRECTION_CHARACTERS = 20

export type PrepareOptions = Readonly<{
  config: GuardConfig
  /** Where to make them; what an earlier call made there is removed. */
  directory: string
  /** Whom to give the files to, which needs root: name or number of a stage's user and group. */
  userOf?: (stage: StageName) => string
}>

/** Throws what the file system says. */
export function prepareGuard({ config, directory, userOf }: PrepareOptions): void {
  makeGate(config.gate)
  const pipes = join(directory, 'pipes')
  rmSync(pipes, { recursive: true, force: true })
  mkdirSync(pipes, { recursive: true, mode: 0o711 })
  chmodSync(pipes, 0o711)
  for (const { name, writer, reader } of pipesOf(config)) {
    const path = join(pipes, name)
    execFileSync('mkfifo', ['-m', userOf ? '240' : '600', path], { stdio: ['ignore', 'ignore', 'inherit'] })
    if (userOf) give(path, userOf(writer.stage), userOf(reader.stage))
  }
  for (const stage of STAGES) {
    const path = join(directory, `${stage}.sh`)
    rmSync(path, { force: true })
    writeFileSync(path, startFile(stage, config, pipes), { mode: 0o440 })
    if (userOf) give(path, 'root', userOf(stage))
  }
}

/** Makes the journal directory when it is not there yet. */
export function prepareJournal(config: GuardConfig, userOf: PrepareOptions['userOf']): void {
  const { directory } = config.journal
  if (existsSync(directory)) return
  mkdirSync(directory, { mode: 0o750 })
  if (userOf) give(directory, userOf('journal'), userOf('journal'))
}

function give(path: string, user: string, group: string): void {
  try {
    execFileSync('chown', ['--no-dereference', `${user}:${group}`, path], { stdio: 'ignore' })
  } catch {
    throw new Error(
      `${path} cannot be given to ${user}:${group}: make the users: systemctl start sallyport-guard-users@NAME`,
    )
  }
}

function startFile(stage: StageName, config: GuardConfig, pipes: string): string {
  const code = codeTree(config.jit)
  const opens = pipesOf(config).flatMap(({ name, writer, reader }) => [
    ...(writer.stage === stage ? [`exec ${writer.fd}>${quote(join(pipes, name))}`] : []),
    ...(reader.stage === stage ? [`exec ${reader.fd}<${quote(join(pipes, name))}`] : []),
  ])
  const words = [
    ...stageLock(stage, config),
    process.execPath,
    ...nodeFlags(stage, config, code),
    stageFile(stage, code),
    ...stageArguments(stage, config),
  ]
  return [
    `# ${stage} of the guard ${config.name}. Made by "sallyport guard prepare" at each start; changes are lost.`,
    NO_CORE_IN_SHELL,
    ...opens,
    `cd / && exec env -i \\\n  ${words.map(quote).join(' \\\n  ')}`,
    '',
  ].join('\n')
}

/** One word of sh(1). */
function quote(text: string): string {
  return /^[A-Za-z0-9_./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
