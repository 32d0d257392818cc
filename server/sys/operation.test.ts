import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonObject } from "@arca/api"
import { configOf, parse } from "../config/read.ts"
import { sanitized } from "../config/sanitized.ts"
import { serve } from "../pipeline.ts"
import { ownRequest } from "../revocation.ts"
import { testServer } from "../testing.ts"

test("host-info tells of the machine in Vault's fields, and other tokens nothing", async () => {
  const vault = await testServer()
  const { data } = await vault.read("sys/host-info")
  for (const name of ["timestamp", "host", "cpu", "cpu_times", "disk", "memory"]) assert.ok(name in data, name)
  const memory = data.memory as Record<string, number>
  assert.ok(Number(memory.available) <= Number(memory.total) && Number(memory.available) > 0)
  assert.equal((await vault.read("sys/host-info", { token: await vault.token(["default"]) })).status, 403)
})

test("in-flight-req names requests by the path and the verb of HTTP", async () => {
  const vault = await testServer()
  const { body } = await vault.read("sys/in-flight-req")
  const [only] = Object.values(body as Record<string, Record<string, string>>)
  assert.deepEqual([only?.request_path, only?.request_method], ["/v1/sys/in-flight-req", "GET"])
})

test("version-history keeps since when each version serves the store", async () => {
  const vault = await testServer()
  const first = await vault.list("sys/version-history")
  vault.clock.advance("5h")
  await vault.server.seal.forget()
  await vault.server.seal.unseal({ key: vault.unsealKey, reset: false, migrate: false })
  assert.deepEqual((await vault.list("sys/version-history")).data, first.data)
  const [info] = Object.values(first.data.key_info as Record<string, Record<string, string>>)
  assert.equal(info?.timestamp_installed, "2026-01-01T00:00:00.000Z")
  assert.equal(info?.previous_version, null)
})

test("the router can be inspected only where the configuration says so", async () => {
  const closed = await testServer()
  const refused = await closed.read("sys/internal/inspect/router/root")
  assert.equal(refused.status, 400)
  assert.match(refused.errors.join(), /introspection_endpoint/)
  const vault = await testServer({ parts: { facts: { introspection: true } } })
  const { data } = await vault.read("sys/internal/inspect/router/accessor")
  const entries = data.accessor as JsonObject[]
  assert.ok(entries.some(one => one.mount_path === "sys/"))
  assert.deepEqual(Object.keys(entries[0] ?? {}), ["uuid", "accessor", "mount_namespace", "mount_path", "mount_type"])
  assert.equal((await vault.read("sys/internal/inspect/router/secrets")).status, 400)
})

test("the catalogue lists what can be mounted, and takes no plugins", async () => {
  const vault = await testServer()
  const { data } = await vault.read("sys/plugins/catalog")
  assert.ok((data.secret as string[]).includes("kv") && (data.auth as string[]).includes("userpass"))
  assert.equal((await vault.read("sys/plugins/catalog/secret/kv")).data.builtin, true)
  assert.equal((await vault.read("sys/plugins/catalog/secret/none")).status, 404)
  assert.equal((await vault.list("sys/plugins/catalog/tools")).status, 400)
  assert.match((await vault.write("sys/plugins/catalog/secret/mine", { command: "x" })).errors.join(), /built in/)
  assert.equal((await vault.write("sys/plugins/reload/backend", {})).status, 400)
  assert.equal(typeof (await vault.write("sys/plugins/reload/backend", { plugin: "kv" })).data.reload_id, "string")
  assert.equal((await vault.write("sys/plugins/reload/backend", { mounts: "nowhere/" })).status, 400)
})

test("profiles show functions, and one is taken at a time", async () => {
  const vault = await testServer()
  const ask = (path: string, token = vault.root, body: JsonObject = { seconds: 0 }) =>
    serve(vault.server, { ...ownRequest(path), operation: "read", path: `sys/pprof/${path}`, token, body })
  const [first, second] = await Promise.all([ask("profile"), ask("heap")])
  assert.deepEqual([first.status, second.status], [200, 400])
  assert.ok("nodes" in JSON.parse(String(first.raw?.body)))
  assert.ok("head" in JSON.parse(String((await ask("heap")).raw?.body)))
  assert.equal((await ask("profile", vault.root, { seconds: 3600 })).status, 400)
  assert.equal((await ask("profile", await vault.token(["default"]))).status, 403)
})

test("something is read anew when it is asked for by its name", async () => {
  let times = 0
  const reloads = new Map([["log", async () => void times++]])
  const vault = await testServer({ parts: { reloads } })
  assert.equal((await vault.write("sys/config/reload/log", {})).status, 204)
  assert.equal(times, 1)
  assert.equal((await vault.write("sys/config/reload/license", {})).status, 204)
  assert.match((await vault.write("sys/config/reload/all", {})).errors.join(), /there are license, log/)
  reloads.set("listener", async () => {
    throw new Error("no such file")
  })
  assert.equal((await vault.write("sys/config/reload/listener", {})).status, 500)
})

test("the sanitized configuration shows no secret of the file", () => {
  const text = `
    storage "postgresql" { connection_url = "postgres://arca:s3cret@db/arca" }
    listener "tcp" { address = "[::1]:8200" tls_cert_file = "/c" tls_key_file = "/k" }
    seal "transit" { address = "https://other" token = "hvs.s3cret" key_name = "k" }
    cluster_name = "main"`
  const shown = sanitized(configOf([{ file: "a.hcl", body: parse("a.hcl", text) }]), { level: "info", format: "" })
  assert.doesNotMatch(JSON.stringify(shown), /s3cret/)
  assert.deepEqual(shown.listeners, [{ type: "tcp", config: { address: "[::1]:8200", tls_disable: false } }])
  assert.deepEqual(shown.seals, [{ type: "transit", disabled: false }])
  assert.equal(shown.cluster_name, "main")
})
