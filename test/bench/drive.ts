/**
 * Drives a subject with stanzas, either with a closed window or at a fixed rate, and measures what comes out.
 *
 * Every subject keeps the order, so the n-th that comes out is the n-th that went in; a loss shows as a run that
 * does not end. Latency runs from the moment at which a stanza was due to be sent (not from when it was sent, which
 * would hide waiting) until its result was read.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** What is measured: something that takes stanzas and gives one result for each, in order. */
export type Subject = Readonly<{
  name: string
  /** Sends the stanza of that sequence number, from 0. */
  send: (sequence: number) => void
  /** Takes the one who wants to know how many results have come. */
  onResults: (handler: (count: number) => void) => void
  /** The processes under test; their processor time is what a stanza costs. */
  processes: readonly Readonly<{ name: string; pid: number }>[]
  close: () => Promise<void>
}>

export type Load = Readonly<{ kind: 'window'; window: number } | { kind: 'rate'; perSecond: number }>

export type Figures = Readonly<{
  stanzas: number
  /** Results a second of wall time. */
  perSecond: number
  /** Latency in milliseconds. */
  p50: number
  p99: number
  /** Microseconds of processor time a stanza, in the order of `processes`. */
  cpu: readonly number[]
  /** The same of this process, which makes the load and takes the results. */
  driver: number
}>

/**
 * Sends stanzas to a subject; one for the whole life of a subject, since sequence numbers go on.
 * @param stall milliseconds without a result after which something is lost.
 */
export function createDriver(subject: Subject, stall = 10_000) {
  const due: number[] = []
  let head = 0
  let sent = 0
  let done = 0
  let latencies: number[] | undefined
  let lastResult = performance.now()
  let afterResults = () => {}

  const send = (at: number) => {
    due.push(at)
    subject.send(sent)
    sent += 1
  }
  subject.onResults((count) => {
    lastResult = performance.now()
    for (let i = 0; i < count; i += 1) latencies?.push(lastResult - due[head + i]!)
    head += count
    done += count
    if (head > 65_536) {
      due.splice(0, head)
      head = 0
    }
    afterResults()
  })

  /** Keeps `load` up until stopped. */
  const start = (load: Load): (() => void) => {
    if (load.kind === 'window') {
      afterResults = () => {
        const now = performance.now()
        while (sent - done < load.window) send(now)
      }
      afterResults()
      return () => {
        afterResults = () => {}
      }
    }
    let next = performance.now()
    const timer = setInterval(() => {
      const now = performance.now()
      for (; next <= now; next += 1000 / load.perSecond) send(next)
    }, 1)
    return () => clearInterval(timer)
  }

  const drained = async () => {
    while (done < sent) {
      if (performance.now() - lastResult > stall)
        throw new Error(`${subject.name}: ${sent - done} of ${sent} stanzas did not come out`)
      await sleep(5)
    }
  }

  return {
    /** Sends so many stanzas as fast as they go. Throws when results stop coming. */
    async pass(load: Extract<Load, { kind: 'window' }>, count: number): Promise<void> {
      const until = done + count
      const stop = start(load)
      while (done < until) {
        await sleep(20)
        if (performance.now() - lastResult > stall) break
      }
      stop()
      await drained()
    },
    /** One measured run of `seconds` behind `warmup` seconds of the same load. Throws when results stop coming. */
    async run(load: Load, seconds: number, warmup: number): Promise<Figures> {
      const stop = start(load)
      await sleep(warmup * 1000)
      latencies = []
      const before = { at: performance.now(), done, cpu: cpuOf(subject), own: process.cpuUsage() }
      await sleep(seconds * 1000)
      const after = { at: performance.now(), done, cpu: cpuOf(subject), own: process.cpuUsage(before.own) }
      const taken = latencies.sort((a, b) => a - b)
      latencies = undefined
      stop()
      await drained()
      const stanzas = after.done - before.done
      return {
        stanzas,
        perSecond: stanzas / ((after.at - before.at) / 1000),
        p50: quantile(taken, 0.5),
        p99: quantile(taken, 0.99),
        cpu: after.cpu.map((seconds, i) => ((seconds - before.cpu[i]!) * 1e6) / stanzas),
        driver: (after.own.user + after.own.system) / stanzas,
      }
    },
  }
}

/** The run with the median rate. */
export function medianRun(runs: readonly Figures[]): Figures {
  return [...runs].sort((a, b) => a.perSecond - b.perSecond)[Math.floor(runs.length / 2)]!
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** Processor seconds of all threads of each process, to the nanosecond (schedstat of proc(5)). */
function cpuOf(subject: Subject): number[] {
  return subject.processes.map(({ pid }) => {
    let nanos = 0
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
    }
    return nanos / 1e9
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
