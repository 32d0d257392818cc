import assert from "node:assert/strict"
import { test } from "node:test"
import type { JsonObject } from "@arca/api"
import { configOf, parse } from "./config/read.ts"
import { userLockout } from "./lockout.ts"
import { type TestServer, testServer } from "./testing.ts"

async function withUsers(rules = "", shared?: TestServer): Promise<TestServer> {
  const { lockout } = configOf([{ file: "test.hcl", body: parse("test.hcl", rules) }])
  const vault = shared ?? (await testServer({ parts: { lockout: userLockout(lockout) } }))
  await vault.write("sys/auth/userpass", { type: "userpass" })
  await vault.write("auth/userpass/users/anna", { password: "right" })
  return vault
}

const login = (vault: TestServer, name: string, password: string) =>
  vault.write(`auth/userpass/login/${name}`, { password }, { token: "" })

async function fail(vault: TestServer, name: string, times: number): Promise<number[]> {
  const statuses: number[] = []
  for (let time = 0; time < times; time++) statuses.push((await login(vault, name, "wrong")).status)
  return statuses
}

const accessorOf = async (vault: TestServer): Promise<string> =>
  String((await vault.read("sys/auth/userpass")).data.accessor)

const locked = async (vault: TestServer, asked = {}): Promise<JsonObject> =>
  (await vault.read("sys/locked-users", asked)).data

test("five wrong passwords lock a name for a quarter of an hour, the right one included", async () => {
  const vault = await withUsers()
  assert.deepEqual(await fail(vault, "anna", 5), [400, 400, 400, 400, 400])
  const refused = await login(vault, "anna", "right")
  assert.equal(refused.status, 403)
  assert.deepEqual(refused.errors, ["permission denied"])
  vault.clock.advance("14m")
  assert.equal((await login(vault, "ANNA", "right")).status, 403)
  vault.clock.advance("1m")
  assert.equal((await login(vault, "anna", "right")).status, 200)
})

test("a name that nobody has is locked like any other", async () => {
  const vault = await withUsers()
  const known = await fail(vault, "anna", 7)
  assert.deepEqual(await fail(vault, "nobody", 7), known)
  assert.deepEqual(known, [400, 400, 400, 400, 400, 403, 403])
})

test("a login that succeeds starts the count anew", async () => {
  const vault = await withUsers()
  await fail(vault, "anna", 4)
  assert.equal((await login(vault, "anna", "right")).status, 200)
  assert.deepEqual(await fail(vault, "anna", 5), [400, 400, 400, 400, 400])
  assert.equal((await login(vault, "anna", "right")).status, 403)
})

test("failures far apart do not add up", async () => {
  const vault = await withUsers()
  await fail(vault, "anna", 4)
  vault.clock.advance("15m")
  await fail(vault, "anna", 4)
  assert.equal((await login(vault, "anna", "right")).status, 200)
})

test("guesses sent at once do not get past the threshold, not even with the right one among them", async () => {
  const vault = await withUsers()
  const guesses = Array.from({ length: 40 }, (_, index) =>
    login(vault, "anna", index === 39 ? "right" : `guess ${index}`),
  )
  const statuses = (await Promise.all(guesses)).map(reply => reply.status)
  assert.equal(statuses[39], 403)
  assert.equal((await login(vault, "anna", "right")).status, 403)
})

test("a lock holds on every process of the store", async () => {
  const one = await withUsers()
  await fail(one, "anna", 5)
  using view = one.server.storage.view()
  const keys = await view.keys("ns/root/lockout/")
  assert.equal(keys.length, 1, "the count lies in the store")
  assert.ok(!keys[0]?.includes("anna"), "keys, which are not encrypted, do not tell the name")
})

test("locked names are listed by namespace and mount, and can be let in again", async () => {
  const vault = await withUsers()
  await vault.write("sys/namespaces/team", {})
  const team = { namespace: "team" }
  await vault.write("sys/auth/userpass", { type: "userpass" }, team)
  await fail(vault, "anna", 5)
  await fail(vault, "ben@example.com", 5)
  await fail(vault, "carl", 1)
  const accessor = await accessorOf(vault)
  const listed = (await locked(vault)).by_namespace as JsonObject[]
  assert.deepEqual(
    listed.map(one => [one.namespace_path, one.counts]),
    [
      ["", 2],
      ["team/", 0],
    ],
  )
  assert.deepEqual(listed[0]?.mount_accessors, [
    { mount_accessor: accessor, counts: 2, alias_identifiers: ["anna", "ben@example.com"] },
  ])
  assert.equal((await locked(vault, team)).total, 0)
  const unlocked = await vault.write(`sys/locked-users/${accessor}/unlock/ben@example.com`)
  assert.equal(unlocked.status, 204)
  assert.equal((await locked(vault)).total, 1)
  await vault.write(`sys/locked-users/${accessor}/unlock/anna`)
  assert.equal((await login(vault, "anna", "right")).status, 200)
  assert.equal((await vault.write(`sys/locked-users/${accessor}/unlock/unheard-of`)).status, 204)
})

test("a mount's tuning counts before the stanza of its type, and that before the one for all", async () => {
  const rules = `
    user_lockout "all" { lockout_duration = "1m" lockout_threshold = 3 }
    user_lockout "userpass" { lockout_threshold = "2" }`
  const vault = await withUsers(rules)
  assert.deepEqual(await fail(vault, "anna", 3), [400, 400, 403])
  vault.clock.advance("1m")
  assert.equal((await login(vault, "anna", "right")).status, 200)
  const tuned = { user_lockout_config: { lockout_threshold: "1", lockout_counter_reset_duration: "5m" } }
  assert.equal((await vault.write("sys/auth/userpass/tune", tuned)).status, 204)
  assert.deepEqual(await fail(vault, "anna", 2), [400, 403])
  const { data } = await vault.read("sys/auth/userpass/tune")
  assert.equal(data.user_lockout_threshold, 1)
  assert.equal(data.user_lockout_counter_reset_duration, 300)
  assert.equal(data.user_lockout_duration, 0)
  assert.equal(data.user_lockout_disable, false)
  await vault.write("sys/auth/userpass/tune", { user_lockout_config: { lockout_disable: true } })
  assert.equal((await login(vault, "anna", "right")).status, 200)
})

test("tuning that cannot be read, or that has no effect, is refused", async () => {
  const vault = await withUsers()
  const tune = (path: string, config: JsonObject) => vault.write(path, { user_lockout_config: config })
  assert.equal((await tune("sys/auth/userpass/tune", { lockout_threshold: "many" })).status, 400)
  assert.equal((await tune("sys/auth/userpass/tune", { lockout_duration: "-1m" })).status, 400)
  const misspelt = await tune("sys/auth/userpass/tune", { lockout_treshold: 1 })
  assert.match(misspelt.errors.join(), /unknown key lockout_treshold/)
  const wrongType = await tune("sys/auth/token/tune", { lockout_threshold: 1 })
  assert.deepEqual(wrongType.errors, ['tuning of user lockout configuration for auth type "token" not allowed'])
})

test("approle counts by role id, and only logins count", async () => {
  const vault = await testServer()
  await vault.write("sys/auth/approle", { type: "approle" })
  await vault.write("auth/approle/role/app", { token_policies: "default" })
  const roleId = String((await vault.read("auth/approle/role/app/role-id")).data.role_id)
  const attempt = () => vault.write("auth/approle/login", { role_id: roleId, secret_id: "wrong" }, { token: "" })
  for (let time = 0; time < 6; time++) await vault.write("auth/approle/role/none/role-id", { role_id: roleId })
  assert.equal((await attempt()).status, 400)
  for (let time = 0; time < 4; time++) await attempt()
  assert.equal((await attempt()).status, 403)
})

test("what is too old to count is erased", async () => {
  const vault = await withUsers()
  await fail(vault, "anna", 3)
  await fail(vault, "ben", 5)
  vault.clock.advance("10m")
  await fail(vault, "anna", 1)
  vault.clock.advance("10m")
  await vault.runJobs()
  using view = vault.server.storage.view()
  assert.equal((await view.keys("ns/root/lockout/")).length, 1, "the one that was counted meanwhile stays")
  vault.clock.advance("10m")
  await vault.runJobs()
  using later = vault.server.storage.view()
  assert.deepEqual(await later.keys("ns/root/lockout/"), [])
  assert.deepEqual(
    (await later.keys("expiry/")).filter(key => key.includes("/f/")),
    [],
  )
})

test("a stanza with an unknown key or an impossible value is refused, an unknown type warned of", () => {
  const read = (text: string) => configOf([{ file: "test.hcl", body: parse("test.hcl", text) }])
  assert.throws(() => read(`user_lockout "all" { lockout_treshold = 5 }`), /did you mean "lockout_threshold"/)
  assert.throws(() => read(`user_lockout "all" { lockout_threshold = 0 }`), /a number from 1/)
  assert.throws(() => read(`user_lockout "all" { disable_lockout = "maybe" }`), /neither true nor false/)
  assert.match(read(`user_lockout "userpas" {}`).warnings.join(), /user_lockout "userpas" has no effect/)
})
