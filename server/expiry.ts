/** Ending what is due: tokens and leases come up in the order of time, from the index; nothing is held in memory. */

import { layout, timeKey } from "./layout.ts"
import { readLease } from "./leases.ts"
import { endFailures } from "./lockout.ts"
import { reapToken, revokeLease } from "./revocation.ts"
import type { Server } from "./server.ts"
import { isLive, readToken } from "./tokens.ts"
import { reading, transact } from "./transact.ts"

/** How many due entries one look at the index takes. */
const BATCH = 500
/** How many are ended at the same time: outside effects wait for the network, not for us. */
const CONCURRENCY = 32

const KINDS = { t: "token", l: "lease", f: "failures" } as const
type Kind = (typeof KINDS)[keyof typeof KINDS]

interface Due {
  readonly key: string
  readonly namespace: string
  readonly kind: Kind
  readonly id: string
}

function dueOf(name: string): Due | undefined {
  const found = /^\d+\/([^/]+)\/([tlf])\/(.+)$/s.exec(name)
  if (found === null) return undefined
  const [, namespace = "", kind, id = ""] = found
  return { key: layout.expiry + name, namespace, kind: KINDS[kind as keyof typeof KINDS], id }
}

export interface Expired {
  readonly ended: number
  readonly failed: number
  /** Seconds since the oldest entry that was due had come due; 0 when nothing was. */
  readonly lag: number
}

/** Ends everything that is due now. Stops after a batch that ended nothing: what failed comes back later by itself. */
export async function expireDue(server: Server): Promise<Expired> {
  let ended = 0
  let failed = 0
  let lag = 0
  for (;;) {
    const due = await dueNow(server)
    if (due.length === 0) return { ended, failed, lag }
    lag = Math.max(lag, server.now() - Number(due[0]?.key.slice(layout.expiry.length).split("/", 1)[0]))
    const before = ended
    await inParallel(due, CONCURRENCY, async one => {
      if (await end(server, one)) ended++
      else failed++
    })
    if (ended === before) return { ended, failed, lag }
  }
}

async function dueNow(server: Server): Promise<Due[]> {
  using view = server.storage.view()
  const names = await view.keys(layout.expiry, { before: timeKey(Math.floor(server.now()) + 1), limit: BATCH })
  return names.map(dueOf).filter(due => due !== undefined)
}

async function end(server: Server, due: Due): Promise<boolean> {
  try {
    await ENDS[due.kind](server, due)
    return true
  } catch (error) {
    server.log.warn("could not end what is due; it will be tried again", {
      kind: due.kind,
      namespace: due.namespace,
      ...(due.kind === "lease" ? { lease: due.id } : {}),
      error: error instanceof Error ? error.message : String(error),
    })
    return false
  }
}

/** An index entry without its token or lease is a leftover of nothing: erase it. */
const forget = (server: Server, { key }: Due): Promise<void> => transact(server, async view => view.delete(key))

async function endToken(server: Server, due: Due): Promise<void> {
  const token = await reading(server, view => readToken(view, due.namespace, due.id))
  if (token === undefined) return forget(server, due)
  if (isLive(token, server.now())) return
  await reapToken(server, token)
  await forget(server, due)
}

async function endLease(server: Server, due: Due): Promise<void> {
  const lease = await reading(server, view => readLease(view, due.namespace, due.id))
  if (lease === undefined) return forget(server, due)
  if (lease.dueAt > server.now()) return
  await revokeLease(server, lease)
}

/** Failed logins that are too old to count. */
async function forgetFailures(server: Server, due: Due): Promise<void> {
  await endFailures(server, due.namespace, due.id)
  await forget(server, due)
}

const ENDS: Readonly<Record<Kind, (server: Server, due: Due) => Promise<void>>> = {
  token: endToken,
  lease: endLease,
  failures: forgetFailures,
}

/** Runs `act` on all items, at most `limit` at a time. `act` must not reject. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await act(item)
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
}
