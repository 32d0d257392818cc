/** What `lookup` says of a token. */

import { type Fields, field, type JsonObject } from "@arca/api"
import { callerOf } from "../authenticate.ts"
import { namespaceTable } from "../namespaces.ts"
import type { ServerContext } from "../server.ts"
import type { TokenEntry } from "../tokens.ts"

export const lookupReply = {
  id: field.string("The token, for its bearer; empty when it was found by its accessor.", { secret: true }),
  accessor: field.string("A name for it that proves nothing."),
  policies: field.stringList("Its policies."),
  identity_policies: field.stringList("Those of its entity.", { optional: true }),
  path: field.string("The path that made it."),
  meta: field.pairs("Words about it."),
  display_name: field.string("Its name in the audit."),
  num_uses: field.int("How many requests are left; 0 is no limit."),
  orphan: field.bool("Whether it has no parent."),
  creation_time: field.int("When it was made, in seconds since 1970."),
  creation_ttl: field.int("Seconds of its first life; 0 is for ever."),
  issue_time: field.time("When it was made (RFC 3339).", { optional: true }),
  expire_time: field.time("When it ends (RFC 3339); null is never.", { optional: true }),
  ttl: field.int("Seconds that are left; 0 with `expire_time` null is for ever."),
  explicit_max_ttl: field.int("Seconds it lives at most, whatever happens; 0 is no limit."),
  period: field.int("Seconds that each renewal gives.", { optional: true }),
  renewable: field.bool("Whether it can be prolonged.", { optional: true }),
  last_renewal: field.time("When it was prolonged last (RFC 3339).", { optional: true }),
  last_renewal_time: field.int("The same, in seconds since 1970.", { optional: true }),
  entity_id: field.string("Its entity; empty is none."),
  type: field.string("service or batch."),
  role: field.string("The role that made it.", { optional: true }),
  bound_cidrs: field.stringList("Networks from which it may be used.", { optional: true }),
  namespace_path: field.string("Its namespace, unless that is the root.", { optional: true }),
} satisfies Fields

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** `text` is the token itself, which only its bearer knows; "" when it was found by its accessor. */
export async function lookupData(ctx: ServerContext, token: TokenEntry, text: string): Promise<JsonObject> {
  const home = (await namespaceTable(ctx.view)).byId.get(token.namespace)
  const identityPolicies = home ? (await callerOf(ctx.server, ctx.view, token, home)).identityPolicies : []
  const ends = token.expiresAt > 0
  return {
    id: text,
    accessor: token.accessor,
    policies: [...token.policies],
    path: token.path,
    meta: token.meta === null ? null : { ...token.meta },
    display_name: token.displayName,
    num_uses: token.numUses,
    orphan: token.parent === undefined,
    creation_time: token.createdAt,
    creation_ttl: token.ttl,
    expire_time: ends ? time(token.expiresAt) : null,
    ttl: ends ? Math.max(0, Math.floor(token.expiresAt - ctx.now)) : 0,
    explicit_max_ttl: token.explicitMaxTtl,
    entity_id: token.entityId,
    type: token.type,
    ...(token.path !== "auth/token/root" ? { issue_time: time(token.createdAt), renewable: token.renewable } : {}),
    ...(token.role === "" ? {} : { role: token.role }),
    ...(token.period > 0 ? { period: token.period } : {}),
    ...(token.boundCidrs.length > 0 ? { bound_cidrs: [...token.boundCidrs] } : {}),
    ...(token.lastRenewal > 0
      ? { last_renewal: time(token.lastRenewal), last_renewal_time: Math.floor(token.lastRenewal) }
      : {}),
    ...(identityPolicies.length > 0 ? { identity_policies: [...identityPolicies] } : {}),
    ...(home === undefined || home.path === "" ? {} : { namespace_path: home.path }),
  }
}
