import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "@arca/server/testing"

const kv2 = async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/secret", { type: "kv", options: { version: "2" } })
  return vault
}

test("a secret that was written reads back with its version", async () => {
  const vault = await kv2()
  const written = await vault.write("secret/data/app", { data: { password: "s3cret" } })
  assert.equal(written.data.version, 1)
  const read = await vault.read("secret/data/app")
  assert.deepEqual(read.data.data, { password: "s3cret" })
  assert.equal(read.status, 200)
})

test("a write with check-and-set 0 succeeds only while there is no version", async () => {
  const vault = await kv2()
  assert.equal((await vault.write("secret/data/a", { data: { n: 1 }, options: { cas: 0 } })).status, 200)
  const second = await vault.write("secret/data/a", { data: { n: 2 }, options: { cas: 0 } })
  assert.equal(second.status, 400)
  assert.deepEqual(second.errors, ["check-and-set parameter did not match the current version"])
})
