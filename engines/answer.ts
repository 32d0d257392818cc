/** Reading what other services answer: nothing of it is certain. What is not there, or has another shape, is empty. */

import { type Context, isJsonObject, type Json, type JsonObject, type Received, refuse } from "@arca/api"

export const objectOf = (value: unknown): JsonObject => {
  const json = value as Json | undefined
  return isJsonObject(json) ? json : {}
}

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

export const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value : [])

/** Lists and maps that hold nothing, as Vault shows those of a role that were not given: null. */
export const emptyAsNull = (shown: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [
      name,
      typeof value === "object" && value !== null && Object.keys(value).length === 0 ? null : value,
    ]),
  )

/** The JSON object of an answer; empty when it has no body, or says that it is something else. */
export const jsonOf = (received: Received): JsonObject =>
  received.body.length > 0 && received.headers["content-type"]?.includes("json") ? objectOf(received.json()) : {}

/** A JSON request to a service that takes bearer tokens (RFC 6750). */
export interface BearerRequest {
  readonly method: string
  /** The service's name, for the caller to read. */
  readonly host: string
  /** Where it is: `https://graph.microsoft.com`, or a test's stand-in. */
  readonly base: string
  readonly path: string
  readonly token: string
  readonly body: JsonObject | undefined
  /** Statuses besides 2xx that are an answer. */
  readonly accept: readonly number[]
}

export interface Called {
  readonly status: number
  readonly json: JsonObject
}

/** Sends it. Refuses (502) every other status, in the service's own words and without the query. */
export async function callWithBearer(ctx: Context, request: BearerRequest): Promise<Called> {
  const { method, host, base, path, token, body, accept } = request
  const received = await ctx.outbound.fetch(`${base}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    accept: true,
  })
  const { status } = received
  const json = jsonOf(received)
  if ((status >= 200 && status < 300) || accept.includes(status)) return { status, json }
  throw refuse.upstream(`${host} answered ${method} ${path.split("?", 1)[0]} with status ${status}${reasonOf(json)}`)
}

/** The service's own words, which say what is missing: a code and a sentence (Azure), or google.rpc.Status. */
function reasonOf(answer: JsonObject): string {
  const { code, status, message } = objectOf(answer.error)
  const words = [textOf(code) || textOf(status), textOf(message).slice(0, 300)].filter(text => text !== "")
  return words.length === 0 ? "" : `: ${words.join(": ")}`
}
