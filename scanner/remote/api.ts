import { isIP } from "node:net"
import { setTimeout as wait } from "node:timers/promises"
import type { RequestInit, Response } from "undici"
import { messageOf, type SourceReport } from "../sources/source.ts"
import { textAt, valueAt } from "./read.ts"

/** Why a request had no useful answer; the message holds no token. */
export class ApiError extends Error {
  override name = "ApiError"
  /** 0: there was no answer. */
  readonly status: number
  constructor(message: string, status = 0) {
    super(message)
    this.status = status
  }
}

export type ApiSettings = {
  /** Ends without a slash, such as `https://api.github.com`. */
  base: string
  /** Sent to the base's origin only. */
  headers: Readonly<Record<string, string>>
  env: Readonly<Record<string, string | undefined>>
  /** Longer waits for a rate limit end in an error. */
  maxWaitSeconds: number
  signal: AbortSignal
  report: SourceReport
}

/** A host's REST API, one request at a time. */
export type Api = {
  /** JSON below the base, such as `/repos/a/b`. Throws {@link ApiError}. */
  get(path: string): Promise<unknown>
  /** The items of a list (or of the list within the answer), page after page as its Link header tells (RFC 8288). */
  list(path: string, within?: string): AsyncGenerator<unknown>
  /** Bytes from the base's origin or, without the token, from another one that the host named. */
  bytes(path: string): Promise<Uint8Array>
  close(): Promise<void>
}

const timeoutMs = 60_000
const maxTries = 6
const maxRedirects = 4
/** One answer: a page of a hundred texts of 64 KB at most, or a log. */
export const maxAnswerBytes = 64 * 1024 * 1024

export async function openApi(settings: ApiSettings): Promise<Api> {
  const { EnvHttpProxyAgent, fetch } = await import("undici")
  const base = new URL(settings.base)
  if (!isPrivate(base))
    throw new ApiError(`${settings.base} is not HTTPS: tokens and texts would be readable on the way`)
  const { env } = settings
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? "",
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? "",
    noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
  })
  const send = (url: URL) => {
    const signal = AbortSignal.any([settings.signal, AbortSignal.timeout(timeoutMs)])
    const headers = url.origin === base.origin ? settings.headers : {}
    const request: RequestInit = { dispatcher, signal, headers, redirect: "manual" }
    return patiently(() => fetch(url, request), url, settings)
  }
  const urlOf = (path: string) => {
    const url = new URL(path.startsWith("/") ? settings.base + path : path)
    if (url.origin !== base.origin) throw new ApiError(`${url.origin} is another host than ${base.origin}: not asked`)
    return url
  }
  return {
    get: async path => jsonOf(await send(urlOf(path)), path),
    async *list(path, within) {
      const seen = new Set<string>()
      for (let next: string | undefined = path; next !== undefined; ) {
        const url = urlOf(next)
        if (seen.has(url.href)) throw new ApiError(`${url.pathname} leads back to a page that was read`)
        seen.add(url.href)
        const reply = await send(url)
        const answer = await jsonOf(reply, url.pathname)
        const page = within === undefined ? answer : valueAt(answer, within)
        if (!Array.isArray(page)) throw new ApiError(`${url.pathname} did not answer with a list`)
        yield* page
        next = nextOf(reply.headers.get("link"))
      }
    },
    async bytes(path) {
      let url = new URL(path.startsWith("/") ? settings.base + path : path)
      for (let hops = 0; hops < maxRedirects; hops++) {
        if (!isPrivate(url)) throw new ApiError(`${path} leads to ${url.origin}, which is not HTTPS`)
        const reply = await send(url)
        const location = reply.headers.get("location")
        if (reply.status < 300 || location === null) return bodyOf(reply, path)
        await reply.body?.cancel()
        url = new URL(location, url)
      }
      throw new ApiError(`${path} is redirected more than ${maxRedirects} times`)
    },
    close: () => dispatcher.close(),
  }
}

/** Nobody reads along: HTTPS, or this machine. */
const isPrivate = ({ protocol, hostname }: URL) =>
  protocol === "https:" ||
  hostname === "localhost" ||
  hostname === "[::1]" ||
  (isIP(hostname) === 4 && hostname.startsWith("127."))

/** Waits for rate limits and tries again after what passes; other refusals are the caller's. */
async function patiently(send: () => Promise<Response>, url: URL, settings: ApiSettings): Promise<Response> {
  const { report, maxWaitSeconds } = settings
  for (let tries = 1; ; tries++) {
    report.checkTime()
    const reply = await send().catch((error: unknown) => new ApiError(`${url.host}: ${reasonOf(error)}`))
    report.checkTime()
    if (!(reply instanceof ApiError) && reply.status < 400) return reply
    const refusal = reply instanceof ApiError ? reply : await refusalOf(reply, url)
    const pause = tries < maxTries ? pauseBefore(reply, refusal, tries, Date.now()) : undefined
    if (pause === undefined) throw refusal
    if (pause > maxWaitSeconds)
      throw new ApiError(
        `${refusal.message}; the next request is allowed in ${Math.ceil(pause)} s, longer than --max-wait`,
      )
    if (pause >= 5) report.warn(`${url.host} asks to wait ${Math.ceil(pause)} s (rate limit)`)
    await waiting(pause, report)
  }
}

/** In slices, so that a time limit or an interruption ends it. */
async function waiting(seconds: number, report: SourceReport): Promise<void> {
  for (let left = seconds; left > 0; left--) {
    report.checkTime()
    await wait(Math.min(left, 1) * 1000)
  }
}

/**
 * Seconds to wait before the next try; undefined when it is of no use. GitHub: "Rate limits for the REST API"; GitLab:
 * "Rate limits", response headers. Both send 429 or (GitHub) 403, `Retry-After`, and the time at which a used-up limit is filled
 * again; a limit without either asks for a minute, and longer each time.
 */
function pauseBefore(reply: Response | ApiError, refusal: ApiError, tries: number, now: number): number | undefined {
  if (reply instanceof ApiError) return 2 ** (tries - 1)
  const { status, headers } = reply
  if (status >= 500) return secondsIn(headers.get("retry-after"), now) ?? 2 ** (tries - 1)
  if (status !== 429 && status !== 403) return undefined
  const asked = secondsIn(headers.get("retry-after"), now)
  if (asked !== undefined) return asked
  const left = headers.get("x-ratelimit-remaining") ?? headers.get("ratelimit-remaining")
  const reset = Number(headers.get("x-ratelimit-reset") ?? headers.get("ratelimit-reset") ?? Number.NaN)
  if (left === "0" && !Number.isNaN(reset)) return Math.max(reset - now / 1000, 0) + 1
  return status === 429 || /rate limit/i.test(refusal.message) ? 60 * 2 ** (tries - 1) : undefined
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function secondsIn(value: string | null, now: number): number | undefined {
  if (value === null || value === "") return undefined
  if (/^\d+$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(at - now, 0) / 1000
}

async function refusalOf(reply: Response, url: URL): Promise<ApiError> {
  const body = await bodyOf(reply, url.pathname).catch(() => new Uint8Array())
  const said = messageIn(Buffer.from(body).toString("utf8"))
  return new ApiError(
    `${url.host}${url.pathname} answered ${reply.status}${said === "" ? "" : `: ${said}`}`,
    reply.status,
  )
}

function messageIn(body: string): string {
  try {
    const json: unknown = JSON.parse(body)
    return (textAt(json, "message") || textAt(json, "error")).slice(0, 200)
  } catch {
    return ""
  }
}

async function jsonOf(reply: Response, path: string): Promise<unknown> {
  const body = Buffer.from(await bodyOf(reply, path)).toString("utf8")
  try {
    return JSON.parse(body)
  } catch {
    throw new ApiError(`${path} did not answer with JSON`)
  }
}

async function bodyOf(reply: Response, path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let total = 0
  for await (const piece of reply.body ?? []) {
    total += piece.length
    if (total > maxAnswerBytes) throw new ApiError(`${path} answers with more than ${maxAnswerBytes} bytes`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function nextOf(link: string | null): string | undefined {
  for (const [, target = "", parameters = ""] of (link ?? "").matchAll(/<([^>]*)>([^<]*)/g))
    if (/;\s*rel="?next"?/i.test(parameters)) return target
  return undefined
}

/** Of fetch's errors the cause says more than the error. */
const reasonOf = (error: unknown) =>
  error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error)
