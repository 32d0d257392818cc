/** How to reach a PostgreSQL server, in the two forms that its own clients take (libpq, section 32.1.1). */

import { StorageFailed } from "./view.ts"

const PAIR = /\s*(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)/y

/** What of the pairs has a place of its own in a URL. */
const PLACES = new Set(["user", "password", "host", "port", "dbname"])

/**
 * `postgresql://user:password@host:5432/database?sslmode=…`, from such a URL or from `host=… port=… user=…`. Throws
 * `StorageFailed` for what is neither; its message does not repeat the text, which may hold a password.
 */
export function addressOf(text: string): string {
  if (/^postgres(ql)?:\/\//.test(text)) return text
  const pairs = pairsOf(text)
  if (pairs === undefined) {
    throw new StorageFailed(
      "connection_url must be an address such as postgresql://user:password@host:5432/database, or host=… user=… dbname=…",
    )
  }
  const part = (name: string): string => encodeURIComponent(pairs.get(name) ?? "")
  const rest = new URLSearchParams([...pairs].filter(([name]) => !PLACES.has(name)))
  const host = pairs.get("host") ?? ""
  const isSocket = host.startsWith("/")
  if (isSocket) rest.set("host", host)
  const port = pairs.has("port") ? `:${part("port")}` : ""
  const who = pairs.has("user") ? `${part("user")}${pairs.has("password") ? `:${part("password")}` : ""}@` : ""
  const query = rest.size === 0 ? "" : `?${rest}`
  return `postgresql://${who}${isSocket ? "" : host}${port}/${part("dbname")}${query}`
}

function pairsOf(text: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>()
  PAIR.lastIndex = 0
  while (PAIR.lastIndex < text.trimEnd().length) {
    const [, name = "", value = ""] = PAIR.exec(text) ?? []
    if (name === "") return undefined
    pairs.set(name, (value.startsWith("'") ? value.slice(1, -1) : value).replaceAll(/\\(.)/g, "$1"))
  }
  return pairs.size === 0 ? undefined : pairs
}
