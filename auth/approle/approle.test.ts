/** AppRole, told in requests. */

import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonObject } from "@arca/api"
import { type TestServer, testServer } from "../../server/testing.ts"

async function withRole(): Promise<TestServer> {
  const vault = await testServer()
  await vault.write("sys/auth/approle", { type: "approle" })
  await vault.write("auth/approle/role/app", { token_policies: ["default"] })
  return vault
}

test("a secret id's metadata is JSON or pairs, perhaps in base64, as Vault reads it", async () => {
  const vault = await withRole()
  const forms = ['{"team":"core","n":"1"}', "team=core,n=1", " team = core , n=1 ", btoa('{"team":"core","n":"1"}')]
  const { data: role } = await vault.read("auth/approle/role/app/role-id")
  for (const metadata of forms) {
    const { data } = await vault.write("auth/approle/role/app/secret-id", { metadata })
    const login = await vault.write("auth/approle/login", {
      role_id: String(role.role_id),
      secret_id: String(data.secret_id),
    })
    const words = { n: "1", role_name: "app", team: "core" }
    assert.deepEqual(login.auth.metadata, words, metadata)
    // Templates of policies find them by the alias.
    const [alias] = (await vault.read(`identity/entity/id/${login.auth.entity_id}`)).data.aliases as JsonObject[]
    assert.deepEqual(alias?.metadata, words)
  }
})

test("metadata that is neither is refused, in Vault's words", async () => {
  const vault = await withRole()
  for (const metadata of ["junk", "a=b=c", "a=", "=b", '{"a":1}', '["a"]', "null"]) {
    const { status, errors } = await vault.write("auth/approle/role/app/secret-id", { metadata })
    assert.equal(status, 400, metadata)
    assert.match(errors.join(), /failed to parse metadata.*invalid <key,value> format/)
  }
})
