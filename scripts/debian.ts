/**
 * debian: installs the Debian packages that the tests of interoperation and faults need, when root, and tells versions.
 *
 * Starts no service: the tests start servers of their own, in network namespaces of their own. A server
 * installed here is not enabled at boot either. Ends with 77 (skipped) when it may not install.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'

const packages = [
  'prosody',
  'lua-event',
  'lua-unbound',
  'ejabberd',
  'slapd',
  'ldap-utils',
  'dnsmasq-base',
  'iproute2',
  'nftables',
  'libfaketime',
  'systemd',
]
const services = ['prosody', 'ejabberd', 'slapd']
const policy = '/usr/sbin/policy-rc.d'

const before = installed()
const missing = packages.filter((name) => !before.has(name))
if (missing.length > 0) {
  if (process.getuid?.() !== 0) giveUp(77, `without root not installed: ${missing.join(' ')}`)
  if (!existsSync('/usr/bin/apt-get')) giveUp(77, `no apt-get here; missing: ${missing.join(' ')}`)
  forbidServices()
  install(missing)
  const added = services.filter((name) => missing.includes(name))
  if (added.length > 0) spawnSync('systemctl', ['disable', '--quiet', ...added])
}
const versions = installed()
console.log(packages.map((name) => `${name} ${versions.get(name) ?? 'missing'}`).join(', '))

function installed(): Map<string, string> {
  const format = '${db:Status-Status} ${Package} ${Version}\n'
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...packages], { encoding: 'utf8' })
  const lines = (stdout ?? '').split('\n').map((line) => line.split(' '))
  return new Map(
    lines.flatMap(([status, name, version]) => (status === 'installed' ? [[name!, version!]] : [])),
  )
}

function install(names: string[]): void {
  const options = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0', '-o', 'Acquire::Retries=3']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-qq', '-y', ...options, ...args], { env, encoding: 'utf8' })
  let said = ''
  for (let attempt = 1; attempt <= 3; attempt++) {
    const update = apt('update')
    const done = apt('install', '--no-install-recommends', ...names)
    if (done.status === 0) return
    said = `${update.stderr}${done.stdout}${done.stderr}`
  }
  giveUp(1, `apt-get could not install ${names.join(' ')}:\n${said.split('\n').slice(-30).join('\n')}`)
}

/** Forbids packages to start services from here to the end (exit code 101 of policy-rc.d). */
function forbidServices(): void {
  if (existsSync(policy)) return
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  process.on('exit', () => rmSync(policy, { force: true }))
}

function giveUp(code: number, reason: string): never {
  console.log(reason)
  process.exit(code)
}
