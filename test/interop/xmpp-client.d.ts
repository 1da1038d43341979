/** The part of `@xmpp/client` that the test's client uses; the package has no types of its own. */
declare module '@xmpp/client' {
  type Text = { toString(): string }
  export function client(options: {
    service: string
    domain: string
    username: string
    password: string
    resource: string
  }): {
    on(event: 'error', listener: (error: Error) => void): void
    on(event: 'stanza' | 'online', listener: (value: Text) => void): void
    start(): Promise<unknown>
    send(stanza: unknown): Promise<void>
  }
}
