/** The mount table of a namespace: which engine answers under which path. */

import { decodeJson, encodeJson, type JsonObject, type Mount, refuse } from "@arca/api"
import { type Maybe, orElse, type View } from "@arca/storage"
import { layout } from "./layout.ts"
import type { Namespace } from "./namespaces.ts"

/** Seconds; 0 leaves it to the server's configuration. */
export interface MountConfig {
  readonly default_lease_ttl: number
  readonly max_lease_ttl: number
  readonly force_no_cache: boolean
  readonly listing_visibility?: string
  readonly audit_non_hmac_request_keys?: readonly string[]
  readonly audit_non_hmac_response_keys?: readonly string[]
  readonly passthrough_request_headers?: readonly string[]
  readonly allowed_response_headers?: readonly string[]
  readonly token_type?: string
  readonly user_lockout_config?: UserLockout
}

/** Vault's lockout of guessed logins; durations in seconds. What is absent or 0 is left to the configuration. */
export interface UserLockout {
  readonly lockout_threshold?: number
  readonly lockout_duration?: number
  readonly lockout_counter_reset?: number
  readonly lockout_disable?: boolean
}

export interface MountEntry {
  /** With a trailing slash, `auth/` included: `secret/`, `auth/userpass/`. */
  readonly path: string
  readonly kind: "secret" | "auth"
  readonly type: string
  readonly uuid: string
  readonly accessor: string
  readonly description: string
  readonly options: Readonly<Record<string, string>> | null
  readonly config: MountConfig
  readonly local: boolean
  readonly seal_wrap: boolean
  readonly external_entropy_access: boolean
}

export interface MountTable {
  readonly all: readonly MountEntry[]
  readonly byPath: ReadonlyMap<string, MountEntry>
  readonly byAccessor: ReadonlyMap<string, MountEntry>
}

export function mountTableOf(entries: readonly MountEntry[]): MountTable {
  const all = [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))
  return {
    all,
    byPath: new Map(all.map(entry => [entry.path, entry])),
    byAccessor: new Map(all.map(entry => [entry.accessor, entry])),
  }
}

const EMPTY = mountTableOf([])

const decodeTable = (value: Uint8Array): MountTable =>
  mountTableOf((decodeJson(value) as unknown as { mounts: MountEntry[] }).mounts)

export const mountTable = (view: View, namespace: Namespace): Maybe<MountTable> =>
  orElse(view.cached(layout.namespace(namespace.id) + layout.mounts, decodeTable), EMPTY)

export function writeMounts(view: View, namespace: Namespace, mounts: readonly MountEntry[]): void {
  view.put(layout.namespace(namespace.id) + layout.mounts, encodeJson({ mounts } as unknown as JsonObject))
}

/** The mount that `path` lies under. Mounts do not nest, so the first prefix that is one is the one. */
export function findMount(table: MountTable, path: string): MountEntry | undefined {
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
    const entry = table.byPath.get(path.slice(0, end + 1))
    if (entry !== undefined) return entry
  }
  return table.byPath.get(`${path}/`)
}

/** Paths that belong to the server itself. */
const PROTECTED = ["sys/", "cubbyhole/", "identity/", "auth/", "audit/"]

export const isProtected = (path: string, kind: "secret" | "auth"): boolean =>
  kind === "auth" ? path.startsWith("auth/token/") : PROTECTED.some(own => path.startsWith(own))

/** The mount that is at a path, above it or below it. */
export const conflicting = (table: MountTable, path: string): MountEntry | undefined =>
  table.all.find(entry => entry.path.startsWith(path) || path.startsWith(entry.path))

/** Refuses (400) a path at which nothing can be mounted beside what is there. `path` ends in a slash. */
export function checkMountPath(table: MountTable, path: string, kind: "secret" | "auth"): void {
  if (kind === "secret" && isProtected(path, kind)) throw refuse.invalid(`cannot mount ${JSON.stringify(path)}`)
  // A blank only between other characters; `+` and `*` would mean something else in policies.
  if (!/^[^\s/+*](?:[^\s+*]| (?=[^\s/]))*\/$/.test(path) || path.includes("//"))
    throw refuse.invalid(`invalid mount path ${JSON.stringify(path)}`)
  const taken = conflicting(table, path)
  if (taken !== undefined) throw refuse.invalid(`path is already in use at ${taken.path.replace(/^auth\//, "")}`)
}

/** Where a mount keeps its data. */
export const mountStore = (view: View, namespace: Namespace, entry: MountEntry): View =>
  view.scope(layout.namespace(namespace.id) + layout.mount(entry.uuid))

/** The mount as its engine sees it. */
export function mountFor(entry: MountEntry, defaults: { defaultTtl: number; maxTtl: number }): Mount {
  const maxTtl = entry.config.max_lease_ttl || defaults.maxTtl
  return {
    path: entry.path,
    type: entry.type,
    accessor: entry.accessor,
    uuid: entry.uuid,
    options: entry.options ?? {},
    defaultTtl: Math.min(entry.config.default_lease_ttl || defaults.defaultTtl, maxTtl),
    maxTtl,
  }
}

const retiredKey = (namespaceId: string, uuid: string): string => `${layout.retired}${namespaceId}/${uuid}`

const decodeEntry = (value: Uint8Array): MountEntry => decodeJson(value) as unknown as MountEntry

/** Keeps a mount that leaves the table for what still hangs on it (`retired.ts`). */
export const retireMount = (view: View, { id }: Namespace, entry: MountEntry): void =>
  view.put(retiredKey(id, entry.uuid), encodeJson(entry as unknown as JsonObject))

export const retiredMount = (view: View, namespaceId: string, uuid: string): Maybe<MountEntry | undefined> =>
  view.cached(retiredKey(namespaceId, uuid), decodeEntry)

export const forgetRetired = (view: View, namespaceId: string, uuid: string): void =>
  view.delete(retiredKey(namespaceId, uuid))
