/** Words of a user's own about a secret or an alias (`custom_metadata`), within Vault's bounds. */

const MAX_KEYS = 64
const MAX_KEY_BYTES = 128
const MAX_VALUE_BYTES = 512

const bytes = (text: string): number => Buffer.byteLength(text)
/** Go's notion of it: no blank but the space. */
const isPrintable = (text: string): boolean => /^[ \p{L}\p{M}\p{N}\p{P}\p{S}]*$/u.test(text)

/** What keeps the pairs from being stored, in Vault's words; nothing when they are at most 64 printable keys and values of a bounded length. */
export function* customMetadataProblems(pairs: ReadonlyMap<string, string>): Iterable<string> {
  const failed = (why: string): string => `custom_metadata validation failed: ${why}`
  if (pairs.size > MAX_KEYS) {
    yield failed(`payload must contain at most ${MAX_KEYS} keys, provided ${pairs.size}`)
    return
  }
  for (const [key, value] of pairs) {
    const named = JSON.stringify(key)
    if (key === "" || bytes(key) > MAX_KEY_BYTES)
      yield failed(`length of key ${named} is ${bytes(key)} but must be 0 < len(key) <= ${MAX_KEY_BYTES}`)
    if (value === "" || bytes(value) > MAX_VALUE_BYTES)
      yield failed(
        `length of value for key ${named} is ${bytes(value)} but must be 0 < len(value) <= ${MAX_VALUE_BYTES}`,
      )
    if (!isPrintable(key)) yield failed(`key ${named} contains unprintable characters`)
    if (!isPrintable(value)) yield failed(`value for key ${named} contains unprintable characters`)
  }
}
