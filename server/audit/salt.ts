/**
 * The HMACs that stand for secret values in audit records: `hmac-sha256:<64 hex digits>`, keyed by the device's salt.
 *
 * HMAC-SHA256 (RFC 2104) is made here from two one-shot hashes over prepared blocks, which takes less than half the time of
 * `createHmac`, and an audited request needs about ten of them.
 */

import { createHmac, hash } from "node:crypto"

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** Longer values go through `createHmac`: they are rare, and the scratch buffer stays small. */
const SCRATCH_BYTES = 4096
/** The memo holds at most twice this many values. */
const MEMO_ENTRIES = 512

export interface Salt {
  /** The HMAC of a value that is unlikely to come again. */
  hash(value: string): string
  /** The HMAC of a token or accessor, remembered for a while, since it comes with every request of its owner. */
  recurring(value: string): string
  /** Forgets the values remembered; called from time to time, so that no token stays in memory for long after its use. */
  forget(): void
}

/** `key` is the salt as text (a UUID): its bytes are the HMAC's key, as in Vault. */
export function saltedHmac(key: string): Salt {
  const keyBlock = keyBlockOf(key)
  const inner = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES)
  for (const [at, byte] of keyBlock.entries()) {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  const prefixes: Buffer[] = []
  const digestOf = (value: string): string => {
    // Three bytes are the most that a UTF-16 unit takes in UTF-8.
    if (value.length * 3 > SCRATCH_BYTES) return createHmac("sha256", key).update(value).digest("hex")
    const length = BLOCK_BYTES + inner.write(value, BLOCK_BYTES)
    const message = (prefixes[length] ??= inner.subarray(0, length))
    outer.write(hash("sha256", message, "latin1"), BLOCK_BYTES, "latin1")
    return hash("sha256", outer, "hex")
  }
  // Vault hashes the empty string as well, and replies are full of them.
  const empty = `hmac-sha256:${digestOf("")}`
  const hashed = (value: string): string => (value === "" ? empty : `hmac-sha256:${digestOf(value)}`)

  let young = new Map<string, string>()
  let old = new Map<string, string>()
  return {
    hash: hashed,
    recurring(value) {
      const known = young.get(value)
      if (known !== undefined) return known
      const digest = old.get(value) ?? hashed(value)
      if (young.size >= MEMO_ENTRIES) {
        old = young
        young = new Map()
      }
      young.set(value, digest)
      return digest
    },
    forget() {
      old = young
      young = new Map()
      inner.fill(0, BLOCK_BYTES)
    },
  }
}

/** RFC 2104: a key longer than a block is hashed, a shorter one padded with zeros. */
function keyBlockOf(key: string): Buffer {
  const bytes = Buffer.from(key)
  const block = Buffer.alloc(BLOCK_BYTES)
  const fitting = bytes.length > BLOCK_BYTES ? hash("sha256", bytes, "buffer") : bytes
  fitting.copy(block)
  return block
}
