import assert from "node:assert/strict"
import { test } from "node:test"
import { approle } from "../auth/approle/engine.ts"
import { userpass } from "../auth/userpass/engine.ts"
import { layout } from "./layout.ts"
import { type TestServer, testServer } from "./testing.ts"

const REFUSED = (path: string) => [429, [`request path ${JSON.stringify(path)}: lease count quota exceeded`]]

async function withRoles(): Promise<TestServer> {
  const vault = await testServer({ engines: [approle, userpass] })
  await vault.write("sys/auth/approle", { type: "approle" })
  for (const role of ["web", "batch"])
    await vault.write(`auth/approle/role/${role}`, {
      bind_secret_id: false,
      token_ttl: "60s",
      token_bound_cidrs: "127.0.0.1",
    })
  await vault.write("auth/approle/role/batch", { token_type: "batch" })
  return vault
}

async function login(vault: TestServer, role: string) {
  const { role_id } = (await vault.read(`auth/approle/role/${role}/role-id`)).data
  return await vault.write("auth/approle/login", { role_id: role_id ?? "" }, { token: "" })
}

const quota = (vault: TestServer, name: string, of: Record<string, string | number>) =>
  vault.write(`sys/quotas/lease-count/${name}`, of)

const counter = async (vault: TestServer, name: string) =>
  (await vault.read(`sys/quotas/lease-count/${name}`)).data.counter

test("tokens count as the leases of the path that made them, and one too many is refused until another ends", async () => {
  const vault = await withRoles()
  await quota(vault, "few", { path: "auth/approle", max_leases: 2 })
  const first = await login(vault, "web")
  assert.deepEqual([first.status, (await login(vault, "web")).status], [200, 200])
  const refused = await login(vault, "web")
  assert.deepEqual([refused.status, refused.errors], REFUSED("auth/approle/login"))
  assert.equal(await counter(vault, "few"), 2)
  assert.equal((await vault.write("auth/token/create", { ttl: "1h" })).status, 200)
  await vault.write("auth/token/revoke", { token: String(first.auth.client_token) })
  vault.clock.advance("2s")
  assert.equal((await login(vault, "web")).status, 200)
  vault.clock.advance("61s")
  await vault.runJobs()
  assert.equal(await counter(vault, "few"), 0)
  using view = vault.storage.view()
  const left = await view.keys(`${layout.namespace("root")}${layout.tokenAt}auth/approle/`)
  assert.deepEqual(left, [])
})

test("tokens from before the first quota are counted, too, by their role", async () => {
  const vault = await withRoles()
  for (let index = 0; index < 30; index++) await login(vault, "web")
  await quota(vault, "all", { max_leases: 100 })
  await quota(vault, "web", { path: "auth/approle/", role: "web", max_leases: 30 })
  assert.deepEqual([await counter(vault, "all"), await counter(vault, "web")], [30, 30])
  assert.equal((await login(vault, "web")).status, 429)
  for (const name of ["all", "web"]) await vault.delete(`sys/quotas/lease-count/${name}`)
  await login(vault, "web")
  await quota(vault, "again", { max_leases: 100 })
  assert.equal(await counter(vault, "again"), 31)
})

test("a quota of a role holds for its logins and no others, and goes before one of the mount", async () => {
  const vault = await withRoles()
  await vault.write("auth/approle/role/other", { bind_secret_id: false, token_bound_cidrs: "127.0.0.1" })
  await quota(vault, "mount", { path: "auth/approle/", max_leases: 2 })
  await quota(vault, "web", { path: "auth/approle/", role: "web", max_leases: 3 })
  const statuses = []
  for (const role of ["web", "web", "web", "web", "other"]) statuses.push((await login(vault, role)).status)
  // The mount's own count is full by then.
  assert.deepEqual(statuses, [200, 200, 200, 429, 429])
  assert.deepEqual((await vault.read("sys/quotas/lease-count/web")).data, {
    name: "web",
    path: "auth/approle/",
    role: "web",
    max_leases: 3,
    inheritable: false,
    counter: 3,
    type: "lease-count",
  })
})

test("batch tokens are refused when a quota is full, but fill none; root tokens are neither refused nor counted", async () => {
  const vault = await withRoles()
  await quota(vault, "all", { max_leases: 1 })
  assert.equal((await login(vault, "batch")).status, 200)
  assert.equal(await counter(vault, "all"), 0)
  assert.equal((await login(vault, "web")).status, 200)
  assert.equal((await login(vault, "batch")).status, 429)
  assert.equal((await vault.write("auth/token/create", { policies: ["default"], ttl: "1h" })).status, 429)
  assert.equal((await vault.write("auth/token/create", { policies: ["root"] })).status, 200)
  assert.equal((await vault.read("auth/token/lookup-self", { wrapTtl: 60 })).status, 200)
  assert.equal(await counter(vault, "all"), 1)
})

test("a quota of a prefix counts what begins with it", async () => {
  const vault = await withRoles()
  await vault.write("sys/auth/userpass", { type: "userpass" })
  for (const name of ["anna", "andy", "bob"]) await vault.write(`auth/userpass/users/${name}`, { password: "secret" })
  const enter = async (name: string) =>
    (await vault.write(`auth/userpass/login/${name}`, { password: "secret" }, { token: "" })).status
  await quota(vault, "an", { path: "auth/userpass/login/an*", max_leases: 2 })
  assert.deepEqual(
    [await enter("anna"), await enter("bob"), await enter("andy"), await enter("anna")],
    [200, 200, 200, 429],
  )
  assert.equal(await counter(vault, "an"), 2)
})

test("a role is refused where there are none", async () => {
  const vault = await withRoles()
  for (const path of ["", "sys/", "auth/nowhere/"]) {
    const refused = await quota(vault, "none", { path, role: "web", max_leases: 1 })
    assert.equal(refused.status, 400, path)
    assert.match(refused.errors.join(), /'role' needs a 'path' that is an auth mount with roles/)
  }
})
