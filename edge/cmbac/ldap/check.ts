/** Whether each server of the directory can be asked: for `sallyport edge check`, before anything depends on it. */
import type { Jid } from '../../../rules/address/jid.ts'
import type { LdapConfig } from '../../config/ldap.ts'
import { createDirectory } from './directory.ts'

/** Asks each server for a user that there is hardly one of; gives a line for each that does not answer as it should. */
export async function directoryProblems(ldap: LdapConfig): Promise<string[]> {
  const domain = 'sallyport.invalid'
  const nobody: Jid = { text: `check@${domain}`, local: 'check', domain, resource: '' }
  const problems = await Promise.all(
    ldap.servers.map(async (server) => {
      let problem: string | undefined
      const directory = createDirectory({
        ...ldap,
        servers: [server],
        againMs: 0,
        now: () => performance.now(),
        onState: (why) => {
          problem = why
        },
      })
      await directory.find(nobody).catch(() => {})
      directory.close()
      return problem === undefined ? [] : [problem]
    }),
  )
  return problems.flat()
}
