import { matchesGlob } from "node:path"
import { ApiError, type Client } from "@arca/sdk"
import { type Call, command } from "../command.ts"
import { attempt, Failure } from "../failure.ts"
import { mount } from "../kv-flags.ts"
import { locate } from "../kv-path.ts"
import { keysOf, printNames } from "../listing.ts"
import { cleanPath } from "../paths.ts"

const args = { usage: "[PATH]", min: 0, max: 1 }

export const kvList = command({
  name: "list",
  summary: "Lists the secrets and folders below a path.",
  examples: [
    ["See what is in a folder", "kv list -mount=secret team"],
    ["See all of a mount", "kv list secret"],
  ],
  args,
  flags: { mount },
  prints: "value",
  run: async call => {
    const path = await folder(call, call.args[0])
    return printNames(call.out, path, "listing", (await call.client()).list(path))
  },
})

export const kvScan = command({
  name: "scan",
  summary: "Lists all secrets below a path, however deep.",
  examples: [["See every secret of a team", "kv scan -mount=secret team"]],
  args,
  flags: { mount },
  prints: "value",
  run: async call => {
    const path = await folder(call, call.args[0])
    return printNames(call.out, path, "scanning", (await call.client()).scan(path))
  },
})

export const kvSearch = command({
  name: "search",
  summary: "Finds secrets whose path contains a text, or matches a pattern with * and ?.",
  about:
    "Only names are looked at, never values, and only those that the token may list. On servers that cannot list recursively, folder after folder is listed.",
  examples: [
    ["Find whatever is called like it", "kv search postgres secret"],
    ["Find by pattern, below a folder", "kv search '**/prod-*' secret/team"],
  ],
  args: { usage: "TEXT [PATH]", min: 1, max: 2 },
  flags: { mount },
  prints: "value",
  run: async call => {
    const [wanted = "", where] = call.args
    const path = await folder(call, where)
    const server = await call.client()
    const names = await attempt(`Error searching ${path}`, namesBelow(server, path))
    const found = names.filter(name => matches(name, wanted)).sort()
    if (found.length === 0) throw new Failure(`No name below ${path} contains "${wanted}"`, 2)
    if (call.out.format === "table") for (const name of found) call.out.line(name)
    else await call.out.value(found)
  },
})

async function folder(
  { flags, preflight }: Call<{ mount: string | undefined }>,
  given: string | undefined,
): Promise<string> {
  if (given === undefined && flags.mount === undefined) throw new Failure("Not enough arguments (expected 1, got 0)", 1)
  return (await locate(await preflight(), flags.mount, cleanPath(given ?? ""))).at("metadata")
}

const matches = (name: string, wanted: string): boolean =>
  /[*?]/.test(wanted) ? matchesGlob(name, wanted) : name.toLowerCase().includes(wanted.toLowerCase())

async function namesBelow(server: Client, path: string): Promise<string[]> {
  try {
    const keys = keysOf(await server.scan(path))
    if (keys !== undefined) return keys.filter(key => !key.endsWith("/"))
  } catch (error) {
    if (!(error instanceof ApiError) || error.status === 503) throw error
  }
  return walk(server, path, "")
}

/** Lists folder after folder; those that the token may not list are passed over. */
async function walk(server: Client, path: string, prefix: string): Promise<string[]> {
  const names: string[] = []
  const keys = keysOf(await server.list(`${path}/${prefix}`).catch(hidden)) ?? []
  for (const key of keys) {
    if (key.endsWith("/")) names.push(...(await walk(server, path, prefix + key)))
    else names.push(prefix + key)
  }
  return names
}

function hidden(error: unknown): null {
  if (error instanceof ApiError && error.status === 403) return null
  throw error
}
