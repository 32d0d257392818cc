import { field, type Json, refuse } from "@arca/api"

const MAX_KEYS = 64
const MAX_KEY_BYTES = 128
const MAX_VALUE_BYTES = 512

const bytes = (text: string): number => Buffer.byteLength(text)
/** Go's notion of it: no blank but the space. */
const isPrintable = (text: string): boolean => /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]*$/u.test(text)
const pairs = field.pairs("")

/**
 * Custom metadata as it may be stored: at most 64 keys, 128 bytes each, to printable strings of at most 512 bytes; null
 * without any.
 */
export function checkCustomMetadata(metadata: Json): Record<string, string> | null {
  const read = pairs.kind.read(metadata)
  if (!(read instanceof Map)) throw refuse.invalid("custom_metadata validation failed: expected a map of strings")
  const problems = [...problemsOf(read)].map(problem => `\t* custom_metadata validation failed: ${problem}\n`)
  if (problems.length > 0) {
    const count = problems.length === 1 ? "1 error" : `${problems.length} errors`
    throw refuse.invalid(`${count} occurred:\n${problems.join("")}\n`)
  }
  return read.size === 0 ? null : Object.fromEntries(read)
}

function* problemsOf(pairs: ReadonlyMap<string, string>): Iterable<string> {
  if (pairs.size > MAX_KEYS) {
    yield `payload must contain at most ${MAX_KEYS} keys, provided ${pairs.size}`
    return
  }
  for (const [key, value] of pairs) {
    const named = JSON.stringify(key)
    if (key === "" || bytes(key) > MAX_KEY_BYTES)
      yield `length of key ${named} is ${bytes(key)} but must be 0 < len(key) <= ${MAX_KEY_BYTES}`
    if (value === "" || bytes(value) > MAX_VALUE_BYTES)
      yield `length of value for key ${named} is ${bytes(value)} but must be 0 < len(value) <= ${MAX_VALUE_BYTES}`
    if (!isPrintable(key)) yield `key ${named} contains unprintable characters`
    if (!isPrintable(value)) yield `value for key ${named} contains unprintable characters`
  }
}
