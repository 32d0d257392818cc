import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "./testing.ts"

test("a slash behind a path does not lead around the rule for it", async () => {
  const vault = await testServer()
  await vault.write("auth/token/roles/adm", {})
  await vault.policy(
    "most",
    `path "auth/token/roles/*" { capabilities = ["read", "delete", "list"] }
     path "auth/token/roles/adm" { capabilities = ["deny"] }`,
  )
  const token = await vault.token(["most"])
  for (const ask of [vault.read, vault.delete]) {
    assert.equal((await ask("auth/token/roles/adm", { token })).status, 403)
    assert.equal((await ask("auth/token/roles/adm/", { token })).status, 404)
    assert.equal((await ask("auth/token/roles/adm/")).status, 404)
  }
  assert.equal((await vault.read("auth/token/roles/adm")).status, 200)
  assert.equal((await vault.list("auth/token/roles", { token })).status, 200)
  assert.equal((await vault.read("sys/policy/")).status, 200)
})
