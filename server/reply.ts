/** Vault's envelope: what clients find around every answer. */

import type { Answer, Json, JsonObject } from "@arca/api"
import type { Grant } from "./grants.ts"
import type { LeaseEntry } from "./leases.ts"
import type { Reply } from "./server.ts"
import type { WrapFacts } from "./wrapping.ts"

/** What the server's own routes may answer beyond an engine's: a token they made, a reply they wrapped. */
export interface ServerAnswer extends Answer {
  readonly grant?: Grant
  readonly wrapped?: WrapFacts
  /** A lease that was renewed: its id and new life stand where those of a new one would. */
  readonly renewedLease?: LeaseEntry
}

/** What the pipeline made of a handler's answer. */
export interface Outcome {
  readonly answer: ServerAnswer
  readonly warnings: readonly string[]
  readonly lease: LeaseEntry | undefined
  readonly grant: Grant | undefined
}

/** Paths under which clients (hvac above all) look for the data at the top level as well. */
const AT_TOP_LEVEL =
  /^sys\/((audit|audit-hash|auth|config\/auditing\/request-headers|mounts|policy)(\/|$)|(config\/cors|capabilities|capabilities-accessor|capabilities-self|ha-status|key-status|rekey\/backup|rekey\/recovery-key-backup|remount|rotate|wrapping\/wrap)$)/

/** Seconds of a token's life as clients see it: 0 for one that never ends. */
const lifetime = ({ entry }: Grant): number => entry.renewedTtl ?? entry.ttl

export function authJson(grant: Grant): JsonObject {
  const { entry, identityPolicies, text } = grant
  const policies = [...new Set([...entry.policies, ...identityPolicies])].sort()
  return {
    client_token: text,
    accessor: entry.accessor,
    policies,
    ...(entry.policies.length === 0 ? {} : { token_policies: [...entry.policies] }),
    ...(identityPolicies.length === 0 ? {} : { identity_policies: [...identityPolicies].sort() }),
    metadata: entry.meta === null ? null : { ...entry.meta },
    lease_duration: lifetime(grant),
    renewable: entry.renewable,
    entity_id: entry.entityId,
    token_type: entry.type,
    orphan: entry.parent === undefined,
    mfa_requirement: null,
    num_uses: Math.max(0, entry.numUses),
  }
}

/** The body of a successful reply; undefined when there is nothing to say (204). */
export function envelope(requestId: string, path: string, mountType: string, outcome: Outcome): JsonObject | undefined {
  const { answer, lease, grant } = outcome
  const warnings = outcome.warnings.length === 0 ? null : [...outcome.warnings]
  if (answer.data === undefined && lease === undefined && grant === undefined && warnings === null) return undefined
  const body: JsonObject = {
    request_id: requestId,
    lease_id: lease?.id ?? "",
    renewable: lease?.renewable ?? false,
    lease_duration: lease?.ttl ?? answer.refreshInterval ?? 0,
    data: answer.data ?? null,
    wrap_info: null,
    warnings,
    auth: grant === undefined ? null : authJson(grant),
    mount_type: mountType,
  }
  return answer.data && AT_TOP_LEVEL.test(path) ? { ...answer.data, ...body } : body
}

/** The body of a reply whose content is behind a wrapping token. */
export function wrappedEnvelope(wrap: WrapFacts, warnings: readonly string[]): JsonObject {
  return {
    request_id: "",
    lease_id: "",
    renewable: false,
    lease_duration: 0,
    data: null,
    wrap_info: wrapJson(wrap),
    warnings: warnings.length === 0 ? null : [...warnings],
    auth: null,
    mount_type: "",
  }
}

export const wrapJson = (wrap: WrapFacts): JsonObject => ({
  token: wrap.token,
  accessor: wrap.accessor,
  ttl: wrap.ttl,
  creation_time: wrap.creationTime,
  creation_path: wrap.creationPath,
  ...(wrap.wrappedAccessor === "" ? {} : { wrapped_accessor: wrap.wrappedAccessor }),
})

const JSON_HEADERS = { "Content-Type": "application/json", "Cache-Control": "no-store" }

export const jsonReply = (
  status: number,
  body: Json | undefined,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers: { ...JSON_HEADERS, ...headers },
  body,
})

export const errorReply = (
  status: number,
  errors: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): Reply => jsonReply(status, { errors: [...errors] }, headers)

/** The reply to a handler's answer that is not wrapped. */
export function replyOf(requestId: string, path: string, mountType: string, outcome: Outcome): Reply {
  const { answer } = outcome
  const headers = answer.headers ?? {}
  if (answer.raw !== undefined) {
    return {
      status: answer.status ?? 200,
      headers: { "Cache-Control": "no-store", ...headers },
      body: undefined,
      raw: answer.raw,
    }
  }
  if (answer.bare !== undefined) return jsonReply(answer.status ?? 200, answer.bare, headers)
  const body = envelope(requestId, path, mountType, outcome)
  if (body === undefined) return jsonReply(answer.status ?? 204, undefined, headers)
  return jsonReply(answer.status ?? 200, body, headers)
}
