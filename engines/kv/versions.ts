/** What KV v2 keeps of a secret: a metadata record with the history, and one entry of data for each version. */

import {
  type Context,
  decodeJson,
  encodeJson,
  field,
  formatDuration,
  type Json,
  type JsonObject,
  refuse,
  type Store,
  singleRecord,
} from "@arca/api"

/** Times are RFC 3339 with nanoseconds, as clients read them; "" is never. */
export interface VersionFacts {
  readonly created_time: string
  readonly deletion_time: string
  readonly destroyed: boolean
}

export interface Metadata {
  readonly created_time: string
  readonly updated_time: string
  readonly current_version: number
  readonly oldest_version: number
  readonly max_versions: number
  readonly cas_required: boolean
  /** Seconds; 0 leaves it to the mount, negative is never. */
  readonly delete_version_after: number
  readonly custom_metadata: Readonly<Record<string, string>> | null
  readonly versions: Readonly<Record<string, VersionFacts>>
}

export const config = singleRecord("configuration", "config", {
  max_versions: field.int("How many versions of a secret are kept; 0 is 10.", { default: 0 }),
  cas_required: field.bool("Every write must say which version it replaces.", { default: false }),
  delete_version_after: field.signedDuration(
    "How long after its creation a version deletes itself; negative is never.",
    {
      default: 0,
    },
  ),
})

export const DEFAULT_VERSIONS = 10

const decodeMetadata = (value: Uint8Array): Metadata => decodeJson(value) as unknown as Metadata

export const METADATA = "meta/"
/** Version before path, so that a secret `a` and a secret `a/1` can never meet. */
const dataKey = (path: string, version: number | string): string => `data/${version}/${path}`

export const metadata = {
  get: (store: Store, path: string) => store.cached(METADATA + path, decodeMetadata),
  put: (store: Store, path: string, value: Metadata) =>
    store.put(METADATA + path, encodeJson(value as unknown as Json)),
  list: (store: Store, folder: string, page?: { after?: string; limit?: number }) =>
    store.list(METADATA + folder, page),
  keys: (store: Store, folder: string, page?: { after?: string; limit?: number }) =>
    store.keys(METADATA + folder, page),
}

export const data = {
  get: (store: Store, path: string, version: number) => store.cached(dataKey(path, version), decodeJson),
  put: (store: Store, path: string, version: number, value: Json) =>
    store.put(dataKey(path, version), encodeJson(value)),
  delete: (store: Store, path: string, version: number | string) => store.delete(dataKey(path, version)),
}

/** A time as Vault writes it. Milliseconds are all that the clock gives. */
export const timestamp = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString()

/** Deleted by a deletion, or because its time has come. */
export const isDeleted = ({ deletion_time }: VersionFacts, now: number): boolean =>
  deletion_time !== "" && Date.parse(deletion_time) <= now * 1000

/**
 * When a version that is made (or restored) now will delete itself: the sooner of the mount's wish and the secret's.
 * Negative is never, whatever the other says.
 */
export async function deletionTime(ctx: Context, secret: number): Promise<string> {
  const mount = (await config.get(ctx.store))?.delete_version_after ?? 0
  const wishes = [mount, secret].filter(seconds => seconds > 0)
  if (wishes.length === 0 || mount < 0 || secret < 0) return ""
  return timestamp(ctx.now + Math.min(...wishes))
}

export const fresh = (now: number): Metadata => ({
  created_time: timestamp(now),
  updated_time: timestamp(now),
  current_version: 0,
  oldest_version: 0,
  max_versions: 0,
  cas_required: false,
  delete_version_after: 0,
  custom_metadata: null,
  versions: {},
})

/** Refuses (400) a write that does not know what it replaces, where it says so or has to. */
export async function checkCas(ctx: Context, meta: Metadata, cas: number | undefined): Promise<void> {
  const required = meta.cas_required || (await config.get(ctx.store))?.cas_required
  if (cas === undefined) {
    if (required) throw refuse.invalid("check-and-set parameter required for this call")
    return
  }
  if (cas !== meta.current_version) throw refuse.invalid("check-and-set parameter did not match the current version")
}

/** Adds a version; the oldest beyond the limit go. Returns the new metadata. */
export async function addVersion(ctx: Context, path: string, meta: Metadata, value: Json): Promise<Metadata> {
  const version = meta.current_version + 1
  const facts: VersionFacts = {
    created_time: timestamp(ctx.now),
    deletion_time: await deletionTime(ctx, meta.delete_version_after),
    destroyed: false,
  }
  const grown = { ...meta, current_version: version, updated_time: facts.created_time }
  const next = await prune(ctx, path, { ...grown, versions: { ...meta.versions, [version]: facts } })
  data.put(ctx.store, path, version, value)
  metadata.put(ctx.store, path, next)
  return next
}

async function prune(ctx: Context, path: string, meta: Metadata): Promise<Metadata> {
  const mount = (await config.get(ctx.store))?.max_versions ?? 0
  const kept = Math.max(meta.max_versions, mount) || DEFAULT_VERSIONS
  const oldest = Math.max(1, meta.current_version - kept + 1)
  const versions: Record<string, VersionFacts> = {}
  for (const [version, facts] of Object.entries(meta.versions)) {
    if (Number(version) >= oldest) versions[version] = facts
    else data.delete(ctx.store, path, version)
  }
  return { ...meta, versions, oldest_version: meta.current_version < kept ? meta.oldest_version : oldest }
}

/** Changes the facts of some versions; those that are not there are passed over. */
export function changeVersions(
  ctx: Context,
  path: string,
  meta: Metadata,
  numbers: readonly number[],
  change: (facts: VersionFacts, version: number) => VersionFacts,
): void {
  const versions = { ...meta.versions }
  for (const number of numbers) {
    const facts = versions[number]
    if (facts !== undefined) versions[number] = change(facts, number)
  }
  metadata.put(ctx.store, path, { ...meta, versions, updated_time: timestamp(ctx.now) })
}

/** Removes a secret with its whole history. */
export function eraseSecret(store: Store, path: string, meta: Metadata): void {
  for (const version of Object.keys(meta.versions)) data.delete(store, path, version)
  store.delete(METADATA + path)
}

/** The metadata as `metadata/` answers it. */
export const shownMetadata = (meta: Metadata): JsonObject => ({
  ...(meta as unknown as JsonObject),
  delete_version_after: formatDuration(meta.delete_version_after),
})

/** The facts of one version as they stand beside its data. */
export function shownVersion(meta: Metadata, version: number): JsonObject {
  const facts = meta.versions[version]
  return { ...facts, version, custom_metadata: meta.custom_metadata && { ...meta.custom_metadata } }
}
