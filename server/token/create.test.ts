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

test("a life of less than a second is one, not the usual one", async () => {
  const vault = await testServer()
  const made = await vault.write("auth/token/create", { policies: ["a"], ttl: "1ms" })
  assert.equal(made.auth.lease_duration, 1)
})

test("an orphan does not stand for the entity of who made it, a child does", async () => {
  const vault = await testServer()
  await vault.policy("maker", 'path "auth/token/create*" { capabilities = ["update"] }')
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("auth/userpass/users/ann", { password: "pw", token_policies: "maker" })
  const login = await vault.write("auth/userpass/login/ann", { password: "pw" }, { token: "" })
  const asked = { token: String(login.auth.client_token) }
  assert.equal(login.body.mount_type, "")
  assert.equal((await vault.write("auth/token/create", {}, asked)).auth.entity_id, login.auth.entity_id)
  assert.equal((await vault.write("auth/token/create-orphan", {}, asked)).auth.entity_id, "")
})

test("a token by a role is renewed as the role says then, and not without it", async () => {
  const vault = await testServer()
  await vault.write("auth/token/roles/r", { token_period: "1h" })
  const token = String((await vault.write("auth/token/create/r", { policies: ["a"] })).auth.client_token)
  const renewed = async () => vault.write("auth/token/renew", { token })
  assert.equal((await renewed()).auth.lease_duration, 3600)
  await vault.write("auth/token/roles/r", { token_period: "30m" })
  assert.equal((await renewed()).auth.lease_duration, 1800)
  await vault.write("auth/token/roles/r", { token_period: 0, token_explicit_max_ttl: "10m" })
  vault.clock.advance("5m")
  assert.equal((await renewed()).auth.lease_duration, 300)
  await vault.delete("auth/token/roles/r")
  assert.deepEqual((await renewed()).errors, ['original token role "r" could not be found, not renewing'])
})

test("a life that nothing cuts is renewed without a warning", async () => {
  const vault = await testServer()
  const token = await vault.token(["a"])
  vault.clock.advance("500ms")
  assert.deepEqual((await vault.write("auth/token/renew", { token })).warnings, [])
})

test("a login's token is good where its networks say, and renewed by its mount's usual life", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/userpass", { type: "userpass", config: { default_lease_ttl: "1h", max_lease_ttl: "9h" } })
  await vault.write("auth/userpass/users/ann", { password: "pw", token_bound_cidrs: "10.0.0.0/8" })
  const login = (address: string) => vault.write("auth/userpass/login/ann", { password: "pw" }, { token: "", address })
  const elsewhere = await login("192.0.2.1")
  assert.deepEqual([elsewhere.status, elsewhere.errors], [403, ["permission denied"]])
  const token = String((await login("10.0.0.1")).auth.client_token)
  const renewed = async (body: Record<string, string>) =>
    (await vault.write("auth/token/renew", { token, ...body })).auth.lease_duration
  assert.equal(await renewed({ increment: "5h" }), 18_000)
  assert.equal(await renewed({}), 3600)
})

test("a role that allows no policies by name gives none that its caller lacks, whatever else it may do", async () => {
  const vault = await testServer()
  await vault.policy("maker", 'path "auth/token/create/*" { capabilities = ["update", "sudo"] }')
  const token = await vault.token(["maker"])
  await vault.write("auth/token/roles/bare", {})
  await vault.write("auth/token/roles/not-this", { disallowed_policies: "this" })
  for (const role of ["bare", "not-this"]) {
    const create = (policies: string[]) => vault.write(`auth/token/create/${role}`, { policies }, { token })
    assert.deepEqual((await create(["admin"])).errors, ["child policies must be subset of parent"])
    assert.deepEqual((await create(["maker"])).auth.policies, ["default", "maker"])
  }
})

test("what holds for the maker or the role holds for the token: networks, and ends that a batch token cannot have", async () => {
  const vault = await testServer()
  await vault.write("auth/token/roles/here", { token_bound_cidrs: "127.0.0.0/8" })
  await vault.policy("maker", 'path "auth/token/create-orphan" { capabilities = ["update"] }')
  const made = await vault.write("auth/token/create/here", { policies: ["maker"] })
  const orphan = await vault.write("auth/token/create-orphan", {}, { token: String(made.auth.client_token) })
  const seen = await vault.write("auth/token/lookup", { token: String(orphan.auth.client_token) })
  assert.deepEqual(seen.data.bound_cidrs, ["127.0.0.0/8"])
  await vault.write("auth/token/roles/short", { token_type: "default-batch", token_explicit_max_ttl: "10m" })
  const { errors } = await vault.write("auth/token/create/short", { policies: ["a"] })
  assert.deepEqual(errors, ['batch tokens cannot have "explicit_max_ttl" set'])
})
