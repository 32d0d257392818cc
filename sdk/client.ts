import { type Json, type JsonObject, parseJson } from "@arca/api/json"
import { ApiError } from "./errors.ts"
import type { Fixed } from "./paths.ts"
import { send } from "./request.ts"
import { parseSecret, type Secret } from "./secret.ts"
import { defaults, type Query, type RequestOptions, type Settings } from "./settings.ts"
import type { Answers, Inferred, Mounts, Takes, Untyped } from "./typed.ts"
import type { WireReply } from "./wire.ts"

/** A page of a list: names after `after`, at most `limit` of them. */
export interface ListPage {
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/**
 * Speaks to one server with one token. Values, not connections: `with` gives another client and leaves this one as it is.
 *
 * `M` says which engines are mounted where, and with it the types of what paths take and answer:
 *
 *     const client = createClient<{ "secret/": "kv-v2" }>(settings)
 *     const secret = await client.read("secret/data/app", { version: 2 })    // secret?.data?.metadata
 *     await client.write("sys/policies/acl/app", { polcy: "…" })             // does not compile
 *
 * What is answered may be said instead of inferred: `client.read<{ role_id: string }>("auth/web/role/app/role-id")`.
 */
export interface Client<M = Untyped> {
  readonly settings: Settings
  with(changes: Partial<Settings>): Client<M>
  /** One request as it is. Throws ApiError when the status is neither 2xx nor 3xx. */
  request(options: RequestOptions): Promise<WireReply>
  /** The JSON of a reply without Vault's envelope (`sys/seal-status`, `sys/init` …); null for an empty one. */
  json<T = Json>(options: RequestOptions): Promise<T>
  /** The secret at `path`, or null when there is none. */
  read<T = Inferred, const P extends string = string>(
    path: P,
    query?: Takes<M, "read", P>,
  ): Promise<Secret<Answers<T, M, "read", P>> | null>
  /** The names below `path`, or null when there are none. */
  list<T = Inferred, const P extends string = string>(
    path: P,
    page?: ListPage,
  ): Promise<Secret<Answers<T, M, "list", P>> | null>
  /** All names below `path`, however deep, or null when there are none. */
  scan<T = Inferred, const P extends string = string>(
    path: P,
    page?: ListPage,
  ): Promise<Secret<Answers<T, M, "scan", P>> | null>
  /** What the server replied to a write, or null when it had nothing to say (204). */
  write<T = Inferred, const P extends string = string>(
    path: P,
    data?: Takes<M, "write", P>,
  ): Promise<Secret<Answers<T, M, "write", P>> | null>
  /** Changes only the fields in `data`; null removes one (RFC 7396). */
  patch<T = Inferred, const P extends string = string>(
    path: P,
    data: Takes<M, "patch", P>,
  ): Promise<Secret<Answers<T, M, "patch", P>> | null>
  delete<T = Inferred, const P extends string = string>(
    path: P,
    query?: Takes<M, "delete", P>,
  ): Promise<Secret<Answers<T, M, "delete", P>> | null>
  /** Opens a wrapping token, or the client's own token when none is given. */
  unwrap<T = JsonObject>(token?: string): Promise<Secret<T> | null>
}

/** A client for the server, token and namespace of the settings; what they leave out has Vault's defaults. */
export function createClient<M extends Mounts = Fixed>(given: Partial<Settings> = {}): Client<M> {
  const client: Plain = plainClient({ ...defaults, ...given })
  // What paths take and answer is known to the types alone.
  return client as unknown as Client<M>
}

/** What there is when the program runs. */
interface Plain extends Pick<Client, "settings" | "request" | "json"> {
  with(changes: Partial<Settings>): Plain
  read(path: string, query?: object): Promise<Secret | null>
  list(path: string, page?: ListPage): Promise<Secret | null>
  scan(path: string, page?: ListPage): Promise<Secret | null>
  write(path: string, data?: object): Promise<Secret | null>
  patch(path: string, data: object): Promise<Secret | null>
  delete(path: string, query?: object): Promise<Secret | null>
  unwrap(token?: string): Promise<Secret | null>
}

function plainClient(settings: Settings): Plain {
  const call = (options: RequestOptions) => secretOf(settings, options)
  const client: Plain = {
    settings,
    with: changes => plainClient({ ...settings, ...changes }),
    request: options => send(settings, options),
    json: async <T>(options: RequestOptions) => {
      const text = await (await send(settings, options)).text()
      return (text === "" ? null : parseJson(text)) as T
    },
    read: (path, query) => orNull(call({ method: "GET", path, query: queryOf(query) })),
    list: (path, page) => orNull(call({ method: "GET", path, query: { list: "true", ...pageQuery(page) } })),
    scan: (path, page) => orNull(call({ method: "GET", path, query: { scan: "true", ...pageQuery(page) } })),
    write: (path, data) => call({ method: "PUT", path, body: data }),
    patch: (path, data) => call({ method: "PATCH", path, body: data }),
    delete: (path, query) => call({ method: "DELETE", path, query: queryOf(query) }),
    unwrap: token => unwrap(client, token),
  }
  return client
}

function pageQuery({ after, limit }: ListPage = {}): Record<string, string> {
  return {
    ...(after === undefined || after === "" ? {} : { after }),
    ...(limit === undefined || limit <= 0 ? {} : { limit: String(limit) }),
  }
}

/** Values of a query as text: numbers and switches too. What is undefined is left out. */
const queryOf = (given: object | undefined): Query =>
  Object.fromEntries(
    Object.entries(given ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)]),
  )

async function secretOf(settings: Settings, options: RequestOptions): Promise<Secret | null> {
  const text = await (await send(settings, options)).text()
  return parseSecret(text) ?? null
}

/** A 404 is no error to a reader: nothing is there. But a body with data or warnings is kept: a deleted version's metadata. */
async function orNull(reply: Promise<Secret | null>): Promise<Secret | null> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return error.secret ?? null
  }
}

/** The wrapping token authenticates itself when no other token is at hand. */
async function unwrap(client: Plain, token: string | undefined): Promise<Secret | null> {
  const own = client.settings.token
  const plain = client.with({ wrapTtl: undefined, ...(own === "" && token ? { token } : {}) })
  const body = token === undefined || token === "" || plain.settings.token === token ? undefined : { token }
  return plain.write("sys/wrapping/unwrap", body)
}
