import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "./testing.ts"

const kv = async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv", options: { version: "2" } })
  for (const name of ["a", "b", "c", "deep/d"]) await vault.write(`kv/data/${name}`, { data: { name } })
  return vault
}

test("a list returns no more keys than the rule's pagination limit (A22)", async () => {
  const vault = await kv()
  await vault.policy("two", 'path "kv/metadata/*" { capabilities = ["list", "scan"] pagination_limit = 2 }')
  const token = await vault.token(["two"])
  assert.deepEqual((await vault.list("kv/metadata", { token })).data.keys, ["a", "b"])
  assert.deepEqual((await vault.ask("list", "kv/metadata/", { limit: 0 }, { token })).data.keys, ["a", "b"])
  assert.deepEqual((await vault.ask("list", "kv/metadata/", { limit: 1, after: "a" }, { token })).data.keys, ["b"])
  assert.equal((await vault.ask("list", "kv/metadata/", { limit: 3 }, { token })).status, 403)
  assert.deepEqual((await vault.list("kv/detailed-metadata", { token: vault.root })).data.keys, [
    "a",
    "b",
    "c",
    "deep/",
  ])
})

test("a list shows only the keys that the filter of the rule lets the caller use", async () => {
  const vault = await kv()
  const filter = 'list_scan_response_keys_filter_path = "{{ .path }}{{ .key }}"'
  await vault.policy(
    "own",
    `path "kv/metadata/" { capabilities = ["list"] ${filter} }
     path "kv/detailed-metadata/" { capabilities = ["list"] list_scan_response_keys_filter_path = "kv/metadata/{{ .key }}" }
     path "kv/metadata/b" { capabilities = ["read"] }
     path "kv/metadata/deep/" { capabilities = ["list"] }`,
  )
  const token = await vault.token(["own"])
  assert.deepEqual((await vault.list("kv/metadata", { token })).data.keys, ["b", "deep/"])
  const detailed = await vault.list("kv/detailed-metadata", { token })
  assert.deepEqual(detailed.data.keys, ["b", "deep/"])
  assert.deepEqual(Object.keys(detailed.data.key_info as object), ["b"])
})

test("a filter that asks for what nobody knows shows nothing", async () => {
  const vault = await kv()
  const filter = 'list_scan_response_keys_filter_path = "kv/metadata/{{ .key | lower }}"'
  await vault.policy("odd", `path "kv/metadata/*" { capabilities = ["list", "read"] ${filter} }`)
  const { status } = await vault.list("kv/metadata", { token: await vault.token(["odd"]) })
  assert.equal(status, 404)
})
