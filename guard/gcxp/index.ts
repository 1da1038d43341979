/**
 * GCXP (Guard Content eXchange Protocol): how edges and guards speak to each other, over mutual TLS 1.3.
 */
export {
  encodeRequest,
  PREAMBLE,
} from './codec.ts'
export {
  type Consumer,
  type ConsumerConnection,
  type ConsumerOptions,
  type ConsumerState,
  listenConsumer,
} from './consumer.ts'
export {
  type CredentialFiles,
  type Credentials,
  daysLeft,
  readCertificates,
  readCredentials,
  validityProblem,
} from './credentials.ts'
export {
  compareNumbers,
  formatNumber,
  NO_NUMBER,
  nextNumber,
  parseNumber,
  type StanzaNumber,
  writeNumber,
} from './number.ts'
export {
  connectProducer,
  type Producer,
  type ProducerOptions,
  type ProducerState,
  WINDOW,
} from './producer.ts'
export { createWaitingRoom } from './waiting.ts'
