import { type Json, type JsonObject, parseJson } from "@arca/api/json"
import { ApiError } from "./errors.ts"
import { send } from "./request.ts"
import { parseSecret, type Secret } from "./secret.ts"
import { defaults, type RequestOptions, type Settings } from "./settings.ts"
import type { WireReply } from "./wire.ts"

export type Query = Readonly<Record<string, string | readonly string[]>>

/** A page of a list: names after `after`, at most `limit` of them. */
export interface ListPage {
  readonly after?: string | undefined
  readonly limit?: number | undefined
}

/** Speaks to one server with one token. Values, not connections: `with` gives another client and leaves this one as it is. */
export interface Client {
  readonly settings: Settings
  with(changes: Partial<Settings>): Client
  /** One request as it is. Throws ApiError when the status is neither 2xx nor 3xx. */
  request(options: RequestOptions): Promise<WireReply>
  /** The JSON of a reply without Vault's envelope (`sys/seal-status`, `sys/init` …); null for an empty one. */
  json<T = Json>(options: RequestOptions): Promise<T>
  /** The secret at `path`, or null when there is none. */
  read<T = JsonObject>(path: string, query?: Query): Promise<Secret<T> | null>
  /** The names below `path`, or null when there are none. */
  list<T = { keys: string[] }>(path: string, page?: ListPage): Promise<Secret<T> | null>
  /** All names below `path`, however deep, or null when there are none. */
  scan<T = { keys: string[] }>(path: string, page?: ListPage): Promise<Secret<T> | null>
  /** What the server replied to a write, or null when it had nothing to say (204). */
  write<T = JsonObject>(path: string, data?: object): Promise<Secret<T> | null>
  /** Changes only the fields in `data`; null removes one (RFC 7396). */
  patch<T = JsonObject>(path: string, data: object): Promise<Secret<T> | null>
  delete<T = JsonObject>(path: string, query?: Query): Promise<Secret<T> | null>
  /** Opens a wrapping token, or the client's own token when none is given. */
  unwrap<T = JsonObject>(token?: string): Promise<Secret<T> | null>
}

export function createClient(given: Partial<Settings> = {}): Client {
  const settings: Settings = { ...defaults, ...given }
  const call = <T>(options: RequestOptions) => secretOf<T>(settings, options)
  const client: Client = {
    settings,
    with: changes => createClient({ ...settings, ...changes }),
    request: options => send(settings, options),
    json: async <T>(options: RequestOptions) => {
      const text = await (await send(settings, options)).text()
      return (text === "" ? null : parseJson(text)) as T
    },
    read: (path, query) => orNull(call({ method: "GET", path, query })),
    list: (path, page) => orNull(call({ method: "GET", path, query: { list: "true", ...pageQuery(page) } })),
    scan: (path, page) => orNull(call({ method: "GET", path, query: { scan: "true", ...pageQuery(page) } })),
    write: (path, data) => call({ method: "PUT", path, body: data }),
    patch: (path, data) => call({ method: "PATCH", path, body: data }),
    delete: (path, query) => call({ method: "DELETE", path, query }),
    unwrap: <T>(token?: string) => unwrap<T>(client, token),
  }
  return client
}

function pageQuery({ after, limit }: ListPage = {}): Record<string, string> {
  return {
    ...(after === undefined || after === "" ? {} : { after }),
    ...(limit === undefined || limit <= 0 ? {} : { limit: String(limit) }),
  }
}

async function secretOf<T>(settings: Settings, options: RequestOptions): Promise<Secret<T> | null> {
  const text = await (await send(settings, options)).text()
  return parseSecret<T>(text) ?? null
}

/** A 404 is no error to a reader: nothing is there. But a body with data or warnings is kept: a deleted version's metadata. */
async function orNull<T>(reply: Promise<Secret<T> | null>): Promise<Secret<T> | null> {
  try {
    return await reply
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    return (error.secret as Secret<T> | undefined) ?? null
  }
}

/** The wrapping token authenticates itself when no other token is at hand. */
async function unwrap<T>(client: Client, token: string | undefined): Promise<Secret<T> | null> {
  const own = client.settings.token
  const plain = client.with({ wrapTtl: undefined, ...(own === "" && token ? { token } : {}) })
  const body = token === undefined || token === "" || plain.settings.token === token ? undefined : { token }
  return plain.write<T>("sys/wrapping/unwrap", body)
}
