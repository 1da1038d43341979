/** A GCXP consumer that takes every frame: what stands behind the subject of a benchmark. */
import { type Consumer, type Credentials, listenConsumer } from '../../guard/gcxp/index.ts'

/** Listens on any port of 127.0.0.1 for `peer`; `onFrame` is called for each frame, which is confirmed. */
export async function takeFrames(
  peer: string,
  credentials: Credentials,
  onFrame: () => void,
): Promise<Readonly<{ port: number; consumer: Consumer }>> {
  let port = 0
  const consumer = listenConsumer({
    host: '127.0.0.1',
    port: 0,
    peer,
    credentials,
    payloadOctets: 1 << 20,
    onRequest(number, _payload, connection) {
      connection.answer(number, true)
      onFrame()
    },
    onState(state) {
      if (state.state === 'listening') port = state.port
    },
    onFailure(problem) {
      throw new Error(problem)
    },
  })
  while (port === 0) await new Promise(setImmediate)
  return { port, consumer }
}
