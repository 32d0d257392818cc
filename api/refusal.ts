/**
 * The one way for a handler to say no.
 *
 * A `Refusal` reaches the caller as Vault's error body, `{"errors": [...]}` with `status`; anything else that is thrown is a
 * bug and reaches the caller only as a request id. `internal` is for the log: the upstream's words, never shown.
 */
export class Refusal extends Error {
  override readonly name = "Refusal"
  readonly status: number
  readonly errors: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly internal: string | undefined

  constructor(status: number, errors: readonly string[], options: RefusalOptions = {}) {
    super(errors.join("; "))
    this.status = status
    this.errors = errors
    this.headers = options.headers ?? {}
    this.internal = options.internal
  }
}

export interface RefusalOptions {
  readonly headers?: Record<string, string>
  readonly internal?: string
}

const refusal =
  (status: number) =>
  (...errors: string[]): Refusal =>
    new Refusal(status, errors)

/** Several faults in one text, as Vault's library lists them. Clients match on the form too. */
export const errorList = (faults: readonly string[]): string =>
  `${faults.length} error${faults.length === 1 ? "" : "s"} occurred:\n${faults.map(one => `\t* ${one}\n`).join("")}\n`

/** Refusals by meaning. Each returns the error for the caller to throw, so that control flow stays visible. */
export const refuse = {
  /** 400: the request cannot be right as it stands. */
  invalid: refusal(400),
  /** 403, in the words that clients match. */
  denied: (): Refusal => new Refusal(403, [errorList(["permission denied"])]),
  /** 403 for whoever has no good token: the bare sentence without one, and another with one that is none, or not any more. */
  stranger: (token: string): Refusal =>
    new Refusal(403, [token === "" ? "permission denied" : errorList(["permission denied", "invalid token"])]),
  /** 403 with a reason of its own. */
  forbidden: refusal(403),
  /** 404 without words: there is nothing here (Vault answers `{"errors": []}`). */
  absent: (): Refusal => new Refusal(404, []),
  /** 404 with words. */
  unknown: refusal(404),
  /** 404: the mount has no such path. */
  noPath: (): Refusal => new Refusal(404, [errorList(["unsupported path"])]),
  /** 405: the path exists, the operation does not. */
  unsupported: (): Refusal => new Refusal(405, [errorList(["unsupported operation"])]),
  /** 412: a precondition of the request failed. */
  precondition: refusal(412),
  /** 413: more than the server is ready to read. */
  tooLarge: refusal(413),
  /** 429 with the seconds to wait. */
  tooMany: (text: string, retryAfterSeconds: number): Refusal =>
    new Refusal(429, [text], { headers: { "Retry-After": String(retryAfterSeconds) } }),
  /** 500: it was not the caller's fault, and there is something to say about it. */
  failed: refusal(500),
  /** 502: something this server depends on answered with an error. `internal` is kept for the log. */
  upstream: (text: string, internal?: string): Refusal =>
    new Refusal(502, [text], internal === undefined ? {} : { internal }),
  /** 503: not now. */
  unavailable: refusal(503),
}
