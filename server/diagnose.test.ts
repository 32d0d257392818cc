import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { diagnose, diagnoseCommand, type Finding, validateConfigCommand } from "./diagnose.ts"

const NOW = Date.UTC(2026, 0, 1) / 1000

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "arca-diagnose-"))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

async function certificate(dir: string, days: number): Promise<string> {
  const files = ["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")]
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost"]
  execFileSync("openssl", ["req", "-x509", ...kind, "-days", String(days), ...files], { stdio: "ignore" })
  await chmod(join(dir, "key.pem"), 0o600)
  return `tls_cert_file = "${dir}/cert.pem"\n  tls_key_file = "${dir}/key.pem"`
}

/** What is found about a configuration, as `check: outcome`. */
async function found(dir: string, listener: string, rest = ""): Promise<readonly Finding[]> {
  const file = join(dir, "arca.hcl")
  const stanzas = `storage "lmdb" { path = "${dir}/store" }\nlistener "tcp" {\n  ${listener}\n}\n${rest}`
  await writeFile(file, stanzas)
  return diagnose([file], {}, NOW)
}

const about = (findings: readonly Finding[], word: RegExp) =>
  findings.filter(one => word.test(one.text)).map(one => one.outcome)

test("a sound configuration has no failures, and no store is made by looking", async t => {
  const dir = await folder(t)
  const findings = await found(dir, `address = "127.0.0.1:0"\n  ${await certificate(dir, 1000)}`)
  assert.deepEqual(
    findings.filter(one => one.outcome === "failure"),
    [],
  )
  assert.deepEqual(about(findings, /the first start makes it/), ["ok"])
  assert.deepEqual(about(findings, /good for \d+ days/), ["ok"])
  assert.deepEqual(about(await found(dir, `address = "127.0.0.1:0"\n  tls_disable = true`), /the first start/), ["ok"])
})

test("a certificate that is over, one of another key, and a key that all may read are told apart", async t => {
  const dir = await folder(t)
  const listener = `address = "127.0.0.1:0"\n  ${await certificate(dir, 1000)}`
  const late = await diagnose([join(dir, "arca.hcl")], {}, NOW).catch(() => [])
  assert.equal(late[0]?.outcome, "failure")
  await found(dir, listener)
  const over = await diagnose([join(dir, "arca.hcl")], {}, NOW + 4000 * 86_400)
  assert.deepEqual(about(over, /the certificate is over/), ["failure"])
  await chmod(join(dir, "key.pem"), 0o644)
  execFileSync("openssl", ["genpkey", "-algorithm", "ED25519", "-out", join(dir, "key.pem")])
  const swapped = await found(dir, listener)
  assert.deepEqual(about(swapped, /is not the key of/), ["failure"])
  assert.deepEqual(about(swapped, /others may read/), ["warning"])
})

test("a port that is taken and a listener without TLS are worth a warning", async t => {
  const dir = await folder(t)
  const holder = createServer().listen(0, "127.0.0.1")
  t.after(() => holder.close())
  await new Promise(resolve => holder.once("listening", resolve))
  const address = holder.address()
  const port = typeof address === "object" ? address?.port : 0
  const findings = await found(dir, `address = "127.0.0.1:${port}"\n  tls_disable = true`)
  assert.deepEqual(about(findings, /is the server running/), ["warning"])
  assert.deepEqual(about(findings, /in clear/), ["warning"])
})

test("a seal that cannot be had is a failure with its reason", async t => {
  const dir = await folder(t)
  const seal = `seal "static" {\n  current_key_id = "a"\n  current_key = "file://${dir}/absent"\n}`
  const findings = await found(dir, `address = "127.0.0.1:0"\n  tls_disable = true`, seal)
  const [failed] = findings.filter(one => one.check === "seal")
  assert.equal(failed?.outcome, "failure")
  assert.match(failed?.text ?? "", /absent/)
})

test("the commands say where a configuration is wrong, and end with 1", async t => {
  const dir = await folder(t)
  const file = join(dir, "arca.hcl")
  await writeFile(file, 'storage "lmdb" {\n  path = \n}\n')
  let printed = ""
  const io = { stdout: { write: (text: string) => void (printed += text) }, env: {} }
  assert.equal(await validateConfigCommand([file], io), 1)
  assert.match(printed, /\[failure\] .*arca\.hcl: .* at line 3/)
  assert.equal(await diagnoseCommand(["-config", file, "-format=json"], io), 1)
  assert.equal(await diagnoseCommand([], io), 1)
  assert.match(printed, /No configuration was named/)
})
