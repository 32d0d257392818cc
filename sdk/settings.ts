import type { Fetch, TlsSettings, WireRequest } from "./wire.ts"

/** All that shapes a client's requests; `client.with(changes)` gives a client that differs in some of it. */
export interface Settings {
  /** `https://vault.example:8200`, `unix:///run/arca.sock`; a path is kept as a prefix. */
  readonly address: string
  readonly token: string
  /** Sent as X-Vault-Namespace when not empty. */
  readonly namespace: string
  /** Headers of one's own, sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** How often a request is sent again after a 5xx, 412, 429 or a lost connection. */
  readonly retries: number
  /** Seconds that a whole request may take, retries included; 0 means no limit. */
  readonly timeout: number
  /** Ask for every reply wrapped in a single-use token that lives this long (`"5m"`, or seconds). */
  readonly wrapTtl: string | undefined
  /** `method[:passcode]` */
  readonly mfa: readonly string[]
  readonly followRedirects: boolean
  readonly policyOverride: boolean
  readonly tls: TlsSettings
  /** `http://proxy:3128`, used instead of what HTTP_PROXY and its kin say. Node only. */
  readonly proxy: string | undefined
  /** In place of the platform's own; then `tls` and `proxy` are that function's affair. */
  readonly fetch: Fetch | undefined
  /** Sees each request just before it is sent; what it throws reaches the caller and nothing is sent. */
  readonly onRequest: ((request: WireRequest) => void) | undefined
  /** How the client waits between retries; milliseconds. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>
}

export type Query = Readonly<Record<string, string | readonly string[]>>

/** One request, as the client's methods describe it. */
export interface RequestOptions {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE" | "HEAD"
  /** Below `/v1/`, without a leading slash. */
  readonly path: string
  readonly query?: Query | undefined
  /** Sent as JSON, unless it is bytes. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
  /** Statuses that are answers here, not errors (a health check's 503). */
  readonly accept?: ((status: number) => boolean) | undefined
}

export const defaults: Settings = {
  address: "https://127.0.0.1:8200",
  token: "",
  namespace: "",
  headers: {},
  retries: 2,
  timeout: 60,
  wrapTtl: undefined,
  mfa: [],
  followRedirects: true,
  policyOverride: false,
  tls: {},
  proxy: undefined,
  fetch: undefined,
  onRequest: undefined,
  wait,
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop)
      resolve()
    }, milliseconds)
    signal.addEventListener("abort", stop, { once: true })
  })
}
