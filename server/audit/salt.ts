/** The HMACs that stand for secret values in audit records: `hmac-sha256:<64 hex digits>`, keyed by the device's salt. */

import { keyedHash } from "@arca/crypto/keyed-hash"

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
  const { digest, wipe } = keyedHash(key)
  // Vault hashes the empty string as well, and replies are full of them.
  const empty = `hmac-sha256:${digest("", "hex")}`
  const hashed = (value: string): string => (value === "" ? empty : `hmac-sha256:${digest(value, "hex")}`)

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
      wipe()
    },
  }
}
