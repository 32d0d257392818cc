import type { LookupFunction } from "node:net"
import { setTimeout as wait } from "node:timers/promises"
import { rootCertificates } from "node:tls"
import type { Dispatcher } from "undici"
import { addressesOf, isSpecial } from "./address.ts"
import type { Outgoing, Reply } from "./verifier.ts"

/** Why no answer was had; the message holds no secret. */
export class SendError extends Error {
  override name = "SendError"
}

export type SendSettings = {
  allowPrivate: boolean
  timeoutMs: number
  perHost: number
  perSecond: number
  retries: number
  env: Readonly<Record<string, string | undefined>>
  ca?: string
  signal?: AbortSignal
}

/**
 * The one way out. A request goes to its verifier's own hosts or nowhere: over HTTPS with a checked certificate, to a
 * public address, without following redirects, a few at a time for each host.
 */
export type Sender = {
  /** `hosts` are those that the verifier may send to; `userNamed`: the user chose them, so that they may be private. */
  send(request: Outgoing, hosts: readonly string[], userNamed: boolean): Promise<Reply>
  resolve(host: string): Promise<string>
  close(): Promise<void>
}

const maxBodyBytes = 256 * 1024
const maxRetryAfterMs = 30_000
const userAgent = "arca-scan (checks whether a leaked credential is alive)"

export async function openSender(settings: SendSettings): Promise<Sender> {
  let dispatchers: Promise<Dispatchers> | undefined
  const queues = new Map<string, Queue>()
  const queueOf = (host: string) => {
    let queue = queues.get(host)
    if (queue === undefined) queues.set(host, (queue = openQueue(settings.perHost, settings.perSecond)))
    return queue
  }
  return {
    async send(request, hosts, userNamed) {
      const url = new URL(request.url)
      refuseOtherHosts(url, hosts)
      const { direct, unguarded, request: send } = await (dispatchers ??= openDispatchers(settings))
      const dispatcher = userNamed || settings.allowPrivate ? unguarded : direct
      return queueOf(url.host)(() => tryAgain(settings, () => sendOnce(send, dispatcher, request, settings)))
    },
    resolve: host => publicAddress(host, settings.allowPrivate),
    async close() {
      const opened = await dispatchers
      // Not waited for: a connection that is still being made would take its time.
      for (const one of [opened?.direct, opened?.unguarded]) void one?.destroy().catch(() => {})
    },
  }
}

function refuseOtherHosts(url: URL, hosts: readonly string[]): void {
  if (url.protocol !== "https:") throw new SendError(`${url.host}: only HTTPS is used`)
  if (url.username !== "" || url.password !== "") throw new SendError(`${url.host}: no credentials in URLs`)
  const isNamed = hosts.some(host =>
    host.startsWith("*.") ? url.hostname.endsWith(host.slice(1)) : url.hostname === host || url.host === host,
  )
  if (!isNamed) throw new SendError(`${url.host} is not a host of this issuer (${hosts.join(", ")})`)
}

type Dispatchers = { direct: Dispatcher; unguarded: Dispatcher; request: typeof import("undici").request }

async function openDispatchers({ env, ca }: SendSettings): Promise<Dispatchers> {
  const { EnvHttpProxyAgent, request } = await import("undici")
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  const open = (lookup: { lookup?: LookupFunction }) =>
    new EnvHttpProxyAgent({
      httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? "",
      httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? "",
      noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
      connect: { ...trust, ...lookup },
      requestTls: trust,
      proxyTls: trust,
      // The answer of a host that keeps a connection open is of no use to the next credential.
      pipelining: 1,
    })
  return { direct: open({ lookup: publicLookup }), unguarded: open({}), request }
}

/** Name lookup for direct connections. Through a proxy it is the proxy that looks names up. */
const publicLookup: LookupFunction = (host, options, callback) => {
  addressesOf(host)
    .then(found => {
      const [first] = found
      if (first === undefined || found.some(({ address }) => isSpecial(address)))
        throw new SendError(`${host} leads to a private or special address`)
      if (options.all === true) callback(null, found)
      else callback(null, first.address, first.family)
    })
    .catch(error => callback(error, "", 4))
}

async function publicAddress(host: string, allowPrivate: boolean): Promise<string> {
  const found = await addressesOf(host).catch(() => {
    throw new SendError(`${host} cannot be found`)
  })
  const [first] = found
  if (first === undefined) throw new SendError(`${host} cannot be found`)
  if (!allowPrivate && found.some(({ address }) => isSpecial(address)))
    throw new SendError(`${host} leads to a private or special address`)
  return first.address
}

async function sendOnce(
  send: Dispatchers["request"],
  dispatcher: Dispatcher,
  { method, url, headers, body }: Outgoing,
  { timeoutMs, signal }: SendSettings,
): Promise<Reply> {
  const timeout = AbortSignal.timeout(timeoutMs)
  const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal])
  try {
    const answer = await untilAborted(
      either,
      send(url, {
        dispatcher,
        method,
        headers: { "user-agent": userAgent, accept: "application/json", ...headers },
        body: body ?? null,
        signal: either,
      }),
    )
    const text = await firstBytes(answer.body)
    return { status: answer.statusCode, headers: plainHeaders(answer.headers), text, json: parsed(text) }
  } catch (error) {
    if (timeout.aborted) throw new SendError(`no answer within ${timeoutMs} ms`)
    throw new SendError(reasonOf(error))
  }
}

/** A proxy that does not answer CONNECT holds a request for minutes: undici does not heed the signal before that is done. */
async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener("abort", abort, { once: true })
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener("abort", abort)
  }
}

async function firstBytes(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= maxBodyBytes) break
  }
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8")
}

const plainHeaders = (headers: Record<string, string | string[] | undefined>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ""].flat().join(", ")]))

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Codes and causes only: messages of libraries may quote what was sent. */
function reasonOf(error: unknown): string {
  if (error instanceof SendError) return error.message
  if (!(error instanceof Error)) return "the request failed"
  if (error.cause !== undefined) return reasonOf(error.cause)
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name
  return `the request failed: ${code}`
}

/** Waits as 429 and 503 ask for, or a little longer each time. */
async function tryAgain({ retries, signal }: SendSettings, send: () => Promise<Reply>): Promise<Reply> {
  for (let attempt = 0; ; attempt++) {
    const reply = await send()
    if ((reply.status !== 429 && reply.status !== 503) || attempt >= retries) return reply
    const pause = retryAfterMs(reply.headers["retry-after"]) ?? 1000 * 2 ** attempt
    if (pause > maxRetryAfterMs) return reply
    await wait(pause, undefined, signal === undefined ? {} : { signal }).catch(() => {
      throw new SendError("ended")
    })
  }
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined || value === "") return undefined
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(at - Date.now(), 0)
}

type Queue = <T>(job: () => Promise<T>) => Promise<T>

/** Runs so many jobs at a time, and starts so many in a second. */
function openQueue(atOnce: number, perSecond: number): Queue {
  let running = 0
  let nextStart = 0
  const waiting: (() => void)[] = []
  return async job => {
    if (running >= atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    else running++
    try {
      const now = performance.now()
      const start = Math.max(now, nextStart)
      nextStart = start + 1000 / perSecond
      if (start > now) await wait(start - now)
      return await job()
    } finally {
      const next = waiting.shift()
      // The place is handed on: it is never free in between.
      if (next === undefined) running--
      else next()
    }
  }
}
