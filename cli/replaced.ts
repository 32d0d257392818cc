import type { Client } from "@arca/sdk"
import type { Io } from "./io.ts"
import type { KvPlace } from "./kv-path.ts"
import type { Output } from "./output/output.ts"
import { isObject, number } from "./shape.ts"

interface Writing {
  readonly io: Io
  readonly out: Output
  preflight(): Promise<Client>
  readonly globals: { readonly "output-curl-string": boolean; readonly "output-policy": boolean }
}

/**
 * What a person loses by `kv put`, which replaces all values: the keys of the newest version that the new one lacks, and how
 * to get them back. Asks for key names only, never for values; undefined when nothing is lost, nobody is there to read it,
 * or the token may not know.
 */
export async function replacedKeys(
  { io, out, preflight, globals }: Writing,
  place: KvPlace,
  kept: readonly string[],
): Promise<string | undefined> {
  if (!io.stderr.isTerminal || out.format !== "table") return undefined
  if (globals["output-curl-string"] || globals["output-policy"]) return undefined
  const server = await preflight()
  const current = await server.read(place.at("subkeys"), { depth: "1" }).catch(() => null)
  const { subkeys, metadata } = current?.data ?? {}
  if (!isObject(subkeys) || !isObject(metadata)) return undefined
  const lost = Object.keys(subkeys).filter(key => !kept.includes(key))
  if (lost.length === 0) return undefined
  const version = number(metadata.version)
  const names = lost.map(key => `"${key}"`).join(", ")
  return [
    `This replaced the whole secret: ${names} of version ${version} ${lost.length === 1 ? "is" : "are"} not in the new one.`,
    `To undo:  ${io.program} kv rollback -version=${version} ${withoutPart(place)}`,
    `To change single values next time, use "${io.program} kv patch", or guard the write with -cas=${version}.`,
  ].join("\n")
}

/** The place as people type it: mount and key without the API's part between. */
const withoutPart = (place: KvPlace): string => {
  const [a, b] = [place.at("data").split("/"), place.at("subkeys").split("/")]
  const differs = a.findIndex((word, index) => word !== b[index])
  return a.toSpliced(differs, 1).join("/")
}
