/** The part of `@xmpp/client` that the test's client uses; the package has no types of its own. */
declare module '@xmpp/client' {
  type Text = { toString(): string }
  export function xml(
    name: string,
    attributes: Readonly<Record<string, string>>,
    ...children: unknown[]
  ): unknown
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
    iqCallee: { get(ns: string, name: string, answer: () => unknown): void }
    send(stanza: unknown): Promise<void>
  }
}
