import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { generateKeyPairSync } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { accountOfKey, signed } from "./sigv4.ts"
import { findingOf } from "./testing.ts"
import { verify } from "./verify.ts"

const jwt = (claims: object) =>
  [{ alg: "HS256", typ: "JWT" }, claims].map(part => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")

async function verdictOn(rule: string, secret: string) {
  const [judged] = await verify([findingOf(rule, secret)])
  return judged?.verification
}

test("a token that has expired is dead; one that has not is unknown, since nobody was asked", async () => {
  const past = await verdictOn("jwt", `${jwt({ iss: "https://a.example", exp: 1_600_000_000 })}.sig`)
  assert.deepEqual(past, {
    status: "dead",
    facts: { iss: "https://a.example", algorithm: "HS256", expires: "2020-09-13T12:26:40.000Z" },
  })
  assert.equal((await verdictOn("jwt", `${jwt({ exp: 32_503_680_000 })}.sig`))?.status, "unknown")
  assert.equal((await verdictOn("jwt", `${jwt({ sub: "x" })}.sig`))?.reason, "it never expires by itself")
  assert.equal((await verdictOn("jwt", "eyJ.not.json"))?.reason, "not a token that can be read")
})

test("a private key is named by its public half", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const rsa = await verdictOn("private-key", privateKey.export({ type: "pkcs8", format: "pem" }).toString())
  assert.equal(rsa?.facts.kind, "rsa")
  assert.equal(rsa?.facts.bits, "2048")
  assert.match(rsa?.facts.publicKeySha256 ?? "", /^[0-9a-f]{64}$/)
  const locked = privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString()
  assert.equal((await verdictOn("private-key", locked))?.facts.encrypted, "true")
})

test("an SSH key has the fingerprint that ssh-keygen prints", async t => {
  const folder = mkdtempSync(join(tmpdir(), "arca-ssh-"))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, "key")
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file])
  } catch {
    return t.skip("ssh-keygen is not installed")
  }
  const printed = execFileSync("ssh-keygen", ["-lf", `${file}.pub`], { encoding: "utf8" }).split(" ")[1]
  const verdict = await verdictOn("private-key", readFileSync(file, "utf8"))
  assert.deepEqual(verdict?.facts, { kind: "ssh-ed25519", fingerprint: printed, encrypted: "false" })
})

test("an AWS key's account is read from its id", () => {
  // The pair that AWS' and others' publications on the matter give as an example.
  assert.equal(accountOfKey("ASIAQNZGKIQY56JQ7WML"), "029608264753")
  assert.equal(accountOfKey("AKIAIOSFODNN7EXAMPLE"), undefined)
})

test("requests are signed as AWS' test suite has it (get-vanilla)", () => {
  const request = { method: "GET", host: "example.amazonaws.com", path: "/", query: "", headers: {}, body: "" }
  const keys = { id: "AKIDEXAMPLE", secret: `wJalrXUtnFEMI/K7MDENG+${"bPxRfiCYEXAMPLEKEY"}` }
  const { authorization } = signed(request, keys, "us-east-1", "service", Date.UTC(2015, 7, 30, 12, 36) / 1000)
  assert.equal(
    authorization,
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  )
})
