/** Which policies a new token gets. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../testing.ts"

test("a child has default only if its parent has, and cannot ask for it", async () => {
  const vault = await testServer()
  await vault.policy("maker", 'path "auth/token/create" { capabilities = ["update"] }')
  const bare = await vault.token(["maker"], { no_default_policy: true })
  const create = (body: Record<string, string[] | boolean>, token: string) =>
    vault.write("auth/token/create", body, { token })
  assert.deepEqual((await create({}, bare)).auth.token_policies, ["maker"])
  assert.deepEqual((await create({ policies: ["maker"] }, bare)).auth.token_policies, ["maker"])
  const more = await create({ policies: ["maker", "default"] }, bare)
  assert.deepEqual([more.status, more.errors], [400, ["child policies must be subset of parent"]])
  const usual = await vault.token(["maker"])
  assert.deepEqual((await create({}, usual)).auth.token_policies, ["default", "maker"])
  assert.deepEqual((await create({ policies: ["maker"] }, usual)).auth.token_policies, ["default", "maker"])
})

test("no_default_policy leaves default off even where it is named", async () => {
  const vault = await testServer()
  const made = await vault.write("auth/token/create", { policies: ["default", "a"], no_default_policy: true })
  assert.deepEqual(made.auth.token_policies, ["a"])
})
