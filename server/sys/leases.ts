/** `sys/leases`, and the older `sys/renew`, `sys/revoke`, `sys/revoke-prefix`, `sys/revoke-force`. */

import { field, type JsonObject, pageFields, pageOf, refuse, type Values } from "@arca/api"
import { layout } from "../layout.ts"
import { revokeByPrefix } from "../lease-range.ts"
import { type LeaseEntry, leaseIds, readLease } from "../leases.ts"
import { renewLease } from "../renewal.ts"
import type { ServerAnswer } from "../reply.ts"
import { revokeLease } from "../revocation.ts"
import type { ServerContext } from "../server.ts"
import { readToken, type TokenEntry } from "../tokens.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const lease_id = field.string("The lease meant.", { pattern: ".+", plain: false })
const prefix = field.string("The path that the leases begin with.", { pattern: ".+" })
const increment = field.duration("The life wished for from now on.", { default: 0 })
const sync = field.bool("Answer only when it is done. It always is here.", { default: true })

/** The lease, in the caller's own namespace: an id from elsewhere finds nothing. */
async function need(ctx: ServerContext, id: string | undefined, complaint: string): Promise<LeaseEntry> {
  if (id === undefined || id === "") throw refuse.invalid("lease_id must be specified")
  const lease = await readLease(ctx.view, ctx.namespace.id, id)
  if (lease === undefined || lease.state === "prepared") throw refuse.invalid(complaint)
  return lease
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

const shown = (lease: LeaseEntry, now: number): JsonObject => ({
  id: lease.id,
  issue_time: time(lease.issuedAt),
  expire_time: time(lease.expiresAt),
  last_renewal: lease.lastRenewal > 0 ? time(lease.lastRenewal) : null,
  renewable: lease.renewable,
  ttl: Math.max(0, Math.floor(lease.expiresAt - now)),
  ...(lease.error === undefined ? {} : { revoke_error: lease.error }),
})

async function renew(ctx: ServerContext, id: string | undefined, wish: number): Promise<ServerAnswer> {
  return { renewedLease: await renewLease(ctx, await need(ctx, id, "lease not found"), wish) }
}

async function revoke(ctx: ServerContext, id: string | undefined): Promise<undefined> {
  if (id === undefined || id === "") throw refuse.invalid("lease_id must be specified")
  const lease = await readLease(ctx.view, ctx.namespace.id, id)
  if (lease !== undefined) await revokeLease(ctx.server, lease)
}

async function revokeAll(ctx: ServerContext, given: string, force: boolean): Promise<undefined> {
  const exact = given.endsWith("/") ? undefined : await readLease(ctx.view, ctx.namespace.id, given)
  if (exact !== undefined) return revokeLease(ctx.server, exact, { force }).then(() => undefined)
  const prefix = `${given.replace(/\/+$/, "")}/`
  // Tokens are no leases here, but a path of an auth method still names those that were made there.
  const tokens = prefix.startsWith("auth/") ? (token: TokenEntry) => `${token.path}/`.startsWith(prefix) : undefined
  await revokeByPrefix(ctx.server, ctx.namespace, prefix, { force, tokens })
}

/** Tokens are no leases here, but clients look for them below the path that made them. */
async function tokenFolders(ctx: ServerContext, folder: string): Promise<string[]> {
  const scope = ctx.view.scope(layout.namespace(ctx.namespace.id))
  const folders = new Set<string>()
  for (const id of await scope.list(layout.token)) {
    const token = await readToken(ctx.view, ctx.namespace.id, id)
    // A token without an end has no lease.
    if (token === undefined || token.expiresAt === 0) continue
    const { path } = token
    if (`${path}/` === folder) folders.add(id)
    else if (path.startsWith(folder)) folders.add(`${path.slice(folder.length).split("/", 1)[0]}/`)
  }
  return [...folders]
}

async function folder(ctx: ServerContext, given: string, page: Partial<Values<typeof pageFields>>) {
  const name = given === "" || given.endsWith("/") ? given : `${given}/`
  const scope = ctx.view.scope(layout.namespace(ctx.namespace.id))
  const leases = await scope.list(layout.lease + name, pageOf(page))
  const tokens = name === "" || name.startsWith("auth/") ? await tokenFolders(ctx, name) : []
  return { data: { keys: [...new Set([...leases, ...tokens])].sort() } }
}

/** Leases by mount, with those that only a person can end told apart. */
async function count(ctx: ServerContext, type: string | undefined): Promise<JsonObject> {
  const counts: JsonObject = {}
  let total = 0
  for (const id of await leaseIds(ctx.view, ctx.namespace.id, "")) {
    const lease = await readLease(ctx.view, ctx.namespace.id, id)
    if (lease === undefined || (type === "irrevocable" && lease.state !== "irrevocable")) continue
    const mount = id.split("/", 1)[0] ?? ""
    counts[mount] = (typeof counts[mount] === "number" ? counts[mount] : 0) + 1
    total++
  }
  return { lease_count: total, counts }
}

const renewOptions = (
  sub: readonly ["leases/renew", "leases/renew/*url_lease_id"] | readonly ["renew", "renew/*url_lease_id"],
) =>
  sysRoute(sub, {
    summary: "Prolong a lease.",
    operation: "leases-renew-lease|leases-renew-lease-with-id",
    fields: { lease_id, url_lease_id: field.string("The lease, in the path."), increment },
    write: (input, ctx) => renew(ctx, input.lease_id ?? input.url_lease_id, input.increment),
  })

const revokeOptions = (
  sub: readonly ["leases/revoke", "leases/revoke/*url_lease_id"] | readonly ["revoke", "revoke/*url_lease_id"],
) =>
  sysRoute(sub, {
    summary: "End a lease and what it stands for.",
    operation: "leases-revoke-lease|leases-revoke-lease-with-id",
    fields: { lease_id, url_lease_id: field.string("The lease, in the path."), sync },
    write: (input, ctx) => revoke(ctx, input.lease_id ?? input.url_lease_id),
  })

export const leaseRoutes = [
  sysRoute("leases/lookup", {
    summary: "What is known of a lease; the topmost folders of leases.",
    operation: { write: "leases-read-lease", list: "leases-look-up" },
    replies: { write: replies.lease },
    fields: { lease_id, ...pageFields },
    sudo: ["list"],
    write: async ({ lease_id: id }, ctx) => ({ data: shown(await need(ctx, id, "invalid lease"), ctx.now) }),
    list: (page, ctx) => folder(ctx, "", page),
  }),
  sysRoute("leases/lookup/*prefix", {
    summary: "The leases below a path.",
    operation: "leases-look-up",
    fields: { prefix: field.string("A folder of lease ids."), ...pageFields },
    sudo: true,
    list: ({ prefix: given, ...page }, ctx) => folder(ctx, given, page),
  }),
  renewOptions(["leases/renew", "leases/renew/*url_lease_id"]),
  renewOptions(["renew", "renew/*url_lease_id"]),
  revokeOptions(["leases/revoke", "leases/revoke/*url_lease_id"]),
  revokeOptions(["revoke", "revoke/*url_lease_id"]),
  sysRoute(["leases/revoke-prefix/:prefix", "revoke-prefix/:prefix"], {
    summary: "End all leases below a path.",
    operation: "leases-revoke-lease-with-prefix",
    fields: { prefix, sync },
    sudo: true,
    write: ({ prefix: given }, ctx) => revokeAll(ctx, given ?? "", false),
  }),
  sysRoute(["leases/revoke-force/:prefix", "revoke-force/:prefix"], {
    summary: "Forget all leases below a path, whether what they stand for could be ended or not.",
    operation: "leases-force-revoke-lease-with-prefix",
    fields: { prefix },
    sudo: true,
    write: ({ prefix: given }, ctx) => revokeAll(ctx, given ?? "", true),
  }),
  sysRoute("leases/tidy", {
    summary:
      "Look for leftovers of leases. Indexes are kept in the same commit as their leases, so there are none to wait for.",
    operation: "leases-tidy",
    replies: { write: {} },
    write: () => ({ status: 204 }),
  }),
  sysRoute("leases/count", {
    summary: "How many leases there are, by mount.",
    operation: "leases-count",
    replies: { read: replies.leaseCount },
    fields: { type: field.string("`irrevocable` counts only those.", { query: true }) },
    read: async ({ type }, ctx) => ({ data: await count(ctx, type) }),
  }),
  sysRoute("leases", {
    summary: "The leases that could not be revoked, with the reason.",
    operation: "leases-list",
    sudo: true,
    fields: {
      type: field.string("Only `irrevocable` is known.", { query: true, default: "irrevocable" }),
      limit: field.int("At most this many.", { query: true, default: 1000 }),
    },
    read: async ({ limit }, ctx) => {
      const leases: JsonObject[] = []
      for (const id of await leaseIds(ctx.view, ctx.namespace.id, "")) {
        const lease = await readLease(ctx.view, ctx.namespace.id, id)
        if (lease?.state === "irrevocable" && leases.length < limit)
          leases.push({ lease_id: id, error: lease.error ?? "" })
      }
      return { data: { lease_count: leases.length, leases } }
    },
  }),
]
