/** What `lookup` says of a token. */

import type { JsonObject } from "@arca/api"
import { callerOf } from "../authenticate.ts"
import { namespaceTable } from "../namespaces.ts"
import type { ServerContext } from "../server.ts"
import type { TokenEntry } from "../tokens.ts"

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
