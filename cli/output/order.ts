import { isRawNumber } from "@arca/api/json"

/** Go's order of strings: by code points. */
export function byBytes(a: string, b: string): number {
  if (a === b) return 0
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** A copy with the keys of every object sorted, as Go's encoders write maps. */
export function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null || isRawNumber(value)) return value
  const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b))
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]))
}
