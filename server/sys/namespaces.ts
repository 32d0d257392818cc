/** `sys/namespaces`: make, nest, lock and delete namespaces. */

import { createHash, timingSafeEqual } from "node:crypto"
import { type Answer, field, type JsonObject, refuse } from "@arca/api"
import { endDeleted } from "../deleted.ts"
import { builtInMounts } from "../first-start.ts"
import { revokeByPrefix } from "../lease-range.ts"
import { mountTable, writeMounts } from "../mounts.ts"
import { type Namespace, type NamespaceTable, namespaceTable, writeNamespaces } from "../namespaces.ts"
import { base62, uuid } from "../random.ts"
import type { ServerContext } from "../server.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const path = field.string("The namespace, from the one the request is made in.", { pattern: ".+?", plain: true })
const customMetadata = field.pairs("Words of your own about the namespace.", { plain: true })

/** Names that paths of the server or of mounts could be taken for. */
const RESERVED = new Set(["root", "sys", "audit", "auth", "cubbyhole", "identity", ".", ".."])

const fullPath = (ctx: ServerContext, given: string): string =>
  `${ctx.namespace.path}${given.replace(/^\/+|\/+$/g, "")}/`

const shown = (ctx: ServerContext, one: Namespace): JsonObject => ({
  id: one.id,
  uuid: one.uuid,
  path: one.path.slice(ctx.namespace.path.length),
  custom_metadata: { ...one.metadata },
  locked: one.locked !== undefined,
  tainted: one.deleting === true,
})

async function find(ctx: ServerContext, given: string): Promise<{ table: NamespaceTable; one: Namespace | undefined }> {
  const table = await namespaceTable(ctx.view)
  const one = table.byPath.get(fullPath(ctx, given))
  return { table, one: one?.deleting ? undefined : one }
}

const replace = (table: Pick<NamespaceTable, "all">, next: Namespace): Namespace[] =>
  table.all.map(one => (one.id === next.id ? next : one))

async function write(
  given: string,
  metadata: Map<string, string> | undefined,
  ctx: ServerContext,
): Promise<{ data: JsonObject }> {
  const { table, one } = await find(ctx, given)
  const wanted = fullPath(ctx, given)
  if (one !== undefined) {
    const next = { ...one, metadata: metadata === undefined ? one.metadata : Object.fromEntries(metadata) }
    writeNamespaces(ctx.view, replace(table, next))
    return { data: shown(ctx, next) }
  }
  const name = wanted.slice(0, -1).split("/").at(-1) ?? ""
  if (RESERVED.has(name))
    throw refuse.invalid(`${JSON.stringify(name)} is a reserved path and cannot be used as a namespace`)
  if (!/^[\w.-]+$/.test(name))
    throw refuse.invalid(
      `the name of a namespace may hold letters, digits, ".", "_" and "-", not ${JSON.stringify(name)}`,
    )
  const parent = table.byPath.get(wanted.slice(0, -1 - name.length))
  if (parent === undefined || parent.deleting) throw refuse.invalid("parent namespace does not exist")
  if (table.byPath.has(wanted)) throw refuse.invalid("a namespace at this path is still being deleted")
  const made: Namespace = {
    id: base62(ctx.random, 6),
    uuid: uuid(ctx.random),
    path: wanted,
    metadata: Object.fromEntries(metadata ?? []),
  }
  await refuseMounted(ctx, parent, name)
  writeNamespaces(ctx.view, [...table.all, made])
  writeMounts(ctx.view, made, builtInMounts(ctx.random))
  return { data: shown(ctx, made) }
}

/** A namespace may not hide what is mounted at its path. */
async function refuseMounted(ctx: ServerContext, parent: Namespace, name: string): Promise<void> {
  const taken = (await mountTable(ctx.view, parent)).all.find(entry => entry.path.startsWith(`${name}/`))
  if (taken !== undefined) throw refuse.invalid(`existing mount at ${taken.path}`)
}

/**
 * Deletes a namespace: what it issued is revoked, and from the commit on it answers nothing on any node. What it kept is erased
 * after that (`deleted.ts`); only then is its path free again.
 */
async function remove(given: string, ctx: ServerContext): Promise<Answer> {
  const { byPath, all } = await namespaceTable(ctx.view)
  const one = byPath.get(fullPath(ctx, given))
  if (one === undefined) return { warnings: ["requested namespace does not exist"] }
  if (one.id === "root") throw refuse.invalid("unable to delete root namespace")
  // Whoever deleted it may have died half-way.
  if (one.deleting) {
    await endDeleted(ctx.server, one)
    return DELETED
  }
  const child = all.find(other => other.id !== one.id && other.path.startsWith(one.path))
  if (child !== undefined)
    throw refuse.invalid(
      `cannot delete namespace ${JSON.stringify(one.path)}: it contains the namespace ${JSON.stringify(child.path)}`,
    )
  await revokeByPrefix(ctx.server, one, "", { force: false, sparePrepared: true, tokens: undefined })
  writeNamespaces(ctx.view, replace({ all }, { ...one, deleting: true }))
  ctx.afterCommit(() => endDeleted(ctx.server, one))
  return DELETED
}

/** OpenBao's word for it; its command line takes a reply without one for that of a namespace that is not there. */
const DELETED: Answer = { data: { status: "in-progress" } }

const digest = (key: string): string => createHash("sha256").update(key).digest("hex")

/** Locks a namespace; the key that opens it again is shown once. */
async function lock(given: string, ctx: ServerContext): Promise<{ data: JsonObject }> {
  const { table, one } = await find(ctx, given)
  if (one === undefined) throw refuse.invalid("namespace not found")
  if (one.locked !== undefined) throw refuse.invalid("the namespace is locked already")
  const key = base62(ctx.random, 24)
  writeNamespaces(ctx.view, replace(table, { ...one, locked: digest(key) }))
  return { data: { unlock_key: key } }
}

async function unlock(given: string, key: string, ctx: ServerContext): Promise<undefined> {
  const { table, one } = await find(ctx, given)
  if (one === undefined) throw refuse.invalid("namespace not found")
  const isRoot = ctx.asker.acl.root !== undefined && key === ""
  const right = one.locked !== undefined && timingSafeEqual(Buffer.from(digest(key)), Buffer.from(one.locked))
  if (!isRoot && !right) throw refuse.invalid("the unlock key is wrong")
  const { locked: _, ...open } = one
  writeNamespaces(ctx.view, replace(table, open))
}

/** Those below the namespace of the request; only its children unless all are asked for. */
async function below(ctx: ServerContext, all: boolean): Promise<{ data: JsonObject }> {
  const here = ctx.namespace.path
  const found = (await namespaceTable(ctx.view)).all.filter(
    one =>
      !one.deleting &&
      one.path !== here &&
      one.path.startsWith(here) &&
      (all || /^[^/]+\/$/.test(one.path.slice(here.length))),
  )
  const entries = found.map((one): [string, JsonObject] => [one.path.slice(here.length), shown(ctx, one)])
  return {
    data: {
      keys: entries.map(([name]) => name).sort(),
      ...(entries.length === 0 ? {} : { key_info: Object.fromEntries(entries) }),
    },
  }
}

const unlockKey = field.string("The key that the lock gave.", { default: "", secret: true })

export const namespaceRoutes = [
  sysRoute("namespaces", {
    summary: "The namespaces directly below this one (LIST), or all below it (SCAN).",
    operation: "namespaces-*-namespaces",
    list: (_, ctx) => below(ctx, false),
    scan: (_, ctx) => below(ctx, true),
  }),
  sysRoute("namespaces/api-lock/lock/*path", {
    summary: "Let a namespace answer nothing until it is unlocked.",
    operation: "namespaces-lock",
    fields: { path: field.string("The namespace.", { plain: true }) },
    write: ({ path: given }, ctx) => lock(given, ctx),
  }),
  sysRoute("namespaces/api-lock/unlock/*path", {
    summary: "Let a locked namespace answer again.",
    operation: "namespaces-unlock",
    fields: { path: field.string("The namespace.", { plain: true }), unlock_key: unlockKey },
    write: ({ path: given, unlock_key: key }, ctx) => unlock(given, key, ctx),
  }),
  sysRoute("namespaces/:path", {
    summary: "A namespace: make it, look at it, delete it with all that is in it.",
    operation: "namespaces-*-namespaces-path",
    replies: {
      read: replies.namespace,
      write: replies.namespace,
      patch: replies.namespace,
      delete: replies.namespaceDeletion,
    },
    fields: { path, custom_metadata: customMetadata },
    read: async ({ path: given }, ctx) => {
      const { one } = await find(ctx, given)
      return one && { data: shown(ctx, one) }
    },
    write: ({ path: given, custom_metadata: metadata }, ctx) => write(given, metadata, ctx),
    patch: async ({ path: given, custom_metadata: metadata }, ctx) => {
      const { one } = await find(ctx, given)
      if (one === undefined) throw refuse.absent()
      const merged = new Map([...Object.entries(one.metadata), ...(metadata ?? [])])
      return write(given, merged, ctx)
    },
    delete: ({ path: given }, ctx) => remove(given, ctx),
  }),
]
