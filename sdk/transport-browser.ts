import type { Settings } from "./settings.ts"
import type { Fetch, WireBody } from "./wire.ts"

/** The browser holds certificates and proxies itself. */
export function openTransport(_settings: Settings): Fetch {
  return async (url, { body, ...init }) =>
    globalThis.fetch(url, { ...init, ...(await bodyInit(body)), cache: "no-store", credentials: "omit" })
}

/** Not every browser can send a stream, and none over HTTP/1: it is collected first. */
async function bodyInit(body: WireBody | undefined): Promise<Pick<RequestInit, "body">> {
  if (typeof body !== "function") return body === undefined ? {} : { body }
  const pieces = await Array.fromAsync(body(), piece => new Uint8Array(piece))
  return { body: new Blob(pieces) }
}
