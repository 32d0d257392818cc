/** KV version 1: one value under each path. */

import {
  type Answer,
  type Context,
  decodeJson,
  encodeJson,
  field,
  type JsonObject,
  pageOf,
  refuse,
  route,
  type Store,
} from "@arca/api"
import { scanFields, scanKeys } from "./scan.ts"

export const FOLDER = "kv/"

const interval = field.signedDuration("")

/** Seconds until a client should read again: what the secret says (`ttl`, `lease`), or the mount's default. */
function refreshInterval(value: JsonObject, ctx: Context): number {
  const wish = value.ttl === undefined ? value.lease : value.ttl
  const seconds = wish === undefined ? undefined : interval.kind.read(wish)
  return typeof seconds === "number" ? seconds : ctx.mount.defaultTtl
}

async function read(path: string, ctx: Context): Promise<Answer | undefined> {
  const value = await ctx.store.cached(FOLDER + path, decodeJson)
  return value && { data: value, refreshInterval: refreshInterval(value, ctx) }
}

export const routes = [
  route("*path", {
    summary: "A secret: keys to values. Each write replaces it as a whole.",
    fields: { path: field.string("Path of the secret.", { pattern: ".*" }), ...scanFields },
    takesAny: true,
    exists: async ({ path }, ctx) => (await ctx.store.get(FOLDER + path)) !== undefined,
    read: ({ path }, ctx) => read(path, ctx),
    write: async ({ path }, ctx) => {
      if (path === "") throw refuse.invalid("missing path")
      if (Object.keys(ctx.body).length === 0) throw refuse.invalid("missing data fields")
      ctx.store.put(FOLDER + path, encodeJson(ctx.body))
      return undefined
    },
    delete: async ({ path }, ctx) => {
      ctx.store.delete(FOLDER + path)
      return undefined
    },
    list: async ({ path, ...page }, ctx) => ({ data: { keys: await ctx.store.list(FOLDER + path, pageOf(page)) } }),
    scan: ({ path, ...page }, ctx) => scanKeys(ctx, path, page, secrets, secret => ctx.permits("read", secret)),
  }),
]

const secrets = (store: Store, folder: string, page: { after?: string; limit?: number }) =>
  store.keys(FOLDER + folder, page)
