/** sallyport edge reload: has a running edge go by its configuration as it is now, and says what came of it. */
import { ask, complain } from './edge-asked.ts'

export async function reloadCommand(file: string): Promise<number> {
  let status = 0
  const asked = await ask(file, 'reload', {}, ({ problems, changed, waiting, ended }) => {
    const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
    if (list(problems).length > 0) {
      status = complain([...list(problems), `${file}: nothing was changed, the edge goes on as it is`])
      return
    }
    const said = [
      list(changed).length === 0
        ? 'nothing has changed that a running edge takes over'
        : `in force now: ${list(changed).join('; ')}`,
      ...(list(waiting).length === 0
        ? []
        : [`waits for the next start (systemctl restart sallyport-edge): ${list(waiting).join('; ')}`]),
      ...(ended === 0 ? [] : [`streams ended that are not allowed any longer: ${String(ended)}`]),
    ]
    for (const line of said) process.stdout.write(`${line}\n`)
  })
  return asked === 0 ? status : asked
}
