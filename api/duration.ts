/** Durations as Vault reads and writes them: Go's `time.ParseDuration` with days, bare integers being seconds. */

const UNIT_NANOSECONDS: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["µs", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["m", 60e9],
  ["h", 3600e9],
  ["d", 86400e9],
])

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)/y

/** The largest duration that Go can hold, in seconds (2^63 ns). */
const MAX_SECONDS = 9_223_372_036

/**
 * Seconds in `text` (`"90"`, `"1h30m"`, `"2d"`, `"-5s"`), with fractions kept; undefined when it is no duration or does
 * not fit Go's 64 bits.
 */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?\d+$/.test(text)) return bounded(Number(text))
  const sign = text.startsWith("-") ? -1 : 1
  const body = /^[+-]/.test(text) ? text.slice(1) : text
  if (body === "") return undefined
  let nanoseconds = 0
  PART.lastIndex = 0
  while (PART.lastIndex < body.length) {
    const part = PART.exec(body)
    if (part === null) return undefined
    nanoseconds += Number(part[1]) * (UNIT_NANOSECONDS.get(part[2] ?? "") ?? Number.NaN)
  }
  return bounded((sign * nanoseconds) / 1e9)
}

function bounded(seconds: number): number | undefined {
  return Math.abs(seconds) <= MAX_SECONDS ? seconds : undefined
}

/** Go's `Duration.String()`: `1h0m0s`, `1.5s`, `0s`. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return "0s"
  if (seconds < 0) return `-${formatDuration(-seconds)}`
  if (seconds < 1e-3) return `${seconds * 1e6}µs`
  if (seconds < 1) return `${Number((seconds * 1e3).toFixed(6))}ms`
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds - hours * 3600) / 60)
  const rest = `${Number((seconds - hours * 3600 - minutes * 60).toFixed(9))}s`
  if (hours > 0) return `${hours}h${minutes}m${rest}`
  return minutes > 0 ? `${minutes}m${rest}` : rest
}
