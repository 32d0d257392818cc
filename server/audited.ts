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
import type { TokenEntry } from "./tokens.ts"
import type { WrapFacts } from "./wrapping.ts"

/** What both records of a request say: who asks, and for what. */
export type Told = Pick<AuditRequest, "auth" | "request" | "requestKeys">

export const told = (setting: Setting, place: Place, verdict: Verdict): Told => ({
  auth: callerAuth(setting, verdict),
  request: requestPart(setting),
  requestKeys: keysOf(place, setting.entry.config.audit_non_hmac_request_keys),
})

export function auditedRequest({ server }: Setting, subject: Told, fault: Refusal | undefined): AuditRequest {
  const error = fault === undefined ? {} : { error: fault.errors.join("; ") || "not found" }
  return { time: server.now() * 1000, ...subject, ...error }
}

export function auditedResponse(
  setting: Setting,
  place: Place,
  subject: Told,
  outcome: Outcome | undefined,
  wrapped: WrapFacts | undefined,
  error?: string,
): AuditResponse {
  return {
    time: setting.server.now() * 1000,
    ...subject,
    responseKeys: keysOf(place, setting.entry.config.audit_non_hmac_response_keys),
    ...(error === undefined ? {} : { error }),
    ...(outcome === undefined ? {} : { response: responsePart(setting, outcome, wrapped) }),
  }
}

/** The last thing told of a token, and what it was made from: most of what a token does is told in the same words. */
interface Remembered {
  readonly auth: AuditAuth
  readonly identityPolicies: readonly string[]
  readonly verdict: Verdict
}

const remembered = new WeakMap<TokenEntry, Remembered>()

function callerAuth({ caller, request }: Setting, verdict: Verdict): AuditAuth {
  const { token, identityPolicies } = caller
  if (token === undefined) return { token_type: "default", ...policyResults(verdict) }
  const known = remembered.get(token)
  if (
    known?.auth.client_token === request.token &&
    known.verdict.allowed === verdict.allowed &&
    sameItems(known.verdict.policies, verdict.policies) &&
    sameItems(known.identityPolicies, identityPolicies)
  ) {
    return known.auth
  }
  const auth = tokenAuth(token, identityPolicies, request.token, verdict)
  remembered.set(token, { auth, identityPolicies, verdict })
  return auth
}

const sameItems = (a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean =>
  a === b || (a !== undefined && a.length === b?.length && a.every((item, index) => item === b[index]))

const tokenAuth = (
  token: TokenEntry,
  identityPolicies: readonly string[],
  text: string,
  verdict: Verdict,
): AuditAuth => ({
  client_token: text,
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
  ...policyResults(verdict),
})

const policyResults = (verdict: Verdict): Pick<AuditAuth, "policy_results"> => ({
  policy_results: { allowed: verdict.allowed, granting_policies: grantingPolicies(verdict) },
})

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
    headers: request.headers,
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
