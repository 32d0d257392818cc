/**
 * Vault's audit line: one JSON object, its keys in Vault's order, empty ones left out, secrets replaced by HMACs.
 *
 * The text is put together in one pass over the caller's values, without a copy to change and serialise: two lines are
 * written for every request.
 */

import type { AuditedHeaders } from "./device.ts"
import { list, map, member, quote, seconds, tail, timestamp } from "./json-text.ts"
import type {
  AuditAuth,
  AuditData,
  AuditedRequest,
  AuditedResponse,
  AuditHeaders,
  AuditPolicyResults,
  AuditRequest,
  AuditResponse,
  AuditWrapInfo,
  PlainKeys,
} from "./record.ts"
import type { Salt } from "./salt.ts"
import { type Veil, veiled } from "./veil.ts"

/** The options of a device that shape its lines. */
export interface LineOptions {
  /** `log_raw`: nothing is hidden. */
  readonly raw: boolean
  /** `hmac_accessor`. */
  readonly hmacAccessor: boolean
  /** `elide_list_responses`: of a listing only the number of keys. */
  readonly elideListResponses: boolean
  /** Stands before each line. */
  readonly prefix: string
}

export interface LineFormat {
  request(record: AuditRequest, headers?: AuditedHeaders): string
  response(record: AuditResponse, headers?: AuditedHeaders): string
}

/** A request with the text that a device, known by its salt, has made of it: the answer is told with the same. */
interface Told extends AuditedRequest {
  [TEXT]?: { readonly salt: Salt; readonly text: string }
}
const TEXT = Symbol("text")

/** Lines without their end: neither the line feed nor, so that a chain can add its own key, the last `}`. */
export function lineFormat(options: LineOptions, salt: Salt): LineFormat {
  const { raw, prefix, hmacAccessor } = options
  const token: Hide = raw ? quote : value => `"${salt.hash(value)}"`
  const accessor: Hide = raw || !hmacAccessor ? quote : token
  const hide = { token, accessor }

  const dataText = (data: AuditData | undefined, keys: PlainKeys | undefined, elide: boolean): string => {
    if (data === undefined) return ""
    const veil: Veil | undefined = raw ? undefined : { hash: salt.hash, nonHmac: keys?.nonHmac ?? [] }
    const text = veiled(data, veil, keys?.plain, elide)
    return text === "{}" ? "" : `,"data":${text}`
  }

  // What a token does is told in the same words many times: the text of an `auth` is made once.
  const authTexts = new WeakMap<AuditAuth, string>()
  const authOnce = (auth: AuditAuth): string => {
    const known = authTexts.get(auth)
    if (known !== undefined) return known
    const text = authText(auth, hide)
    authTexts.set(auth, text)
    return text
  }
  const requestOnce = ({ request, requestKeys }: AuditRequest, headers: AuditedHeaders | undefined): string => {
    const told: Told = request
    if (told[TEXT]?.salt === salt) return told[TEXT].text
    const data = dataText(request.data, requestKeys, false)
    const text = requestText(request, hide, data, headersText(request.headers, headers, salt))
    told[TEXT] = { salt, text }
    return text
  }
  const opening = (kind: "request" | "response", record: AuditRequest, headers: AuditedHeaders | undefined): string =>
    `${prefix}{"time":"${timestamp(record.time)}","type":"${kind}","auth":${authOnce(record.auth ?? NOBODY)}` +
    `,"request":${requestOnce(record, headers)}`

  return {
    request: (record, headers) => opening("request", record, headers) + member("error", record.error),
    response(record, headers) {
      const elide = options.elideListResponses && record.request.operation === "list"
      const data = dataText(record.response?.data, record.responseKeys, elide)
      const response = responseText(record.response ?? {}, record.request, hide, data)
      return `${opening("response", record, headers)},"response":${response}${member("error", record.error)}`
    },
  }
}

/** Turns a value into a JSON string, in clear or hashed. */
type Hide = (value: string) => string

interface Hiding {
  readonly token: Hide
  readonly accessor: Hide
}

/** Vault writes its zero token type for a caller that has no token. */
const NOBODY: AuditAuth = {}

const hidden = (name: string, value: string | undefined, hide: Hide): string =>
  value ? `,"${name}":${hide(value)}` : ""

function authText(auth: AuditAuth, hide: Hiding): string {
  return `{${tail(
    hidden("client_token", auth.client_token, hide.token) +
      hidden("accessor", auth.accessor, hide.accessor) +
      member("display_name", auth.display_name) +
      list("policies", auth.policies) +
      list("token_policies", auth.token_policies) +
      list("identity_policies", auth.identity_policies) +
      map("external_namespace_policies", auth.external_namespace_policies) +
      (auth.no_default_policy ? ',"no_default_policy":true' : "") +
      (auth.policy_results ? `,"policy_results":${policyResultsText(auth.policy_results)}` : "") +
      map("metadata", auth.metadata) +
      seconds("num_uses", auth.num_uses) +
      seconds("remaining_uses", auth.remaining_uses) +
      member("entity_id", auth.entity_id) +
      (auth.entity_created ? ',"entity_created":true' : "") +
      member("token_type", auth.token_type || "default") +
      seconds("token_ttl", auth.token_ttl) +
      member("token_issue_time", auth.token_issue_time),
  )}}`
}

function policyResultsText(results: AuditPolicyResults): string {
  const granting = (results.granting_policies ?? []).map(
    policy =>
      `{${tail(
        member("name", policy.name) +
          member("namespace_id", policy.namespace_id) +
          member("namespace_path", policy.namespace_path) +
          `,"type":${quote(policy.type)}`,
      )}}`,
  )
  return `{"allowed":${results.allowed}${granting.length > 0 ? `,"granting_policies":[${granting.join(",")}]` : ""}}`
}

/** The members that the request and the response both have, with the one name in which they differ. */
function mountText(mount: AuditedRequest | AuditedResponse, versionName: string): string {
  return (
    member("mount_point", mount.mount_point) +
    member("mount_type", mount.mount_type) +
    member("mount_accessor", mount.mount_accessor) +
    member(versionName, mount.mount_running_version) +
    member("mount_running_sha256", mount.mount_running_sha256) +
    member("mount_class", mount.mount_class)
  )
}

function requestText(request: AuditedRequest, hide: Hiding, data: string, headers: string): string {
  const { namespace } = request
  return `{${tail(
    member("id", request.id) +
      member("client_id", request.client_id) +
      member("replication_cluster", request.replication_cluster) +
      member("operation", request.operation) +
      mountText(request, "mount_running_version") +
      hidden("client_token", request.client_token, hide.token) +
      hidden("client_token_accessor", request.client_token_accessor, hide.accessor) +
      (namespace ? `,"namespace":{${tail(member("id", namespace.id) + member("path", namespace.path))}}` : "") +
      member("path", request.path) +
      data +
      (request.policy_override ? ',"policy_override":true' : "") +
      member("remote_address", request.remote_address) +
      seconds("remote_port", request.remote_port) +
      member("request_uri", request.request_uri) +
      seconds("wrap_ttl", request.wrap_ttl) +
      headers +
      member("client_certificate_serial_number", request.client_certificate_serial_number),
  )}}`
}

function responseText(response: AuditedResponse, request: AuditedRequest, hide: Hiding, data: string): string {
  const { auth, secret, wrap_info } = response
  const mount = response.mount_point === undefined ? request : response
  return `{${tail(
    (auth ? `,"auth":${authText(auth, hide)}` : "") +
      // Vault's response says `mount_running_plugin_version` where its request says `mount_running_version`.
      mountText(mount, "mount_running_plugin_version") +
      (secret ? `,"secret":{${tail(member("lease_id", secret.lease_id))}}` : "") +
      data +
      list("warnings", response.warnings) +
      member("redirect", response.redirect) +
      (wrap_info ? `,"wrap_info":${wrapInfoText(wrap_info, hide)}` : "") +
      map("headers", response.headers),
  )}}`
}

function wrapInfoText(wrap: AuditWrapInfo, hide: Hiding): string {
  return `{${tail(
    seconds("ttl", wrap.ttl) +
      hidden("token", wrap.token, hide.token) +
      hidden("accessor", wrap.accessor, hide.accessor) +
      member("creation_time", wrap.creation_time) +
      member("creation_path", wrap.creation_path) +
      hidden("wrapped_accessor", wrap.wrapped_accessor, hide.accessor),
  )}}`
}

/** Of the request's headers those that the table names; hashed where it says so, even with `log_raw` (as in Vault). */
function headersText(headers: AuditHeaders | undefined, audited: AuditedHeaders | undefined, salt: Salt): string {
  if (headers === undefined || audited === undefined || audited.size === 0) return ""
  const found = new Map<string, readonly string[]>()
  for (const [name, { hmac }] of audited) {
    const values = headers.get(name)
    if (values === undefined) continue
    found.set(name, hmac ? values.map(salt.hash) : values)
  }
  return map("headers", Object.fromEntries(found))
}
