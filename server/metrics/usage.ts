/**
 * What lies in the store, counted now and then by one process of all: tokens, leases, entities, mounts, locked names.
 * Counting walks names, page by page; no value is read but those of locked names.
 */

import type { View } from "@arca/storage"
import { layout } from "../layout.ts"
import { lockedNames } from "../lockout.ts"
import { mountTable } from "../mounts.ts"
import { type Namespace, namespaceTable } from "../namespaces.ts"
import type { Server } from "../server.ts"
import { reading } from "../transact.ts"
import type { Gauge } from "./metrics.ts"
import { nameOf } from "./observe.ts"

const PAGE = 1_000

/** Calls `each` with every key below a folder, relative to it. Each page is a snapshot of its own, so none is kept open long. */
async function walk(server: Server, folder: string, each: (key: string) => void): Promise<void> {
  for (let after: string | undefined; ; ) {
    const keys = await reading(server, view =>
      view.keys(folder, { limit: PAGE, ...(after === undefined ? {} : { after }) }),
    )
    for (const key of keys) each(key)
    if (keys.length < PAGE) return
    after = keys.at(-1)
  }
}

async function countBelow(server: Server, folder: string): Promise<number> {
  let count = 0
  await walk(server, folder, () => count++)
  return count
}

/** Counts the store, and sets the gauges. */
export async function measureUsage(server: Server): Promise<void> {
  const namespaces = await reading(server, async view => (await namespaceTable(view)).all)
  const perNamespace: Gauge[] = []
  const sums = { "identity.num_entities": 0, "core.locked_users": 0 }
  for (const namespace of namespaces) {
    const scope = layout.namespace(namespace.id)
    const labels = { namespace: nameOf(namespace) }
    const entities = await countBelow(server, `${scope}identity/entity/`)
    sums["identity.num_entities"] += entities
    sums["core.locked_users"] += await reading(server, view => countLocked(server, view, namespace))
    perNamespace.push(
      { name: "token.count", value: await countBelow(server, scope + layout.token), labels },
      { name: "identity.entity.count", value: entities, labels },
      { name: "identity.entity.alias.count", value: await countBelow(server, `${scope}identity/alias/`), labels },
    )
  }
  const { maxCardinality } = server.telemetry
  const gauges = [
    ...Object.entries(sums).map(([name, value]) => ({ name, value })),
    ...perNamespace.slice(0, maxCardinality * 3),
    ...(await leaseGauges(server, namespaces)),
    ...(await mountGauges(server, namespaces)),
  ]
  for (const gauge of gauges) server.metrics.gauge(gauge)
}

async function countLocked(server: Server, view: View, namespace: Namespace): Promise<number> {
  const { byAccessor } = await mountTable(view, namespace)
  const locked = await lockedNames(view, namespace, server.now(), accessor => {
    const entry = byAccessor.get(accessor)
    return entry && server.lockout.rule(entry)
  })
  return [...locked.values()].reduce((sum, names) => sum + names.length, 0)
}

/** One walk through the time-ordered index tells how many leases there are, and when they end. */
async function leaseGauges(server: Server, namespaces: readonly Namespace[]): Promise<Gauge[]> {
  const { epsilon, buckets, namespaces: withNamespace } = server.telemetry.leases
  const names = new Map(namespaces.map(one => [one.id, nameOf(one)]))
  const now = server.now()
  const ending = new Map<string, Gauge>()
  let leases = 0
  await walk(server, layout.expiry, key => {
    const [, time = "", namespace = "", kind] = /^(\d+)\/([^/]+)\/(.)\//.exec(key) ?? []
    if (kind !== "l") return
    leases++
    const step = Math.max(0, Math.round((Number(time) - now) / epsilon))
    if (step >= buckets) return
    const at = new Date((now + step * epsilon) * 1000).toISOString().replace(/\.\d+Z$/, "Z")
    const labels = { expiring: at, ...(withNamespace ? { namespace: names.get(namespace) ?? namespace } : {}) }
    const id = JSON.stringify(labels)
    ending.set(id, { name: "expire.leases.by_expiration", value: (ending.get(id)?.value ?? 0) + 1, labels })
  })
  return [
    { name: "expire.num_leases", value: leases },
    ...[...ending.values()].slice(0, server.telemetry.maxCardinality),
  ]
}

async function mountGauges(server: Server, namespaces: readonly Namespace[]): Promise<Gauge[]> {
  const counts = { secret: 0, auth: 0 }
  for (const namespace of namespaces) {
    for (const entry of (await reading(server, view => mountTable(view, namespace))).all) counts[entry.kind]++
  }
  return [
    { name: "core.mount_table.num_entries", value: counts.secret, labels: { type: "logical", local: "false" } },
    { name: "core.mount_table.num_entries", value: counts.auth, labels: { type: "auth", local: "false" } },
  ]
}
