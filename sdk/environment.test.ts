import assert from "node:assert/strict"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { settingsFromEnvironment } from "./environment.ts"
import { variable } from "./variable.ts"

test("our own variables win over OpenBao's, which win over Vault's; an empty one counts", () => {
  assert.equal(variable({ VAULT_ADDR: "v", BAO_ADDR: "b", ARCA_ADDR: "a" }, "ADDR"), "a")
  assert.equal(variable({ VAULT_ADDR: "v", BAO_ADDR: "b" }, "ADDR"), "b")
  assert.equal(variable({ VAULT_ADDR: "v", BAO_ADDR: "" }, "ADDR"), "")
})

test("without variables the settings are the defaults", () => {
  const { address, token, retries, timeout, wrapTtl, followRedirects } = settingsFromEnvironment({})
  assert.deepEqual(
    [address, token, retries, timeout, wrapTtl, followRedirects],
    ["https://127.0.0.1:8200", "", 2, 60, undefined, true],
  )
})

test("each variable sets what it is named for", () => {
  const settings = settingsFromEnvironment({
    VAULT_ADDR: "http://v:1",
    VAULT_TOKEN: "t",
    VAULT_NAMESPACE: "ns",
    VAULT_CLIENT_TIMEOUT: "2m",
    VAULT_MAX_RETRIES: "5",
    VAULT_WRAP_TTL: "1m",
    VAULT_MFA: "a:1, b",
    VAULT_DISABLE_REDIRECTS: "true",
    VAULT_SKIP_VERIFY: "1",
    VAULT_TLS_SERVER_NAME: "name",
    VAULT_HTTP_PROXY: "http://p:3128",
    VAULT_CACERT_BYTES: "pem",
  })
  const { address, token, namespace, timeout, retries, wrapTtl, mfa, followRedirects, tls, proxy } = settings
  assert.deepEqual(
    [address, token, namespace, timeout, retries, wrapTtl, followRedirects, proxy],
    ["http://v:1", "t", "ns", 120, 5, "1m", false, "http://p:3128"],
  )
  assert.deepEqual(mfa, ["a:1", "b"])
  assert.deepEqual([tls.skipVerify, tls.serverName, tls.ca], [true, "name", ["pem"]])
})

test("an agent's address goes before the server's", () => {
  assert.equal(settingsFromEnvironment({ VAULT_ADDR: "a", VAULT_AGENT_ADDR: "b" }).address, "b")
})

test("certificates come from a file or from all files of a folder; the file goes first", async () => {
  const folder = await mkdtemp(join(tmpdir(), "arca-env-"))
  try {
    await writeFile(join(folder, "a.pem"), "A")
    await writeFile(join(folder, "b.pem"), "B")
    assert.deepEqual([...(settingsFromEnvironment({ VAULT_CAPATH: folder }).tls.ca ?? [])].sort(), ["A", "B"])
    assert.deepEqual(settingsFromEnvironment({ VAULT_CAPATH: folder }, { caCert: join(folder, "b.pem") }).tls.ca, ["B"])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test("what cannot be understood is named, not guessed", () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ VAULT_CLIENT_TIMEOUT: "soon" }, /VAULT_CLIENT_TIMEOUT: "soon"/],
    [{ VAULT_MAX_RETRIES: "-1" }, /VAULT_MAX_RETRIES: "-1"/],
    [{ VAULT_SKIP_VERIFY: "maybe" }, /VAULT_SKIP_VERIFY: "maybe"/],
    [{ VAULT_CLIENT_CERT_BYTES: "pem" }, /both client cert and client key must be provided/],
    [{ VAULT_CACERT: "/does/not/exist" }, /ENOENT/],
  ]
  for (const [env, pattern] of refused) assert.throws(() => settingsFromEnvironment(env), pattern)
})
