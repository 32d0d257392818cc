/**
 * HMAC-SHA256 (RFC 2104) of short texts under one key: made from two one-shot hashes over prepared blocks, which takes less
 * than half the time of `createHmac`. Every request needs about ten of them.
 */

import { createHmac, hash } from "node:crypto"

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** Longer texts go through `createHmac`: they are rare, and the scratch buffer stays small. */
const SCRATCH_BYTES = 4096

export interface KeyedHash {
  /** The HMAC of a text's UTF-8 bytes. */
  digest(text: string, encoding: "hex" | "base64url"): string
  /** Clears what the last text left in memory. */
  wipe(): void
}

export function keyedHash(key: string | Uint8Array): KeyedHash {
  const inner = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES)
  for (const [at, byte] of keyBlockOf(key).entries()) {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  const prefixes: Buffer[] = []
  return {
    digest(text, encoding) {
      // Three bytes are the most that a UTF-16 unit takes in UTF-8.
      if (text.length * 3 > SCRATCH_BYTES) return createHmac("sha256", key).update(text).digest(encoding)
      const length = BLOCK_BYTES + inner.write(text, BLOCK_BYTES)
      const message = (prefixes[length] ??= inner.subarray(0, length))
      outer.write(hash("sha256", message, "latin1"), BLOCK_BYTES, "latin1")
      return hash("sha256", outer, encoding)
    },
    wipe: () => void inner.fill(0, BLOCK_BYTES),
  }
}

/** A key longer than a block is hashed, a shorter one padded with zeros. */
function keyBlockOf(key: string | Uint8Array): Buffer {
  const bytes = typeof key === "string" ? Buffer.from(key) : key
  const block = Buffer.alloc(BLOCK_BYTES)
  const fitting = bytes.length > BLOCK_BYTES ? hash("sha256", bytes, "buffer") : bytes
  block.set(fitting)
  return block
}
