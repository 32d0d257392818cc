/** `sys/wrapping`: look at, open and renew what waits behind a wrapping token. */

import { field, type Json, type JsonObject, refuse } from "@arca/api"
import type { Namespace } from "../namespaces.ts"
import { namespaceTable } from "../namespaces.ts"
import type { ServerAnswer } from "../reply.ts"
import { reapToken } from "../revocation.ts"
import type { ServerContext } from "../server.ts"
import { type TokenEntry, writeToken } from "../tokens.ts"
import { lookWrapped, type Wrapped, wrap } from "../wrapping.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const token = field.string("The wrapping token; the caller's own when left out.", {
  secret: true,
  verbs: ["read", "write"],
})
const GONE = "wrapping token is not valid or does not exist"

interface Found {
  readonly entry: TokenEntry
  readonly wrapped: Wrapped
  readonly namespace: Namespace
}

const noToken = (problem: string) => refuse.forbidden(`error validating wrapping token: ${problem}`)

/** The token meant: the one given, or the caller's own. */
function meant(ctx: ServerContext, text: string | undefined): string {
  if (text !== undefined && ctx.body.token !== null) {
    if (text === "") throw noToken("empty token in request body")
    return text
  }
  if (ctx.full.token === "") throw noToken("token is empty")
  return ctx.full.token
}

async function look(ctx: ServerContext, text: string | undefined): Promise<Found> {
  const given = meant(ctx, text)
  const table = await namespaceTable(ctx.view)
  const found = await lookWrapped(ctx.server, ctx.view, id => table.byId.get(id), given)
  if (found === undefined) throw refuse.invalid(GONE)
  return found
}

/**
 * What is behind the token, taken out for good. Its end is written in this transaction: of any number that try at once, the
 * commit lets one through, and the others find it gone. Unwrapping is open to a token that comes as the caller's own, so it has
 * not spent its use before.
 */
async function take(ctx: ServerContext, text: string | undefined): Promise<Found> {
  const found = await look(ctx, text)
  if (found.entry.numUses < 0) throw refuse.invalid(GONE)
  await writeToken(ctx.view, { ...found.entry, numUses: -1, expiresAt: ctx.now }, found.entry)
  ctx.afterCommit(() => reapToken(ctx.server, found.entry))
  return found
}

/** The reply as it was, with an id of its own; an empty one stays empty. */
function opened({ wrapped }: Found): ServerAnswer {
  const { response, status } = wrapped
  if (response === null) return { status: status ?? 204 }
  return { bare: response, ...(status === undefined ? {} : { status }) }
}

async function rewrap(ctx: ServerContext, text: string | undefined): Promise<ServerAnswer> {
  const found = await take(ctx, text)
  const { creation_ttl: ttl, creation_path: path, response, status } = found.wrapped
  const wrappedAccessor = accessorWithin(response)
  return {
    wrapped: await wrap(ctx.server, ctx.view, found.namespace, response, {
      ttl,
      path,
      format: ctx.full.wrapFormat,
      wrappedAccessor,
      status,
    }),
  }
}

function accessorWithin(response: Json): string {
  const auth = (response as { auth?: { accessor?: unknown } | null } | null)?.auth
  return typeof auth?.accessor === "string" ? auth.accessor : ""
}

async function lookup(ctx: ServerContext, text: string | undefined): Promise<{ data: JsonObject }> {
  const { wrapped, entry } = await look(ctx, text)
  if (entry.numUses < 0) throw refuse.invalid(GONE)
  return {
    data: {
      creation_time: wrapped.creation_time,
      creation_ttl: wrapped.creation_ttl,
      creation_path: wrapped.creation_path,
    },
  }
}

export const wrappingRoutes = [
  sysRoute("wrapping/wrap", {
    summary: "Answers what it is sent, wrapped.",
    operation: "wrap",
    takesAny: true,
    write: (_, ctx) => {
      if (ctx.full.wrapTtl === undefined || ctx.full.wrapTtl === 0)
        throw refuse.invalid("endpoint requires response wrapping to be used")
      return { data: ctx.body }
    },
  }),
  sysRoute("wrapping/unwrap", {
    summary: "The reply behind a wrapping token; it can be taken once.",
    operation: "unwrap",
    fields: { token },
    open: true,
    closedBy: "token",
    write: async ({ token: text }, ctx) => opened(await take(ctx, text)),
  }),
  sysRoute("wrapping/lookup", {
    summary: "When, where and for how long a reply was wrapped.",
    operation: { read: "read-wrapping-properties2", write: "read-wrapping-properties" },
    replies: { read: replies.wrapping, write: replies.wrapping },
    fields: { token },
    open: true,
    read: ({ token: text }, ctx) => lookup(ctx, text),
    write: ({ token: text }, ctx) => lookup(ctx, text),
  }),
  sysRoute("wrapping/rewrap", {
    summary: "The same reply behind a new token.",
    operation: "rewrap",
    fields: { token },
    write: ({ token: text }, ctx) => rewrap(ctx, text),
  }),
]
