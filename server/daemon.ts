/** A running server: its listeners, its background work, its end. */

import { setTimeout } from "node:timers/promises"
import { closeAudit } from "./audit-checkpoints.ts"
import { httpHandler } from "./http.ts"
import { background } from "./jobs.ts"
import { type Listener, listen } from "./listener/listener.ts"
import type { ListenerOptions } from "./listener/options.ts"
import type { Server } from "./server.ts"

/** How long requests that are being answered may take when the server stops, in seconds. */
const DRAIN_SECONDS = 20
/** How long a node that others can stand in for still answers while health checks send clients elsewhere, in seconds. */
const NOTICE_SECONDS = 3
/** How often background work is looked for: what is due is late by at most this and the second that it is filed under. */
export const JOB_MILLISECONDS = 500
const TICKS_EACH_ROUND = 5

export interface Daemon {
  readonly listeners: readonly Listener[]
  /** Reads certificates anew. */
  reload(): Promise<void>
  /** Takes no new requests, answers those that came, lets go of the store. */
  stop(): Promise<void>
}

export async function startDaemon(
  server: Server,
  options: { readonly listeners: readonly ListenerOptions[]; readonly clusterName: string; readonly worker?: number },
): Promise<Daemon> {
  const listeners: Listener[] = []
  for (const one of options.listeners) {
    listeners.push(await listen(one, httpHandler(server, options.clusterName, one)))
  }
  const jobs = background(server)
  // What came due while nobody served is not made to wait for the first beat after the unsealing.
  let ticks = 0
  let wasSealed = true
  const timer = setInterval(() => {
    const opened = wasSealed && !server.sealed()
    wasSealed = server.sealed()
    if (opened) ticks = 0
    if (ticks++ % TICKS_EACH_ROUND === 0) void jobs.round()
  }, JOB_MILLISECONDS / TICKS_EACH_ROUND)
  return {
    listeners,
    reload: async () => {
      await Promise.all(listeners.map(one => one.reload()))
    },
    stop: async () => {
      await sendElsewhere(server)
      clearInterval(timer)
      await Promise.all(listeners.map(one => one.close(DRAIN_SECONDS)))
      await jobs.leave()
      await server.resources.close("")
      await closeAudit(server)
      await server.seal.barrier.inner[Symbol.asyncDispose]()
    },
  }
}

/** Where other nodes can answer, balancers are given the time to notice that this one goes. */
async function sendElsewhere(server: Server): Promise<void> {
  if (!server.facts.shared || server.sealed()) return
  server.members.drain(DRAIN_SECONDS + NOTICE_SECONDS)
  await setTimeout(NOTICE_SECONDS * 1000)
}
