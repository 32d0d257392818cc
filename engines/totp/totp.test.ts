import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { test } from "node:test"
import { type TestServer, testServer } from "@arca/server/testing"
import { qrPng } from "./qr.ts"

const withTotp = async (): Promise<TestServer> => {
  const vault = await testServer()
  await vault.write("sys/mounts/totp", { type: "totp" })
  return vault
}

const program = (path: string) => ({ skip: existsSync(path) ? false : `${path} is absent (node tools/parts.ts)` })

test("a generated key is shown once, as an address and a QR code, and its codes are those of an app", async () => {
  const vault = await withTotp()
  const made = await vault.write("totp/keys/my-app", { generate: true, issuer: "Vault", account_name: "a@example.com" })
  const address = new URL(String(made.data.url))
  const secret = address.searchParams.get("secret") ?? ""
  assert.equal(
    address.href,
    `otpauth://totp/Vault:a@example.com?algorithm=SHA1&digits=6&issuer=Vault&period=30&secret=${secret}`,
  )
  assert.match(secret, /^[A-Z2-7]{32}$/)
  assert.equal(Buffer.from(String(made.data.barcode), "base64").subarray(1, 4).toString(), "PNG")
  const shown = await vault.read("totp/keys/my-app")
  assert.deepEqual(shown.data, {
    issuer: "Vault",
    account_name: "a@example.com",
    period: 30,
    algorithm: "SHA1",
    digits: 6,
  })
  assert.deepEqual((await vault.list("totp/keys")).data.keys, ["my-app"])
  const app = await withTotp()
  await app.write("totp/keys/phone", { url: address.href })
  const { code = "" } = (await app.read("totp/code/phone")).data
  assert.deepEqual((await vault.write("totp/code/my-app", { code })).data, { valid: true })
})

test("a code is accepted once, also one of a neighbouring period, and also after the key was written again", async () => {
  const vault = await withTotp()
  const key = { key: "JBSWY3DPEHPK3PXP", issuer: "i", account_name: "a" }
  await vault.write("totp/keys/k", key)
  const { code = "" } = (await vault.read("totp/code/k")).data
  assert.equal((await vault.write("totp/code/k", { code })).data.valid, true)
  const used = ["code already used; wait until the next time period"]
  assert.deepEqual((await vault.write("totp/code/k", { code })).errors, used)
  vault.clock.advance("30s")
  assert.deepEqual((await vault.write("totp/code/k", { code })).errors, used)
  await vault.write("totp/keys/k", key)
  assert.deepEqual((await vault.write("totp/code/k", { code })).errors, used)
  vault.clock.advance("30s")
  assert.equal((await vault.write("totp/code/k", { code })).data.valid, false)
})

test("of many that present the same code at the same time one is accepted", async () => {
  const vault = await withTotp()
  await vault.write("totp/keys/k", { key: "JBSWY3DPEHPK3PXP" })
  const { code = "" } = (await vault.read("totp/code/k")).data
  const answers = await Promise.all(Array.from({ length: 8 }, () => vault.write("totp/code/k", { code })))
  assert.equal(answers.filter(answer => answer.data.valid === true).length, 1)
})

test("skew 0 accepts the code of now only", async () => {
  const vault = await withTotp()
  await vault.write("totp/keys/k", { key: "JBSWY3DPEHPK3PXP", skew: 0 })
  const { code = "", expire_time, generated, period } = (await vault.read("totp/code/k")).data
  assert.deepEqual([Number(expire_time) - Number(generated), period], [30, "30s"])
  vault.clock.advance("30s")
  assert.equal((await vault.write("totp/code/k", { code })).data.valid, false)
})

test("what an address says wins, and a label without an issuer is the account", async () => {
  const vault = await withTotp()
  const url = "otpauth://totp/Big%20Corp:%20bob?secret=jbswy3dpehpk3pxp&digits=8&period=60&algorithm=SHA256"
  await vault.write("totp/keys/k", { url, digits: 6, issuer: "other" })
  const { data } = await vault.read("totp/keys/k")
  assert.deepEqual(data, { issuer: "Big Corp", account_name: " bob", period: 60, algorithm: "SHA256", digits: 8 })
  await vault.write("totp/keys/bare", { url: "otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP", issuer: "mine" })
  assert.deepEqual((await vault.read("totp/keys/bare")).data.account_name, "alice")
  assert.deepEqual((await vault.read("totp/keys/bare")).data.issuer, "mine")
})

test("a key that makes no sense is refused in Vault's words", async () => {
  const vault = await withTotp()
  const generate = { generate: true, issuer: "i", account_name: "a" }
  const table: [Record<string, string | number | boolean>, RegExp][] = [
    [{}, /^the key value is required$/],
    [{ key: "not base32!" }, /^invalid key value/],
    [{ key: "========" }, /^invalid key value/],
    [{ key: "JBSWY3DP", digits: 7 }, /^the digits value can only be 6 or 8$/],
    [{ key: "JBSWY3DP", algorithm: "MD5" }, /^the algorithm value is not valid$/],
    [{ key: "JBSWY3DP", period: 0 }, /^the period value must be greater than zero$/],
    [{ key: "JBSWY3DP", skew: 2 }, /^the skew value must be 0 or 1$/],
    [{ ...generate, key: "JBSWY3DP" }, /^a key should not be passed if generate is true$/],
    [{ ...generate, url: "otpauth://totp/a" }, /^a url should not be passed if generate is true$/],
    [{ ...generate, issuer: "" }, /^the issuer value is required for generated keys$/],
    [{ ...generate, account_name: "" }, /^the account_name value is required for generated keys$/],
    [{ ...generate, qr_size: -1 }, /^the qr_size value must be greater than or equal to zero$/],
    [{ ...generate, qr_size: 10 }, /^the qr_size value must be at least \d+ for this key/],
    [{ ...generate, qr_size: 1_000_000 }, /^the qr_size value must not be greater than 4096$/],
    [{ ...generate, key_size: 0 }, /^the key_size value must be greater than zero$/],
    [{ ...generate, key_size: 10_000 }, /^the key_size value must not be greater than 512$/],
    [{ ...generate, account_name: "a".repeat(3000) }, /too long for a QR code/],
    [{ url: "otpauth://hotp/a?secret=JBSWY3DP" }, /not the address of a TOTP key/],
    [{ url: "otpauth://totp/a?secret=JBSWY3DP&period=x" }, /^an error occurred while parsing period value in url$/],
    [{ url: "otpauth://totp/%ff?secret=JBSWY3DP" }, /^an error occurred while parsing url string$/],
  ]
  for (const [body, text] of table) {
    const answer = await vault.write("totp/keys/k", body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.match(answer.errors[0] ?? "", text)
  }
  assert.equal((await vault.read("totp/keys/k")).status, 404)
})

test("codes of unknown keys and empty codes are refused, those of the wrong length are wrong", async () => {
  const vault = await withTotp()
  await vault.write("totp/keys/k", { key: "JBSWY3DPEHPK3PXP" })
  assert.deepEqual((await vault.read("totp/code/none")).errors, ["unknown key: none"])
  assert.deepEqual((await vault.write("totp/code/none", { code: "1" })).errors, ["unknown key: none"])
  assert.deepEqual((await vault.write("totp/code/none", {})).errors, ["the code value is required"])
  for (const code of [" 12345", "1234567", "abcdef", 12])
    assert.deepEqual((await vault.write("totp/code/k", { code })).data, { valid: false })
})

test("oathtool agrees about every algorithm and number of digits", program("/usr/bin/oathtool"), async () => {
  const vault = await withTotp()
  for (const algorithm of ["SHA1", "SHA256", "SHA512"]) {
    for (const digits of [6, 8]) {
      await vault.write("totp/keys/k", { key: "JBSWY3DPEHPK3PXPABCD", algorithm, digits, period: 45 })
      const { code, generated } = (await vault.read("totp/code/k")).data
      const { stdout } = spawnSync(
        "oathtool",
        [`--totp=${algorithm}`, `--digits=${digits}`, "-s45", `-N@${generated}`, "-b", "JBSWY3DPEHPK3PXPABCD"],
        { encoding: "utf8" },
      )
      assert.equal(code, stdout.trim())
    }
  }
})

test("a QR reader reads the address from the picture, of any size that holds it", program("/usr/bin/zbarimg"), () => {
  const text =
    "otpauth://totp/Big%20Corp:a@example.com?algorithm=SHA1&digits=6&issuer=Big%20Corp&period=30&secret=GEZDGNBV"
  for (const pixels of [120, 200, 333]) {
    const read = spawnSync("zbarimg", ["--quiet", "--raw", "png:-"], { input: qrPng(text, pixels), encoding: "utf8" })
    assert.equal(read.stdout.trim(), text, read.stderr)
  }
})
