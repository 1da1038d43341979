/**
 * Both sides of setting up a server-to-server stream: RFC 6120 §5 (STARTTLS, TLS 1.3 only, mutual), §6 with SASL
 * EXTERNAL (XEP-0178), one stream a direction, no dialback.
 */
import type { Socket } from 'node:net'
import { connect, type Server, type TLSSocket } from 'node:tls'
import { Element } from 'ltx'
import type { Credentials } from '../pki/pki.ts'
import { createSlicer } from './slice.ts'
import { readXml } from './xml.ts'

const STREAMS = 'http://etherx.jabber.org/streams'
const TLS = 'urn:ietf:params:xml:ns:xmpp-tls'
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl'

/** What both ends are called and how they prove it. */
export type Identity = Readonly<{ credentials: Credentials; ca: string }>

/** A stream that is ready for stanzas. */
export type Stream = Readonly<{ socket: TLSSocket; local: string; remote: string; talk: Conversation }>

/** Opens a stream as the initiating entity `local` to `remote` over a connected socket. */
export async function initiate(
  socket: Socket,
  local: string,
  remote: string,
  identity: Identity,
): Promise<Stream> {
  const plain = converse(socket)
  socket.write(header({ from: local, to: remote }))
  await plain.header()
  await expectFeature(plain, 'starttls', TLS)
  socket.write(new Element('starttls', { xmlns: TLS }).toString())
  const answer = await plain.element()
  if (answer.name !== 'proceed') throw new Error(`peer: STARTTLS answered with ${answer.name}`)
  plain.release()

  const secure = connect({
    socket,
    servername: remote,
    cert: identity.credentials.certificate,
    key: identity.credentials.key,
    ca: identity.ca,
    minVersion: 'TLSv1.3',
  })
  // Node checks the server's chain and its DNS names against `servername`.
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', resolve)
    secure.once('error', reject)
    secure.once('close', () => reject(new Error('peer: closed during the TLS handshake')))
  })
  const talk = converse(secure)
  secure.write(header({ from: local, to: remote }))
  await talk.header()
  await expectFeature(talk, 'mechanisms', SASL)
  const auth = new Element('auth', { xmlns: SASL, mechanism: 'EXTERNAL' })
  secure.write(auth.t(Buffer.from(local).toString('base64')).toString())
  const verdict = await talk.element()
  if (verdict.name !== 'success') throw new Error(`peer: ${remote} refused ${local}: ${condition(verdict)}`)
  talk.restart()
  secure.write(header({ from: local, to: remote }))
  await talk.header()
  const features = await talk.element()
  if (features.name !== 'stream:features') throw new Error(`peer: no features but ${features.name}`)
  return { socket: secure, local, remote, talk }
}

/** Accepts the plain half of a stream for one of `domains`; `server` then reports the TLS connection. */
export async function acceptPlain(
  socket: Socket,
  domains: ReadonlySet<string>,
  server: Server,
): Promise<void> {
  const plain = converse(socket)
  const opened = await plain.header()
  const local = opened.attrs['to'] as string | undefined
  if (local === undefined || !domains.has(local)) throw new Error(`peer: not a domain here: ${local}`)
  socket.write(header({ from: local, to: opened.attrs['from'] ?? '', id: 'plain' }))
  const starttls = new Element('starttls', { xmlns: TLS })
  starttls.c('required')
  socket.write(features(starttls))
  const wanted = await plain.element()
  if (wanted.name !== 'starttls') throw new Error(`peer: ${wanted.name} before TLS`)
  plain.release()
  socket.write(new Element('proceed', { xmlns: TLS }).toString())
  server.emit('connection', socket)
}

/** The rest of it over TLS: the initiating domain must stand in the certificate that it showed. */
export async function acceptSecure(socket: TLSSocket, domains: ReadonlySet<string>): Promise<Stream> {
  const talk = converse(socket)
  const opened = await talk.header()
  const local = opened.attrs['to'] as string | undefined
  const remote = opened.attrs['from'] as string | undefined
  if (local === undefined || !domains.has(local)) throw new Error(`peer: not a domain here: ${local}`)
  socket.write(header({ from: local, to: remote ?? '', id: 'secure' }))
  const mechanisms = new Element('mechanisms', { xmlns: SASL })
  mechanisms.c('mechanism').t('EXTERNAL')
  socket.write(features(mechanisms))
  const auth = await talk.element()
  const claimed = authorised(auth) || remote
  const named = socket
    .getPeerX509Certificate()
    ?.checkHost(claimed ?? '', { subject: 'never', wildcards: false })
  if (auth.name !== 'auth' || claimed !== remote || remote === undefined || named === undefined) {
    socket.end(`<failure xmlns='${SASL}'><not-authorized/></failure></stream:stream>`)
    throw new Error(`peer: ${claimed} is not in the certificate`)
  }
  socket.write(new Element('success', { xmlns: SASL }).toString())
  talk.restart()
  await talk.header()
  socket.write(header({ from: local, to: remote, id: 'ready' }) + features())
  return { socket, local, remote, talk }
}

/** The condition of a stream error or SASL failure: the name of its first child. */
export function condition(element: Element): string {
  return (
    (element.children.find((child) => typeof child !== 'string') as Element | undefined)?.name ?? element.name
  )
}

type Conversation = ReturnType<typeof converse>

/** Reads a stream step by step while it is set up, then hands the stanzas' octets over. */
function converse(socket: Socket) {
  const items: { kind: 'header' | 'element'; element: Element }[] = []
  let wake: (() => void) | undefined
  let fault: Error | undefined
  let onElement = (octets: Buffer) => push('element', octets.toString())
  const push = (kind: 'header' | 'element', text: string) => {
    items.push({ kind, element: readXml(text) })
    wake?.()
  }
  const fail = (error: Error) => {
    fault ??= error
    wake?.()
  }
  const makeSlicer = () =>
    createSlicer({
      onHeader: (tag) => push('header', `${tag.toString().slice(0, -1)}/>`),
      onElement: (octets) => onElement(octets),
      onClose: () => fail(new Error('peer: stream closed')),
    })
  let slice = makeSlicer()
  const onData = (chunk: Buffer) => {
    try {
      slice(chunk)
    } catch (error) {
      fail(error as Error)
      socket.destroy()
    }
  }
  const onClose = () => fail(new Error('peer: connection closed'))
  socket.on('data', onData).on('error', fail).on('close', onClose)

  const next = async (kind: 'header' | 'element'): Promise<Element> => {
    while (items.length === 0) {
      if (fault !== undefined) throw fault
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    const item = items.shift()!
    if (item.element.name === 'stream:error') throw new Error(`peer: stream error ${condition(item.element)}`)
    if (item.kind !== kind) throw new Error(`peer: ${item.element.name} where a ${kind} was due`)
    return item.element
  }
  return {
    header: () => next('header'),
    element: () => next('element'),
    /** A new stream follows on the same connection. */
    restart(): void {
      slice = makeSlicer()
    },
    /** Lets go of the socket. */
    release(): void {
      socket.off('data', onData).off('error', fail).off('close', onClose)
    },
    /** From now on every element goes to `handler`. */
    flow(handler: (octets: Buffer) => void): void {
      onElement = handler
      for (const item of items.splice(0)) handler(Buffer.from(item.element.toString()))
    },
  }
}

function header(attributes: Record<string, string>): string {
  const root = new Element('stream:stream', {
    xmlns: 'jabber:server',
    'xmlns:stream': STREAMS,
    version: '1.0',
    ...attributes,
  })
  return `<?xml version='1.0'?>${root.toString().replace(/\/>$/, '>')}`
}

function features(...offers: Element[]): string {
  const root = new Element('stream:features')
  for (const offer of offers) root.cnode(offer)
  return root.toString()
}

async function expectFeature(talk: Conversation, name: string, ns: string): Promise<void> {
  const offered = await talk.element()
  if (offered.getChild(name, ns) === undefined) throw new Error(`peer: ${name} is not offered`)
}

function authorised(auth: Element): string {
  const text = auth.getText()
  return text === '=' || text === '' ? '' : Buffer.from(text, 'base64').toString()
}
