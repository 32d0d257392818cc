import { ApiError, type Client } from "@arca/sdk"
import { Failure } from "./failure.ts"
import { ownField } from "./output/secret.ts"
import { cleanPath, joinPath } from "./paths.ts"

/** Where a key lives: its mount, and whether that keeps versions. */
export interface KvPlace {
  readonly versioned: boolean
  /** As in the API: `secret/data/app` for the words `secret/app`; `secret/app` where there are no versions. */
  at(part: "data" | "metadata" | "delete" | "undelete" | "destroy" | "subkeys"): string
}

/**
 * Finds the mount behind the words of a command: `-mount=secret app`, or `secret/app`, for which the server is asked where
 * the mount ends. Throws what the server refuses.
 */
export async function locate(preflight: Client, mount: string | undefined, key: string): Promise<KvPlace> {
  const words = mount === undefined ? cleanPath(key) : joinPath(mount, key)
  const found = await mountOf(preflight, mount === undefined ? words : cleanPath(mount))
  if (!found.versioned) return { versioned: false, at: () => words }
  const [prefix, rest] = below(found.path, words)
  return { versioned: true, at: part => joinPath(prefix, part, rest) }
}

/** The same for commands that only make sense with versions. */
export async function locateVersioned(
  preflight: Client,
  mount: string | undefined,
  key: string,
  refusal: string,
): Promise<KvPlace> {
  const place = await locate(preflight, mount, key)
  if (!place.versioned) throw new Failure(refusal, 1)
  return place
}

async function mountOf(server: Client, path: string): Promise<{ path: string; versioned: boolean }> {
  try {
    const reply = await server.request({ method: "GET", path: `sys/internal/ui/mounts/${path}` })
    const { data } = JSON.parse(await reply.text())
    return { path: data.path, versioned: ownField(data.options ?? null, "version") === "2" }
  } catch (error) {
    // Servers from before this endpoint had no versions.
    if (error instanceof ApiError && error.status === 404) return { path: "", versioned: false }
    throw error
  }
}

/** The mount as `words` name it, and what follows. The server may put namespaces before it that the words leave out. */
function below(mount: string, words: string): [string, string] {
  const parts = cleanPath(mount).split("/")
  for (const [skipped] of parts.entries()) {
    const name = parts.slice(skipped).join("/")
    if (words === name) return [name, ""]
    if (words.startsWith(`${name}/`)) return [name, words.slice(name.length + 1)]
  }
  return [mount, words]
}
