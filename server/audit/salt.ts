/** The HMACs that stand for secret values in audit records: `hmac-sha256:<64 hex digits>`, keyed by the device's salt. */

import { keyedHash } from "@arca/crypto/keyed-hash"

/** The memo holds at most twice this many values. */
const MEMO_ENTRIES = 2048
/** Longer ones are keys and certificates, which cost memory and come seldom. */
const LONGEST = 128

export interface Salt {
  /** The HMAC of a value: remembered for a while when it is short, since tokens and most secrets come again and again. */
  hash(value: string): string
  /** Forgets the values remembered; called from time to time, so that nothing stays in memory for long after its use. */
  forget(): void
}

/** `key` is the salt as text (a UUID): its bytes are the HMAC's key, as in Vault. */
export function saltedHmac(key: string): Salt {
  const { digest, wipe } = keyedHash(key)
  const hashed = (value: string): string => `hmac-sha256:${digest(value, "hex")}`

  let young = new Map<string, string>()
  let old = new Map<string, string>()
  return {
    hash(value) {
      if (value.length > LONGEST) return hashed(value)
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
