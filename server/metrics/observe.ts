/** What the metrics learn from a request, derived in one place from what the pipeline knows when it has answered. */

import type { Operation } from "@arca/api"
import type { MountEntry } from "../mounts.ts"
import type { Namespace } from "../namespaces.ts"
import type { Place } from "../pipeline.ts"
import type { Outcome } from "../reply.ts"
import type { Reply, Request, Server } from "../server.ts"

/** What the pipeline found out on its way; some of it is absent when it did not come so far. */
export interface Course {
  readonly place?: Place
  readonly open?: boolean
  readonly outcome?: Outcome
}

const CLASSES = ["", "1xx", "2xx", "3xx", "4xx", "5xx"]

/** Records an answered request. `started` is of the metrics' clock. */
export function observe({ metrics }: Server, request: Request, course: Course, reply: Reply, started: number): void {
  const took = metrics.clock() - started
  const { place, open, outcome } = course
  const entry = place?.entry
  const isLogin = entry?.kind === "auth" && open === true
  metrics.sample(isLogin ? "core.handle_login_request" : "core.handle_request", took)
  const { status } = reply
  metrics.count("core.response_status_code", { code: String(status), type: CLASSES[Math.floor(status / 100)] ?? "" })
  if (status === 429) metrics.count("quota.rate_limit.violation")
  if (place === undefined || entry === undefined) return
  metrics.sample(routeName(place.namespace, entry, request.operation), took)
  if (outcome?.grant === undefined && outcome?.lease === undefined) return
  const where = { namespace: nameOf(place.namespace), mount_point: place.namespace.path + entry.path }
  if (outcome.grant !== undefined) {
    const { type, ttl } = outcome.grant.entry
    metrics.count("token.creation", {
      auth_method: entry.type,
      ...where,
      creation_ttl: ttlLabel(ttl),
      token_type: type,
    })
  }
  if (outcome.lease !== undefined) {
    metrics.count("secret.lease.creation", {
      secret_engine: entry.type,
      ...where,
      creation_ttl: ttlLabel(outcome.lease.ttl),
    })
  }
}

const routeNames = new WeakMap<MountEntry, Map<Operation, string>>()

/** `route.<operation>.<mount>`, with dashes for slashes; made once for each mount. */
function routeName(namespace: Namespace, entry: MountEntry, operation: Operation): string {
  let names = routeNames.get(entry)
  if (names === undefined) routeNames.set(entry, (names = new Map()))
  let name = names.get(operation)
  if (name === undefined) {
    name = `route.${operation}.${(namespace.path + entry.path).replaceAll("/", "-")}`
    names.set(operation, name)
  }
  return name
}

/** A namespace as a label: Vault writes `root` for the root. */
export const nameOf = ({ path }: Namespace): string => (path === "" ? "root" : path)

const TTLS: readonly (readonly [number, string])[] = [
  [60, "1m"],
  [600, "10m"],
  [1200, "20m"],
  [3600, "1h"],
  [7200, "2h"],
  [86_400, "1d"],
  [172_800, "2d"],
  [604_800, "7d"],
  [2_592_000, "30d"],
]

/** The first of Vault's steps that a life (seconds) fits into; 0 lives for ever. */
export const ttlLabel = (ttl: number): string =>
  ttl === 0 ? "+Inf" : (TTLS.find(([most]) => ttl <= most)?.[1] ?? "+Inf")
