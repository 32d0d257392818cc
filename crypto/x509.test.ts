/** Certificates that we issue, as OpenSSL sees them. */

import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { issueClientCertificate, newPrivateKey, privateKeyPem, readAuthority, subjectText, Unissuable } from "./x509.ts"

const folder = mkdtempSync(join(tmpdir(), "arca-x509-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))
const file = (name: string) => join(folder, name)

function openssl(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync("openssl", args, { encoding: "utf8" })
  assert.equal(status, 0, stderr)
  return stdout
}

/** An authority made by OpenSSL, with names in every kind of string that it writes. */
function authority(name: string, newkey: readonly string[], ...extra: string[]) {
  const [key, certificate] = [file(`${name}.key`), file(`${name}.pem`)]
  const subject = ["-subj", `/C=DE/O=Größe & Söhne/CN=${name}`, "-utf8"]
  const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
  const out = ["-keyout", key, "-out", certificate]
  openssl("req", "-x509", ...newkey, "-nodes", "-days", "30", ...subject, ...usage, ...extra, ...out)
  return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8"), file: certificate }
}

const AUTHORITIES = {
  rsa: ["-newkey", "rsa:2048"],
  p256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
  p384: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
  ed25519: ["-newkey", "ed25519"],
}
const KEYS = [
  ["rsa", 2048, "RSA PRIVATE KEY"],
  ["ec", 224, "EC PRIVATE KEY"],
  ["ec", 256, "EC PRIVATE KEY"],
  ["ec", 521, "EC PRIVATE KEY"],
  ["ed25519", 0, "PRIVATE KEY"],
] as const

const now = Math.floor(Date.now() / 1000)
const times = { notBefore: now - 30, notAfter: now + 3600 }

test("certificates of every authority for every key are what OpenSSL takes for client authentication", async () => {
  for (const [name, newkey] of Object.entries(AUTHORITIES)) {
    const made = authority(name, newkey)
    const issuer = readAuthority(made.certificate, made.key)
    for (const [index, [type, bits, label]] of KEYS.entries()) {
      const key = await newPrivateKey(type, bits)
      assert.match(privateKeyPem(key), new RegExp(`^-----BEGIN ${label}-----\n[\\s\\S]*-----END ${label}-----$`))
      const signatureBits = [256, 384, 512][index % 3] ?? 256
      const commonName = 'app, "one" é'
      const pem = issueClientCertificate(issuer, {
        ...times,
        commonName,
        key,
        signatureBits,
        serial: randomBytes(20),
      })
      writeFileSync(file("client.pem"), `${pem}\n`)
      assert.match(
        openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", made.file, file("client.pem")),
        /OK/,
      )
      const read = new X509Certificate(pem)
      assert.equal(read.subject, 'CN=app\\, \\"one\\" é')
      assert.ok(read.checkPrivateKey(key) && read.checkIssued(issuer.certificate) && !read.ca)
      assert.deepEqual(read.keyUsage, ["1.3.6.1.5.5.7.3.2"])
      assert.deepEqual(
        [read.validFromDate.getTime() / 1000, read.validToDate.getTime() / 1000],
        [times.notBefore, times.notAfter],
      )
    }
  }
})

test("what is no authority is refused in Vault's words, and no certificate outlives its authority", async () => {
  const ca = authority("short", AUTHORITIES.p256)
  const other = authority("other", AUTHORITIES.p256)
  const leaf = authority("leaf", AUTHORITIES.p256, "-addext", "basicConstraints=critical,CA:FALSE")
  const refused = (certificate: string, key: string, expected: RegExp) =>
    assert.throws(
      () => readAuthority(certificate, key),
      (error: unknown) => error instanceof Unissuable && expected.test(error.message),
    )
  refused(ca.certificate, "", /^private key not found in the PEM bundle$/)
  refused("nothing", ca.key, /^certificate not found in the PEM bundle$/)
  refused(leaf.certificate, leaf.key, /^the given certificate is not marked for CA use$/)
  refused(ca.certificate, other.key, /^the private key is not that of the certificate$/)
  const dsa = generateKeyPairSync("x25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString()
  refused(ca.certificate, dsa, /^unknown private key found/)
  const issuer = readAuthority(ca.certificate, ca.key)
  const wished = {
    ...times,
    commonName: "a",
    key: await newPrivateKey("ec", 256),
    signatureBits: 256,
    serial: randomBytes(20),
  }
  assert.throws(
    () => issueClientCertificate(issuer, { ...wished, notAfter: now + 31 * 86400 }),
    /would outlive the given ca_cert/,
  )
  assert.throws(() => issueClientCertificate(issuer, { ...wished, commonName: "x".repeat(65) }), /longer than 64 bytes/)
})

test("a subject is written as RFC 4514 has it", () => {
  assert.equal(subjectText("app"), "CN=app")
  assert.equal(subjectText(' a+b,"c"; '), 'CN=\\ a\\+b\\,\\"c\\"\\;\\ ')
  assert.equal(subjectText("#1"), "CN=\\#1")
})
