import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "./testing.ts"

const withTeam = async () => {
  const vault = await testServer()
  await vault.write("sys/namespaces/team")
  await vault.write("sys/mounts/kv", { type: "kv" }, { namespace: "team" })
  return vault
}

test("a namespace has mounts, policies and tokens of its own", async () => {
  const vault = await withTeam()
  await vault.write("kv/a", { x: "1" }, { namespace: "team" })
  assert.deepEqual((await vault.read("team/kv/a")).data, { x: "1" })
  assert.equal((await vault.read("kv/a")).status, 404)
  await vault.write(
    "sys/policies/acl/reader",
    { policy: 'path "kv/*" { capabilities = ["read"] }' },
    { namespace: "team" },
  )
  const made = await vault.write("auth/token/create", { policies: ["reader"] }, { namespace: "team" })
  const token = String(made.auth.client_token)
  assert.match(token, /^hvs\.[0-9A-Za-z]{24}\.[0-9A-Za-z]{6}$/)
  assert.equal((await vault.read("kv/a", { namespace: "team", token })).status, 200)
  assert.equal((await vault.read("kv/a", { token })).status, 403)
})

test("policies of the same name are not the same in a namespace: who makes tokens there needs sudo, and names them", async () => {
  const vault = await withTeam()
  const create = 'path "team/auth/token/create" { capabilities = ["update"'
  await vault.policy("dev", `${create}] }`)
  await vault.policy("admin", `${create}, "sudo"] }`)
  const make = async (body: Record<string, string[]>, token: string) =>
    vault.write("auth/token/create", body, { namespace: "team", token })
  const refused = await make({ policies: ["dev"] }, await vault.token(["dev"]))
  assert.deepEqual(refused.errors, [
    "root or sudo privileges required to directly generate a token in a child namespace",
  ])
  assert.deepEqual((await make({}, await vault.token(["admin"]))).auth.policies, ["default"])
  assert.deepEqual((await make({}, vault.root)).auth.policies, ["default"])
  assert.equal((await make({ policies: ["root"] }, vault.root)).status, 400)
})

test("a deleted namespace answers nothing, and a new one at its path is empty", async () => {
  const vault = await withTeam()
  await vault.write("kv/a", { x: "1" }, { namespace: "team" })
  const token = String((await vault.write("auth/token/create", {}, { namespace: "team" })).auth.client_token)
  assert.equal((await vault.delete("sys/namespaces/team")).status, 200)
  assert.deepEqual((await vault.read("kv/a", { namespace: "team" })).errors, ["namespace not found"])
  await vault.write("sys/namespaces/team")
  await vault.write("sys/mounts/kv", { type: "kv" }, { namespace: "team" })
  assert.equal((await vault.read("kv/a", { namespace: "team" })).status, 404)
  assert.equal((await vault.read("auth/token/lookup-self", { namespace: "team", token })).status, 403)
})

test("a namespace that holds another cannot be deleted", async () => {
  const vault = await withTeam()
  await vault.write("sys/namespaces/app", {}, { namespace: "team" })
  assert.equal((await vault.delete("sys/namespaces/team")).status, 400)
  assert.equal((await vault.delete("sys/namespaces/app", { namespace: "team" })).status, 200)
  assert.equal((await vault.delete("sys/namespaces/team")).status, 200)
})

test("a locked namespace answers nothing until its key is given", async () => {
  const vault = await withTeam()
  const { data } = await vault.write("sys/namespaces/api-lock/lock/team")
  assert.equal((await vault.read("sys/mounts", { namespace: "team" })).status, 503)
  assert.equal((await vault.write("sys/namespaces/api-lock/unlock/team", { unlock_key: "wrong" })).status, 400)
  assert.equal(
    (await vault.write("sys/namespaces/api-lock/unlock/team", { unlock_key: data.unlock_key ?? "" })).status,
    204,
  )
  assert.equal((await vault.read("sys/mounts", { namespace: "team" })).status, 200)
})

test("what belongs to the whole server is refused in a namespace", async () => {
  const vault = await withTeam()
  for (const path of ["sys/audit", "sys/key-status", "sys/config/cors", "sys/host-info"]) {
    const { status, errors } = await vault.read(path, { namespace: "team" })
    assert.deepEqual([path, status, errors], [path, 400, ["operation unavailable in namespaces"]])
  }
})

test("a rate limit refuses what is too much, and says when to come back", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("sys/quotas/rate-limit/q", { path: "kv", rate: 2 })
  const statuses = []
  for (let index = 0; index < 3; index++) statuses.push((await vault.write("kv/a", { x: "1" })).status)
  assert.deepEqual(statuses, [204, 204, 429])
  assert.equal((await vault.read("sys/mounts")).status, 200)
  vault.clock.advance("1s")
  assert.equal((await vault.read("kv/a")).status, 200)
})
