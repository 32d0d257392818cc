import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto"
import type { Verification } from "../finding.ts"
import { textAt } from "./http.ts"
import { accountOfKey } from "./sigv4.ts"
import { type Credential, dead, type OfflineCheck, unknown } from "./verifier.ts"

/** What a token says of itself; whether its issuer still takes it cannot be told without asking, and nobody is asked. */
function checkJwt({ secret, now }: Credential): Verification {
  const [header, claims] = secret.split(".").map(partOf)
  if (typeof claims !== "object" || claims === null) return unknown("not a token that can be read")
  const facts: Record<string, string> = {}
  for (const name of ["iss", "sub", "aud", "azp", "scope"]) {
    const value = textAt(claims, name)
    if (value !== undefined) facts[name] = value
  }
  const algorithm = textAt(header, "alg")
  if (algorithm !== undefined) facts.algorithm = algorithm
  const expires = Number(textAt(claims, "exp"))
  if (!Number.isFinite(expires) || expires <= 0) return unknown("it never expires by itself", facts)
  const at = { ...facts, expires: new Date(Math.min(expires, 8.64e12) * 1000).toISOString() }
  return expires <= now ? dead(at) : unknown("not expired; its issuer was not asked", at)
}

function partOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"))
  } catch {
    return undefined
  }
}

/** Tells which key it is, so that it can be looked for where public halves are kept. */
function checkPrivateKey({ secret }: Credential): Verification {
  const pem = secret.replaceAll("\\n", "\n")
  if (/ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(pem)) return unknown("encrypted with a passphrase", { encrypted: "true" })
  if (pem.includes("PGP PRIVATE KEY"))
    return unknown("an OpenPGP key: look for its public half on key servers", { kind: "pgp" })
  const ssh = opensshKey(pem)
  if (ssh !== undefined) return ssh
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    return unknown("not a whole key that can be read")
  }
  const spki = createPublicKey(key).export({ type: "spki", format: "der" })
  const bits = key.asymmetricKeyDetails?.modulusLength
  return unknown("a key is alive as long as its public half is trusted somewhere", {
    kind: key.asymmetricKeyType ?? "",
    ...(bits === undefined ? {} : { bits: String(bits) }),
    publicKeySha256: createHash("sha256").update(spki).digest("hex"),
  })
}

/** OpenSSH's own format (PROTOCOL.key): the public half stands in it in clear. */
function opensshKey(pem: string): Verification | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(pem)?.[1]
  if (body === undefined) return undefined
  const bytes = Buffer.from(body.replaceAll(/\s/g, ""), "base64")
  try {
    const fields = readFields(bytes, "openssh-key-v1\0".length)
    const cipher = fields.text()
    fields.text()
    fields.text()
    fields.skip(4)
    const publicKey = fields.bytes()
    const kind = readFields(publicKey, 0).text()
    const fingerprint = createHash("sha256").update(publicKey).digest("base64").replace(/=+$/, "")
    const facts = { kind, fingerprint: `SHA256:${fingerprint}`, encrypted: String(cipher !== "none") }
    return unknown(
      cipher === "none" ? "alive as long as its public half is in an authorized_keys" : "encrypted with a passphrase",
      facts,
    )
  } catch {
    return unknown("not a whole key that can be read")
  }
}

function readFields(from: Buffer, start: number) {
  let at = start
  const bytes = () => {
    const length = from.readUInt32BE(at)
    if (at + 4 + length > from.length) throw new RangeError("short")
    at += 4 + length
    return from.subarray(at - length, at)
  }
  return { bytes, text: () => bytes().toString("latin1"), skip: (count: number) => void (at += count) }
}

function checkAwsKeyId({ secret }: Credential): Verification {
  const account = accountOfKey(secret)
  return unknown("the secret key that belongs to it is not near", account === undefined ? {} : { account })
}

/** What is told without asking anybody. */
export const offlineChecks: readonly OfflineCheck[] = [
  { issuer: "JWT", rules: ["jwt"], check: checkJwt },
  { issuer: "private key", rules: ["private-key"], check: checkPrivateKey },
  { issuer: "AWS", rules: ["aws-access-token"], check: checkAwsKeyId },
]
