/**
 * Signed statements of how far a chain has come: a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a signed note
 * (https://c2sp.org/signed-note), with extension lines: the time, and what the store held of the chain.
 */

import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto"

/** How much of a chain the store was known to hold, durably. A store that holds less is an older copy of it. */
export interface StoreSeen {
  /** How often the chain had been taken up: counted by the store with every start of its writer. */
  readonly opening: number
  /** Records that the store's copy of the last checkpoint counts. */
  readonly size: number
}

export interface CheckpointText {
  readonly origin: string
  readonly size: number
  /** Base64. */
  readonly root: string
  /** RFC 3339. */
  readonly time: string
  /** Absent from the checkpoints of earlier versions. */
  readonly store?: StoreSeen | undefined
}

/** The note's key name is the origin, which therefore holds neither spaces nor plus signs. */
export const isOrigin = (text: string): boolean => /^[^\s+\p{C}]{1,200}$/u.test(text)

/** Eight hex digits that stand for the origin in each record. */
export const logOf = (origin: string): string => createHash("sha256").update(origin).digest("hex").slice(0, 8)

const ALGORITHM_ED25519 = 1
const KEY_ID_BYTES = 4

function keyId(origin: string, publicKey: KeyObject): Buffer {
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url")
  const digest = createHash("sha256").update(`${origin}\n`).update(Buffer.of(ALGORITHM_ED25519)).update(raw).digest()
  return digest.subarray(0, KEY_ID_BYTES)
}

/** Signs with an Ed25519 private key. */
export function checkpointSigner(origin: string, key: KeyObject): (checkpoint: CheckpointText) => string {
  const id = keyId(origin, createPublicKey(key))
  return checkpoint => {
    const { store } = checkpoint
    const seen = store === undefined ? "" : `store ${store.opening} ${store.size}\n`
    const body = `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root}\ntime ${checkpoint.time}\n${seen}`
    const signature = Buffer.concat([id, sign(null, Buffer.from(body), key)])
    return `${body}\n— ${origin} ${signature.toString("base64")}\n`
  }
}

const NUMBER = "(0|[1-9]\\d{0,15})"
const NOTE = new RegExp(
  `^([^\\n]+)\\n${NUMBER}\\n([A-Za-z0-9+/]{43}=)\\ntime ([^\\n]{1,40})\\n(?:store ${NUMBER} ${NUMBER}\\n)?` +
    "\\n— ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})\\n$",
)

/**
 * The checkpoint in `note`, if `publicKey` has signed it under the origin's name; undefined otherwise. Exactly one signature,
 * in canonical base64: a note has one form only, so that nothing in it can be changed and still be accepted.
 */
export function openCheckpoint(note: string, publicKey: KeyObject): CheckpointText | undefined {
  const [, origin, size, root, time, opening, held, name, text] = NOTE.exec(note) ?? []
  if (origin === undefined || root === undefined || time === undefined || text === undefined) return undefined
  const signature = Buffer.from(text, "base64")
  if (name !== origin || signature.toString("base64") !== text) return undefined
  if (!signature.subarray(0, KEY_ID_BYTES).equals(keyId(origin, publicKey))) return undefined
  const body = Buffer.from(note.slice(0, note.indexOf("\n\n") + 1))
  if (!verify(null, body, publicKey, signature.subarray(KEY_ID_BYTES))) return undefined
  const store = opening === undefined ? undefined : { opening: Number(opening), size: Number(held) }
  return { origin, size: Number(size), root, time, store }
}
