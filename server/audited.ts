/** What the audit is told of a request and of its response. */

import type { Refusal, Route } from "@arca/api"
import type { Verdict } from "@arca/policy"
import type { AuditAuth, AuditedRequest, AuditMount, AuditRequest, AuditResponse, PlainKeys } from "./audit/index.ts"
import type { Setting } from "./context.ts"
import type { Grant } from "./grants.ts"
import type { MountEntry } from "./mounts.ts"
import type { Place } from "./pipeline.ts"
import type { Outcome } from "./reply.ts"
import { authJson } from "./reply.ts"
import type { ServerContext } from "./server.ts"
import type { WrapFacts } from "./wrapping.ts"

export function auditedRequest(
  setting: Setting,
  place: Place,
  verdict: Verdict,
  fault: Refusal | undefined,
): AuditRequest {
  const { entry, server } = setting
  return {
    time: server.now() * 1000,
    auth: callerAuth(setting, verdict),
    request: requestPart(setting),
    ...(fault === undefined ? {} : { error: fault.errors.join("; ") || "not found" }),
    requestKeys: keysOf(place, entry.config.audit_non_hmac_request_keys),
  }
}

export function auditedResponse(
  setting: Setting,
  place: Place,
  verdict: Verdict,
  outcome: Outcome | undefined,
  wrapped: WrapFacts | undefined,
  error?: string,
): AuditResponse {
  return {
    time: setting.server.now() * 1000,
    auth: callerAuth(setting, verdict),
    request: requestPart(setting),
    requestKeys: keysOf(place, setting.entry.config.audit_non_hmac_request_keys),
    responseKeys: keysOf(place, setting.entry.config.audit_non_hmac_response_keys),
    ...(error === undefined ? {} : { error }),
    ...(outcome === undefined ? {} : { response: responsePart(setting, outcome, wrapped) }),
  }
}

function callerAuth({ caller, request }: Setting, verdict: Verdict): AuditAuth {
  const { token, identityPolicies } = caller
  const results = { policy_results: { allowed: verdict.allowed, granting_policies: grantingPolicies(verdict) } }
  if (token === undefined) return { token_type: "default", ...results }
  return {
    client_token: request.token,
    accessor: token.accessor,
    display_name: token.displayName,
    policies: [...token.policies, ...identityPolicies],
    token_policies: token.policies,
    identity_policies: identityPolicies.length === 0 ? undefined : identityPolicies,
    metadata: token.meta ?? undefined,
    entity_id: token.entityId || undefined,
    remaining_uses: token.numUses > 0 ? token.numUses : undefined,
    token_type: token.type,
    token_ttl: token.ttl,
    token_issue_time: new Date(token.createdAt * 1000).toISOString().replace(".000Z", "Z"),
    ...results,
  }
}

const grantingPolicies = (verdict: Verdict) =>
  verdict.policies?.map(({ name, namespace }) => ({ name, namespace_id: namespace, type: "acl" }))

function requestPart(setting: Setting): AuditedRequest {
  const { request, namespace, entry, caller, fullPath, operation } = setting
  return {
    id: request.id,
    client_id: caller.identity?.entity.id,
    operation,
    client_token: request.token || undefined,
    client_token_accessor: caller.token?.accessor || undefined,
    namespace: { id: namespace.id, path: namespace.path },
    path: fullPath,
    data: request.body,
    remote_address: request.remoteAddress || undefined,
    remote_port: request.remotePort || undefined,
    wrap_ttl: request.wrapTtl,
    headers: Object.fromEntries(request.headers),
    ...mountPart(entry),
  }
}

function mountPart(entry: MountEntry): AuditMount {
  if (entry.path === "") return {}
  return {
    mount_point: entry.path,
    mount_type: entry.type,
    mount_accessor: entry.accessor,
    mount_class: entry.kind,
  }
}

function responsePart(setting: Setting, outcome: Outcome, wrapped: WrapFacts | undefined): AuditResponse["response"] {
  const { answer, lease, grant, warnings } = outcome
  const mount = mountPart(setting.entry)
  if (wrapped !== undefined) {
    return {
      ...mount,
      wrap_info: {
        ttl: wrapped.ttl,
        token: wrapped.token,
        accessor: wrapped.accessor,
        creation_time: wrapped.creationTime,
        creation_path: wrapped.creationPath,
        wrapped_accessor: wrapped.wrappedAccessor || undefined,
      },
    }
  }
  return {
    ...mount,
    auth: grant && issuedAuth(grant),
    secret: lease && { lease_id: lease.id },
    data: answer.data,
    warnings: warnings.length === 0 ? undefined : warnings,
  }
}

/** The token that was made, as records show it. */
function issuedAuth(grant: Grant): AuditAuth {
  const { metadata: _, mfa_requirement: _m, lease_duration, ...auth } = authJson(grant)
  return { ...(auth as AuditAuth), metadata: grant.entry.meta ?? undefined, token_ttl: Number(lease_duration) }
}

/** Fields that a route declares `plain`, found once for each route. */
const plainFields = new WeakMap<Route<ServerContext>, ReadonlySet<string>>()

function keysOf({ match }: Place, nonHmac: readonly string[] | undefined): PlainKeys {
  return { plain: match && plainOf(match.route), nonHmac }
}

function plainOf(route: Route<ServerContext>): ReadonlySet<string> {
  const known = plainFields.get(route)
  if (known !== undefined) return known
  const names = Object.entries(route.fields).filter(([, declared]) => declared.options.plain)
  const plain = new Set(names.map(([name]) => name))
  plainFields.set(route, plain)
  return plain
}
