/** Prolonging tokens and leases, within what made them allows now, not within what it allowed then. */

import { refuse } from "@arca/api"
import { policiesOf } from "./authenticate.ts"
import { type Grant, lifeOf } from "./grants.ts"
import { followGroups, type Identity, identityOf } from "./identity.ts"
import { type LeaseEntry, writeLease } from "./leases.ts"
import { mountFor, mountTable } from "./mounts.ts"
import { namespaceTable } from "./namespaces.ts"
import { homeOfLease, leaseContext } from "./revocation.ts"
import type { ServerContext } from "./server.ts"
import { roles } from "./token/roles.ts"
import { type TokenEntry, writeToken } from "./tokens.ts"

interface Terms {
  readonly groupAliases?: readonly string[] | undefined
  readonly ttl: number
  readonly maxTtl: number
  readonly period: number
  readonly explicitMaxTtl: number
}

/**
 * Renews a token in this transaction. The auth method that made it is asked whether its login would still succeed, and on
 * which terms: a deleted user's token does not live on by being renewed.
 */
export async function renewToken(
  ctx: ServerContext,
  token: TokenEntry,
  text: string,
  increment: number,
): Promise<Grant> {
  if (token.type === "batch") throw refuse.invalid("batch tokens cannot be renewed")
  if (!token.renewable) throw refuse.invalid("lease is not renewable")
  if (token.expiresAt === 0) throw refuse.invalid("lease is not renewable")
  const home = (await namespaceTable(ctx.view)).byId.get(token.namespace)
  const entry = home && (await mountTable(ctx.view, home)).byAccessor.get(token.mount)
  if (home === undefined || entry === undefined) throw refuse.invalid("the auth method that made this token is gone")
  const { groupAliases, ...terms } = await termsNow(ctx, token, { home, entry })
  const life = lifeOf({
    ...terms,
    ttl: increment || terms.ttl,
    mount: mountFor(entry, ctx.server.limits),
    age: ctx.now - token.createdAt,
  })
  // A longest life that was shortened meanwhile may be over already.
  if (life.ttl <= 0) throw refuse.invalid("past the max TTL, cannot renew")
  const renewed: TokenEntry = {
    ...token,
    renewedTtl: Math.floor(life.ttl),
    expiresAt: ctx.now + life.ttl,
    lastRenewal: ctx.now,
  }
  await writeToken(ctx.view, renewed, token)
  const identity = await identityNow(ctx, token, home.id, groupAliases)
  const identityPolicies = identity === undefined ? [] : policiesOf(identity)
  return { text, entry: renewed, identityPolicies, warnings: life.warnings }
}

async function termsNow(
  ctx: ServerContext,
  token: TokenEntry,
  { home, entry }: { home: Parameters<ServerContext["onMount"]>[0]; entry: Parameters<ServerContext["onMount"]>[1] },
): Promise<Terms> {
  const stored = {
    ttl: token.renewedTtl ?? token.ttl,
    maxTtl: token.maxTtl,
    period: token.period,
    explicitMaxTtl: token.explicitMaxTtl,
  }
  if (token.role !== "") return { ...stored, ...(await termsOfRole(ctx, token, home, entry)) }
  const engine = ctx.server.registry.engine("auth", entry.type)
  if (engine?.renew === undefined || token.internal === undefined) return stored
  const { terms, policies, groupAliases } = await engine.renew(token.internal, ctx.onMount(home, entry))
  if (!sameNames(policies, token.policies)) throw refuse.invalid("policies have changed, not renewing")
  return {
    ...stored,
    groupAliases,
    ttl: terms.ttl,
    maxTtl: terms.maxTtl,
    period: token.period > 0 ? terms.period || token.period : 0,
  }
}

/** What the token role says by now: a token of a deleted role does not live on by being renewed. */
async function termsOfRole(
  ctx: ServerContext,
  token: TokenEntry,
  ...place: Parameters<ServerContext["onMount"]>
): Promise<Pick<Terms, "period" | "explicitMaxTtl">> {
  const role = await roles.get(ctx.onMount(...place).store, token.role)
  if (role === undefined)
    throw refuse.invalid(`original token role ${JSON.stringify(token.role)} could not be found, not renewing`)
  const ends = [token.explicitMaxTtl, role.token_explicit_max_ttl].filter(seconds => seconds > 0)
  return { period: role.token_period, explicitMaxTtl: ends.length === 0 ? 0 : Math.min(...ends) }
}

/** Who is behind the token, in the groups that its auth method counts them to now, if that was said. */
async function identityNow(
  ctx: ServerContext,
  token: TokenEntry,
  namespaceId: string,
  groupAliases: readonly string[] | undefined,
): Promise<Identity | undefined> {
  if (token.entityId === "") return undefined
  const identity = await identityOf(ctx.view, namespaceId, token.entityId)
  if (identity === undefined || groupAliases === undefined) return identity
  await followGroups(ctx.view, namespaceId, identity.entity.id, token.mount, groupAliases, ctx.now)
  return identityOf(ctx.view, namespaceId, identity.entity.id)
}

/** The login's policies now, against the token's: `default` may have been added to the latter. */
function sameNames(now: readonly string[], then: readonly string[]): boolean {
  const folded = new Set(now.map(name => name.trim().toLowerCase()))
  const held = then.filter(name => name !== "default" || folded.has("default"))
  return held.length === folded.size && held.every(name => folded.has(name))
}

/** Renews a lease in this transaction; its engine prolongs the outside effect first. */
export async function renewLease(ctx: ServerContext, lease: LeaseEntry, increment: number): Promise<LeaseEntry> {
  if (!lease.renewable || lease.state !== "active") throw refuse.invalid("lease is not renewable")
  if (ctx.now >= lease.expiresAt) throw refuse.invalid("lease expired")
  const home = await homeOfLease(ctx.server, ctx.view, lease)
  if (home === undefined) throw refuse.invalid("the engine that issued this lease is gone")
  const own = leaseContext(ctx.server, ctx.view, home, ctx.asker)
  const terms = (await home.kind.terms?.(lease.data, own)) ?? lease
  const life = lifeOf({
    ttl: increment || terms.ttl,
    maxTtl: terms.maxTtl,
    explicitMaxTtl: 0,
    period: 0,
    mount: mountFor(home.entry, ctx.server.limits),
    age: ctx.now - lease.issuedAt,
  })
  for (const warning of life.warnings) ctx.warn(warning)
  const expiresAt = Math.min(ctx.now + life.ttl, lease.endsBy ?? Number.POSITIVE_INFINITY)
  // A longest life that was shortened meanwhile may be over already.
  if (expiresAt <= ctx.now) throw refuse.invalid("past the max TTL, cannot renew")
  const began = ctx.server.now()
  await home.kind.renew?.(lease.data, own, expiresAt)
  ctx.server.metrics.sample("expire.renew", (ctx.server.now() - began) * 1000)
  const renewed: LeaseEntry = {
    ...lease,
    ttl: Math.floor(expiresAt - ctx.now),
    maxTtl: terms.maxTtl,
    expiresAt,
    dueAt: expiresAt,
    lastRenewal: ctx.now,
  }
  writeLease(ctx.view, renewed, lease)
  return renewed
}
