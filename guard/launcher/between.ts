/**
 * The management address between two runs of the stages: `metrics` has ended with the others, and somebody asks why.
 *
 * GET /healthz is answered 503 with one line; GET /metrics with what is known: not ready, and how often the stages started again.
 */
import { createServer } from 'node:http'
import { parseHostPort } from '../common/address.ts'

export type Between = Readonly<{ guard: string; listen: string; startsAgain: number; because: string }>

/** Opens the address; the result closes it. A port that cannot be had is left to `metrics`, which says so. */
export function answerBetween({ guard, listen, startsAgain, because }: Between): () => void {
  const address = parseHostPort(listen)
  if (address === undefined) return () => {}
  const server = createServer((request, response) => {
    request.resume()
    if (request.method === 'GET' && request.url === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8')
      response.end(
        `sallyport_guard_ready{guard="${guard}"} 0\nsallyport_guard_starts_again_total{guard="${guard}"} ${startsAgain}\n`,
      )
    } else {
      response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(`${because}: its last line in the log says why; all stages are started again\n`)
    }
  })
  server.on('error', () => {})
  server.listen(address.port, address.host)
  return () => {
    server.close()
    server.closeAllConnections()
  }
}
