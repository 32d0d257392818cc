import { formatDuration } from "@arca/api/duration"
import { isRawNumber, rawNumberText } from "@arca/api/json"
import { byBytes } from "./order.ts"

/**
 * A value as Go's `%v` prints it, which is how Vault's tables show values: `map[a:1 b:[x y]]`, `<nil>`. Numbers keep the
 * text they came with.
 */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>"
  if (isRawNumber(value)) return rawNumberText(value)
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`
  if (typeof value === "object") {
    const entries = Object.entries(value).sort(([a], [b]) => byBytes(a, b))
    return `map[${entries.map(([key, one]) => `${key}:${goValue(one)}`).join(" ")}]`
  }
  return String(value)
}

/** A list of strings as Go's `%q` prints it: `["a" "b"]`. */
export const goQuoted = (values: readonly string[] | null): string =>
  `[${(values ?? []).map(one => JSON.stringify(one)).join(" ")}]`

/** A duration without its idle zeros: 768h, 1h30m, 5m, 0s. */
export function shortDuration(seconds: number): string {
  if (seconds === 0) return "0s"
  return formatDuration(seconds).replace(/m0s$/, "m").replace(/h0m$/, "h").replace("h0m", "h")
}

const DURATION_NAME = /^(period|ttl|duration|lease_max|ttl_max)$|_(period|ttl|duration)$/

/** The value under `key`, as a duration if the key is named like one and the value is a whole number. */
export function fieldValue(key: string, value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value) && DURATION_NAME.test(key)) return shortDuration(value)
  return goValue(value)
}
