/** A seal is a value: how the root key is kept while nobody is there. */

import { unwrapKey, wrapKey } from "@arca/crypto/aead"

/** A seal that can open by itself: it wraps the root key with something outside of the store. */
export interface AutoSeal {
  readonly kind: "auto"
  /** `static`, `transit`. */
  readonly type: string
  wrap(rootKey: Uint8Array): Promise<Uint8Array>
  /** Throws a sentence for the operator when the key cannot be had. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>
  /** Whether the root key should be wrapped anew: the seal has a newer key than the one this was wrapped with. */
  stale?(wrapped: Uint8Array): boolean
}

/** The root key is wrapped under a key that is split among people. */
export interface ShamirSeal {
  readonly kind: "shamir"
  readonly type: "shamir"
}

export type Seal = AutoSeal | ShamirSeal

export const shamirSeal: ShamirSeal = { kind: "shamir", type: "shamir" }

const LABEL = "arca root key"

/** The root key under the unseal key that people hold shares of. */
export const wrapUnderShares = (unsealKey: Uint8Array, rootKey: Uint8Array): Uint8Array =>
  wrapKey(unsealKey, LABEL, rootKey)

export const unwrapUnderShares = (unsealKey: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined =>
  unsealKey.length === 32 ? unwrapKey(unsealKey, LABEL, wrapped) : undefined
