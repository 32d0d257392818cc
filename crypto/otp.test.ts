import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { test } from "node:test"
import { decodeBase32, encodeBase32, hotp, totpCounter } from "./otp.ts"

/** RFC 6238 appendix B: seconds since 1970, and the code by each algorithm. */
const VECTORS = [
  [59, "94287082", "46119246", "90693936"],
  [1111111109, "07081804", "68084774", "25091201"],
  [1111111111, "14050471", "67062674", "99943326"],
  [1234567890, "89005924", "91819424", "93441116"],
  [2000000000, "69279037", "90698825", "38618901"],
  [20000000000, "65353130", "77737706", "47863826"],
] as const

test("codes are those of RFC 6238", () => {
  const key = (bytes: number) => Buffer.from("1234567890".repeat(7).slice(0, bytes))
  for (const [now, sha1, sha256, sha512] of VECTORS) {
    const counter = totpCounter(now, 30)
    assert.equal(hotp(key(20), counter, "SHA1", 8), sha1)
    assert.equal(hotp(key(32), counter, "SHA256", 8), sha256)
    assert.equal(hotp(key(64), counter, "SHA512", 8), sha512)
  }
})

test("codes are those of RFC 4226", () => {
  const codes = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
  const key = Buffer.from("12345678901234567890")
  assert.deepEqual(
    codes.map((_, counter) => hotp(key, counter, "SHA1", 6)),
    codes,
  )
})

test("Base32 is that of RFC 4648, padded or not, in either case", () => {
  const vectors = { f: "MY", fo: "MZXQ", foo: "MZXW6", foob: "MZXW6YQ", fooba: "MZXW6YTB", foobar: "MZXW6YTBOI" }
  for (const [plain, encoded] of Object.entries(vectors)) {
    assert.equal(encodeBase32(Buffer.from(plain)), encoded)
    for (const text of [encoded, encoded.toLowerCase(), encoded.padEnd(Math.ceil(encoded.length / 8) * 8, "=")]) {
      assert.equal(Buffer.from(decodeBase32(text) ?? []).toString(), plain)
    }
  }
  for (const bytes of [0, 1, 20, 33]) {
    const key = randomBytes(bytes)
    assert.deepEqual(Buffer.from(decodeBase32(encodeBase32(key)) ?? []), key)
  }
  for (const wrong of ["M", "MZX", "MZXW61", "MZ XQ", "MZXW6=YQ"]) assert.equal(decodeBase32(wrong), undefined)
})
