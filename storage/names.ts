/** Listings made from an ordered scan of keys. */

import { childOf, compareKeys, pastFolder } from "./key.ts"
import type { Listing } from "./transaction.ts"
import type { Page } from "./view.ts"

/**
 * The names of a listing, read from `scan`, which yields the stored keys from a given one on, in order. A folder is left
 * as soon as its name is known, so it costs one seek whatever it holds.
 */
export function namesFrom(
  scan: (start: string) => Iterable<string>,
  listing: Listing,
  prefix: string,
  page: Page,
): string[] {
  const names: string[] = []
  let start: string | undefined = prefix + (page.after ?? "")
  while (start !== undefined) start = collect(scan(start), listing, prefix, page, names)
  return names
}

/** Adds names until one is a folder, and tells where to go on behind it; undefined when the listing is complete. */
function collect(
  keys: Iterable<string>,
  listing: Listing,
  prefix: string,
  { after, before, limit }: Page,
  names: string[],
): string | undefined {
  for (const key of keys) {
    if (!key.startsWith(prefix)) return undefined
    const relative = key.slice(prefix.length)
    const name = listing === "list" ? childOf(relative) : relative
    if (before !== undefined && compareKeys(name, before) >= 0) return undefined
    if (after === undefined || compareKeys(name, after) > 0) names.push(name)
    if (names.length === limit) return undefined
    if (listing === "list" && name.endsWith("/")) return pastFolder(prefix + name)
  }
  return undefined
}
