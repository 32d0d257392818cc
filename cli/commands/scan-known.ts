import { ApiError, type Client } from "@arca/sdk"
import { command } from "../command.ts"
import { Failure } from "../failure.ts"
import { text } from "../flags.ts"
import { locate } from "../kv-path.ts"
import { keysOf } from "../listing.ts"
import { joinPath } from "../paths.ts"
import { partOf } from "../server-part.ts"
import { isObject } from "../shape.ts"

const maxDepth = 32

/** `arca scan known export`: the hashes of what the token may read below a path, for `arca scan … --known FILE`. */
export const knownExport = command({
  name: "export",
  summary: "Writes the keyed hashes of secrets' values, with which a scan finds them wherever they leaked.",
  examples: [["Hash all values below a folder", "scan known export -output=known.json secret/team"]],
  args: { usage: "PATH", min: 1, max: 1 },
  flags: {
    output: text("The file to write, readable by you alone"),
    mount: text("The mount, where PATH does not begin with it"),
  },
  async run({ args: [given = ""], flags, io, client, preflight }) {
    if (flags.output === undefined) throw new Failure("-output must name the file to write", 1)
    const server = await client()
    const place = await locate(await preflight(), flags.mount, given)
    const walk = { server, versioned: place.versioned, refused: [] as string[], lines: [] as string[] }
    await walkFolder(walk, place.at("metadata"), place.at("data"), given.replace(/\/+$/, ""), 0)
    for (const path of walk.refused) io.stderr.write(`Left out ${path}: permission denied\n`)
    if (walk.lines.length === 0) throw new Failure(`No values found below ${given}`, 2)
    const write = await partOf("@arca/scanner", "knownCommand")
    const stdin = { ...io.stdin, text: async () => walk.lines.join("\n") }
    return write(["known", "make", "--output", flags.output], { ...io, stdin })
  },
})

type Walk = { server: Client; versioned: boolean; refused: string[]; lines: string[] }

/** A name may be a secret and a folder at once. */
async function walkFolder(walk: Walk, list: string, read: string, name: string, depth: number): Promise<void> {
  if (depth === 0) await takeSecret(walk, read, name)
  if (depth >= maxDepth) return
  const keys = await allowed(walk, name, async () => keysOf(await walk.server.list(list)))
  for (const key of keys ?? []) {
    const bare = key.replace(/\/$/, "")
    const below = [joinPath(list, bare), joinPath(read, bare), `${name}/${bare}`] as const
    if (key.endsWith("/")) await walkFolder(walk, ...below, depth + 1)
    else await takeSecret(walk, below[1], below[2])
  }
}

async function takeSecret(walk: Walk, path: string, name: string): Promise<void> {
  const secret = await allowed(walk, name, () => walk.server.read(path))
  const data = walk.versioned ? secret?.data?.data : secret?.data
  if (!isObject(data)) return
  for (const [field, value] of Object.entries(data))
    if (typeof value === "string") walk.lines.push(JSON.stringify({ name: `${name}#${field}`, value }))
}

/** What the token may not see is left out, and said. */
async function allowed<T>(walk: Walk, name: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    if (error.status === 403) walk.refused.push(name)
    if (error.status === 403 || error.status === 404) return undefined
    throw error
  }
}
