/** Tuning mounts. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../testing.ts"

test("an empty TTL changes nothing, system takes it back", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  const tune = async (body: Record<string, string>) => {
    assert.equal((await vault.write("sys/mounts/kv/tune", body)).status, 204)
    const { default_lease_ttl, max_lease_ttl } = (await vault.read("sys/mounts/kv/tune")).data
    return [default_lease_ttl, max_lease_ttl]
  }
  assert.deepEqual(await tune({ default_lease_ttl: "1h", max_lease_ttl: "2h" }), [3600, 7200])
  // What Vault's command line sends with `secrets tune -description=x`.
  assert.deepEqual(await tune({ default_lease_ttl: "", max_lease_ttl: "" }), [3600, 7200])
  assert.deepEqual(await tune({ default_lease_ttl: "system", max_lease_ttl: "system" }), [2764800, 2764800])
})
