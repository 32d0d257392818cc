/**
 * Group writing: the lines of all requests that wait in one turn of the event loop leave in one write, and all of them
 * learn what became of it. While a write is under way the next lines gather.
 */

import type { Chain, ChainEvent } from "./chain.ts"
import type { AuditContext, ChainState, CloseReason } from "./device.ts"
import { type Sink, Undelivered } from "./devices/sink.ts"

export interface WriterOptions {
  readonly path: string
  readonly sink: Sink
  readonly chain: Chain
  readonly context: AuditContext
  /** Milliseconds after which a write has failed for those who wait. */
  readonly deadline: number
  /** A checkpoint is due after so many records, or so many milliseconds after the first record without one. */
  readonly checkpointRecords: number
  readonly checkpointMilliseconds: number
  /** The broken last line of the file (SHA-256 in base64), for the first record to mention. */
  readonly torn: string | undefined
}

export interface LineWriter {
  /** Resolves when the line has been taken. The line lacks its last `}`. */
  write(line: string): Promise<void>
  reload(): Promise<void>
  close(reason: CloseReason): Promise<ChainState | undefined>
}

/** More than this many waiting lines are refused: memory is bounded, whatever the device does. */
const WAITING_LINES = 16_384

interface Batch {
  readonly lines: string[]
  readonly outcome: PromiseWithResolvers<void>
}

export function lineWriter(options: WriterOptions): LineWriter {
  const { path, sink, chain, context, deadline } = options
  let gathering: Batch | undefined
  /** Writes follow one another on this promise, which never rejects. */
  let turn: Promise<unknown> = Promise.resolve()
  /** What has to be said before the next record: that the chain starts in this file, or that records were lost. */
  let preface: Preface | undefined = { kind: "start", torn: options.torn }
  /** Those who wait for their turn. */
  const queued = new Set<PromiseWithResolvers<void>>()
  let stuck = false
  let working = true
  let closed = false
  let signatureDue = false
  let cancelTimer: (() => void) | undefined

  const report = (works: boolean, message: string): void => {
    if (works === working) return
    working = works
    context.report?.({ path, kind: works ? "recovered" : "failed", message })
  }

  /** Writes lines, perhaps an event, and a checkpoint if one is due; throws `Undelivered`. */
  const deliver = async (lines: readonly string[], event?: ChainEvent): Promise<void> => {
    const from = chain.state()?.size ?? 0
    chain.begin()
    if (preface !== undefined) chain.event(preface.kind, context.now(), detailsOf(preface))
    for (const line of lines) chain.add(line)
    if (event !== undefined) chain.event(event, context.now())
    // The first signature of a start binds what the store says of itself now.
    const due =
      signatureDue || event !== undefined || preface?.kind === "start" || chain.unsigned() >= options.checkpointRecords
    const note = due ? chain.checkpoint(context.now()) : undefined
    const bytes = chain.bytes()
    if (bytes.length === 0) return
    try {
      await sink.write(bytes)
    } catch (error) {
      const untouched = error instanceof Undelivered && error.untouched
      chain.failed(untouched)
      // The first record that arrives again declares the gap.
      if (!untouched) preface = { kind: "lost", from: preface?.kind === "lost" ? preface.from : from }
      throw error
    }
    preface = undefined
    if (due) signatureDue = false
    const state = chain.state()
    if (note !== undefined && state !== undefined) context.checkpoint?.({ path, state, note })
  }

  /** Settles `outcome` at the deadline at the latest; resolves when the device has really finished. */
  const bounded = async (outcome: PromiseWithResolvers<void>, work: Promise<void>): Promise<void> => {
    const cancel = context.after(deadline, () => {
      stuck = true
      const message = `the device has not taken a write within ${deadline / 1000} s`
      report(false, message)
      outcome.reject(new Undelivered(message, { untouched: false }))
      // Nor is there hope for those behind it, who would wait for as long as the device pleases.
      gathering = undefined
      for (const waiting of queued) waiting.reject(new Undelivered(message, { untouched: true }))
      queued.clear()
      sink.interrupt()
    })
    try {
      await work
      outcome.resolve()
      report(true, "the device takes records again")
    } catch (error) {
      report(false, error instanceof Error ? error.message : String(error))
      outcome.reject(error)
    } finally {
      cancel()
      stuck = false
    }
  }

  const armTimer = (): void => {
    if (cancelTimer !== undefined || closed || chain.unsigned() === 0) return
    cancelTimer = context.after(options.checkpointMilliseconds, () => {
      cancelTimer = undefined
      signatureDue = true
      // Should this fail, the next batch brings it.
      if (gathering === undefined && !closed && !stuck) gather()
    })
  }

  /** Does something when all before it is done, unless its turn never comes. */
  const enqueue = (outcome: PromiseWithResolvers<void>, act: () => Promise<void>): Promise<void> => {
    if (stuck) outcome.reject(new Undelivered(STUCK, { untouched: true }))
    else queued.add(outcome)
    turn = turn.then(nextTurn).then(() => (queued.delete(outcome) ? bounded(outcome, act()) : undefined))
    return outcome.promise
  }

  const gather = (): Batch => {
    const batch: Batch = { lines: [], outcome: Promise.withResolvers() }
    gathering = batch
    // Whoever wrote a line hears of a failure; nobody waits for a checkpoint alone.
    enqueue(batch.outcome, async () => {
      if (gathering === batch) gathering = undefined
      await deliver(batch.lines).finally(armTimer)
    }).catch(() => {})
    return batch
  }

  const between = (act: () => Promise<void>): Promise<void> => enqueue(Promise.withResolvers(), act)

  return {
    write(line) {
      if (closed) return Promise.reject(new Undelivered("the device is closed", { untouched: true }))
      if (stuck) return Promise.reject(new Undelivered(STUCK, { untouched: true }))
      const batch = gathering ?? gather()
      if (batch.lines.length >= WAITING_LINES) {
        return Promise.reject(new Undelivered("too many records wait for the device", { untouched: true }))
      }
      batch.lines.push(line)
      return batch.outcome.promise
    },
    reload: () =>
      between(async () => {
        // Goes into the file that was moved away, if it still can be written.
        if (preface === undefined) await deliver([], "rotate").catch(() => {})
        await sink.reload()
        preface ??= { kind: "start", torn: undefined }
        await deliver([])
      }),
    async close(reason) {
      closed = true
      cancelTimer?.()
      // What cannot be said any more is left unsaid; the chain's state then shows a tail without a signature.
      if (reason !== "abandon") await between(() => deliver([], reason)).catch(() => {})
      await between(() => sink.close()).catch(() => {})
      return chain.state()
    },
  }
}

const STUCK = "the device is stuck in a write"

const nextTurn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

type Preface =
  | { readonly kind: "start"; readonly torn: string | undefined }
  | { readonly kind: "lost"; readonly from: number }

function detailsOf(preface: Preface): string {
  if (preface.kind === "lost") return `,"from":${preface.from}`
  return preface.torn === undefined ? "" : `,"torn":"${preface.torn}"`
}
