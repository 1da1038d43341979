/**
 * Debian's Prosody and ejabberd as the servers of one side, in their stock manner (PEP, vCards, carbons, archives, rooms), with
 * certificates of the side's private CA. Their own throttles are off: they would hide what the boundary does.
 */
import { type ChildProcess, execFileSync } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start } from './network.ts'

export type Side = 'high' | 'low'

/** Files of a server: PEM certificate (for the domain and its room service), key, and the CA it trusts. */
export type ServerFiles = Readonly<{ certificate: string; key: string; ca: string }>

export type Server = Readonly<{
  name: string
  version: string
  process: ChildProcess
  log(): string
  stop(): void
}>

const USERS = { high: ['alice', 'anna', 'ruth'], low: ['bob', 'bill'] } as const
export const PASSWORD = 'a-password-of-the-test-only'

/** Contacts of the far side in the roster of `ruth`, where Prosody is the server of the high side. */
export const CONTACTS = 300

/** A roster as Prosody keeps it, of contacts that see their user and are seen. */
function prosodyRoster(domain: string): string {
  const contacts = Array.from(
    { length: CONTACTS },
    (_, n) => `["c${n}@${domain}"] = { ["subscription"] = "both"; ["groups"] = {}; };\n`,
  )
  return `return { [false] = { ["version"] = 1; };\n${contacts.join('')}};\n`
}

/**
 * Starts Prosody for `<side>.example` and `conference.<side>.example`; `direct`: with direct TLS at this port and no STARTTLS;
 * `modules` are beside the stock ones.
 */
export function startProsody(
  side: Side,
  folder: string,
  files: ServerFiles,
  { direct, modules = [] }: Readonly<{ direct?: number; modules?: readonly string[] }> = {},
): Server {
  const domain = `${side}.example`
  const data = join(folder, `prosody-${side}`)
  const accounts = join(data, `${side}%2eexample`, 'accounts')
  mkdirSync(accounts, { recursive: true })
  for (const user of USERS[side])
    writeFileSync(join(accounts, `${user}.dat`), `return { ["password"] = "${PASSWORD}"; };\n`)
  if (side === 'high') {
    const rosters = join(accounts, '../roster')
    mkdirSync(rosters, { recursive: true })
    writeFileSync(join(rosters, 'ruth.dat'), prosodyRoster('low.example'))
  }
  const configuration = join(data, 'prosody.cfg.lua')
  const log = join(data, 'prosody.log')
  writeFileSync(
    configuration,
    `run_as_root = true
data_path = "${data}"
pidfile = "${join(data, 'prosody.pid')}"
modules_enabled = { "roster"; "saslauth"; "tls"; "disco"; "carbons"; "pep"; "private"; "blocklist"; "vcard4"; "vcard_legacy"; "version"; "time"; "ping"; "register"; "mam"; "csi_simple"; "smacks"; ${modules.map((name) => `"${name}"; `).join('')}}
modules_disabled = { "dialback" }
authentication = "internal_plain"
storage = "internal"
c2s_require_encryption = true
s2s_require_encryption = true
${direct === undefined ? '' : `s2s_ports = {}\ns2s_direct_tls_ports = { ${direct} }\n`}s2s_secure_auth = true
ssl = { key = "${files.key}"; certificate = "${files.certificate}"; cafile = "${files.ca}" }
log = { debug = "${log}" }
VirtualHost "${domain}"
Component "conference.${domain}" "muc"
  modules_enabled = { "muc_mam" }
  restrict_room_creation = false
  muc_room_default_public = true
  muc_room_locking = false
`,
  )
  const child = start(side, 'prosody', ['-F', '--config', configuration], { stdio: 'ignore' })
  const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'prosody'], { encoding: 'utf8' })
  return {
    name: 'Prosody',
    version,
    process: child,
    log: () => readFileSync(log, 'utf8'),
    stop: () => void child.kill('SIGTERM'),
  }
}

/** Starts ejabberd for `<side>.example` and `conference.<side>.example`; `direct` as for Prosody. */
export function startEjabberd(side: Side, folder: string, files: ServerFiles, direct?: number): Server {
  const domain = `${side}.example`
  const data = join(folder, `ejabberd-${side}`)
  mkdirSync(data, { recursive: true })
  const both = join(data, 'both.pem')
  writeFileSync(both, readFileSync(files.certificate, 'utf8') + readFileSync(files.key, 'utf8'))
  chmodSync(both, 0o600)
  const configuration = join(data, 'ejabberd.yml')
  writeFileSync(
    configuration,
    `hosts: ["${domain}"]
loglevel: info
certfiles: ["${both}"]
ca_file: "${files.ca}"
s2s_cafile: "${files.ca}"
s2s_use_starttls: required
s2s_max_retry_delay: 1
auth_method: internal
auth_password_format: plain
listen:
  - {port: 5222, ip: "0.0.0.0", module: ejabberd_c2s, starttls_required: true, access: c2s, max_stanza_size: 262144}
  - {port: ${direct ?? 5269}, ip: "0.0.0.0", module: ejabberd_s2s_in, max_stanza_size: 524288${direct === undefined ? '' : ', tls: true'}}
acl: {local: {user_regexp: ""}}
access_rules: {local: {allow: local}, c2s: {allow: all}, pubsub_createnode: {allow: local}, muc_create: {allow: all}}
modules:
  mod_caps: {}
  mod_carboncopy: {}
  mod_disco: {}
  mod_last: {}
  mod_mam: {assume_mam_usage: true}
  mod_muc: {access_create: muc_create, default_room_options: {mam: true, public: true, allow_private_messages: true}}
  mod_ping: {}
  mod_private: {}
  mod_pubsub: {plugins: [flat, pep]}
  mod_roster: {versioning: true}
  mod_stream_mgmt: {}
  mod_vcard: {}
  mod_vcard_xupdate: {}
  mod_version: {}
`,
  )
  const register = USERS[side]
    .map((user) => `ejabberd_auth:try_register(<<"${user}">>,<<"${domain}">>,<<"${PASSWORD}">>)`)
    .join(', ')
  const output = join(data, 'output.log')
  const out = openSync(output, 'w')
  const child = start(
    side,
    'erl',
    ['-noinput', '-mnesia', 'dir', JSON.stringify(data), '-s', 'ejabberd', '-eval', `${register}.`],
    {
      stdio: ['ignore', out, out],
      env: {
        ...process.env,
        HOME: data,
        EJABBERD_CONFIG_PATH: configuration,
        EJABBERD_LOG_PATH: join(data, 'ejabberd.log'),
        ERL_CRASH_DUMP: join(data, 'erl_crash.dump'),
        ERL_LIBS: execFileSync(
          'sh',
          ['-c', 'sed -n "s/^ERL_LIBS=\'\\(.*\\)\'/\\1/p" /usr/sbin/ejabberdctl'],
          { encoding: 'utf8' },
        ).trim(),
      },
    },
  )
  closeSync(out)
  const version = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'ejabberd'], { encoding: 'utf8' })
  return {
    name: 'ejabberd',
    version,
    process: child,
    log: () => readFileSync(output, 'utf8') + readFileSync(join(data, 'ejabberd.log'), 'utf8'),
    stop: () => void child.kill('SIGTERM'),
  }
}
