import type { Settings } from "./settings.ts"
import type { Fetch } from "./wire.ts"

/** The browser holds certificates and proxies itself. */
export function openTransport(_settings: Settings): Fetch {
  return (url, { body, ...init }) =>
    globalThis.fetch(url, { ...init, ...(body === undefined ? {} : { body }), cache: "no-store", credentials: "omit" })
}
