/** How the store is sealed: one entry outside the barrier, without a secret that is not wrapped. */

import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { View } from "@arca/storage"

/** How many people hold shares of the key that the root key is wrapped with. */
export interface Shares {
  /** Shares of the unseal key (Shamir), or of the recovery key (auto seals). */
  readonly shares: number
  readonly threshold: number
  /** The root key, wrapped by the seal, in base64. */
  readonly wrapped: string
}

export interface SealConfig extends Shares {
  readonly type: string
  /**
   * The shares that were just replaced. They stay good until the new ones have surely been answered: a server that dies in
   * between has shown them to nobody.
   */
  readonly former?: Shares | undefined
  readonly pgpFingerprints?: readonly string[] | undefined
  /** PGP-encrypted shares kept for those who lost theirs (`backup`). */
  readonly backup?: { readonly nonce: string; readonly keys: Readonly<Record<string, readonly string[]>> } | undefined
}

/** Where it lies. */
export const SEAL_CONFIG = "core/seal"
/** Inside the barrier: SHA-256 of the recovery key, a random key of 32 bytes. */
export const RECOVERY = "core/recovery-key"

const decode = (value: Uint8Array): SealConfig => decodeJson(value) as unknown as SealConfig

export async function readSealConfig(view: View): Promise<SealConfig | undefined> {
  const value = await view.get(SEAL_CONFIG)
  return value && decode(value)
}

export const writeSealConfig = (view: View, config: SealConfig): void =>
  view.put(SEAL_CONFIG, encodeJson(config as unknown as JsonObject))
