import { isRawNumber, type Json, type JsonObject } from "@arca/api"

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRawNumber(value)

/** JSON merge patch (RFC 7396): objects merge, null removes, all else replaces. */
export function mergePatch(target: Json, change: Json): Json {
  if (!isObject(change)) return change
  const merged = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key)
    else merged.set(key, mergePatch(merged.get(key) ?? null, value))
  }
  return Object.fromEntries(merged)
}
