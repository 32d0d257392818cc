/**
 * Workers of one machine: processes that share the listeners and the store. What one of them learns about the seal (a share,
 * the root key, that it is to be sealed) it tells the others before it answers; what operators ask of the machine (metrics)
 * all of them answer together.
 *
 * Nothing else needs telling: tokens, policies and mounts are read from the store, by version, on every request.
 */

import cluster, { type Worker } from "node:cluster"
import type { Format, Level } from "./logs/lines.ts"

/** What workers tell each other. Keys travel over a pipe between processes of one user, never through a file. */
export type Message =
  | {
      readonly act: "unseal"
      readonly input: { key?: string | undefined; reset: boolean; migrate: boolean }
      readonly nonce: string
    }
  | { readonly act: "open"; readonly rootKey: string }
  | { readonly act: "seal" }
  /** Someone new asks for the root key. */
  | { readonly act: "ask" }
  /** What did you count and measure? */
  | { readonly act: "metrics" }
  /** Log so much; undefined is what the configuration says. Of one logger, or of all. */
  | { readonly act: "log-level"; readonly level: Level | undefined; readonly logger: string | undefined }
  /** Read files anew: certificates, log files. */
  | { readonly act: "reload"; readonly subsystem: string }
  /** What did you log since this reader asked last? From the first time on, lines are kept for it. */
  | { readonly act: "log-lines"; readonly reader: string; readonly level: Level; readonly format: Format }
  /** Which requests are you answering? */
  | { readonly act: "in-flight" }

export type Act = Message["act"]
export type MessageOf<A extends Act> = Extract<Message, { readonly act: A }>

export interface Peers {
  /** Resolves when every other worker has acted on it, with what they answered. */
  tell(message: Message): Promise<readonly unknown[]>
  /** Says what to do with messages of one kind from others. The answer must be JSON. */
  listen<A extends Act>(act: A, handler: (message: MessageOf<A>) => Promise<unknown> | unknown): void
}

/** No other workers. */
export const alone: Peers = { tell: async () => [], listen: () => {} }

interface Envelope {
  readonly arca: "listening" | "tell" | "act" | "acted" | "told"
  readonly id: number
  readonly message?: Message
  readonly answer?: unknown
  readonly answers?: readonly unknown[]
}

const isEnvelope = (value: unknown): value is Envelope => typeof value === "object" && value !== null && "arca" in value

/** The view of one worker. */
export function workerPeers(): Peers {
  let last = 0
  const waiting = new Map<number, (answers: readonly unknown[]) => void>()
  const handlers = new Map<Act, (message: Message) => Promise<unknown> | unknown>()
  process.on("message", (value: unknown) => {
    if (!isEnvelope(value)) return
    if (value.arca === "told") {
      waiting.get(value.id)?.(value.answers ?? [])
      waiting.delete(value.id)
    }
    if (value.arca === "act" && value.message !== undefined) {
      const answerWith = (answer: unknown) => process.send?.({ arca: "acted", id: value.id, answer } satisfies Envelope)
      const { message } = value
      Promise.try(() => handlers.get(message.act)?.(message)).then(answerWith, () => answerWith(undefined))
    }
  })
  // What is sent to a worker before it listens is lost, and whoever waits for its answer waits in vain.
  process.send?.({ arca: "listening", id: 0 } satisfies Envelope)
  return {
    tell: message =>
      new Promise(resolve => {
        const id = ++last
        waiting.set(id, resolve)
        process.send?.({ arca: "tell", id, message } satisfies Envelope)
      }),
    listen: (act, handler) => {
      handlers.set(act, handler as (message: Message) => Promise<unknown> | unknown)
    },
  }
}

/** How long a worker may take to act before the others go on without it. */
const ACT_MILLISECONDS = 10_000

/** Carries messages between workers; run by the process that started them. */
export function relayMessages(): void {
  let last = 0
  const listening = new Set<number>()
  const waiting = new Map<number, (answer: unknown) => void>()
  const ask = (worker: Worker, message: Message): Promise<unknown> =>
    new Promise(resolve => {
      const id = ++last
      const settle = (answer: unknown) => {
        clearTimeout(timer)
        waiting.delete(id)
        worker.off("exit", gone)
        resolve(answer)
      }
      const gone = () => settle(undefined)
      const timer = setTimeout(gone, ACT_MILLISECONDS)
      waiting.set(id, settle)
      worker.once("exit", gone)
      worker.send({ arca: "act", id, message } satisfies Envelope)
    })
  cluster.on("message", (from, value: unknown) => {
    if (!isEnvelope(value)) return
    if (value.arca === "listening") listening.add(from.id)
    if (value.arca === "acted") waiting.get(value.id)?.(value.answer)
    const { message, id } = value
    if (value.arca !== "tell" || message === undefined) return
    const others = Object.values(cluster.workers ?? {}).filter(
      worker => worker !== undefined && worker.id !== from.id && worker.isConnected() && listening.has(worker.id),
    )
    void Promise.all(others.map(worker => worker && ask(worker, message))).then(answers => {
      if (from.isConnected()) from.send({ arca: "told", id, answers } satisfies Envelope)
    })
  })
}
