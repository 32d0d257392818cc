/** Ending what is due: tokens and leases come up in the order of time, from the index; nothing is held in memory but what is being ended. */

import { layout, timeKey } from "./layout.ts"
import { expiryKey, type LeaseEntry, readLease } from "./leases.ts"
import { endFailures } from "./lockout.ts"
import { GLANCE_SECONDS, isHeld, postponeUntried, reapToken, revokeLease } from "./revocation.ts"
import type { Server } from "./server.ts"
import { isLive, readToken } from "./tokens.ts"
import { reading, transact } from "./transact.ts"

/** How many due entries one look at the index takes. */
const BATCH = 500
/** How many are ended at the same time: outside effects wait for the network, not for us. */
const CONCURRENCY = 128
/** How many of these may be of one mount, so that a slow one leaves room for others. */
const OF_ONE_MOUNT = 64
/** How many rounds may go on at the same time: each new one passes by what the others are busy with. */
const ROUNDS = 4
/** After so many failures in a row a mount is left alone for a while: each try may take its full time-out. */
const FAILURES = 8
const REST_SECONDS = 10

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

/** Seconds since 1970 at which an entry of the index came due. */
const timeOf = ({ key }: Due): number => Number(key.slice(layout.expiry.length).split("/", 1)[0])

/** What shares an outside: the leases below one first name of a path. */
const groupOf = (due: Due): string => `${due.namespace}/${due.kind === "lease" ? due.id.split("/", 1)[0] : ""}`

export interface Expired {
  readonly ended: number
  readonly failed: number
  /** Seconds since the oldest entry that was due had come due; 0 when nothing was. */
  readonly lag: number
}

export interface Expiry {
  /** Ends everything that is due now and not being ended yet. Stops after a batch that ended nothing. */
  endDue(): Promise<Expired>
  idle(): Promise<void>
}

/** The expiry of this process. */
export function expiryOf(server: Server): Expiry {
  const busy = new Set<string>()
  const rests = restsOf(server.now)
  const rounds = new Set<Promise<Expired>>()

  const round = async (): Promise<Expired> => {
    const total = { ended: 0, failed: 0, lag: 0 }
    for (;;) {
      const due = await dueNow(server, busy)
      const oldest = due[0]
      const lag = oldest === undefined ? 0 : server.now() - timeOf(oldest)
      server.metrics.gauge({ name: "expire.oldest_due_seconds", value: Math.max(0, lag) })
      if (oldest === undefined) return total
      total.lag = Math.max(total.lag, lag)
      const before = total.ended
      await inGroups(due, async one => {
        if (await end(server, one, rests)) total.ended++
        else total.failed++
      })
      if (total.ended === before) return total
    }
  }

  /** Runs `act` on all, with bounds for all together and for those of one mount; what waits for its turn is busy, too. */
  const inGroups = async (due: readonly Due[], act: (one: Due) => Promise<void>): Promise<void> => {
    for (const { key } of due) busy.add(key)
    const groups = Map.groupBy(due, groupOf)
    const room = Math.max(1, Math.floor(CONCURRENCY / groups.size))
    await Promise.all(
      [...groups.values()].map(group =>
        inParallel(group, Math.min(OF_ONE_MOUNT, room), one => act(one).finally(() => busy.delete(one.key))),
      ),
    )
  }

  return {
    endDue: async () => {
      if (rounds.size >= ROUNDS) return { ended: 0, failed: 0, lag: 0 }
      const one = round()
      rounds.add(one)
      return await one.finally(() => rounds.delete(one))
    },
    idle: async () => {
      await Promise.allSettled(rounds)
    },
  }
}

/** The next entries that are due and that nobody here is busy with, oldest first. */
async function dueNow(server: Server, busy: ReadonlySet<string>): Promise<Due[]> {
  using view = server.storage.view()
  const before = timeKey(Math.floor(server.now()) + 1)
  for (let after: string | undefined; ; ) {
    const names = await view.keys(layout.expiry, { before, limit: BATCH, ...(after === undefined ? {} : { after }) })
    const due = names.map(dueOf).filter(one => one !== undefined && !busy.has(one.key))
    if (due.length > 0 || names.length < BATCH) return due.filter(one => one !== undefined)
    after = names.at(-1)
  }
}

/** Which mounts are left alone for a while, because ending their leases has failed several times in a row. */
function restsOf(now: () => number) {
  const failures = new Map<string, { count: number; until: number }>()
  return {
    rests: (group: string): boolean => (failures.get(group)?.until ?? 0) > now(),
    worked: (group: string): void => void failures.delete(group),
    failed: (group: string): void => {
      const count = (failures.get(group)?.count ?? 0) + 1
      failures.set(group, { count, until: count >= FAILURES ? now() + REST_SECONDS : 0 })
    },
  }
}

type Rests = ReturnType<typeof restsOf>

async function end(server: Server, due: Due, rests: Rests): Promise<boolean> {
  const { metrics } = server
  try {
    await ENDS[due.kind](server, due, rests)
    if (due.kind === "lease") {
      metrics.count("expire.lease_expiration")
      metrics.sample("expire.lease_expiration.time_in_queue", Math.max(0, server.now() - timeOf(due)) * 1000)
    }
    return true
  } catch (error) {
    if (due.kind === "lease") metrics.count("expire.lease_expiration.error")
    server.log.named("expiration").warn("could not end what is due; it will be tried again", {
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
  const token = await reading(server, async view => readToken(view, due.namespace, due.id))
  if (token === undefined) return forget(server, due)
  if (isLive(token, server.now())) return
  await reapToken(server, token)
  await forget(server, due)
}

async function endLease(server: Server, due: Due, rests: Rests): Promise<void> {
  const lease = await reading(server, async view => readLease(view, due.namespace, due.id))
  // The lease is gone, or it has another time by now and another entry for it.
  if (lease === undefined || expiryKey(lease) !== due.key) return forget(server, due)
  if (lease.dueAt > server.now()) return
  if (isHeld(server, lease, server.now())) return postponeUntried(server, lease, GLANCE_SECONDS)
  await endUnlessResting(server, lease, groupOf(due), rests)
}

/** Failed logins that are too old to count. */
async function forgetFailures(server: Server, due: Due): Promise<void> {
  await endFailures(server, due.namespace, due.id)
  await forget(server, due)
}

const ENDS: Readonly<Record<Kind, (server: Server, due: Due, rests: Rests) => Promise<void>>> = {
  token: endToken,
  lease: endLease,
  failures: forgetFailures,
}

async function endUnlessResting(server: Server, lease: LeaseEntry, group: string, rests: Rests): Promise<void> {
  if (rests.rests(group)) return postponeUntried(server, lease, REST_SECONDS)
  try {
    await revokeLease(server, lease)
    rests.worked(group)
  } catch (error) {
    rests.failed(group)
    throw error
  }
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
