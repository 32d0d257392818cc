/** Hashes of passwords: ours are Argon2id (RFC 9106) in PHC form; bcrypt hashes that were brought along are understood. */

import { argon2, timingSafeEqual } from "node:crypto"
import { promisify } from "node:util"
import bcrypt from "bcryptjs"

const derive = promisify(argon2)

/** Costs of OWASP's first choice: 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
const TAG_BYTES = 32
/** bcrypt reads no more than this of a password, so longer ones are refused rather than cut. */
export const BCRYPT_MAX_BYTES = 72

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/
export const BCRYPT = /^\$2[abxy]\$\d{2}\$[./A-Za-z0-9]{53}$/

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replaceAll("=", "")

export async function hashPassword(password: string, random: (bytes: number) => Uint8Array): Promise<string> {
  const nonce = random(16)
  const tag = await derive("argon2id", { message: password, nonce, tagLength: TAG_BYTES, ...COST })
  return `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${unpadded(nonce)}$${unpadded(tag)}`
}

/** A hash that no password has: checking against it takes as long as checking against a real one. */
const NOBODY = `$argon2id$v=19$m=${COST.memory},t=${COST.passes},p=${COST.parallelism}$${"A".repeat(22)}$${"A".repeat(43)}`

/** Whether `password` is the one behind `hash`. Without a hash the answer is no, and takes as long. */
export async function checkPassword(password: string, hash: string | undefined): Promise<boolean> {
  if (hash !== undefined && BCRYPT.test(hash)) {
    return Buffer.byteLength(password) <= BCRYPT_MAX_BYTES && bcrypt.compare(password, hash)
  }
  const [, memory, passes, parallelism, salt = "", tag = ""] = PHC.exec(hash ?? NOBODY) ?? []
  const wanted = Buffer.from(tag, "base64")
  const found = await derive("argon2id", {
    message: password,
    nonce: Buffer.from(salt, "base64"),
    tagLength: wanted.length,
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
  })
  return timingSafeEqual(found, wanted) && hash !== undefined
}
