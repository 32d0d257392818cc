/** Keys that leave only encrypted to somebody's OpenPGP key. The library is loaded when it is first needed. */

import { refuse } from "@arca/api"

export interface Encrypted {
  readonly bytes: Uint8Array
  /** Of the primary key, lower-case hex. */
  readonly fingerprint: string
}

/** Encrypts the hex form of `secret`, as Vault does, to a public key in base64 (binary) or armour. Refuses (400) a bad key. */
export async function encryptTo(publicKey: string, secret: Uint8Array): Promise<Encrypted> {
  return encryptText(publicKey, Buffer.from(secret).toString("hex"))
}

export async function encryptText(publicKey: string, text: string): Promise<Encrypted> {
  const openpgp = await import("openpgp")
  const key = await readKey(openpgp, publicKey)
  const message = await openpgp.createMessage({ text })
  const bytes = await openpgp.encrypt({ message, encryptionKeys: key, format: "binary" })
  return { bytes: bytes as Uint8Array, fingerprint: key.getFingerprint() }
}

async function readKey(openpgp: typeof import("openpgp"), publicKey: string) {
  try {
    if (publicKey.includes("BEGIN PGP")) return await openpgp.readKey({ armoredKey: publicKey })
    return await openpgp.readKey({ binaryKey: Buffer.from(publicKey, "base64") })
  } catch (error) {
    throw refuse.invalid(`error parsing PGP key: ${error instanceof Error ? error.message : "unreadable"}`)
  }
}
