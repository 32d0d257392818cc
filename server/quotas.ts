/**
 * Rate limits: how many requests of one client address are answered in a span of time. Each node counts for itself.
 *
 * All quotas lie in one entry of the store, which is part of every request's ground: a server without any pays nothing.
 */

import { decodeJson, encodeJson, type JsonObject, type Refusal, refuse } from "@arca/api"
import { type Maybe, orElse, type View } from "@arca/storage"
import { contextOf, type Setting } from "./context.ts"
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

/** What holds for all rate limits. */
export interface QuotaConfig {
  /** Requests that are refused stand in the audit. */
  readonly enable_rate_limit_audit_logging: boolean
  /** Never limited. */
  readonly rate_limit_exempt_paths: readonly string[]
}

const KEY = "core/quotas/rate-limit"
const CONFIG = "core/quotas/config"

const decodeConfig = (value: Uint8Array): QuotaConfig => decodeJson(value) as unknown as QuotaConfig

export const quotaConfig = (view: View): Maybe<QuotaConfig> => orElse(view.cached(CONFIG, decodeConfig), DEFAULTS)

export const writeQuotaConfig = (view: View, config: QuotaConfig): void =>
  view.put(CONFIG, encodeJson(config as unknown as JsonObject))

/** Exempt unless told otherwise: what a locked-out operator needs. */
const EXEMPT = [
  ...["sys/generate-recovery-token/attempt", "sys/generate-recovery-token/update"],
  ...["sys/generate-root/attempt", "sys/generate-root/update", "sys/health", "sys/seal-status", "sys/unseal"],
]

const DEFAULTS: QuotaConfig = { enable_rate_limit_audit_logging: false, rate_limit_exempt_paths: EXEMPT }

const decode = (value: Uint8Array): readonly RateLimit[] =>
  (decodeJson(value) as unknown as { quotas: RateLimit[] }).quotas

const NONE: readonly RateLimit[] = []

export const rateLimits = (view: View): Maybe<readonly RateLimit[]> => orElse(view.cached(KEY, decode), NONE)

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
  const admit = async (quotas: readonly RateLimit[], setting: Setting, place: Place) => {
    const { view, request } = setting
    const config = await quotaConfig(view)
    if (config.rate_limit_exempt_paths.includes(place.path)) return undefined
    const role = quotas.some(quota => quota.role !== "") ? await roleOf(setting, place) : ""
    const quota = quotaFor(quotas, place, role)
    const refusal = quota && count(windows, quota, place, request, now())
    if (refusal === undefined) return undefined
    return { refusal, recorded: config.enable_rate_limit_audit_logging }
  }
  return { admit: (quotas, setting, place) => (quotas.length === 0 ? undefined : admit(quotas, setting, place)) }
}

/** The most specific quota of a request: of a role, a path, a mount, a namespace, or of all. */
function quotaFor(quotas: readonly RateLimit[], place: Place, role: string): RateLimit | undefined {
  const full = place.namespace.path + place.path
  const fitting = quotas.filter(quota => fits(quota, full, role, place))
  return fitting.sort((a, b) => Number(b.role !== "") - Number(a.role !== "") || b.path.length - a.path.length)[0]
}

/** The role of a login: named in the path or the body, or known to the auth method by what it was given. */
export async function roleOf(setting: Setting, { match, entry, path }: Place): Promise<string> {
  const { server, request } = setting
  const named = match?.params.role ?? request.body.role
  if (typeof named === "string" && named !== "") return named
  const method = entry?.kind === "auth" ? server.registry.engine("auth", entry.type) : undefined
  if (entry === undefined || method?.role === undefined) return ""
  return (await method.role(path.slice(entry.path.length), request.body, contextOf(setting))) ?? ""
}

function fits({ path, role, inheritable }: RateLimit, full: string, asked: string, place: Place): boolean {
  if (role !== "" && role !== asked) return false
  if (path === "") return true
  if (path.endsWith("*")) return full.startsWith(path.slice(0, -1))
  if (!path.endsWith("/")) return full === path
  if (path === place.namespace.path) return true
  return full.startsWith(path) && (inheritable || full.startsWith(place.namespace.path + (place.entry?.path ?? "")))
}

/** Counts a request; the refusal when it is one too many. */
function count(
  windows: Map<string, Window>,
  quota: RateLimit,
  place: Place,
  request: Request,
  now: number,
): Refusal | undefined {
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
  if (until <= now) return undefined
  return refuse.tooMany(`request path ${JSON.stringify(place.path)}: rate limit quota exceeded`, Math.ceil(until - now))
}
