import type { Secret } from "./secret.ts"
import type { WireRequest } from "./wire.ts"

/** The server said no. The message has the form of Vault's own clients, which people search their logs for. */
export class ApiError extends Error {
  override readonly name = "ApiError"
  readonly status: number
  /** The server's sentences; empty when it sent none (a plain 404). */
  readonly errors: readonly string[]
  /** The answer was no JSON: a proxy's page, or not an Arca server. */
  readonly raw: boolean
  readonly requestId: string | undefined
  readonly method: string
  readonly url: string
  /** What came along with the refusal, such as the parts of a batch that worked. */
  readonly secret: Secret | undefined

  constructor(request: WireRequest, refusal: Refused) {
    super(describe(request, refusal))
    this.method = request.method
    this.url = request.url
    this.status = refusal.status
    this.errors = refusal.errors
    this.raw = refusal.raw
    this.requestId = refusal.requestId
    this.secret = refusal.secret
  }
}

export interface Refused {
  readonly status: number
  readonly errors: readonly string[]
  readonly raw: boolean
  readonly namespace: string
  readonly requestId: string | undefined
  readonly secret: Secret | undefined
}

function describe(request: WireRequest, { status, errors, raw, namespace }: Refused): string {
  const where = namespace === "" || namespace === "root/" ? "" : `Namespace: ${namespace}\n`
  const said = raw ? errors.join("") : errors.map(error => `* ${error}`).join("\n")
  const title = raw ? "Raw Message" : "Errors"
  return `Error making API request.\n\n${where}URL: ${request.method} ${request.url}\nCode: ${status}. ${title}:\n\n${said}`
}

/** No answer came: the reason in `code` is Node's (`ECONNREFUSED`), `TIMEOUT`, or `REDIRECT` when one was not followed. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError"
  readonly code: string
  readonly url: string

  constructor(request: WireRequest, code: string, reason: string, cause?: unknown) {
    const method = request.method.slice(0, 1) + request.method.slice(1).toLowerCase()
    super(`${method} "${request.url}": ${reason}`, { cause })
    this.code = code
    this.url = request.url
  }
}
