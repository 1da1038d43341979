/** Whether each server of the directory of clearances can be asked. */
import type { Jid } from '../../rules/address/jid.ts'
import { createDirectory } from '../cmbac/ldap/directory.ts'
import type { EdgeConfig } from '../config/load.ts'
import { type Finding, problem, warning } from './finding.ts'

/** Asks each server for a user that there is hardly one of. As long as one answers, the others are worth a warning. */
export async function checkDirectory({ cmbac }: Pick<EdgeConfig, 'cmbac'>): Promise<Finding[]> {
  const ldap = cmbac?.users.ldap
  if (ldap === undefined) return []
  const domain = 'sallyport.invalid'
  const nobody: Jid = { text: `check@${domain}`, local: 'check', domain, resource: '' }
  const answers = await Promise.all(
    ldap.servers.map(async (server) => {
      let why: string | undefined
      const directory = createDirectory({
        ...ldap,
        servers: [server],
        againMs: 0,
        now: () => performance.now(),
        onState: (said) => {
          why = said
        },
      })
      await directory.find(nobody).catch(() => {})
      directory.close()
      return why
    }),
  )
  const failed = answers.filter((why) => why !== undefined)
  const level = failed.length === answers.length ? problem : warning
  return failed.map((why) => level(`directory of clearances: ${why}`))
}
