/** Names made of chance. The source of chance is passed in. */

export type RandomBytes = (bytes: number) => Uint8Array

const POOL_BYTES = 4096
/** More than this at once is asked of the source itself. */
const POOLED_BYTES = 64

/** The same source, asked for many bytes at a time: each call to the system costs as much as a hundred bytes do. */
export function pooled(source: RandomBytes): RandomBytes {
  let pool = source(POOL_BYTES)
  let used = 0
  return bytes => {
    if (bytes > POOLED_BYTES) return source(bytes)
    if (used + bytes > POOL_BYTES) {
      pool = source(POOL_BYTES)
      used = 0
    }
    const taken = Uint8Array.prototype.slice.call(pool, used, used + bytes)
    // What was handed out is nobody else's: it does not stay here.
    pool.fill(0, used, (used += bytes))
    return taken
  }
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** `length` characters of base62, each equally likely: bytes beyond the last whole multiple of 62 are thrown away. */
export function base62(random: RandomBytes, length: number): string {
  let text = ""
  while (text.length < length) {
    for (const byte of random((length - text.length) * 2)) {
      if (byte < 248 && text.length < length) text += BASE62[byte % 62]
    }
  }
  return text
}

/** A random UUID (RFC 9562, version 4). */
export function uuid(random: RandomBytes): string {
  const bytes = Buffer.from(random(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString("hex")
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
