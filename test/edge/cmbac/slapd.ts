/** A real OpenLDAP for tests: slapd of Debian in a folder of its own, on ports of its own, with TLS. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type Ca, issue, writeCredentials } from '../../pki/pki.ts'

const SLAPD = '/usr/sbin/slapd'

/** Why there is none here, or undefined. */
export const slapdMissing = ['/usr/sbin/slapd', '/usr/sbin/slapadd', '/usr/bin/ldapmodify'].every(existsSync)
  ? undefined
  : 'slapd and ldap-utils are not installed: node scripts/debian.ts'

export type Slapd = Readonly<{
  ldaps: number
  ldap: number
  start(): Promise<void>
  stop(): Promise<void>
  /** Stands still, as a host does that has lost its network; and goes on. */
  freeze(): void
  thaw(): void
  modify(ldif: string): void
}>

export const BASE = 'dc=high'
export const EDGE_DN = 'cn=edge,dc=high'
export const PASSWORD = 'edge-päss'

/** Entries of the users of `ldif` below `ou=people,dc=high`, of the class `cleared`. Not started yet. */
export async function makeSlapd(folder: string, ca: Ca, ldif: string): Promise<Slapd> {
  mkdirSync(join(folder, 'db'))
  writeCredentials(folder, 'slapd', await issue(ca, { dns: ['localhost'] }))
  writeFileSync(join(folder, 'slapd-ca.crt'), ca.certificate)
  const schema = (name: string) => `include /etc/ldap/schema/${name}.schema`
  writeFileSync(
    join(folder, 'slapd.conf'),
    `${schema('core')}
${schema('cosine')}
${schema('inetorgperson')}
attributetype ( 2.16.840.1.101.2.2.1.198 NAME 'confidentialityClearance' EQUALITY caseExactMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 2.999.7.1 NAME 'berClearance' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
objectclass ( 2.999.7.2 NAME 'cleared' SUP top AUXILIARY MAY ( confidentialityClearance $ berClearance ) )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${join(folder, 'slapd.pid')}
security tls=128
TLSCertificateFile ${join(folder, 'slapd.crt')}
TLSCertificateKeyFile ${join(folder, 'slapd.key')}
TLSCACertificateFile ${join(folder, 'slapd-ca.crt')}
database mdb
suffix "${BASE}"
rootdn "cn=root,${BASE}"
rootpw root
directory ${join(folder, 'db')}
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${EDGE_DN}" read by * none
`,
  )
  const entries = `dn: ${BASE}
objectClass: dcObject
objectClass: organization
dc: high
o: high

dn: ${EDGE_DN}
objectClass: person
cn: edge
sn: edge
userPassword: ${PASSWORD}

dn: ou=people,${BASE}
objectClass: organizationalUnit
ou: people

${ldif}`
  writeFileSync(join(folder, 'data.ldif'), entries)
  run('/usr/sbin/slapadd', ['-f', join(folder, 'slapd.conf'), '-l', join(folder, 'data.ldif')])
  const ldap = await freePort()
  const ldaps = await freePort()
  let process: ChildProcess | undefined

  async function stop(): Promise<void> {
    const ending = process
    process = undefined
    if (ending === undefined) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill('SIGCONT')
    ending.kill('SIGKILL')
    await ended
  }

  return {
    ldap,
    ldaps,
    async start() {
      const urls = `ldap://127.0.0.1:${ldap}/ ldaps://127.0.0.1:${ldaps}/`
      process = spawn(SLAPD, ['-f', join(folder, 'slapd.conf'), '-h', urls, '-d', '0'], { stdio: 'ignore' })
      const end = performance.now() + 10_000
      while (!(await isListening(ldaps))) {
        if (performance.now() > end) throw new Error('slapd does not start')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    stop,
    freeze: () => void process?.kill('SIGSTOP'),
    thaw: () => void process?.kill('SIGCONT'),
    modify(change) {
      const args = ['-x', '-ZZ', '-H', `ldap://localhost:${ldap}`, '-D', `cn=root,${BASE}`, '-w', 'root']
      run('/usr/bin/ldapmodify', args, change, { LDAPTLS_REQCERT: 'never' })
    },
  }
}

function run(program: string, args: string[], input = '', env: Record<string, string> = {}): void {
  const done = spawnSync(program, args, { input, encoding: 'utf8', env: { ...process.env, ...env } })
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${done.stdout}${done.stderr}`)
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const settle = (is: boolean) => {
      socket.destroy()
      resolve(is)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
