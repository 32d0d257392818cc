/** What `arca lease` shows beyond Vault: the leases that are out, and why one of them is. */

import { field, type JsonObject, refuse } from "@arca/api"
import { layout, timeKey } from "../layout.ts"
import { type LeaseEntry, leaseIds, readLease } from "../leases.ts"
import { findMount, type MountTable, mountFor, mountTable } from "../mounts.ts"
import type { ServerContext } from "../server.ts"
import { readToken } from "../tokens.ts"
import { sysRoute } from "./route.ts"

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

const MOST = 10_000

/** Where a lease comes from: its engine, and what was asked of it. */
function origin(mounts: MountTable, { id }: LeaseEntry): { engine: string; mount: string; role: string } {
  const path = id.slice(0, id.lastIndexOf("/"))
  const entry = findMount(mounts, path)
  const mount = entry?.path ?? ""
  return { engine: entry?.type ?? "", mount, role: path.slice(mount.length).replace(/^creds\//, "") }
}

async function active(ctx: ServerContext, after: string | undefined, limit: number): Promise<JsonObject> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const ids = await leaseIds(ctx.view, ctx.namespace.id, "", { limit, ...(after === undefined ? {} : { after }) })
  const leases: JsonObject[] = []
  for (const id of ids) {
    const lease = await readLease(ctx.view, ctx.namespace.id, id)
    if (lease === undefined || lease.state === "prepared") continue
    leases.push({
      id,
      ...origin(mounts, lease),
      holder: lease.asked?.display_name ?? "",
      state: lease.state,
      issue_time: time(lease.issuedAt),
      expire_time: time(lease.expiresAt),
      ttl: Math.max(0, Math.floor(lease.expiresAt - ctx.now)),
    })
  }
  return { leases, next: ids.length < limit ? "" : (ids.at(-1) ?? "") }
}

async function explained(ctx: ServerContext, lease: LeaseEntry): Promise<JsonObject> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const from = origin(mounts, lease)
  const entry = findMount(mounts, lease.id)
  const longest = entry === undefined ? 0 : mountFor(entry, ctx.server.limits).maxTtl
  const most = lease.maxTtl > 0 ? Math.min(lease.maxTtl, longest || lease.maxTtl) : longest
  const at = lease.token.indexOf("/")
  const token =
    lease.token === "" ? undefined : await readToken(ctx.view, lease.token.slice(0, at), lease.token.slice(at + 1))
  const asked = lease.asked
  return {
    id: lease.id,
    ...from,
    state: lease.state,
    issue_time: time(lease.issuedAt),
    expire_time: time(lease.expiresAt),
    ttl: Math.max(0, Math.floor(lease.expiresAt - ctx.now)),
    last_renewal: lease.lastRenewal > 0 ? time(lease.lastRenewal) : null,
    renewable: lease.renewable,
    longest_until: most > 0 ? time(lease.issuedAt + most) : null,
    token_until: token === undefined || token.expiresAt === 0 ? null : time(token.expiresAt),
    asked_by:
      asked === undefined ? null : { ...asked, policies: [...asked.policies], allowed_by: [...asked.allowed_by] },
    failed_revocations: lease.attempts,
    revoke_error: lease.error ?? null,
  }
}

export const leaseInsightRoutes = [
  sysRoute("leases/active", {
    summary: "The leases that are out, with engine, role and holder. Not part of Vault.",
    operation: { read: "leases-list-active" },
    sudo: true,
    fields: {
      after: field.string("Only leases after this one.", { query: true }),
      limit: field.int(`At most this many; no more than ${MOST}.`, { query: true, default: 1000 }),
    },
    replies: {
      read: {
        leases: field.any(
          "Each with `id`, `engine`, `mount`, `role`, `holder`, `state`, `issue_time`, `expire_time`, `ttl`.",
        ),
        next: field.string("What to ask for `after` next; empty at the end."),
      },
    },
    read: async ({ after, limit }, ctx) => ({ data: await active(ctx, after, Math.min(MOST, Math.max(1, limit))) }),
  }),
  sysRoute("leases/explain", {
    summary: "Why a lease is there: who asked, by which policy, when, and until when it can live. Not part of Vault.",
    operation: { write: "leases-explain" },
    fields: { lease_id: field.string("The lease meant.", { plain: false }) },
    replies: {
      write: {
        id: field.string("The lease."),
        engine: field.string("The type of the engine that issued it."),
        mount: field.string("Where that is mounted."),
        role: field.string("What was asked of it."),
        state: field.string(
          "`active`; `revoking` while its end is tried; `irrevocable` when only a person can end it.",
        ),
        issue_time: field.string("When it was issued."),
        expire_time: field.string("When it ends."),
        ttl: field.int("Seconds that are left."),
        last_renewal: field.string("When it was prolonged last.", { optional: true }),
        renewable: field.bool("Whether it can be prolonged."),
        longest_until: field.string("Renewals cannot keep it longer.", { optional: true }),
        token_until: field.string("It ends with the token that asked, then at the latest.", { optional: true }),
        asked_by: field.map(
          "The token's name and accessor, its entity and policies, the policies that allowed it, the address, the request.",
        ),
        failed_revocations: field.int("How often it was tried in vain to end it."),
        revoke_error: field.string("What the last try said.", { optional: true }),
      },
    },
    write: async ({ lease_id: id }, ctx) => {
      if (id === undefined || id === "") throw refuse.invalid("lease_id must be specified")
      const lease = await readLease(ctx.view, ctx.namespace.id, id)
      if (lease === undefined || lease.state === "prepared") throw refuse.invalid("invalid lease")
      return { data: await explained(ctx, lease) }
    },
  }),
]

/** The leases that only a person can end, soonest first: they stand at the far end of the index of time. */
export async function irrevocable(ctx: ServerContext, limit: number | undefined): Promise<LeaseEntry[]> {
  const found: LeaseEntry[] = []
  const after = timeKey(ctx.now + FAR)
  for (const name of await ctx.view.keys(layout.expiry, { after })) {
    const [, namespace, id] = /^[\d.]+\/([^/]+)\/l\/(.+)$/s.exec(name) ?? []
    if (namespace !== ctx.namespace.id || id === undefined) continue
    const lease = await readLease(ctx.view, namespace, id)
    if (lease?.state === "irrevocable") found.push(lease)
    if (limit !== undefined && found.length > limit) break
  }
  return found.sort((a, b) => a.expiresAt - b.expiresAt || (a.id < b.id ? -1 : 1))
}

/** Nothing but what waits for a person is due in nine years. */
const FAR = 9 * 365 * 86400
