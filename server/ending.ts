/**
 * Ending what is due, many at a time: one transaction erases all that have nothing outside, the others are undone outside side by
 * side, and what is undone is erased together. Whose time is over can be renewed by nobody, so nothing is written before (but of a
 * prepared lease, whose request might be about to hand it out); each step can be repeated, and a crash anywhere is finished by whoever finds the entry in the index next.
 */

import type { View } from "@arca/storage"
import { type Due, timeOf } from "./due.ts"
import { eraseLease, expiryKey, type LeaseEntry, readLease, writeLease } from "./leases.ts"
import { endFailures } from "./lockout.ts"
import type { Outage } from "./outage.ts"
import {
  eraseBare,
  GLANCE_SECONDS,
  homeOfLease,
  isBare,
  isHeld,
  putOff,
  reapToken,
  undoOutside,
  writeFailed,
} from "./revocation.ts"
import type { Server } from "./server.ts"
import { isLive, readToken, type TokenEntry, expiryKey as tokenExpiryKey } from "./tokens.ts"
import { transact } from "./transact.ts"
import type { Turnstile } from "./turnstile.ts"

/** How many share a transaction. With six keys of each it stays within what etcd takes at once. */
export const CHUNK = 20

/** `put off` is due again later, untried. */
export type Outcome = "ended" | "put off" | "failed"

/** What is left to do for an entry when the first transaction is durable. */
type Rest = Outcome | { readonly undo: LeaseEntry } | { readonly reap: TokenEntry }

/** What those share that are ended outside at the same place. */
export interface Outside {
  readonly outage: Outage
  /** Waits until there is room. */
  readonly enter: Turnstile
}

/** Ends entries that share an outside, and tells of each as soon as it is known. Never rejects. */
export type End = (chunk: readonly Due[], outside: Outside, tell: (due: Due, outcome: Outcome) => void) => Promise<void>

export function ender(server: Server): End {
  const settle = settler(server)

  const finish = async (due: Due, rest: Rest, outside: Outside): Promise<Outcome> => {
    if (typeof rest === "string") return rest
    try {
      if ("undo" in rest) return await undo(server, rest.undo, settle, outside)
      using _ = await outside.enter()
      return await reap(server, due, rest.reap)
    } catch (error) {
      complain(server, due, error)
      return "failed"
    }
  }

  const end: End = async (chunk, outside, tell) => {
    const rests = await transact(server, view => sortAll(server, view, chunk)).catch((error: unknown) => ({ error }))
    if (Array.isArray(rests)) {
      await Promise.all(rests.map(async ({ due, rest }) => told(server, due, await finish(due, rest, outside), tell)))
    } else if (chunk.length > 1) {
      // One that cannot be read does not keep back the others.
      for (const one of chunk) await end([one], outside, tell)
    } else {
      for (const one of chunk) {
        complain(server, one, rests.error)
        tell(one, "failed")
      }
    }
  }

  return end
}

function told(server: Server, due: Due, outcome: Outcome, tell: (due: Due, outcome: Outcome) => void): void {
  const { metrics } = server
  if (due.kind === "lease" && outcome === "ended") {
    metrics.count("expire.lease_expiration")
    metrics.sample("expire.lease_expiration.time_in_queue", Math.max(0, server.now() - timeOf(due)) * 1000)
  }
  tell(due, outcome)
}

function complain(server: Server, due: Due, error: unknown): void {
  if (server.sealed()) return
  if (due.kind === "lease") server.metrics.count("expire.lease_expiration.error")
  server.log.named("expiration").warn("could not end what is due; it will be tried again", {
    kind: due.kind,
    namespace: due.namespace,
    ...(due.kind === "lease" ? { lease: due.id } : {}),
    error: error instanceof Error ? error.message : String(error),
  })
}

async function sortAll(server: Server, view: View, chunk: readonly Due[]): Promise<{ due: Due; rest: Rest }[]> {
  const sorted: { due: Due; rest: Rest }[] = []
  for (const due of chunk) sorted.push({ due, rest: await SORTS[due.kind](server, view, due) })
  return sorted
}

type Sort = (server: Server, view: View, due: Due) => Promise<Rest>

const sortLease: Sort = async (server, view, due) => {
  const lease = await readLease(view, due.namespace, due.id)
  // The lease is gone, or has another time by now and another entry for it, or the entry was written by an earlier version.
  if (lease === undefined || expiryKey(lease) !== due.key) view.delete(due.key)
  if (lease === undefined) return "ended"
  const now = server.now()
  if (lease.dueAt > now) return "put off"
  if (isHeld(server, lease, now)) {
    putOff(server, view, lease, GLANCE_SECONDS)
    return "put off"
  }
  const home = await homeOfLease(server, view, lease)
  if (home?.kind.revoke === undefined) {
    eraseLease(view, lease)
    return "ended"
  }
  if (lease.state !== "prepared") return { undo: lease }
  const ending: LeaseEntry = { ...lease, state: "revoking" }
  writeLease(view, ending, lease)
  return { undo: ending }
}

const sortToken: Sort = async (server, view, due) => {
  const token = await readToken(view, due.namespace, due.id)
  if (token === undefined || tokenExpiryKey(token) !== due.key) view.delete(due.key)
  if (token === undefined) return "ended"
  if (isLive(token, server.now())) return "put off"
  if (!(await isBare(view, token))) return { reap: token }
  await eraseBare(view, token)
  return "ended"
}

/** Failed logins that are too old to count. */
const sortFailures: Sort = async (server, view, due) => {
  await endFailures(view, due, server.now())
  view.delete(due.key)
  return "ended"
}

const SORTS: Readonly<Record<Due["kind"], Sort>> = { lease: sortLease, token: sortToken, failures: sortFailures }

async function reap(server: Server, { key }: Due, token: TokenEntry): Promise<Outcome> {
  await reapToken(server, token)
  await transact(server, async view => view.delete(key))
  return "ended"
}

/** Undoes a lease outside, then erases it; what the engine says when it cannot is kept with the lease, and thrown. */
async function undo(server: Server, lease: LeaseEntry, settle: Settle, outside: Outside): Promise<Outcome> {
  const began = server.now()
  const undone = await tried(server, lease, outside)
  if (undone.wait > 0) {
    await settle(view => putOffStill(server, view, lease, undone.wait))
    return "put off"
  }
  if (undone.failure !== undefined) {
    const { error, pause } = undone.failure
    server.metrics.count("expire.revoke.error")
    await settle(view => writeFailed(server, view, lease, error, pause))
    throw error
  }
  await settle(view => eraseStill(view, lease))
  server.metrics.sample("expire.revoke", (server.now() - began) * 1000)
  return "ended"
}

/** What became of an attempt, and how many seconds it has to wait for when there is no use in one. */
interface Tried {
  readonly wait: number
  readonly failure?: { readonly error: unknown; readonly pause: number }
}

async function tried(server: Server, lease: LeaseEntry, { enter, outage }: Outside): Promise<Tried> {
  using _ = await enter()
  const wait = outage.wait()
  if (wait > 0) return { wait }
  try {
    await transact(server, view => undoOutside(server, view, lease))
    outage.worked()
    return { wait }
  } catch (error) {
    return { wait, failure: { error, pause: outage.failed() } }
  }
}

async function eraseStill(view: View, lease: LeaseEntry): Promise<void> {
  const current = await readLease(view, lease.namespace, lease.id)
  if (current !== undefined) eraseLease(view, current)
}

async function putOffStill(server: Server, view: View, lease: LeaseEntry, seconds: number): Promise<void> {
  const current = await readLease(view, lease.namespace, lease.id)
  if (current?.dueAt === lease.dueAt) putOff(server, view, current, seconds)
}

type Write = (view: View) => Promise<void>
type Settle = (write: Write) => Promise<void>

/** Writes down what became of leases outside: what comes while a transaction is under way shares the next one. */
function settler(server: Server): Settle {
  const waiting: { readonly write: Write; readonly done: PromiseWithResolvers<void> }[] = []
  let flushing = 0

  const flush = async (): Promise<void> => {
    flushing++
    while (waiting.length > 0) {
      const all = waiting.splice(0, CHUNK)
      await transact(server, async view => {
        for (const { write } of all) await write(view)
      }).then(
        () => all.forEach(({ done }) => void done.resolve()),
        (error: unknown) => all.forEach(({ done }) => void done.reject(error)),
      )
    }
    flushing--
  }

  return write => {
    const done = Promise.withResolvers<void>()
    waiting.push({ write, done })
    if (flushing === 0 || waiting.length >= CHUNK) void flush()
    return done.promise
  }
}
