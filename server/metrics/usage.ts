/**
 * What lies in the store, counted now and then by one process of all: tokens, leases, entities, mounts, locked names.
 * Counting walks page by page and keeps nothing but sums; values are read of tokens and of locked names, and not remembered.
 */

import { setImmediate } from "node:timers/promises"
import { decodeJson } from "@arca/api"
import type { View } from "@arca/storage"
import { layout } from "../layout.ts"
import { lockedNames } from "../lockout.ts"
import { mountTable } from "../mounts.ts"
import { type Namespace, namespaceTable } from "../namespaces.ts"
import type { Server } from "../server.ts"
import type { TokenEntry } from "../tokens.ts"
import { reading } from "../transact.ts"
import type { Gauge } from "./metrics.ts"
import { nameOf, ttlLabel } from "./observe.ts"

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
  const methods = await methodsByAccessor(server, namespaces)
  const perNamespace: Gauge[] = []
  const sums = { "identity.num_entities": 0, "core.locked_users": 0 }
  for (const namespace of namespaces) {
    const scope = layout.namespace(namespace.id)
    const labels = { namespace: nameOf(namespace) }
    const entities = await countBelow(server, `${scope}identity/entity/`)
    sums["identity.num_entities"] += entities
    sums["core.locked_users"] += await reading(server, view => countLocked(server, view, namespace))
    perNamespace.push(
      ...(await tokenGauges(server, scope + layout.token, labels, methods)),
      { name: "identity.entity.count", value: entities, labels },
      { name: "identity.entity.alias.count", value: await countBelow(server, `${scope}identity/alias/`), labels },
    )
  }
  const { maxCardinality } = server.telemetry
  const gauges = [
    ...Object.entries(sums).map(([name, value]) => ({ name, value })),
    ...capped(perNamespace, maxCardinality),
    ...capped(await entryGauges(server, namespaces), maxCardinality),
    ...(await leaseGauges(server, namespaces)),
    ...(await mountGauges(server, namespaces)),
  ]
  for (const gauge of gauges) server.metrics.gauge(gauge)
}

/** At most so many gauges of each name. */
const capped = (gauges: readonly Gauge[], most: number): Gauge[] =>
  [...Map.groupBy(gauges, gauge => gauge.name).values()].flatMap(alike => alike.slice(0, most))

/** Tokens read at once: few, since somebody may wait for an answer meanwhile. */
const TOKEN_PAGE = 64

/** How many tokens there are, by policy, by the method that made them, and by the life they were made with. */
async function tokenGauges(
  server: Server,
  folder: string,
  labels: { namespace: string },
  methods: ReadonlyMap<string, string>,
): Promise<Gauge[]> {
  const sums = new Map<string, Gauge>()
  const add = (name: string, more: Readonly<Record<string, string>>): void => {
    const all = { ...labels, ...more }
    const key = JSON.stringify([name, all])
    const known = sums.get(key)
    // More kinds than are shown need not be told apart.
    if (known === undefined && sums.size > MAX_SUMS) return
    sums.set(key, { name, labels: all, value: (known?.value ?? 0) + 1 })
  }
  let count = 0
  for (let after: string | undefined; ; ) {
    const { names, tokens } = await reading(server, view => tokensOf(view, folder, after))
    count += names.length
    for (const { policies, mount, ttl } of tokens) {
      for (const policy of policies) add("token.count.by_policy", { policy })
      add("token.count.by_auth", { auth_method: methods.get(mount) ?? "unknown" })
      add("token.count.by_ttl", { creation_ttl: ttlLabel(ttl) })
    }
    if (names.length < TOKEN_PAGE) break
    after = names.at(-1)
    await setImmediate()
  }
  return [{ name: "token.count", value: count, labels }, ...sums.values()]
}

const MAX_SUMS = 10_000

async function tokensOf(
  view: View,
  folder: string,
  after: string | undefined,
): Promise<{ names: string[]; tokens: TokenEntry[] }> {
  const names = await view.keys(folder, { limit: TOKEN_PAGE, ...(after === undefined ? {} : { after }) })
  const values = await Promise.all(names.map(name => view.get(folder + name)))
  const tokens = values.filter(value => value !== undefined).map(value => decodeJson(value) as unknown as TokenEntry)
  return { names, tokens }
}

/** The type of each auth method, by its accessor. */
async function methodsByAccessor(
  server: Server,
  namespaces: readonly Namespace[],
): Promise<ReadonlyMap<string, string>> {
  const types = new Map<string, string>()
  for (const namespace of namespaces) {
    for (const { kind, accessor, type } of (await reading(server, view => mountTable(view, namespace))).all)
      if (kind === "auth") types.set(accessor, type)
  }
  return types
}

/** How many entries each mount holds, of engines whose entries are counted. */
async function entryGauges(server: Server, namespaces: readonly Namespace[]): Promise<Gauge[]> {
  const gauges: Gauge[] = []
  for (const namespace of namespaces) {
    const home = layout.namespace(namespace.id)
    for (const entry of (await reading(server, view => mountTable(view, namespace))).all) {
      const counted = server.registry.engine(entry.kind, entry.type)?.counted?.({ options: entry.options ?? {} })
      if (counted === undefined) continue
      const value = await countBelow(server, home + layout.mount(entry.uuid) + counted.folder)
      const labels = { namespace: nameOf(namespace), mount_point: entry.path }
      gauges.push({ name: counted.metric, value, labels })
    }
  }
  return gauges
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
