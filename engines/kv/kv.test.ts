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

test("a duration that is null says nothing, and a negative one of the mount ends all deletions", async () => {
  const vault = await kv2()
  const config = async () => (await vault.read("secret/config")).data.delete_version_after
  await vault.write("secret/config", { delete_version_after: "10m" })
  await vault.write("secret/config", { delete_version_after: null })
  assert.equal(await config(), "10m0s")
  await vault.write("secret/config", { delete_version_after: "-1h" })
  assert.equal(await config(), "-1s")
  await vault.write("secret/metadata/a", { delete_version_after: "1h" })
  assert.equal((await vault.write("secret/data/a", { data: { a: "b" } })).data.deletion_time, "")
  for (const [write, value] of [
    ["update", "-1s"],
    ["patch", -1],
  ] as const) {
    const refused = await vault.ask(write, "secret/metadata/a", { delete_version_after: value })
    assert.match(refused.errors[0] ?? "", /"delete_version_after": cannot provide negative value '-1'$/)
  }
  await vault.patch("secret/metadata/a", { delete_version_after: null })
  assert.equal((await vault.read("secret/metadata/a")).data.delete_version_after, "1h0m0s")
})

test("custom metadata is words, and none of it is null", async () => {
  const vault = await kv2()
  const custom = async () => (await vault.read("secret/metadata/a")).data.custom_metadata
  for (const [given, shown] of [
    [
      { a: true, b: 1.5, c: false },
      { a: "1", b: "1.5", c: "0" },
    ],
    [{}, null],
    [[{ a: "b" }], { a: "b" }],
    [null, null],
  ]) {
    await vault.write("secret/metadata/a", { custom_metadata: given ?? null })
    assert.deepEqual(await custom(), shown)
  }
  await vault.write("secret/metadata/a", { custom_metadata: { a: "b" } })
  await vault.patch("secret/metadata/a", { custom_metadata: {} })
  assert.deepEqual(await custom(), { a: "b" })
  await vault.patch("secret/metadata/a", { custom_metadata: null })
  assert.equal(await custom(), null)
})

test("the oldest version is counted from when as many are there as are kept", async () => {
  const vault = await kv2()
  await vault.write("secret/metadata/a", { max_versions: 2 })
  for (const oldest of [0, 1, 2]) {
    await vault.write("secret/data/a", { data: { a: "b" } })
    assert.equal((await vault.read("secret/metadata/a")).data.oldest_version, oldest)
  }
})

test("what a mount of version 1 held is version 1 of it, the oldest there is, after an upgrade", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/old", { type: "kv" })
  await vault.write("old/a", { a: "b" })
  await vault.write("sys/mounts/old/tune", { options: { version: "2" } })
  const { current_version, oldest_version } = (await vault.read("old/metadata/a")).data
  assert.deepEqual([current_version, oldest_version], [1, 1])
})

test("what is not found is told without the mount's type and without other warnings", async () => {
  const vault = await kv2()
  await vault.write("secret/data/a", { data: { a: "b" } })
  await vault.delete("secret/data/a")
  const deleted = await vault.read("secret/data/a")
  assert.deepEqual([deleted.status, deleted.body.mount_type], [404, ""])
  const patched = await vault.patch("secret/data/a", { data: {}, colour: "red" })
  assert.deepEqual([patched.status, patched.warnings], [404, []])
})
