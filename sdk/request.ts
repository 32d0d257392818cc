import { parseJson } from "@arca/api/json"
import { openTransport } from "#transport"
import { ApiError, ConnectionError } from "./errors.ts"
import { isObject, parseSecret } from "./secret.ts"
import type { RequestOptions, Settings } from "./settings.ts"
import type { Fetch, WireBody, WireReply, WireRequest } from "./wire.ts"

/** Sends one request as `settings` say, with retries and at most one redirect. Throws ApiError and ConnectionError. */
export async function send(settings: Settings, options: RequestOptions): Promise<WireReply> {
  const request = wireRequest(settings, options)
  settings.onRequest?.(request)
  const deadline = settings.timeout > 0 ? [AbortSignal.timeout(settings.timeout * 1000)] : []
  const signal = AbortSignal.any([...deadline, ...(options.signal ? [options.signal] : [])])
  const fetch = settings.fetch ?? openTransport(settings)
  const reply = await persist({ settings, fetch, signal }, request)
  const accepted = options.accept?.(reply.status) ?? false
  if (accepted || (reply.status >= 200 && reply.status < 400)) return reply
  throw await refusalOf(request, reply)
}

export function wireRequest(settings: Settings, options: RequestOptions): WireRequest {
  const base = settings.address.startsWith("unix:") ? "http://localhost" : settings.address.replace(/\/+$/, "")
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/${escapePath(options.path.replace(/^\/+/, ""))}`
  // Vault's clients sort the query, and recorded requests are compared.
  const pairs = Object.entries(options.query ?? {}).flatMap(([name, value]) =>
    (typeof value === "string" ? [value] : value).map((one): [string, string] => [name, one]),
  )
  url.search = new URLSearchParams(pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))).toString()
  return { method: options.method, url: url.href, headers: headersOf(settings, options), body: wireBody(options.body) }
}

function wireBody(body: unknown): WireBody | undefined {
  if (body instanceof Uint8Array) return new Uint8Array(body)
  if (typeof body === "function") return body as () => AsyncIterable<Uint8Array>
  return body === undefined ? undefined : JSON.stringify(body)
}

/** Keeps what may stand in a path; `?`, `#` and `%` in a name are data, not syntax. */
function escapePath(path: string): string {
  return path
    .split("/")
    .map(segment => encodeURIComponent(segment).replace(/%(2B|3A|40|24|26|2C|3B|3D)/g, decodeURIComponent))
    .join("/")
}

function headersOf(settings: Settings, { method, path, headers }: RequestOptions): Record<string, string> {
  const own: Record<string, string> = { ...settings.headers, "X-Vault-Request": "true" }
  if (settings.token !== "") own["X-Vault-Token"] = settings.token
  if (settings.namespace !== "") own["X-Vault-Namespace"] = canonicalNamespace(settings.namespace)
  const wrapTtl = settings.wrapTtl ?? (path === "sys/wrapping/wrap" ? "5m" : undefined)
  if (wrapTtl !== undefined) own["X-Vault-Wrap-TTL"] = wrapTtl
  if (settings.mfa.length > 0) own["X-Vault-MFA"] = settings.mfa.join(", ")
  if (settings.policyOverride) own["X-Vault-Policy-Override"] = "true"
  if (method === "PATCH") own["Content-Type"] = "application/merge-patch+json"
  return { ...own, ...headers }
}

const canonicalNamespace = (path: string): string => {
  const trimmed = path.trim().replace(/^\/+|\/+$/g, "")
  return trimmed === "" ? "" : `${trimmed}/`
}

interface Line {
  readonly settings: Settings
  readonly fetch: Fetch
  readonly signal: AbortSignal
}

async function persist(line: Line, request: WireRequest): Promise<WireReply> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await once(line, request).catch((error: unknown) => asConnectionError(request, error))
    const last = attempt >= line.settings.retries
    if (outcome instanceof ConnectionError) {
      if (last || !MAY_PASS.has(outcome.code)) throw outcome
    } else if (last || !worthAgain(outcome.status)) {
      return outcome
    }
    const asked = outcome instanceof ConnectionError ? undefined : retryAfter(outcome)
    if (!(outcome instanceof ConnectionError)) await passOver(outcome)
    try {
      await line.settings.wait(asked ?? Math.min(250 * 2 ** attempt, 1500), line.signal)
    } catch (error) {
      throw asConnectionError(request, error)
    }
  }
}

/** Reasons that another try may not meet again; a refused certificate stays refused. */
const MAY_PASS = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
])

const worthAgain = (status: number): boolean => status === 412 || status === 429 || (status >= 500 && status !== 501)

/** Milliseconds that the server asks us to wait; a minute at most. */
function retryAfter(reply: WireReply): number | undefined {
  const seconds = Number(reply.headers.get("retry-after") ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 60) * 1000 : undefined
}

async function once(line: Line, request: WireRequest): Promise<WireReply> {
  const reply = await exchange(line, request)
  if (!REDIRECTS.has(reply.status) || !line.settings.followRedirects) return reply
  const location = reply.headers.get("location")
  if (location === null) return reply
  const target = new URL(location, request.url)
  // The token must not travel to a host that the caller did not name (nor in clear).
  if (target.origin !== new URL(request.url).origin) {
    const reason = `the server sends us to another host, "${target.origin}", which does not get the token; set the address to it if you trust it`
    throw new ConnectionError(request, "REDIRECT", reason)
  }
  await passOver(reply)
  return exchange(line, { ...request, url: target.href })
}

/** Reads a reply that another one takes the place of, so that its connection is free again. What it says does not matter. */
const passOver = (reply: WireReply): Promise<unknown> => reply.text().catch(() => {})

const REDIRECTS = new Set([301, 302, 307, 308])

function exchange({ fetch, signal }: Line, { url, ...request }: WireRequest): Promise<WireReply> {
  return fetch(url, { ...request, redirect: "manual", signal })
}

function asConnectionError(request: WireRequest, error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error
  if (!(error instanceof Error)) return new ConnectionError(request, "UNKNOWN", String(error), error)
  // Node's http says only that it was aborted; the signal's reason is the cause.
  const timedOut = [error, error.cause].some(one => one instanceof Error && one.name === "TimeoutError")
  if (timedOut) return new ConnectionError(request, "TIMEOUT", "context deadline exceeded", error)
  if (error.name === "AbortError") return new ConnectionError(request, "ABORTED", "context canceled", error)
  const origin = error.cause instanceof Error ? error.cause : error
  const code = "code" in origin && typeof origin.code === "string" ? origin.code : "UNKNOWN"
  return new ConnectionError(request, code, reasonOf(code, origin, request), error)
}

function reasonOf(code: string, error: Error, { url }: WireRequest): string {
  const { host } = new URL(url)
  if (code === "ECONNREFUSED") return `dial tcp ${host}: connect: connection refused`
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return `dial tcp: lookup ${host}: no such host`
  if (code === "ECONNRESET") return "EOF"
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG")
    return "http: server gave HTTP response to HTTPS client"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return `tls: failed to verify certificate: x509: ${error.message}`
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID")
    return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"
  if (UNKNOWN_AUTHORITY.test(code))
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority"
  return error.message
}

const UNKNOWN_AUTHORITY = /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT)/

async function refusalOf(request: WireRequest, reply: WireReply): Promise<ApiError> {
  const text = await reply.text()
  const namespace = reply.headers.get("x-vault-namespace") ?? ""
  const requestId = reply.headers.get("x-request-id") ?? undefined
  const body = tryJson(text)
  if (!isObject(body)) {
    return new ApiError(request, {
      status: reply.status,
      errors: [text],
      raw: true,
      namespace,
      requestId,
      secret: undefined,
    })
  }
  const errors = Array.isArray(body.errors) ? body.errors.map(String) : []
  const id = typeof body.request_id === "string" && body.request_id !== "" ? body.request_id : requestId
  const secret = isObject(body.data) || Array.isArray(body.warnings) ? parseSecret(text) : undefined
  return new ApiError(request, { status: reply.status, errors, raw: false, namespace, requestId: id, secret })
}

function tryJson(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
