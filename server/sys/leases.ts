/** `sys/leases`, and the older `sys/renew`, `sys/revoke`, `sys/revoke-prefix`, `sys/revoke-force`. */

import { field, type JsonObject, pageFields, pageOf, refuse, type Values } from "@arca/api"
import { layout } from "../layout.ts"
import { revokeByPrefix } from "../lease-range.ts"
import { type LeaseEntry, leaseIds, readLease } from "../leases.ts"
import { findMount, mountTable } from "../mounts.ts"
import { renewLease } from "../renewal.ts"
import type { ServerAnswer } from "../reply.ts"
import { revokeLease, revokeSoon } from "../revocation.ts"
import type { ServerContext } from "../server.ts"
import { readToken, type TokenEntry } from "../tokens.ts"
import { reading } from "../transact.ts"
import { irrevocable, leaseInsightRoutes } from "./lease-insight.ts"
import * as replies from "./replies.ts"
import { sysRoute } from "./route.ts"

const lease_id = field.string("The lease meant.", { pattern: ".+", plain: false })
const prefix = field.string("The path that the leases begin with.", { pattern: ".+" })
const include_child_namespaces = field.bool("Ignored; Vault's command line sends it.", { query: true })
const increment = field.duration("The life wished for from now on.", { default: 0 })
const sync = field.bool("Answer only when it is done; otherwise it will be, and the answer is 202.", { default: true })

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

/** Accepted, not done: the expiry job does it. */
const ACCEPTED = { status: 202 } as const

async function revoke(ctx: ServerContext, id: string | undefined, now: boolean): Promise<ServerAnswer | undefined> {
  if (id === undefined || id === "") throw refuse.invalid("lease_id must be specified")
  const lease = await readLease(ctx.view, ctx.namespace.id, id)
  if (lease !== undefined) await (now ? revokeLease : revokeSoon)(ctx.server, lease)
  return now ? undefined : ACCEPTED
}

async function revokeAll(
  ctx: ServerContext,
  given: string,
  { force = false, now = true }: { force?: boolean; now?: boolean },
): Promise<ServerAnswer | undefined> {
  const exact = given.endsWith("/") ? undefined : await readLease(ctx.view, ctx.namespace.id, given)
  if (exact !== undefined) {
    await (now ? revokeLease(ctx.server, exact, { force }) : revokeSoon(ctx.server, exact))
    return now ? undefined : ACCEPTED
  }
  const prefix = `${given.replace(/\/+$/, "")}/`
  // Tokens are no leases here, but a path of an auth method still names those that were made there.
  const tokens = prefix.startsWith("auth/") ? (token: TokenEntry) => `${token.path}/`.startsWith(prefix) : undefined
  await revokeByPrefix(ctx.server, ctx.namespace, prefix, { force, soon: !now, tokens })
  return now ? undefined : ACCEPTED
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

/** Leases by the accessor of their mount; of type `irrevocable` only those that a person must end. */
async function count(ctx: ServerContext, type: string | undefined): Promise<JsonObject> {
  const ids = type === "irrevocable" ? (await irrevocable(ctx, undefined)).map(one => one.id) : await allIds(ctx)
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const counts = new Map<string, number>()
  for (const id of ids) {
    const accessor = findMount(mounts, id)?.accessor ?? ""
    counts.set(accessor, (counts.get(accessor) ?? 0) + 1)
  }
  return { lease_count: ids.length, counts: Object.fromEntries(counts) }
}

/** All ids, read in pages beside the request's own view: that many reads would never commit together. */
async function allIds(ctx: ServerContext): Promise<string[]> {
  const ids: string[] = []
  for (;;) {
    const after = ids.at(-1)
    const page = await reading(ctx.server, view =>
      leaseIds(view, ctx.namespace.id, "", { limit: 10_000, ...(after === undefined ? {} : { after }) }),
    )
    ids.push(...page)
    if (page.length < 10_000) return ids
  }
}

const LISTED = 10_000

/** `none` lists all; otherwise a number. */
function limitOf(given: string | undefined): number | undefined {
  if (given === undefined || given === "") return LISTED
  if (given.toLowerCase() === "none") return undefined
  if (!/^\d+$/.test(given) || Number(given) < 1) throw refuse.invalid("limit must be 'none' or a positive integer")
  return Number(given)
}

async function stuck(ctx: ServerContext, limit: number | undefined): Promise<ServerAnswer> {
  const found = await irrevocable(ctx, limit)
  const shownOnes = found.slice(0, limit)
  if (shownOnes.length < found.length)
    ctx.warn(
      `Command halted because many irrevocable leases were found. To emit the entire list, re-run the command with force set true.`,
    )
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const leases = shownOnes.map(({ id, error }) => ({
    lease_id: id,
    mount_id: findMount(mounts, id)?.accessor ?? "",
    error: error ?? "",
  }))
  return { data: { lease_count: leases.length, leases } }
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
    write: (input, ctx) => revoke(ctx, input.lease_id ?? input.url_lease_id, input.sync),
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
    write: ({ prefix: given, sync: now }, ctx) => revokeAll(ctx, given ?? "", { now }),
  }),
  sysRoute(["leases/revoke-force/:prefix", "revoke-force/:prefix"], {
    summary: "Forget all leases below a path, whether what they stand for could be ended or not.",
    operation: "leases-force-revoke-lease-with-prefix",
    fields: { prefix },
    sudo: true,
    write: ({ prefix: given }, ctx) => revokeAll(ctx, given ?? "", { force: true }),
  }),
  sysRoute("leases/tidy", {
    summary:
      "Look for leftovers of leases. Indexes are kept in the same commit as their leases, so there are none to find.",
    operation: "leases-tidy",
    replies: { write: {} },
    write: () => ({
      status: 202,
      warnings: [
        "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.",
      ],
    }),
  }),
  sysRoute("leases/count", {
    summary: "How many leases there are, by the accessor of their mount.",
    operation: "leases-count",
    replies: { read: replies.leaseCount },
    fields: { type: field.string("`irrevocable` counts only those.", { query: true }), include_child_namespaces },
    read: async ({ type = "" }, ctx) =>
      type === "" || type === "irrevocable" ? { data: await count(ctx, type) } : undefined,
  }),
  ...leaseInsightRoutes,
  sysRoute("leases", {
    summary: "The leases that could not be revoked, with the reason.",
    operation: "leases-list",
    sudo: true,
    fields: {
      type: field.string("Only `irrevocable` is known.", { query: true }),
      limit: field.string("At most this many; `none` lists all.", { query: true }),
      include_child_namespaces,
    },
    read: ({ type, limit }, ctx) => (type === "irrevocable" ? stuck(ctx, limitOf(limit)) : undefined),
  }),
]
