/** The page of a program on its management address: GET /metrics (Prometheus text) and GET /healthz (one line of text). */
import { createServer, type ServerResponse } from 'node:http'
import type { Registry } from 'prom-client'
import { parseHostPort } from './address.ts'
import type { Report } from './report.ts'

/** `status` 200 when all is well, else 503. */
export type Health = Readonly<{ status: 200 | 503; text: string }>

/** Opens the page and returns what closes it; a port that cannot be had ends the process. */
export function servePage(
  listen: string,
  registry: Registry,
  health: () => Health,
  report: Report,
): () => void {
  const address = parseHostPort(listen)
  if (address === undefined) report.fail(`metrics on ${listen}: is not HOST:PORT`)
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const { method, url } = request
    request.resume()
    if (method !== 'GET') return send(response, 405, 'only GET is answered')
    if (url === '/metrics') {
      registry.metrics().then(
        (text) => {
          response.setHeader('content-type', registry.contentType)
          response.end(text)
        },
        (error) => report.fail(`the metrics cannot be made: ${error}`),
      )
    } else if (url === '/healthz') {
      const { status, text } = health()
      send(response, status, text)
    } else {
      send(response, 404, 'there is /metrics and /healthz')
    }
  })
  server.maxConnections = 32
  server.on('error', (error: NodeJS.ErrnoException) =>
    report.fail(
      `metrics on ${listen}: ${error.code === 'EADDRINUSE' ? 'the port is in use: stop the other program, or choose another port' : `failed (${error.code})`}`,
    ),
  )
  server.listen(address.port, address.host)
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${text}\n`)
}
