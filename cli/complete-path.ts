import type { Json, JsonObject } from "@arca/api/json"
import type { Client } from "@arca/sdk"
import { keysOf } from "./listing.ts"
import { cleanPath } from "./paths.ts"
import { isObject } from "./shape.ts"

/** What a command takes, as its usage says: `PATH [K=V...]`. */
export interface Takes {
  readonly usage: string
  /** Whether data is written: parameters are those of a body, not of a query. */
  readonly writes: boolean
}

/** Seconds that a shell waits for the server; after that it completes nothing. */
const PATIENCE = 2

/**
 * What only the server can tell of a word: names of mounts and of folders for a path, names and choices of the path's parameters
 * after it. Whatever goes wrong, there are no candidates: a shell must not fail while somebody types.
 */
export async function pathCandidates(
  { usage, writes }: Takes,
  args: readonly string[],
  word: string,
  client: Client,
): Promise<string[]> {
  if (!usage.startsWith("PATH")) return []
  const patient = client.with({ timeout: PATIENCE, retries: 0 })
  try {
    const [path] = args
    const names = path === undefined ? await below(patient, word) : await parameters(patient, path, word, writes)
    return names.filter(name => name.startsWith(word))
  } catch {
    return []
  }
}

/** Mounts, or what is in the folder that the word has reached. */
async function below(client: Client, word: string): Promise<string[]> {
  const folder = word.slice(0, word.lastIndexOf("/") + 1)
  const mounts = await mountPaths(client)
  const mount = mounts.find(one => folder.startsWith(one))
  if (mount === undefined) return mounts
  const [listed, declared] = await Promise.all([
    client.list(cleanPath(folder)).catch(() => null),
    help(client, mount).catch(() => null),
  ])
  const names = (keysOf(listed) ?? []).map(name => folder + name)
  return [...new Set([...declaredBelow(declared, folder), ...names])].sort()
}

const help = async (client: Client, path: string): Promise<Json | undefined> =>
  (await client.json<JsonObject>({ method: "GET", path: cleanPath(path), query: { help: "1" } })).openapi

/** The next segments that an engine's paths have below a folder: `secret/` leads to `secret/data/` and others. */
function declaredBelow(openapi: Json | undefined, folder: string): string[] {
  const reached = folder.split("/").slice(0, -1)
  return Object.keys(inner(openapi, "paths") ?? {}).flatMap(path => {
    const segments = path.split("/").slice(1)
    const fits = reached.every((segment, at) => /^\{/.test(segments[at] ?? "") || segments[at] === segment)
    const next = segments[reached.length]
    if (!fits || next === undefined || next === "" || next.startsWith("{")) return []
    return [folder + next + (segments.length > reached.length + 1 ? "/" : "")]
  })
}

async function mountPaths(client: Client): Promise<string[]> {
  const seen = await client.read<{ secret?: Json; auth?: Json }>("sys/internal/ui/mounts")
  const { secret, auth } = seen?.data ?? {}
  return [
    ...(isObject(secret) ? Object.keys(secret) : []),
    ...(isObject(auth) ? Object.keys(auth).map(path => `auth/${path}`) : []),
  ].sort()
}

async function parameters(client: Client, path: string, word: string, writes: boolean): Promise<string[]> {
  const openapi = await help(client, path)
  const fields = writes ? bodyFields(openapi) : queryFields(openapi)
  const name = word.split("=", 1)[0] ?? ""
  if (!word.includes("=")) return Object.keys(fields).map(one => `${one}=`)
  const field = fields[name]
  const choices = isObject(field) && Array.isArray(field.enum) ? field.enum.map(String) : []
  return choices.map(choice => `${name}=${choice}`)
}

const inner = (from: Json | undefined, key: string): Json | undefined => (isObject(from) ? from[key] : undefined)

/** The help of a path holds one schema for each of its writes. Names that are deprecated are not offered. */
function bodyFields(openapi: Json | undefined): JsonObject {
  const schemas = inner(inner(openapi, "components"), "schemas")
  const requests = isObject(schemas) ? Object.entries(schemas).filter(([title]) => title.endsWith("Request")) : []
  const fields = requests.flatMap(([, schema]) => Object.entries(inner(schema, "properties") ?? {}))
  return Object.fromEntries(fields.filter(([, field]) => inner(field, "deprecated") !== true))
}

function queryFields(openapi: Json | undefined): JsonObject {
  const items = Object.values(inner(openapi, "paths") ?? {})
  const parameters = items.map(item => inner(inner(item, "get"), "parameters")).filter(list => Array.isArray(list))
  const query = parameters.flat().filter(one => inner(one, "in") === "query" && inner(one, "name") !== "list")
  return Object.fromEntries(query.map(one => [String(inner(one, "name")), inner(one, "schema") ?? {}]))
}
