import type { Secret } from "@arca/sdk"
import { fieldValue, goQuoted, shortDuration } from "./go.ts"
import { byBytes, sorted } from "./order.ts"

type Row = readonly [key: string, value: string]

/** The rows of a secret's table: the lease, the token, the wrapping, then the data by name. */
export function secretRows(secret: Secret): Row[] {
  return [...leaseRows(secret), ...authRows(secret), ...wrapRows(secret), ...dataRows(secret.data ?? {})]
}

export function dataRows(data: object): Row[] {
  return Object.entries(data)
    .sort(([a], [b]) => byBytes(a, b))
    .map(([key, value]): Row => [key, fieldValue(key, value)])
}

function leaseRows({ lease_id, lease_duration, renewable }: Secret): Row[] {
  if (lease_duration <= 0) return []
  const duration = shortDuration(lease_duration)
  // Engines without leases send a hint when to read again.
  if (lease_id === "") return [["refresh_interval", duration]]
  return [
    ["lease_id", lease_id],
    ["lease_duration", duration],
    ["lease_renewable", String(renewable)],
  ]
}

function authRows({ auth }: Secret): Row[] {
  if (auth === null) return []
  if (auth.mfa_requirement !== null && auth.mfa_requirement !== undefined) {
    const { mfa_request_id, mfa_constraints } = auth.mfa_requirement
    const constraints = Object.entries(mfa_constraints).flatMap(([name, { any }]) =>
      any.flatMap((one): Row[] => [
        [`mfa_constraint_${name}_${one.type}_id`, one.id],
        [`mfa_constraint_${name}_${one.type}_uses_passcode`, String(one.uses_passcode)],
        ...(one.name ? [[`mfa_constraint_${name}_${one.type}_name`, one.name] as const] : []),
      ]),
    )
    return [["mfa_request_id", mfa_request_id], ...constraints]
  }
  return [
    ["token", auth.client_token],
    ["token_accessor", auth.accessor],
    ["token_duration", auth.lease_duration === 0 ? "∞" : shortDuration(auth.lease_duration)],
    ["token_renewable", String(auth.renewable)],
    ["token_policies", goQuoted(auth.token_policies)],
    ["identity_policies", goQuoted(auth.identity_policies)],
    ["policies", goQuoted(auth.policies)],
    ...Object.entries(auth.metadata ?? {}).map(([key, value]): Row => [`token_meta_${key}`, value]),
  ]
}

function wrapRows({ wrap_info }: Secret): Row[] {
  if (wrap_info === null) return []
  const { token, accessor, ttl, creation_time, creation_path, wrapped_accessor } = wrap_info
  return [
    ["wrapping_token:", token],
    ["wrapping_accessor:", accessor],
    ["wrapping_token_ttl:", shortDuration(ttl)],
    ["wrapping_token_creation_time:", goTime(creation_time)],
    ["wrapping_token_creation_path:", creation_path],
    ...(wrapped_accessor ? [["wrapped_accessor:", wrapped_accessor] as const] : []),
  ]
}

/** `2026-11-24T02:22:41.39Z` as Go prints a time: `2026-11-24 02:22:41.39 +0000 UTC`. */
function goTime(rfc3339: string): string {
  const parts = /^(\S+)T([\d:.]+)(Z|[+-]\d\d:\d\d)$/.exec(rfc3339)
  if (parts === null) return rfc3339
  const offset = parts[3] === "Z" ? "+0000 UTC" : (parts[3] ?? "").replace(":", "")
  return `${parts[1]} ${parts[2]} ${offset}${parts[3] === "Z" ? "" : ` ${offset}`}`
}

/** The value of one field by the name that tables and scripts know it by; undefined when there is none. */
export function secretField(secret: Secret, field: string): unknown {
  const { auth, wrap_info } = secret
  const known = auth !== null ? authFields(auth) : wrap_info !== null ? wrapFields(wrap_info) : envelopeFields(secret)
  return known.has(field) ? known.get(field) : ownField(secret.data, field)
}

const authFields = (auth: NonNullable<Secret["auth"]>): Map<string, unknown> =>
  new Map<string, unknown>([
    ["token", auth.client_token],
    ["token_accessor", auth.accessor],
    ["token_duration", auth.lease_duration],
    ["token_renewable", auth.renewable],
    ["token_policies", auth.token_policies ?? []],
    ["identity_policies", auth.identity_policies ?? []],
    ["policies", auth.policies ?? []],
  ])

const wrapFields = (wrap: NonNullable<Secret["wrap_info"]>): Map<string, unknown> =>
  new Map<string, unknown>([
    ["wrapping_token", wrap.token],
    ["wrapping_accessor", wrap.accessor],
    ["wrapping_token_ttl", wrap.ttl],
    ["wrapping_token_creation_time", wrap.creation_time],
    ["wrapping_token_creation_path", wrap.creation_path],
    ["wrapped_accessor", wrap.wrapped_accessor ?? ""],
  ])

const envelopeFields = (secret: Secret): Map<string, unknown> =>
  new Map<string, unknown>([
    ["lease_duration", secret.lease_duration],
    ["lease_id", secret.lease_id],
    ["request_id", secret.request_id],
    ["renewable", secret.renewable],
    ["refresh_interval", secret.lease_duration],
    ["data", ownField(secret.data, "data") ?? secret.data],
  ])

export function ownField(data: object | null, field: string): unknown {
  return Object.entries(data ?? {}).find(([key]) => key === field)?.[1]
}

/** The envelope in the order and with the omissions of Vault's own JSON output. */
export function secretJson(secret: Secret): object {
  const { request_id, lease_id, lease_duration, renewable, data, warnings, auth, wrap_info, mount_type } = secret
  return {
    request_id,
    lease_id,
    lease_duration,
    renewable,
    data: sorted(data),
    warnings: warnings ?? null,
    ...(auth === null ? {} : { auth: authJson(auth) }),
    ...(wrap_info === null ? {} : { wrap_info }),
    ...(mount_type ? { mount_type } : {}),
  }
}

function authJson(auth: NonNullable<Secret["auth"]>): object {
  const { client_token, accessor, policies, token_policies, identity_policies, metadata, orphan, entity_id, ...rest } =
    auth
  const { lease_duration, renewable, mfa_requirement, ...more } = rest
  return {
    client_token,
    accessor,
    policies,
    token_policies: token_policies ?? null,
    identity_policies: identity_policies ?? null,
    metadata: sorted(metadata),
    orphan,
    entity_id,
    lease_duration,
    renewable,
    mfa_requirement: mfa_requirement ?? null,
    ...more,
  }
}
