/** Names made of chance. The source of chance is passed in. */

import type { RandomBytes } from "@arca/crypto/random"

export type { RandomBytes }

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
