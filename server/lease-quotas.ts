/**
 * Lease-count quotas: how many leases and tokens there may be below a path. Tokens are counted by the path that made them, logins
 * by their role as well.
 *
 * They are not counted one by one in the store: writers would meet at the counter. Each process counts those of a quota now and
 * then, and adds its own in between; before it refuses, it counts anew. Of several processes each may issue what the others do not
 * know of yet, for at most as long as a count is believed.
 */

import { createHash } from "node:crypto"
import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { Storage, View } from "@arca/storage"
import { layout } from "./layout.ts"
import { mountTable } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"

export interface LeaseQuota {
  readonly name: string
  /** "" for all; a namespace, a mount (`database/`), a mount with a path (`database/creds/app`) or a prefix (`…/a*`), from the root. */
  readonly path: string
  /** Only logins by this role; "" for all that fall under the path. */
  readonly role: string
  readonly max_leases: number
  readonly inheritable: boolean
}

/** All quotas, and whether the tokens from before the first of them are counted, too (`count-tokens.ts`). */
export interface LeaseQuotaTable {
  readonly quotas: readonly LeaseQuota[]
  readonly tokensCounted: boolean
}

const KEY = "core/quotas/lease-count"
const NONE: LeaseQuotaTable = { quotas: [], tokensCounted: false }

function decode(value: Uint8Array): LeaseQuotaTable {
  const { quotas, tokensCounted } = decodeJson(value) as unknown as Partial<LeaseQuotaTable>
  // Those of earlier versions have no role.
  return { quotas: (quotas ?? []).map(quota => ({ ...quota, role: quota.role ?? "" })), tokensCounted: !!tokensCounted }
}

export const leaseQuotaTable = async (view: View): Promise<LeaseQuotaTable> => (await view.cached(KEY, decode)) ?? NONE

export const leaseQuotas = async (view: View): Promise<readonly LeaseQuota[]> => (await leaseQuotaTable(view)).quotas

export const writeLeaseQuotas = (view: View, table: LeaseQuotaTable): void =>
  view.put(KEY, encodeJson(table as unknown as JsonObject))

/** What is to be issued, where. */
interface Asked {
  readonly namespace: Namespace
  /** Relative to the namespace. */
  readonly path: string
}

/** What a token says of itself to be counted by. */
interface AskedToken extends Asked {
  readonly type: "service" | "batch"
  readonly policies: readonly string[]
  /** Seconds; 0 for a root token. */
  readonly ttl: number
  /** Of the tokens' own auth method. */
  readonly role: string
  /** Of a login. */
  readonly loginRole?: (() => Promise<string>) | undefined
}

export interface LeaseQuotas {
  /** Refuses (429) a lease that would be one too many. */
  admit(view: View, asked: Asked): Promise<void>
  /**
   * Refuses (429) a token that would be one too many; otherwise where it is to be counted, if at all. Root tokens are never refused nor
   * counted, so that an operator can get in and make room. Batch tokens are not stored, so they are refused but not counted.
   */
  admitToken(view: View, asked: AskedToken): Promise<string | undefined>
  /** How many leases and tokens fall under a quota now. */
  count(quota: LeaseQuota): Promise<number>
}

/** The path and role of a token, as its entry is found by. Roles may hold anything, so they are hashed. */
export const placeOfToken = (path: string, role: string): string => `${path.replace(/\/+$/, "")}/${roleSegment(role)}`

const roleSegment = (role: string): string =>
  role === "" ? "=" : `=${createHash("sha256").update(role).digest("base64url").slice(0, 22)}`

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

  /** Refuses what would be one too many; what is not kept is not counted. */
  const check = async (view: View, { namespace, path }: Asked, role: string, kept: boolean): Promise<void> => {
    const quota = await quotaFor(view, namespace, path, role)
    if (quota === undefined) return
    const count = await current(quota)
    if (count.leases >= quota.max_leases) {
      throw refuse.tooMany(`request path ${JSON.stringify(path)}: lease count quota exceeded`, 1)
    }
    if (kept) count.leases++
  }

  return {
    count: quota => counted(storage, quota),
    admit: async (view, asked) => {
      if ((await leaseQuotas(view)).length > 0) await check(view, asked, "", true)
    },
    admitToken: async (view, asked) => {
      if (!isCounted(asked.policies, asked.ttl) || (await leaseQuotas(view)).length === 0) return undefined
      const role = asked.role || ((await asked.loginRole?.()) ?? "")
      const service = asked.type === "service"
      await check(view, asked, role, service)
      return service ? placeOfToken(asked.path, role) : undefined
    },
  }
}

/** Root tokens, whose life has no end, are not, nor those that only wrap an answer. */
export const isCounted = (policies: readonly string[], life: number): boolean =>
  life > 0 && policies[0] !== "response-wrapping"

/** The most specific quota that something falls under: of a role, a path, a mount, a namespace, or of all. */
async function quotaFor(view: View, namespace: Namespace, path: string, role: string): Promise<LeaseQuota | undefined> {
  const full = namespace.path + path
  const mounts = await mountTable(view, namespace)
  const mount = mounts.all.find(one => path.startsWith(one.path))?.path ?? ""
  const own = (quota: LeaseQuota) =>
    quota.inheritable ||
    quota.path === "" ||
    quota.path.startsWith(namespace.path + mount) ||
    quota.path === namespace.path
  const reaches = ({ path: of }: LeaseQuota) =>
    of.endsWith("*") ? full.startsWith(of.slice(0, -1)) : full.startsWith(of)
  return (await leaseQuotas(view))
    .filter(quota => (quota.role === "" || quota.role === role) && reaches(quota) && own(quota))
    .sort((a, b) => Number(b.role !== "") - Number(a.role !== "") || b.path.length - a.path.length)[0]
}

/** Counts what is below a quota's path, in all namespaces that it holds for. */
async function counted(storage: Storage, quota: LeaseQuota): Promise<number> {
  using view = storage.view()
  const namespaces = (await namespaceTable(view)).all
  let total = 0
  for (const namespace of namespaces) {
    const inside = quota.path.startsWith(namespace.path)
    if (!inside && !namespace.path.startsWith(quota.path)) continue
    if (quota.path !== "" && !inside && !quota.inheritable) continue
    const path = inside ? quota.path.slice(namespace.path.length) : ""
    if (quota.role === "") total += await countBelow(storage, namespace, layout.lease, path, () => true)
    const role = `/${roleSegment(quota.role)}/`
    total += await countBelow(
      storage,
      namespace,
      layout.tokenAt,
      path,
      name => quota.role === "" || name.includes(role),
    )
  }
  return total
}

/** Counts the names of an index below a path, which may end in a `*`. */
async function countBelow(
  storage: Storage,
  namespace: Namespace,
  index: string,
  path: string,
  counts: (name: string) => boolean,
): Promise<number> {
  const wild = path.endsWith("*")
  const folder = wild ? path.slice(0, path.lastIndexOf("/") + 1) : path.replace(/(?<=[^/])$/, "/")
  const rest = wild ? path.slice(folder.length, -1) : ""
  let total = 0
  for (let after: string | undefined; ; ) {
    using view = storage.view()
    const scope = view.scope(layout.namespace(namespace.id))
    const page = { limit: PAGE, ...(after === undefined ? {} : { after }) }
    const names = await scope.keys(index + folder, page)
    for (const name of names) if (name.startsWith(rest) && counts(`/${name}`)) total++
    if (names.length < PAGE) return total
    after = names.at(-1)
  }
}
