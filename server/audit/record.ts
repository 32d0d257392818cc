/**
 * What the audit is told about a request and its response: plain values with Vault's field names.
 *
 * The values are given in clear. Each device hides them under its own salt when it writes the line (see line.ts).
 */

/** Keys to values, as they stood in the request or will stand in the reply. Numbers with a text of their own keep it. */
export type AuditData = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>

/** Which rights allowed the request. */
export interface AuditPolicyResults {
  readonly allowed: boolean
  readonly granting_policies?: readonly AuditPolicy[] | undefined
}

export interface AuditPolicy {
  readonly name?: string | undefined
  readonly namespace_id?: string | undefined
  readonly namespace_path?: string | undefined
  /** `acl`, or empty for what needs no policy. */
  readonly type: string
}

/** Who asked (in `auth`), or whom a login or token creation made (in `response.auth`). */
export interface AuditAuth {
  /** HMACed. */
  readonly client_token?: string | undefined
  /** HMACed, unless the device says `hmac_accessor=false`. */
  readonly accessor?: string | undefined
  readonly display_name?: string | undefined
  readonly policies?: readonly string[] | undefined
  readonly token_policies?: readonly string[] | undefined
  readonly identity_policies?: readonly string[] | undefined
  /** By namespace id. */
  readonly external_namespace_policies?: Readonly<Record<string, readonly string[]>> | undefined
  readonly no_default_policy?: boolean | undefined
  readonly policy_results?: AuditPolicyResults | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly num_uses?: number | undefined
  readonly remaining_uses?: number | undefined
  readonly entity_id?: string | undefined
  readonly entity_created?: boolean | undefined
  /** `service`, `batch`, … ; `default` when there is no token. */
  readonly token_type?: string | undefined
  /** Seconds. */
  readonly token_ttl?: number | undefined
  /** RFC 3339, to the second. */
  readonly token_issue_time?: string | undefined
}

/** The mount that answers. */
export interface AuditMount {
  readonly mount_point?: string | undefined
  readonly mount_type?: string | undefined
  readonly mount_accessor?: string | undefined
  readonly mount_running_version?: string | undefined
  readonly mount_running_sha256?: string | undefined
  /** `secret` or `auth`. */
  readonly mount_class?: string | undefined
}

/** The request as routed: the path that was authorised, and the data that the handler sees. */
export interface AuditedRequest extends AuditMount {
  readonly id: string
  readonly client_id?: string | undefined
  readonly replication_cluster?: string | undefined
  /** `create`, `read`, `update`, `patch`, `delete`, `list`, `scan`, `help`, … */
  readonly operation: string
  /** HMACed. */
  readonly client_token?: string | undefined
  /** HMACed, unless the device says `hmac_accessor=false`. */
  readonly client_token_accessor?: string | undefined
  readonly namespace?: { readonly id: string; readonly path: string } | undefined
  readonly path: string
  /** String values are HMACed, save those named by the record's `plain` and `nonHmac` keys. */
  readonly data?: AuditData | undefined
  readonly policy_override?: boolean | undefined
  readonly remote_address?: string | undefined
  readonly remote_port?: number | undefined
  readonly request_uri?: string | undefined
  /** Seconds. */
  readonly wrap_ttl?: number | undefined
  /** All headers of the request, in lower case; only those that `sys/config/auditing/request-headers` names are written. */
  readonly headers?: AuditHeaders | undefined
  readonly client_certificate_serial_number?: string | undefined
}

export type AuditHeaders = ReadonlyMap<string, readonly string[]>

export interface AuditWrapInfo {
  /** Seconds. */
  readonly ttl?: number | undefined
  /** HMACed. For a JWT, give the token within (its `jti`). */
  readonly token: string
  readonly accessor?: string | undefined
  /** RFC 3339. */
  readonly creation_time?: string | undefined
  readonly creation_path?: string | undefined
  readonly wrapped_accessor?: string | undefined
}

export interface AuditedResponse extends AuditMount {
  readonly auth?: AuditAuth | undefined
  readonly secret?: { readonly lease_id?: string | undefined } | undefined
  /** What the caller will read: when the reply is wrapped, nothing. */
  readonly data?: AuditData | undefined
  readonly warnings?: readonly string[] | undefined
  readonly redirect?: string | undefined
  readonly wrap_info?: AuditWrapInfo | undefined
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined
}

/** Names of values that are written in clear. */
export interface PlainKeys {
  /** Fields that the route declares `plain`: the value at the top of the data, with all that is in it. */
  readonly plain?: ReadonlySet<string> | undefined
  /** The mount's `audit_non_hmac_*_keys`: strings directly under such a key, at any depth (as Vault does). */
  readonly nonHmac?: readonly string[] | undefined
}

/** A request that was authenticated and authorised, or refused: written before anything is done about it. */
export interface AuditRequest {
  /** Milliseconds since 1970, fractions welcome. */
  readonly time: number
  readonly auth?: AuditAuth | undefined
  readonly request: AuditedRequest
  /** Why it is refused. */
  readonly error?: string | undefined
  readonly requestKeys?: PlainKeys | undefined
}

/** What came of it: written before the reply leaves. */
export interface AuditResponse extends AuditRequest {
  readonly response?: AuditedResponse | undefined
  readonly responseKeys?: PlainKeys | undefined
}
