import { type JsonObject, refuse } from "@arca/api"

const MAX_KEYS = 64
const MAX_KEY_BYTES = 128
const MAX_VALUE_BYTES = 512

const bytes = (text: string): number => Buffer.byteLength(text)
const isPrintable = (text: string): boolean => /^[^\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]*$/u.test(text)

/** Custom metadata as it may be stored: at most 64 keys, 128 bytes each, to printable strings of at most 512 bytes. */
export function checkCustomMetadata(metadata: unknown): Record<string, string> {
  const entries = Object.entries(metadata as JsonObject)
  const problems: string[] = []
  if (entries.length > MAX_KEYS)
    problems.push(`payload must contain at most ${MAX_KEYS} keys, provided ${entries.length}`)
  const kept: [string, string][] = []
  for (const [key, given] of entries) {
    const value = typeof given === "number" || typeof given === "boolean" ? String(given) : given
    const problem = problemOf(key, value)
    if (problem !== undefined) problems.push(problem)
    if (typeof value === "string") kept.push([key, value])
  }
  if (problems.length > 0) throw refuse.invalid(`custom_metadata validation failed: ${problems.join("; ")}`)
  return Object.fromEntries(kept)
}

function problemOf(key: string, value: unknown): string | undefined {
  const named = JSON.stringify(key.slice(0, MAX_KEY_BYTES))
  if (key === "") return "length of key must not be 0"
  if (bytes(key) > MAX_KEY_BYTES) return `length of key ${named} is ${bytes(key)} but max allowed is ${MAX_KEY_BYTES}`
  if (!isPrintable(key)) return `key ${named} must consist of printable characters`
  if (typeof value !== "string") return `value of key ${named} must be a string`
  if (bytes(value) > MAX_VALUE_BYTES) {
    return `length of value for key ${named} is ${bytes(value)} but max allowed is ${MAX_VALUE_BYTES}`
  }
  return isPrintable(value) ? undefined : `value of key ${named} must consist of printable characters`
}
