/** KV version 2: secrets with a history. */

import {
  type Answer,
  type Context,
  field,
  formatDuration,
  isJsonObject,
  type Json,
  type JsonObject,
  pageOf,
  refuse,
  route,
  type Values,
} from "@arca/api"
import { checkCustomMetadata } from "./custom-metadata.ts"
import { mergePatch } from "./merge-patch.ts"
import { scanFields, scanKeys } from "./scan.ts"
import {
  addVersion,
  changeVersions,
  checkCas,
  config,
  data,
  deletionTime,
  eraseSecret,
  fresh,
  isDeleted,
  type Metadata,
  metadata,
  shownMetadata,
  shownVersion,
  timestamp,
} from "./versions.ts"

const path = field.string("Path of the secret.", { pattern: ".*" })
/** No secret's path ends in a slash: what is asked of one that does is told where to look, like any wrong path. */
const dataPath = field.string("Path of the secret.", { pattern: ".*[^/]" })

const versionField = field.int("The version to read; 0 is the latest.", { default: 0, verbs: ["read"] })

const options = field.map("`cas`: the version that this write replaces, 0 for none.", { default: {} })
const casOption = field.int("")

const mayNotBeEmpty = (secret: string): void => {
  if (secret === "") throw refuse.invalid("missing path")
}

function casOf(given: JsonObject): number | undefined {
  if (given.cas === undefined) return undefined
  const cas = casOption.kind.read(given.cas)
  if (typeof cas !== "number") throw refuse.invalid("error parsing check-and-set parameter")
  return cas
}

/** A version with its facts; a deleted one answers 404, but with its facts: clients read `deletion_time` from them. */
async function readVersion(
  ctx: Context,
  secret: string,
  wanted: number,
  show: (value: Json) => Json,
  key: "data" | "subkeys",
): Promise<Answer | undefined> {
  const meta = await metadata.get(ctx.store, secret)
  const version = wanted > 0 ? wanted : (meta?.current_version ?? 0)
  const facts = meta?.versions[version]
  if (meta === undefined || facts === undefined) return undefined
  const shown = shownVersion(meta, version)
  if (facts.destroyed || isDeleted(facts, ctx.now)) return { status: 404, data: { [key]: null, metadata: shown } }
  const value = await data.get(ctx.store, secret, version)
  if (value === undefined) return undefined
  return { data: { [key]: show(value), metadata: shown } }
}

/** The secret as it was given. Vault keeps a null, and clients read it back. */
function givenData({ data: given }: { data: JsonObject | undefined }, ctx: Context): JsonObject | null {
  if (given === undefined) throw refuse.invalid("no data provided")
  return ctx.body.data === null ? null : given
}

interface WriteInput {
  readonly path: string
  readonly data: JsonObject | undefined
  readonly options: JsonObject
}

async function write(input: WriteInput, ctx: Context): Promise<Answer> {
  const { path: secret, options: given } = input
  const value = givenData(input, ctx)
  const meta = (await metadata.get(ctx.store, secret)) ?? fresh(ctx.now)
  await checkCas(ctx, meta, casOf(given))
  const next = await addVersion(ctx, secret, meta, value)
  return { data: shownVersion(next, next.current_version) }
}

async function patch(input: WriteInput, ctx: Context): Promise<Answer | undefined> {
  const { path: secret, options: given } = input
  const change = givenData(input, ctx)
  const meta = await metadata.get(ctx.store, secret)
  const facts = meta?.versions[meta.current_version]
  if (meta === undefined) return { status: 404 }
  await checkCas(ctx, meta, casOf(given))
  if (facts === undefined) return { status: 404 }
  const value = await data.get(ctx.store, secret, meta.current_version)
  if (facts.destroyed || isDeleted(facts, ctx.now) || value === undefined) {
    return { status: 404, data: shownVersion(meta, meta.current_version) }
  }
  const next = await addVersion(ctx, secret, meta, mergePatch(value, change))
  return { data: shownVersion(next, next.current_version) }
}

async function deleteLatest(secret: string, ctx: Context): Promise<undefined> {
  const meta = await metadata.get(ctx.store, secret)
  if (meta !== undefined) softDelete(ctx, secret, meta, [meta.current_version])
}

function softDelete(ctx: Context, secret: string, meta: Metadata, versions: readonly number[]): void {
  changeVersions(ctx, secret, meta, versions, facts =>
    facts.destroyed || isDeleted(facts, ctx.now) ? facts : { ...facts, deletion_time: timestamp(ctx.now) },
  )
}

const versionReply = {
  version: field.int("The new version."),
  created_time: field.time("When it was made (RFC 3339)."),
  deletion_time: field.string("When it deletes itself; empty is never."),
  destroyed: field.bool("false"),
  custom_metadata: field.pairs("Words of your own about the secret."),
}

const metadataReply = {
  created_time: field.time("When the first version was written (RFC 3339)."),
  updated_time: field.time("When anything changed last."),
  current_version: field.int("The newest version."),
  oldest_version: field.int("The oldest that is kept."),
  max_versions: field.int("How many are kept; 0 leaves it to the mount."),
  cas_required: field.bool("Whether a write must say which version it replaces."),
  delete_version_after: field.string(
    "How long after its creation a version deletes itself; `0s` leaves it to the mount.",
  ),
  custom_metadata: field.pairs("Words of your own about the secret."),
  versions: field.map("created_time, deletion_time and destroyed of each version, by its number."),
}

const versionsField = field.intList("The versions meant.", { default: [] })

/** A route that does something to some versions of a secret. */
const versionsRoute = (
  verb: string,
  summary: string,
  complaint: string,
  act: (ctx: Context, secret: string, meta: Metadata, versions: number[]) => Promise<void> | void,
) =>
  route(`${verb}/*path`, {
    summary,
    operation: `${verb}-versions`,
    replies: { write: {} },
    fields: { path, versions: versionsField },
    write: async ({ path: secret, versions }, ctx) => {
      mayNotBeEmpty(secret)
      if (versions.length === 0) throw refuse.invalid(complaint)
      const meta = await metadata.get(ctx.store, secret)
      if (meta !== undefined) await act(ctx, secret, meta, versions)
      return undefined
    },
  })

async function undelete(ctx: Context, secret: string, meta: Metadata, versions: number[]): Promise<void> {
  const until = await deletionTime(ctx, meta.delete_version_after)
  changeVersions(ctx, secret, meta, versions, facts =>
    facts.destroyed || !isDeleted(facts, ctx.now) ? facts : { ...facts, deletion_time: until },
  )
}

function destroy(ctx: Context, secret: string, meta: Metadata, versions: number[]): void {
  changeVersions(ctx, secret, meta, versions, (facts, version) => {
    data.delete(ctx.store, secret, version)
    return { ...facts, destroyed: true }
  })
}

/** The keys of a value, its leaves replaced by null; nothing below `depth` (0: everything). */
function subkeys(value: Json, depth: number): Json {
  if (!isJsonObject(value)) return null
  const shown: JsonObject = {}
  for (const [key, inner] of Object.entries(value)) {
    const deeper = isJsonObject(inner) && Object.keys(inner).length > 0 && depth !== 1
    define(shown, key, deeper ? subkeys(inner, depth === 0 ? 0 : depth - 1) : null)
  }
  return shown
}

/** Sets a key whatever its name: `__proto__` is a name like any other. */
const define = (object: JsonObject, key: string, value: Json): void => {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
}

const metadataFields = {
  max_versions: field.int("How many versions are kept; 0 leaves it to the mount."),
  cas_required: field.bool("Every write must say which version it replaces."),
  delete_version_after: field.duration(
    "How long after its creation a version deletes itself; 0 leaves it to the mount.",
  ),
  custom_metadata: field.map("Words of your own about the secret: at most 64 keys to strings. Not secret."),
}

const metadataNames = Object.keys(metadataFields) as (keyof typeof metadataFields)[]

type MetadataInput = Partial<Values<typeof metadataFields>>

function changed(before: Metadata, input: MetadataInput, ctx: Context, merge: boolean): Metadata {
  const given = input.custom_metadata
  const change = ctx.body.custom_metadata === null ? null : given
  const custom =
    change === undefined ? before.custom_metadata : merge ? mergePatch(before.custom_metadata ?? {}, change) : change
  if (input.max_versions !== undefined && input.max_versions < 0)
    throw refuse.invalid('"max_versions" cannot be negative')
  return {
    ...before,
    max_versions: input.max_versions ?? before.max_versions,
    cas_required: input.cas_required ?? before.cas_required,
    delete_version_after: input.delete_version_after ?? before.delete_version_after,
    custom_metadata: custom === null ? null : checkCustomMetadata(custom),
    updated_time: timestamp(ctx.now),
  }
}

/** What the mount's configuration overrules. */
async function ignored({ cas_required: wanted }: MetadataInput, ctx: Context): Promise<Answer | undefined> {
  if (wanted !== false || !(await config.get(ctx.store))?.cas_required) return undefined
  return { warnings: ['"cas_required" set to false, but is mandated by backend config. This value will be ignored.'] }
}

/** A page of a folder's names with the metadata of the secrets among them. */
async function detailed(ctx: Context, folder: string, names: string[]): Promise<Answer | undefined> {
  if (names.length === 0) return undefined
  const facts: JsonObject = {}
  for (const name of names) {
    const meta = name.endsWith("/") ? undefined : await metadata.get(ctx.store, folder + name)
    if (meta !== undefined) define(facts, name, shownMetadata(meta))
  }
  return { data: { keys: names, key_info: facts } }
}

const folderOf = (given: string): string => (given === "" || given.endsWith("/") ? given : `${given}/`)

/** Roots of what is kept, which can be listed only. */
const ROOTS = new Set(["data", "metadata", "delete", "undelete", "destroy"])

const wrongPath =
  (verb: string) =>
  (_: unknown, { request }: Context): Answer => ({
    status: 404,
    warnings: [
      ROOTS.has(request.path)
        ? "Non-listing operations on the root of a K/V v2 mount are not supported."
        : `Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv ${verb}' for this operation.`,
    ],
  })

export const routes = [
  route("config", {
    summary: "How this mount keeps versions.",
    operation: { read: "read-configuration", write: "configure" },
    replies: {
      read: { ...config.fields, delete_version_after: field.string("A duration; `0s` is never.") },
      write: {},
    },
    fields: config.fields,
    read: async (_, ctx) => {
      const values = (await config.get(ctx.store)) ?? config.merge(undefined, {})
      return { data: { ...config.shown(values), delete_version_after: formatDuration(values.delete_version_after) } }
    },
    write: async (_, ctx) => {
      const merged = config.merge(await config.get(ctx.store), ctx.body)
      if (merged.max_versions < 0) throw refuse.invalid('"max_versions" cannot be negative')
      // Any negative duration says the same, and is shown as -1s.
      config.put(ctx.store, { ...merged, delete_version_after: Math.max(-1, merged.delete_version_after) })
      return undefined
    },
  }),
  route("data/*path", {
    summary: "A secret: read a version, write the next one, delete the latest.",
    operation: "*",
    replies: {
      read: { data: field.map("The secret.", { secret: true }), metadata: field.map("What is known of this version.") },
      write: versionReply,
      patch: versionReply,
      delete: {},
    },
    fields: { path: dataPath, version: versionField, data: field.map("The secret: keys to values."), options },
    exists: async ({ path: secret }, ctx) => (await metadata.get(ctx.store, secret)) !== undefined,
    read: async ({ path: secret, version }, ctx) => readVersion(ctx, secret, version, value => value, "data"),
    write,
    patch,
    delete: ({ path: secret }, ctx) => deleteLatest(secret, ctx),
  }),
  route("subkeys/*path", {
    summary: "The structure of a secret: its keys, without any value.",
    replies: {
      read: {
        subkeys: field.map("Its keys; null in the place of values."),
        metadata: field.map("What is known of this version."),
      },
    },
    fields: {
      path,
      version: versionField,
      depth: field.int("How many levels deep; 0 is all.", { default: 0, verbs: ["read"] }),
    },
    read: async ({ path: secret, version, depth }, ctx) =>
      readVersion(ctx, secret, version, value => subkeys(value, depth < 0 ? 1 : depth), "subkeys"),
  }),
  versionsRoute("delete", "Delete versions; `undelete` brings them back.", "No version number provided", softDelete),
  versionsRoute("undelete", "Bring deleted versions back.", "No version number provided", undelete),
  versionsRoute("destroy", "Remove the data of versions for good.", "no version number provided", destroy),
  route("metadata/*path", {
    summary: "What is known about a secret, and the names in a folder.",
    operation: { list: "list", delete: "delete-metadata-and-all-versions" },
    replies: { read: metadataReply, write: {}, patch: {}, delete: {} },
    fields: { path, ...metadataFields, ...scanFields },
    exists: async ({ path: secret }, ctx) => (await metadata.get(ctx.store, secret)) !== undefined,
    read: async ({ path: secret }, ctx) => {
      const meta = await metadata.get(ctx.store, secret)
      return meta && { data: shownMetadata(meta) }
    },
    write: async ({ path: secret, ...input }, ctx) => {
      mayNotBeEmpty(secret)
      if (metadataNames.every(name => input[name] === undefined)) return undefined
      const before = (await metadata.get(ctx.store, secret)) ?? fresh(ctx.now)
      metadata.put(ctx.store, secret, changed(before, input, ctx, false))
      return ignored(input, ctx)
    },
    patch: async ({ path: secret, ...input }, ctx) => {
      const before = await metadata.get(ctx.store, secret)
      const after = changed(before ?? fresh(ctx.now), input, ctx, true)
      if (before === undefined) return { status: 404 }
      metadata.put(ctx.store, secret, after)
      return ignored(input, ctx)
    },
    delete: async ({ path: secret }, ctx) => {
      const meta = await metadata.get(ctx.store, secret)
      if (meta !== undefined) eraseSecret(ctx.store, secret, meta)
      return undefined
    },
    list: async ({ path: folder, ...page }, ctx) => ({
      data: { keys: await metadata.list(ctx.store, folderOf(folder), pageOf(page)) },
    }),
    scan: async ({ path: folder, ...page }, ctx) =>
      scanKeys(ctx, folderOf(folder), page, metadata.keys, secret => ctx.permits("read", `data/${secret}`)),
  }),
  route("detailed-metadata/*path", {
    summary: "The names in a folder with what is known about each secret.",
    operation: "list-detailed-metadata",
    replies: {
      list: { keys: field.stringList("Names."), key_info: field.map("What is known of each secret, by its name.") },
    },
    fields: { path, ...scanFields },
    list: async ({ path: folder, ...page }, ctx) =>
      detailed(ctx, folderOf(folder), await metadata.list(ctx.store, folderOf(folder), pageOf(page))),
  }),
  route("*path", {
    summary: "Paths of version 1, which this mount does not have: the answer says where to look.",
    unlisted: true,
    takesAny: true,
    read: wrongPath("get"),
    list: wrongPath("list"),
    write: wrongPath("put"),
    patch: wrongPath("patch"),
    delete: wrongPath("delete"),
  }),
]
