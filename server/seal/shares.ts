/** Keys split among people, and handed out plain or encrypted to their PGP keys. */

import { type JsonObject, refuse } from "@arca/api"
import { combine, split } from "@arca/crypto/shamir"
import type { RandomBytes } from "../random.ts"
import { encryptTo } from "./pgp.ts"

export interface Split {
  readonly shares: readonly Uint8Array[]
  /** What is handed out: the shares, or their encrypted forms. */
  readonly handed: readonly Uint8Array[]
  readonly fingerprints: readonly string[]
}

export interface SplitWish {
  readonly shares: number
  readonly threshold: number
  readonly pgpKeys: readonly string[]
}

/** Refuses (400) numbers that make no sense, in Vault's words. */
export function checkWish(
  { shares, threshold, pgpKeys }: SplitWish,
  names: { shares: string; threshold: string; pgp: string },
): void {
  if (shares < 1) throw refuse.invalid(`invalid seal configuration: ${names.shares} must be at least one`)
  if (threshold < 1) throw refuse.invalid(`invalid seal configuration: ${names.threshold} must be at least one`)
  if (shares > 255) throw refuse.invalid(`invalid seal configuration: ${names.shares} must be less than 256`)
  if (shares > 1 && threshold === 1)
    throw refuse.invalid("invalid seal configuration: threshold must be greater than one for multiple shares")
  if (threshold > shares) throw refuse.invalid("invalid seal configuration: threshold cannot be larger than shares")
  if (pgpKeys.length > 0 && pgpKeys.length !== shares) {
    throw refuse.invalid(`incorrect number of PGP keys for ${names.shares}: ${pgpKeys.length} for ${shares}`)
  }
}

/** One share is the key itself; more are Shamir's. */
export async function splitKey(key: Uint8Array, wish: SplitWish, random: RandomBytes): Promise<Split> {
  const shares = wish.shares === 1 ? [key] : split(key, wish.shares, wish.threshold, random)
  if (wish.pgpKeys.length === 0) return { shares, handed: shares, fingerprints: [] }
  const encrypted = await Promise.all(shares.map((share, index) => encryptTo(wish.pgpKeys[index] ?? "", share)))
  return { shares, handed: encrypted.map(one => one.bytes), fingerprints: encrypted.map(one => one.fingerprint) }
}

/** The key behind `threshold` shares; undefined when they cannot belong together. */
export function joinShares(shares: readonly Uint8Array[]): Uint8Array | undefined {
  const [only] = shares
  if (shares.length === 1) return only && Uint8Array.from(only)
  try {
    return combine(shares)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** A share as people paste it: hex or base64. Refuses (400) anything else. */
export function readShare(text: string): Uint8Array {
  const trimmed = text.trim()
  if (/^([0-9a-f]{2}){32,33}$/i.test(trimmed)) return Buffer.from(trimmed, "hex")
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(trimmed) ? Buffer.from(trimmed, "base64") : Buffer.alloc(0)
  if (bytes.length === 0) throw refuse.invalid("'key' must be a valid hex or base64 string")
  if (bytes.length < 16 || bytes.length > 34) throw refuse.invalid(`key is of the wrong length: ${bytes.length} bytes`)
  return bytes
}

/** The handed-out keys under the names that clients expect. */
export const shownKeys = (handed: readonly Uint8Array[], prefix = ""): JsonObject => ({
  [`${prefix}keys`]: handed.map(key => Buffer.from(key).toString("hex")),
  [`${prefix}keys_base64`]: handed.map(key => Buffer.from(key).toString("base64")),
})
