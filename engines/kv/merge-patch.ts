import { isJsonObject, type Json } from "@arca/api"

/** JSON merge patch (RFC 7396): objects merge, null removes, all else replaces. */
export function mergePatch(target: Json, change: Json): Json {
  if (!isJsonObject(change)) return change
  const merged = new Map(isJsonObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key) ?? null, value))
  }
  return Object.fromEntries(merged)
}
