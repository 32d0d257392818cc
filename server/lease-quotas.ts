/**
 * Lease-count quotas: how many leases there may be below a path.
 *
 * Leases are not counted one by one in the store: writers would meet at the counter. Each process counts those of a quota now and
 * then, and adds its own in between; before it refuses, it counts anew. Of several processes each may issue what the others do not
 * know of yet, for at most as long as a count is believed.
 */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { Storage, View } from "@arca/storage"
import { leaseIds } from "./leases.ts"
import { mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"

export interface LeaseQuota {
  readonly name: string
  /** "" for all; a namespace, a mount (`database/`), or a mount with a path (`database/creds/app`), from the root. */
  readonly path: string
  readonly max_leases: number
  readonly inheritable: boolean
}

const KEY = "core/quotas/lease-count"
const NONE: readonly LeaseQuota[] = []

const decode = (value: Uint8Array): readonly LeaseQuota[] =>
  (decodeJson(value) as unknown as { quotas: LeaseQuota[] }).quotas

export const leaseQuotas = async (view: View): Promise<readonly LeaseQuota[]> =>
  (await view.cached(KEY, decode)) ?? NONE

export const writeLeaseQuotas = (view: View, quotas: readonly LeaseQuota[]): void =>
  view.put(KEY, encodeJson({ quotas } as unknown as JsonObject))

export interface LeaseQuotas {
  /** Refuses (429) a lease that would be one too many. `path` is relative to the namespace. */
  admit(view: View, namespace: Namespace, path: string): Promise<void>
  /** How many leases fall under a quota now. */
  count(quota: LeaseQuota): Promise<number>
}

interface Count {
  leases: number
  /** Seconds since 1970. */
  readonly at: number
}

/** A count is believed for a second, and longer the more there was to count. */
const believedSeconds = (leases: number): number => Math.min(30, 1 + leases / 10_000)
const RECOUNT_SECONDS = 1
const PAGE = 10_000

/** `now` is seconds since 1970. */
export function leaseCounter(storage: Storage, now: () => number): LeaseQuotas {
  const counts = new Map<string, Count>()

  const recount = async (quota: LeaseQuota): Promise<Count> => {
    const count = { leases: await counted(storage, quota), at: now() }
    counts.set(quota.name, count)
    return count
  }

  const current = async (quota: LeaseQuota): Promise<Count> => {
    const known = counts.get(quota.name)
    if (known === undefined || now() > known.at + believedSeconds(known.leases)) return recount(quota)
    return known.leases >= quota.max_leases && now() >= known.at + RECOUNT_SECONDS ? recount(quota) : known
  }

  return {
    count: quota => counted(storage, quota),
    admit: async (view, namespace, path) => {
      const quotas = await leaseQuotas(view)
      if (quotas.length === 0) return
      const quota = await quotaFor(view, quotas, namespace, path)
      if (quota === undefined) return
      const count = await current(quota)
      if (count.leases >= quota.max_leases) {
        throw refuse.tooMany(`request path ${JSON.stringify(path)}: lease count quota exceeded`, 1)
      }
      count.leases++
    },
  }
}

/** The most specific quota that a path falls under. */
async function quotaFor(
  view: View,
  quotas: readonly LeaseQuota[],
  namespace: Namespace,
  path: string,
): Promise<LeaseQuota | undefined> {
  const full = namespace.path + path
  const mounts = await mountTable(view, namespace)
  const mount = mounts.all.find(one => path.startsWith(one.path))?.path ?? ""
  const own = (quota: LeaseQuota) =>
    quota.inheritable ||
    quota.path === "" ||
    quota.path.startsWith(namespace.path + mount) ||
    quota.path === namespace.path
  return quotas
    .filter(quota => (full === quota.path || full.startsWith(quota.path)) && own(quota))
    .sort((a, b) => b.path.length - a.path.length)[0]
}

/** Counts the leases below a quota's path, in all namespaces that it holds for. */
async function counted(storage: Storage, quota: LeaseQuota): Promise<number> {
  using view = storage.view()
  const namespaces = (await namespaceTable(view)).all
  let total = 0
  for (const namespace of namespaces) {
    const inside = quota.path.startsWith(namespace.path)
    if (!inside && !namespace.path.startsWith(quota.path)) continue
    if (quota.path !== "" && !inside && !quota.inheritable) continue
    total += await countBelow(storage, namespace, inside ? quota.path.slice(namespace.path.length) : "")
  }
  return total
}

async function countBelow(storage: Storage, namespace: Namespace, path: string): Promise<number> {
  const folder = path.endsWith("/") || path === "" ? path : `${path}/`
  let total = 0
  for (let after: string | undefined; ; ) {
    using view = storage.view()
    const ids = await leaseIds(view, namespace.id, folder, { limit: PAGE, ...(after === undefined ? {} : { after }) })
    total += ids.length
    if (ids.length < PAGE) return total
    after = ids.at(-1)
  }
}
