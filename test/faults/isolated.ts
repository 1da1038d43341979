/**
 * Runs the calling test file once more with mounts and a network of its own, which end with it: a disk can fill up there and packets be
 * lost without anybody else noticing. Without root it tries a user namespace.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'

const INSIDE = 'FAULTS_ISOLATED'

/** Calls `tests` when the file runs inside; else starts it there, or skips it with the reason. */
export async function isolated(file: string, tests: () => Promise<unknown>): Promise<void> {
  if (process.env[INSIDE] !== undefined) {
    execFileSync('ip', ['link', 'set', 'lo', 'up'])
    await tests()
    return
  }
  const words = ['--mount', '--net', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])]
  try {
    execFileSync('unshare', [...words, 'ip', 'link', 'set', 'lo', 'up'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  } catch (error) {
    const { default: t } = await import('tap')
    const why = String((error as { stderr?: unknown }).stderr ?? error).trim()
    t.test('faults of disk and network', { skip: `needs mounts and a network of its own: ${why}` }, () => {})
    return
  }
  const env = { ...process.env, [INSIDE]: '1' }
  const child = spawn('unshare', [...words, process.execPath, file], { stdio: 'inherit', env })
  const [code] = await once(child, 'exit')
  process.exitCode = code ?? 1
}
