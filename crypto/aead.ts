/** AES-256-GCM as it is used everywhere here: a random nonce of 12 bytes in front, the tag of 16 behind. */

import { createCipheriv, createDecipheriv, createHmac, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto"
import { pooled } from "./random.ts"

const NONCE = 12
const TAG = 16
export const OVERHEAD = NONCE + TAG

const random = pooled(randomBytes)

type Key = KeyObject | Uint8Array

/** `nonce ‖ ciphertext ‖ tag`, bound to `context`. `head` bytes are left free at the front for the caller. */
export function sealBytes(key: Key, context: Uint8Array, plain: Uint8Array, head = 0): Buffer {
  const sealed = Buffer.allocUnsafeSlow(head + OVERHEAD + plain.length)
  const nonce = random(NONCE)
  sealed.set(nonce, head)
  const cipher = createCipheriv("aes-256-gcm", key, nonce)
  cipher.setAAD(context)
  sealed.set(cipher.update(plain), head + NONCE)
  cipher.final()
  sealed.set(cipher.getAuthTag(), head + NONCE + plain.length)
  return sealed
}

/** The plain bytes; undefined when they were altered, moved to another context, or sealed by another key. */
export function openBytes(key: Key, context: Uint8Array, sealed: Uint8Array, head = 0): Buffer | undefined {
  if (sealed.length < head + OVERHEAD) return undefined
  const end = sealed.length - TAG
  const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(head, head + NONCE), { authTagLength: TAG })
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(end))
  try {
    const plain = decipher.update(sealed.subarray(head + NONCE, end))
    decipher.final()
    return plain
  } catch {
    return undefined
  }
}

const COMMITMENT = 32

/** GCM alone does not commit to its key: one ciphertext can open under two. Where keys are wrapped, this is put before it. */
const commitment = (key: Uint8Array, label: string): Buffer =>
  createHmac("sha256", key).update(`arca commitment ${label}`).digest()

/** Wraps key material under another key, for a purpose named by `label`. */
export function wrapKey(key: Uint8Array, label: string, plain: Uint8Array): Buffer {
  return Buffer.concat([commitment(key, label), sealBytes(key, Buffer.from(label), plain)])
}

/** Undoes `wrapKey`; undefined under any other key or label. */
export function unwrapKey(key: Uint8Array, label: string, wrapped: Uint8Array): Buffer | undefined {
  if (wrapped.length < COMMITMENT + OVERHEAD) return undefined
  if (!timingSafeEqual(commitment(key, label), wrapped.subarray(0, COMMITMENT))) return undefined
  return openBytes(key, Buffer.from(label), wrapped.subarray(COMMITMENT))
}
