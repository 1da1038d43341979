/** What a clearance or a label says is proven once for all places, and each place for whatever it says. */
const worded = (words: readonly string[], place: string, ...proofs: readonly [string, string][]) =>
  Object.fromEntries(
    words.map((word) => [`${place}${word}`, [['cmbac/config.test.ts', 'a good one'], ...proofs] as const]),
  ) as Readonly<Record<string, readonly [string, string][]>>
const clearance = (place: string, ...proofs: readonly [string, string][]) =>
  worded(['file', 'policy', 'classifications', 'categories'], `${place}[].`, ...proofs)
const label = (place: string, ...proofs: readonly [string, string][]) =>
  worded(['policy', 'classification', 'categories', 'privacy-mark'], `${place}.`, ...proofs)
const CHECKS: [string, string] = ['cmbac/checks.test.ts', 'each check lets what it clears']
const ACCESS: [string, string] = ['cmbac/checks.test.ts', 'access by label']
const CATALOG: [string, string] = ['cmbac/relay.test.ts', 'a catalog offers']
const FORMS: [string, string] = ['cmbac/slapd.test.ts', 'each form of a clearance']
const AWAY: [string, string] = ['cmbac/slapd.test.ts', 'at an edge: the order stays']
const TURNED: [string, string] = ['cmbac/slapd.test.ts', 'StartTLS, fail-over']

/**
 * Where each key of edge.yaml is proven to have its effect: a test file here, and the beginning of the test's title. A key without a
 * line fails switches.test.ts, as does a line whose test is not there; so whoever adds a key adds its test, and its line below.
 *
 * Named as edge.schema.json nests them; `[]` is an entry of a list.
 */
export const SWITCHES: Readonly<Record<string, readonly [file: string, title: string][]>> = {
  name: [['relay.test.ts', 'the page of metrics has closed labels']],
  side: [['config.test.ts', 'each mistake is found']],
  state: [['process.test.ts', 'runs until it is told to stop']],
  's2s.listen': [['switches.test.ts', 'each of these']],
  's2s.listenDirect': [['direct.test.ts', 'a stream stands and brings stanzas']],
  's2s.dns': [['no-dns.test.ts', 'off: nothing is asked']],
  's2s.ca[]': [['operate.test.ts', 'reload']],
  's2s.crls[]': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['tls.test.ts', 'revocation'],
  ],
  's2s.certificates[].domains[]': [['direct.test.ts', 'the certificate is chosen by SNI']],
  's2s.certificates[].certificate': [['direct.test.ts', 'a renewed certificate is shown']],
  's2s.certificates[].key': [['direct.test.ts', 'a renewed certificate is shown']],
  's2s.routes[].domain': [['check.test.ts', 'by the network']],
  's2s.routes[].host': [['check.test.ts', 'by the network']],
  's2s.routes[].port': [['check.test.ts', 'by the network']],
  's2s.routes[].tls': [['failover.test.ts', 'direct TLS where a route says so']],
  's2s.routes[].priority': [['failover.test.ts', 'failBackSeconds says how soon']],
  's2s.routes[].weight': [['route.test.ts', 'a route is used without asking DNS']],
  's2s.peers[].domain': [['config-s2s.test.ts', 'each key has its effect']],
  's2s.peers[].ca[]': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['tls.test.ts', 'a CA of its own'],
  ],
  's2s.peers[].crls[]': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['tls.test.ts', 'revocation'],
  ],
  's2s.peers[].pins': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['tls.test.ts', 'pins'],
  ],
  's2s.peers[].minVersion': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['tls.test.ts', 'versions'],
  ],
  's2s.peers[].acknowledge': [
    ['config-s2s.test.ts', 'each key has its effect'],
    ['acknowledge.test.ts', 'without acknowledgement what the system has'],
  ],
  's2s.peers[].bidirectional': [['streams.test.ts', 'a stream that a server opened goes both ways']],
  's2s.peers[].inbound': [['failover.test.ts', 'inbound only']],
  'gcxp.out.host': [['switches.test.ts', 'each of these']],
  'gcxp.out.port': [['switches.test.ts', 'each of these']],
  'gcxp.out.peer': [['switches.test.ts', 'each of these']],
  'gcxp.out.certificate': [['switches.test.ts', 'each of these']],
  'gcxp.out.key': [['switches.test.ts', 'each of these']],
  'gcxp.out.ca': [['switches.test.ts', 'each of these']],
  'gcxp.in.listen': [['switches.test.ts', 'each of these']],
  'gcxp.in.peer': [['switches.test.ts', 'each of these']],
  'gcxp.in.certificate': [['switches.test.ts', 'each of these']],
  'gcxp.in.key': [['switches.test.ts', 'each of these']],
  'gcxp.in.ca': [['switches.test.ts', 'each of these']],
  'bundles.out.file': [['config.test.ts', 'each mistake is found']],
  'bundles.out.digest': [['config.test.ts', 'each mistake is found']],
  'bundles.in.file': [['config.test.ts', 'each mistake is found']],
  'bundles.in.digest': [['config.test.ts', 'each mistake is found']],
  'metrics.listen': [['switches.test.ts', 'each of these']],
  'records.folder': [['switches.test.ts', 'each of these']],
  'records.key': [['records.test.ts', 'what becomes of stanzas and sessions']],
  'records.signingKey': [['records.test.ts', 'what becomes of stanzas and sessions']],
  'records.keep.days': [['switches.test.ts', 'old records go']],
  'records.keep.megabytes': [['switches.test.ts', 'old records go']],
  'records.warnFreeMegabytes': [['switches.test.ts', 'each of these']],
  'controls[].domain': [['controls.test.ts', 'kinds and sizes']],
  'controls[].subtree': [['controls.test.ts', 'the rule of a domain']],
  'controls[].networks': [['controls.test.ts', 'who connects from elsewhere']],
  'controls[].kinds': [['controls.test.ts', 'kinds and sizes']],
  'controls[].stanzaOctets': [['controls.test.ts', 'kinds and sizes']],
  'controls[].rate': [['controls.test.ts', 'a rate delays']],
  'controls[].burst': [['controls.test.ts', 'a rate delays']],
  'controls[].trunk[]': [['controls.test.ts', 'a trunk']],
  'labels[].domain': [['formats/relay.test.ts', 'to a server in the form']],
  'labels[].format': [['formats/relay.test.ts', 'without configuration nothing is changed']],
  'cmbac.policies[]': [['cmbac/config.test.ts', 'each mistake is found']],
  ...clearance('cmbac.server.clearance', CHECKS),
  ...label('cmbac.server.accessLabel', ACCESS),
  'cmbac.domains[].domain': [CHECKS],
  ...clearance('cmbac.domains[].clearance', CHECKS),
  ...label('cmbac.domains[].accessLabel', ACCESS),
  'cmbac.rooms[].room': [CHECKS],
  ...clearance('cmbac.rooms[].clearance', CHECKS),
  ...label('cmbac.rooms[].accessLabel', ACCESS),
  ...label('cmbac.rooms[].defaultLabel', CATALOG),
  'cmbac.peers[].domain': [CHECKS],
  ...clearance('cmbac.peers[].entry', CHECKS),
  ...clearance('cmbac.peers[].exit', CHECKS),
  'cmbac.users.domains[]': [['cmbac/users.test.ts', 'file, directory, default']],
  'cmbac.users.file': [['cmbac/relay.test.ts', 'out: what is not cleared']],
  ...clearance('cmbac.users.default', ['cmbac/relay.test.ts', 'out: what is not cleared']),
  'cmbac.users.ldap.servers': [TURNED],
  'cmbac.users.ldap.ca[]': [TURNED],
  'cmbac.users.ldap.bindDn': [TURNED],
  'cmbac.users.ldap.passwordFile': [AWAY],
  'cmbac.users.ldap.base': [TURNED],
  'cmbac.users.ldap.filter': [['cmbac/slapd.test.ts', 'addresses that would be filters']],
  'cmbac.users.ldap.attribute': [FORMS],
  'cmbac.users.ldap.timeoutSeconds': [['cmbac/directory.test.ts', 'answers that are none']],
  'cmbac.users.ldap.cacheSeconds': [AWAY],
  'cmbac.users.ldap.cacheUsers': [['cmbac/users.test.ts', 'so many are kept']],
  unasked: [['occupancy.test.ts', 'through an edge']],
  'presence.coarse': [['presence.test.ts', 'through an edge']],
  'presence.seconds': [['presence.test.ts', 'through an edge']],
  'limits.handshakeSeconds': [['operate.test.ts', 'reload']],
  'limits.stanzaSeconds': [['inbound.test.ts', 'a slow element is given up']],
  'limits.acknowledgeSeconds': [['streams.test.ts', 'stream management as the receiving entity']],
  'limits.idleSeconds': [['streams.test.ts', 'a stream without use is closed']],
  'limits.hardOctets': [['inbound.test.ts', 'on a stream that stands']],
  'limits.iqSeconds': [['relay.test.ts', 'a query to a room crosses']],
  'limits.failBackSeconds': [['failover.test.ts', 'failBackSeconds says how soon']],
  'spool.octets': [['queue.test.ts', 'what waits is bounded in octets']],
  'spool.messageSeconds': [['queue.test.ts', 'what waits expires by its kind']],
  'spool.presenceSeconds': [['queue.test.ts', 'what waits expires by its kind']],
  'limits.queueStanzas': [['relay.test.ts', 'while the guard is away']],
}
