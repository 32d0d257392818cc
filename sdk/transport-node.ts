import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http"
import { Agent as HttpsAgent, request as httpsRequest } from "node:https"
import { pipeline, Readable } from "node:stream"
import { getCACertificates } from "node:tls"
import type { Settings } from "./settings.ts"
import type { Fetch, WireBody, WireReply } from "./wire.ts"

/**
 * Node's own http: private certificate authorities, client certificates, unix sockets and proxies without a package, and
 * half the start-up time of `fetch`, which a command line pays on every call.
 */
export function openTransport(settings: Settings): Fetch {
  const socketPath = settings.address.startsWith("unix:") ? settings.address.replace(/^unix:(\/\/)?/, "") : undefined
  const agents = agentsFor(settings)
  return (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const secure = url.startsWith("https:")
      const options = {
        method,
        headers: withLength(headers, body),
        signal,
        ...(socketPath === undefined ? {} : { socketPath }),
      }
      const sent = secure
        ? httpsRequest(url, { ...options, agent: agents.https() })
        : httpRequest(url, { ...options, agent: agents.http() })
      sent.once("response", message => resolve(replyFrom(message)))
      sent.once("error", reject)
      if (typeof body === "function")
        pipeline(Readable.from(body(), { objectMode: false }), sent, error => error && reject(error))
      else sent.end(body)
    })
}

const withLength = (headers: Readonly<Record<string, string>>, body: WireBody | undefined) =>
  body === undefined || typeof body === "function"
    ? { ...headers }
    : { ...headers, "Content-Length": String(Buffer.byteLength(body)) }

/** One pair of agents for each set of settings that matters to a connection, so that clients share connections. */
function agentsFor({ tls, proxy }: Settings): { http(): HttpAgent; https(): HttpsAgent } {
  const key = JSON.stringify([tls, proxy])
  const known = pairs.get(key)
  if (known !== undefined) return known
  const proxyEnv = proxy === undefined ? process.env : { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "" }
  const pooled = { keepAlive: true, proxyEnv: exceptLoopback(proxyEnv) }
  let plain: HttpAgent | undefined
  let secure: HttpsAgent | undefined
  const pair = {
    http: () => (plain ??= new HttpAgent(pooled)),
    https: () => (secure ??= new HttpsAgent({ ...pooled, ...tlsOptions(tls) })),
  }
  pairs.set(key, pair)
  return pair
}

const pairs = new Map<string, ReturnType<typeof agentsFor>>()

/** Go sends nothing for the own machine to a proxy, whatever the environment says. */
function exceptLoopback(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const spared = [env.NO_PROXY ?? env.no_proxy, "localhost", "127.0.0.1", "[::1]"].filter(Boolean).join(",")
  return { ...env, NO_PROXY: spared, no_proxy: spared }
}

function tlsOptions({ ca, cert, key, serverName, skipVerify }: Settings["tls"]) {
  return {
    minVersion: "TLSv1.2" as const,
    ca: ca === undefined || ca.length === 0 ? machineAuthorities() : [...ca],
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined || serverName === "" ? {} : { servername: serverName }),
    ...(skipVerify ? { rejectUnauthorized: false } : {}),
  }
}

/** Those that the machine's owner trusts, where it has a list; else Node's own. */
function machineAuthorities(): string[] {
  const system = getCACertificates("system")
  return system.length > 0 ? [...system, ...getCACertificates("extra")] : getCACertificates("default")
}

function replyFrom(message: IncomingMessage): WireReply {
  const status = message.statusCode ?? 0
  const headers = { get: (name: string) => headerOf(message.headers[name.toLowerCase()]) }
  if (status === 204 || message.headers["content-length"] === "0") {
    // Nobody has to read nothing: the connection is free again, and does not keep the program from ending.
    message.resume()
    return { status, headers, body: null, text: async () => "" }
  }
  return {
    status,
    headers,
    body: message,
    text: async () => {
      const chunks: Buffer[] = []
      for await (const chunk of message) chunks.push(chunk)
      return Buffer.concat(chunks).toString("utf8")
    },
  }
}

const headerOf = (value: string | string[] | undefined): string | null =>
  value === undefined ? null : Array.isArray(value) ? value.join(", ") : value
