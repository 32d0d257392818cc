/** The http device (OpenBao's): each record is POSTed to a collector, which must answer with a 2xx status. */

import { isIP } from "node:net"
import { Agent, request } from "undici"
import type { Resolve } from "./connection.ts"
import { flag, Invalid, type Options } from "./options.ts"
import { linesOf, reasonOf, type Sink, Undelivered } from "./sink.ts"

/**
 * `uri` (http or https), `headers` (JSON: name to a list of values), and `batch=true` (ours): the records that wait
 * together go in one request, as `application/x-ndjson`.
 */
export function httpSink(options: Options, resolve: Resolve, timeoutMilliseconds: number): Sink {
  const uri = uriOf(options.uri)
  const headers = headersOf(options.headers)
  const batched = flag(options, "batch", false)
  const contentType = batched ? "application/x-ndjson" : "application/json"
  let agent = agentFor(resolve, timeoutMilliseconds)
  let current = new AbortController()

  const post = async (body: Buffer): Promise<void> => {
    await permitted(uri, resolve)
    const reply = await request(uri, {
      method: "POST",
      body,
      headers: { "content-type": contentType, "user-agent": "arca-audit", ...headers },
      dispatcher: agent,
      signal: current.signal,
    })
    await reply.body.dump()
    // A redirect is no delivery either: the records would go to a place nobody configured.
    if (reply.statusCode < 200 || reply.statusCode > 299) throw new Error(`status ${reply.statusCode}`)
  }

  return {
    async write(lines) {
      let taken = 0
      try {
        for (const body of batched ? [lines] : linesOf(lines)) {
          await post(body)
          taken++
        }
      } catch (error) {
        const untouched = taken === 0 && UNREACHED.has(reasonOf(error))
        throw new Undelivered(`cannot post to "${uri.origin}": ${reasonOf(error)}`, { untouched, cause: error })
      }
    },
    interrupt() {
      current.abort()
      current = new AbortController()
    },
    async reload() {
      const old = agent
      agent = agentFor(resolve, timeoutMilliseconds)
      await old.close()
    },
    close: () => agent.close(),
  }
}

/** Failures that happen before a byte of the request has left. */
const UNREACHED = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"])

const agentFor = (resolve: Resolve, timeout: number): Agent =>
  new Agent({
    connections: 1,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    connect: {
      timeout,
      // The address that was permitted is the address that is used.
      lookup: (host, options, callback) => {
        resolve(host).then(
          address => {
            const family = isIP(address)
            if (options.all) callback(null, [{ address, family }])
            else callback(null, address, family)
          },
          error => callback(error instanceof Error ? error : new Error(String(error)), "", 0),
        )
      },
    },
  })

/** An address written as such is not looked up by the connection, so it is asked about here. */
async function permitted(uri: URL, resolve: Resolve): Promise<void> {
  const host = uri.hostname.replace(/^\[|\]$/g, "")
  if (isIP(host)) await resolve(host)
}

function uriOf(text: string | undefined): URL {
  if (!text) throw new Invalid("uri is required")
  const uri = URL.parse(text)
  if (uri === null || !/^https?:$/.test(uri.protocol))
    throw new Invalid("Cannot read uri: expected http:// or https://")
  return uri
}

function headersOf(text: string | undefined): Record<string, string[]> {
  if (text === undefined) return {}
  const wrong = new Invalid('Cannot read headers: expected JSON such as {"authorization": ["Bearer …"]}')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw wrong
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw wrong
  const headers = new Map<string, string[]>()
  for (const [name, values] of Object.entries(parsed)) {
    if (!Array.isArray(values) || !values.every(value => typeof value === "string")) throw wrong
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || values.some(value => /[^\t\x20-\x7e\x80-\xff]/.test(value))) throw wrong
    headers.set(name.toLowerCase(), values)
  }
  return Object.fromEntries(headers)
}
