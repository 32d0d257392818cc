/** Between HTTP and the pipeline: a request is parsed once, here; what leaves is written once, here. */

import type { IncomingMessage, ServerResponse } from "node:http"
import { pipeline, Readable } from "node:stream"
import { type JsonObject, type Operation, parseDuration, parseJson, Refusal, refuse } from "@arca/api"
import { unlimited } from "./listener/deadline.ts"
import { canonicalPath, readBody } from "./listener/request.ts"
import type { RandomBytes } from "./random.ts"
import { uuid } from "./random.ts"
import { errorReply } from "./reply.ts"
import type { Reply, Request } from "./server.ts"

/** What the listener knows of a connection beside its bytes. */
export interface Peer {
  readonly address: string
  readonly port: number
  /** The client's certificate (DER), if it showed one. */
  readonly certificate: Uint8Array | undefined
}

const OPERATIONS: ReadonlyMap<string, Operation> = new Map([
  ["GET", "read"],
  ["HEAD", "read"],
  ["LIST", "list"],
  ["SCAN", "scan"],
  ["POST", "update"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
  ["HELP", "help"],
])

/** Tokens are shorter than this by far; a longer header is an attempt at something. */
const MAX_TOKEN_BYTES = 8192

/** The path below `/v1/`, or undefined for one that is not of the API. */
export const apiPath = (path: string): string | undefined => (path.startsWith("/v1/") ? path.slice(4) : undefined)

/** Reads a request. Throws a `Refusal` for anything that is not one. */
export async function readRequest(
  message: IncomingMessage,
  verb: string,
  peer: Peer,
  options: {
    random: RandomBytes
    maxBytes: number
    opened?: ReadonlySet<string> | undefined
    streams?: ReadonlySet<string>
  },
): Promise<Request> {
  const operation = OPERATIONS.get(verb)
  if (operation === undefined) throw refuse.unsupported()
  const { path, query } = canonicalPath(message.url ?? "/")
  const asked = operationOf(operation, query)
  const headers = headersOf(message)
  const relative = apiPath(path)
  if (relative === undefined) throw refuse.absent()
  const listing = asked === "list" || asked === "scan"
  if (WRITES.has(asked) && relative.endsWith("/")) throw refuse.invalid("cannot write to a path ending in '/'")
  const wrapFormat = headers.get("x-vault-wrap-format")?.[0]
  return {
    id: uuid(options.random),
    operation: asked,
    path: listing && !relative.endsWith("/") ? `${relative}/` : relative,
    namespace: headers.get("x-vault-namespace")?.[0] ?? "",
    token: tokenOf(headers),
    ...(asked === "update" && options.streams?.has(relative)
      ? { body: {}, stream: unlimited(message) }
      : { body: WRITES.has(asked) ? await bodyOf(message, asked, headers, options.maxBytes) : parametersOf(query) }),
    wrapTtl: wrapTtlOf(headers),
    wrapFormat: wrapFormat === "jwt" ? "jwt" : "",
    headers,
    remoteAddress: peer.address,
    remotePort: peer.port,
    certificate: peer.certificate,
    ...(options.opened === undefined ? {} : { opened: options.opened }),
  }
}

type Query = ReadonlyMap<string, readonly string[]>

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"])
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"])

function flag(query: Query, name: string): boolean {
  const text = query.get(name)?.[0] ?? ""
  if (text === "" || FALSE.has(text)) return false
  if (!TRUE.has(text)) throw refuse.invalid()
  return true
}

/** `GET ?list=true` is how Go's clients say LIST, `?help=1` how they ask for help; whatever else is asked, help changes nothing. */
function operationOf(operation: Operation, query: Query): Operation {
  if (query.get("help")?.[0]) return "help"
  if (operation !== "read") return operation
  const list = flag(query, "list")
  const scan = flag(query, "scan")
  if (list && scan) throw refuse.invalid("list and scan cannot both be asked for")
  return scan ? "scan" : list ? "list" : "read"
}

function headersOf(message: IncomingMessage): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>()
  const raw = message.rawHeaders
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase()
    const value = raw[index + 1] ?? ""
    const values = headers.get(name)
    if (values === undefined) headers.set(name, [value])
    else values.push(value)
  }
  return headers
}

/** One token, said once, or twice in the same words. Refuses (400) what is ambiguous or cannot be a token. */
function tokenOf(headers: ReadonlyMap<string, readonly string[]>): string {
  const bearers = headers.get("authorization")?.flatMap(value => /^Bearer (.+)$/i.exec(value)?.[1]?.trim() ?? []) ?? []
  const said = [...(headers.get("x-vault-token") ?? []), ...bearers]
  const token = said.find(text => text !== "") ?? ""
  if (said.some(text => text !== "" && text !== token)) throw refuse.invalid("the request carries different tokens")
  if (token.length > MAX_TOKEN_BYTES || !/^[\x21-\x7e]*$/.test(token)) {
    throw refuse.invalid("the token in the header is too long or holds characters that no token has")
  }
  return token
}

function wrapTtlOf(headers: ReadonlyMap<string, readonly string[]>): number | undefined {
  const text = headers.get("x-vault-wrap-ttl")?.[0]
  if (text === undefined || text === "") return undefined
  const seconds = parseDuration(text)
  if (seconds === undefined)
    throw refuse.invalid(`error parsing X-Vault-Wrap-TTL header: time: invalid duration ${JSON.stringify(text)}`)
  if (seconds < 0) throw refuse.invalid("error parsing X-Vault-Wrap-TTL header: requested wrap ttl cannot be negative")
  return seconds === 0 ? undefined : Math.ceil(seconds)
}

const WRITES: ReadonlySet<Operation> = new Set(["create", "update", "patch"])

async function bodyOf(
  message: IncomingMessage,
  operation: Operation,
  headers: ReadonlyMap<string, readonly string[]>,
  maxBytes: number,
): Promise<JsonObject> {
  if (operation === "patch") checkPatchType(headers.get("content-type")?.[0])
  const bytes = await readBody(message, maxBytes)
  if (bytes.length === 0) return {}
  const visible = firstVisible(bytes)
  if (visible < 0) return {}
  const first = String.fromCharCode(bytes[visible] ?? 0)
  const isForm = headers.get("content-type")?.[0]?.startsWith("application/x-www-form-urlencoded") ?? false
  if (isForm && first !== "{" && first !== "[") return formOf(bytes)
  const parsed = parse(bytes)
  if (parsed === null) return {}
  if (typeof parsed !== "object" || Array.isArray(parsed))
    throw refuse.invalid("error parsing JSON: failed to parse JSON input: the body must be an object")
  return parsed as JsonObject
}

const firstVisible = (bytes: Uint8Array): number => bytes.findIndex(byte => byte > 0x20)

function parse(bytes: Uint8Array) {
  try {
    return parseJson(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : "unreadable"
    throw refuse.invalid(`error parsing JSON: ${reason}`)
  }
}

/** Parameters in the query string: repeated ones are a list. Those that steer the request itself are not parameters. */
function parametersOf(query: Query): JsonObject {
  if (query.size === 0) return {}
  const parameters = new Map<string, string | string[]>()
  for (const [name, values] of query) {
    if (name === "list" || name === "scan" || name === "help") continue
    parameters.set(name, values.length === 1 ? (values[0] ?? "") : [...values])
  }
  return Object.fromEntries(parameters)
}

/** Parameters of a form: Vault joins repeated ones with commas. */
function formOf(bytes: Uint8Array): JsonObject {
  const form = new Map<string, string>()
  const text = Buffer.from(bytes).toString()
  if (/;|%(?![\da-f]{2})/i.test(text)) throw refuse.invalid("error parsing form data")
  for (const [name, value] of new URLSearchParams(text)) {
    const known = form.get(name)
    form.set(name, known === undefined ? value : `${known},${value}`)
  }
  return Object.fromEntries(form)
}

function checkPatchType(type: string | undefined): void {
  if (type === undefined) throw refuse.invalid("PATCH requires a Content-Type")
  const media = type.split(";", 1)[0]?.trim().toLowerCase() ?? ""
  if (!/^[\w.+-]+(\/[\w.+-]+)?$/.test(media)) throw refuse.invalid(`cannot parse Content-Type ${JSON.stringify(type)}`)
  if (media !== "application/merge-patch+json") {
    throw new Refusal(415, [`PATCH requires Content-Type of application/merge-patch+json, provided ${media}`])
  }
}

/** Writes a reply. A HEAD has the headers of a GET and nothing else. */
export function writeReply(response: ServerResponse, reply: Reply, verb: string): void {
  if (response.headersSent || response.destroyed) return
  if (reply.raw !== undefined && isStream(reply.raw.body)) {
    stream(response, reply, reply.raw.body, verb)
    return
  }
  const body = bodyTextOf(reply)
  const headers = reply.raw === undefined ? reply.headers : { ...reply.headers, "Content-Type": reply.raw.contentType }
  if (body === undefined) {
    const { "Content-Type": _, ...rest } = headers as Record<string, string>
    response.writeHead(reply.status, rest)
    response.end()
    return
  }
  const length = Buffer.byteLength(body)
  response.writeHead(reply.status, { ...headers, "Content-Length": length })
  if (verb === "HEAD") response.end()
  // Text of one byte a character (most is) goes out as it lies in memory.
  else response.end(body, typeof body === "string" && length === body.length ? "latin1" : "utf8")
}

type Stream = AsyncIterable<Uint8Array>

const isStream = (body: string | Uint8Array | Stream): body is Stream =>
  typeof body === "object" && Symbol.asyncIterator in body

/** Sends pieces as they come, no faster than they are taken. A stream that breaks ends the connection: half is not all. */
function stream(response: ServerResponse, { status, headers, raw }: Reply, body: Stream, verb: string): void {
  response.writeHead(status, { ...headers, "Content-Type": raw?.contentType ?? "" })
  if (verb === "HEAD") {
    response.end()
    return
  }
  response.flushHeaders()
  pipeline(Readable.from(body, { objectMode: false }), response, error => {
    if (error) response.destroy()
  })
}

function bodyTextOf({ raw, body }: Reply): string | Uint8Array | undefined {
  if (raw !== undefined) return isStream(raw.body) ? undefined : raw.body
  return body === undefined ? undefined : `${JSON.stringify(body)}\n`
}

/** The reply to a request that could not even be read. */
export function unreadable(error: unknown): Reply | undefined {
  return error instanceof Refusal ? errorReply(error.status, error.errors, error.headers) : undefined
}
