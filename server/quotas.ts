/**
 * Rate limits: how many requests of one client address are answered in a span of time. Each node counts for itself.
 *
 * All quotas lie in one entry of the store, so a server without any pays one look-up for each request.
 */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import type { Place } from "./pipeline.ts"
import type { Quotas, Request } from "./server.ts"

/** Times are seconds. */
export interface RateLimit {
  readonly name: string
  /** "" for all; a namespace, a mount (`kv/`), or a mount with a path or a prefix (`kv/app*`), from the root. */
  readonly path: string
  readonly role: string
  readonly rate: number
  readonly interval: number
  /** After a request too many, all of this client's are refused for so long; 0 refuses only those too many. */
  readonly block_interval: number
  readonly inheritable: boolean
}

const KEY = "core/quotas/rate-limit"

/** Never limited: what a locked-out operator needs. */
export const EXEMPT = [
  ...["sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update"],
  ...["sys/generate-root/attempt", "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal"],
]

const decode = (value: Uint8Array): readonly RateLimit[] =>
  (decodeJson(value) as unknown as { quotas: RateLimit[] }).quotas

const NONE: readonly RateLimit[] = []

export const rateLimits = async (view: View): Promise<readonly RateLimit[]> => (await view.cached(KEY, decode)) ?? NONE

export const writeRateLimits = (view: View, quotas: readonly RateLimit[]): void =>
  view.put(KEY, encodeJson({ quotas } as unknown as JsonObject))

interface Window {
  /** Seconds since 1970 when the count began. */
  began: number
  count: number
  blockedUntil: number
}

/** Clients counted at the same time; the one counted longest ago is forgotten first. */
const MAX_WINDOWS = 100_000

/** Counts requests by quota and client address. `now` is seconds since 1970. */
export function rateLimiter(now: () => number): Quotas {
  const windows = new Map<string, Window>()
  return {
    admit: async (view, place, request) => {
      const quotas = await rateLimits(view)
      if (quotas.length === 0) return
      const quota = quotaFor(quotas, place, request)
      if (quota !== undefined) count(windows, quota, place, request, now())
    },
  }
}

/** The most specific quota of a request: of a role, a path, a mount, a namespace, or of all. */
function quotaFor(quotas: readonly RateLimit[], place: Place, request: Request): RateLimit | undefined {
  if (EXEMPT.includes(place.path)) return undefined
  const full = place.namespace.path + place.path
  const role = place.match?.params.role ?? (typeof request.body.role === "string" ? request.body.role : "")
  const fitting = quotas.filter(quota => fits(quota, full, role, place))
  return fitting.sort((a, b) => Number(b.role !== "") - Number(a.role !== "") || b.path.length - a.path.length)[0]
}

function fits({ path, role, inheritable }: RateLimit, full: string, asked: string, place: Place): boolean {
  if (role !== "" && role !== asked) return false
  if (path === "") return true
  if (path.endsWith("*")) return full.startsWith(path.slice(0, -1))
  if (!path.endsWith("/")) return full === path
  if (path === place.namespace.path) return true
  return full.startsWith(path) && (inheritable || full.startsWith(place.namespace.path + (place.entry?.path ?? "")))
}

function count(windows: Map<string, Window>, quota: RateLimit, place: Place, request: Request, now: number): void {
  const key = `${quota.name} ${request.remoteAddress}`
  const known = windows.get(key)
  const fresh = known === undefined || now >= known.began + quota.interval
  const window: Window = fresh ? { began: now, count: 0, blockedUntil: known?.blockedUntil ?? 0 } : known
  if (fresh) {
    windows.delete(key)
    windows.set(key, window)
    if (windows.size > MAX_WINDOWS) windows.delete(windows.keys().next().value ?? "")
  }
  window.count++
  const over = window.count > quota.rate * quota.interval
  if (over && quota.block_interval > 0) window.blockedUntil = Math.max(window.blockedUntil, now + quota.block_interval)
  const until = Math.max(window.blockedUntil, over ? window.began + quota.interval : 0)
  if (until <= now) return
  throw refuse.tooMany(`request path ${JSON.stringify(place.path)}: rate limit quota exceeded`, Math.ceil(until - now))
}
