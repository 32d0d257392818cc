/** The token auth method: always there, at `auth/token/`. */

import { errorList, field, listRoute, refuse } from "@arca/api"
import { layout } from "../layout.ts"
import { isWithin, namespaceTable } from "../namespaces.ts"
import { renewToken } from "../renewal.ts"
import type { ServerAnswer } from "../reply.ts"
import { revokeToken } from "../revocation.ts"
import type { AnyEngine, ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import { findByAccessor, findToken, isLive, readToken, type TokenEntry } from "../tokens.ts"
import { createFields, createToken } from "./create.ts"
import { lookupData, lookupReply } from "./lookup.ts"
import { roleRoutes } from "./roles.ts"

const token = field.string("The token meant.", { secret: true, verbs: ["read", "write"] })
const ignored = field.string("Ignored; older clients send it.", { secret: true })
const accessor = field.string("The accessor of the token meant.")
const increment = field.duration("The life wished for from now on; the token's own when left out.", { default: 0 })

/** A token of this namespace or one below; others are not there for the caller. */
async function visible(ctx: ServerContext, entry: TokenEntry | undefined): Promise<TokenEntry | undefined> {
  return entry !== undefined && isLive(entry, ctx.now) ? within(ctx, entry) : undefined
}

/** One that is to end: a dead token counts, for whoever killed it may not have come to its children. */
async function ending(ctx: ServerContext, entry: TokenEntry | undefined): Promise<TokenEntry | undefined> {
  return entry?.type === "service" ? within(ctx, entry) : visible(ctx, entry)
}

async function within(ctx: ServerContext, entry: TokenEntry): Promise<TokenEntry | undefined> {
  const home = (await namespaceTable(ctx.view)).byId.get(entry.namespace)
  return home !== undefined && isWithin(home, ctx.namespace) ? entry : undefined
}

const badToken = () => refuse.forbidden("bad token")
const notFound = () => refuse.invalid("token not found")

async function byToken(ctx: ServerContext, text: string | undefined, unknown = badToken): Promise<TokenEntry> {
  if (text === undefined || text === "") throw refuse.invalid("missing token ID")
  const entry = await visible(ctx, await findToken(ctx.view, text))
  if (entry === undefined) throw unknown()
  return entry
}

async function byAccessor(ctx: ServerContext, text: string | undefined): Promise<TokenEntry> {
  if (text === undefined || text === "") throw refuse.invalid("missing accessor")
  const entry = await visible(ctx, await findByAccessor(ctx.view, text))
  if (entry === undefined) throw refuse.invalid(errorList(["invalid accessor"]))
  return entry
}

/** The caller's own token. */
function own(ctx: ServerContext): TokenEntry {
  if (ctx.asker.token === undefined) throw refuse.denied()
  return ctx.asker.token
}

async function revoke(ctx: ServerContext, entry: TokenEntry, orphan = false): Promise<undefined> {
  if (entry.type === "batch") throw refuse.invalid("batch tokens cannot be revoked")
  await revokeToken(ctx.server, entry, { orphan })
}

const renewed = async (ctx: ServerContext, entry: TokenEntry, text: string, wish: number): Promise<ServerAnswer> => ({
  grant: await renewToken(ctx, entry, text, wish),
})

const lookupToken = async (ctx: ServerContext, text: string): Promise<ServerAnswer> => ({
  data: await lookupData(ctx, await byToken(ctx, text), text),
})

/** The current entry: the caller's own may be the one of the request's start. */
const current = async (ctx: ServerContext, entry: TokenEntry): Promise<TokenEntry> =>
  (entry.type === "batch" ? entry : await readToken(ctx.view, entry.namespace, entry.id)) ?? entry

export const tokenEngine: AnyEngine = {
  kind: "auth",
  type: "token",
  summary: "Tokens: made, looked up, renewed, revoked.",
  singleton: true,
  routes: [
    sysRoute("create", {
      summary: "Make a token, a child of the caller's.",
      issues: "token",
      fields: createFields,
      write: (input, ctx) => createToken(input, ctx, "", false),
    }),
    sysRoute("create-orphan", {
      summary: "Make a token without a parent.",
      issues: "token",
      fields: createFields,
      write: (input, ctx) => createToken(input, ctx, "", true),
    }),
    sysRoute("create/:role_name", {
      summary: "Make a token by a role.",
      issues: "token",
      operation: "create-against-role",
      fields: { ...createFields, role_name: field.name("Name of the role.") },
      write: ({ role_name, ...input }, ctx) => createToken(input, ctx, role_name, false),
    }),
    sysRoute("lookup", {
      summary: "What is known of a token.",
      operation: { read: "look-up-2", write: "look-up" },
      replies: { read: lookupReply, write: lookupReply },
      fields: { token },
      read: ({ token: text }, ctx) => lookupToken(ctx, text ?? ctx.full.token),
      write: ({ token: text }, ctx) => lookupToken(ctx, text ?? ctx.full.token),
    }),
    sysRoute("lookup-self", {
      summary: "What is known of the caller's token.",
      replies: { read: lookupReply, write: lookupReply },
      fields: { token: ignored },
      read: async (_, ctx) => ({ data: await lookupData(ctx, await current(ctx, own(ctx)), ctx.full.token) }),
      write: async (_, ctx) => ({ data: await lookupData(ctx, await current(ctx, own(ctx)), ctx.full.token) }),
    }),
    sysRoute("lookup-accessor", {
      summary: "What is known of the token with an accessor.",
      replies: { write: lookupReply },
      fields: { accessor },
      write: async ({ accessor: text }, ctx) => ({ data: await lookupData(ctx, await byAccessor(ctx, text), "") }),
    }),
    sysRoute("renew", {
      summary: "Prolong a token.",
      issues: "token",
      fields: { token, increment },
      write: async ({ token: text, increment: wish }, ctx) =>
        renewed(ctx, await byToken(ctx, text, notFound), text ?? "", wish),
    }),
    sysRoute("renew-self", {
      summary: "Prolong the caller's token.",
      issues: "token",
      fields: { token: ignored, increment },
      write: async ({ increment: wish }, ctx) => renewed(ctx, await current(ctx, own(ctx)), ctx.full.token, wish),
    }),
    sysRoute("renew-accessor", {
      summary: "Prolong the token with an accessor.",
      issues: "token",
      fields: { accessor, increment },
      write: async ({ accessor: text, increment: wish }, ctx) => renewed(ctx, await byAccessor(ctx, text), "", wish),
    }),
    sysRoute("revoke", {
      summary: "Revoke a token and all its children.",
      fields: { token },
      write: async ({ token: text }, ctx) => {
        if (text === undefined || text === "") throw refuse.invalid("missing token ID")
        const entry = await ending(ctx, await findToken(ctx.view, text))
        return entry && revoke(ctx, entry)
      },
    }),
    sysRoute("revoke-self", {
      summary: "Revoke the caller's token and all its children.",
      fields: { token: ignored },
      write: (_, ctx) => revoke(ctx, own(ctx)),
    }),
    sysRoute("revoke-accessor", {
      summary: "Revoke the token with an accessor, and all its children.",
      fields: { accessor },
      write: async ({ accessor: text }, ctx) => {
        if (text === undefined || text === "") throw refuse.invalid("missing accessor")
        const entry = await ending(ctx, await findByAccessor(ctx.view, text))
        return entry === undefined ? { warnings: ["No token found with this accessor"] } : revoke(ctx, entry)
      },
    }),
    sysRoute("revoke-orphan", {
      summary: "Revoke a token; its children live on without a parent.",
      fields: { token },
      sudo: true,
      write: async ({ token: text }, ctx) =>
        revoke(ctx, await byToken(ctx, text, () => refuse.invalid("token to revoke not found")), true),
    }),
    listRoute<ServerContext>("accessors", { summary: "The accessors of all tokens.", sudo: true }, (ctx, page) =>
      ctx.view.scope(layout.namespace(ctx.namespace.id)).list("token/list/", page),
    ),
    sysRoute("tidy", {
      summary:
        "Look for leftovers of tokens. Indexes are kept in the same commit as their tokens, so there are none to wait for.",
      write: () => ({
        status: 202,
        warnings: [
          "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
        ],
      }),
    }),
    ...roleRoutes,
  ],
}
