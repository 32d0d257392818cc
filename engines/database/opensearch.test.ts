/**
 * The engine against a real OpenSearch. ARCA_OPENSEARCH=https://host:port names one with its security plugin, whose first users
 * are those of its examples (admin, admin); ARCA_OPENSEARCH_CA is the PEM file of its authority. A server takes half a minute and a
 * gigabyte to start, so the tests start none by themselves.
 */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { request } from "node:https"
import { after, test } from "node:test"
import { vaultWithDatabase } from "../../tests/parts/vault-with-database.ts"

const url = process.env.ARCA_OPENSEARCH ?? ""
const ca = process.env.ARCA_OPENSEARCH_CA === undefined ? "" : readFileSync(process.env.ARCA_OPENSEARCH_CA, "utf8")
const skip = url === "" ? "ARCA_OPENSEARCH names no server" : false

const cleanup: (() => unknown)[] = []
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

const USERS = "/_plugins/_security/api/internalusers"

async function ask(method: string, path: string, user: unknown = "admin", password: unknown = "admin", body?: object) {
  const headers = { "content-type": "application/json" }
  const asked = request(url + path, { method, ca, auth: `${user}:${password}`, headers })
  asked.end(body === undefined ? undefined : JSON.stringify(body))
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    asked.on("error", reject)
    asked.on("response", response => {
      let text = ""
      response.setEncoding("utf8").on("data", chunk => (text += chunk))
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
    })
  })
}

const entering = async (user: unknown, password: unknown, path = "/_plugins/_security/authinfo"): Promise<number> =>
  (await ask("GET", path, user, password)).status

const withDatabase = (config: Record<string, string> = {}) =>
  vaultWithDatabase(cleanup, "os", {
    plugin_name: "opensearch-database-plugin",
    url,
    ca_cert: ca,
    username: "admin",
    password: "admin",
    ...config,
  })

test("a role makes users with its roles, and they are gone with their lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/app", {
    db_name: "os",
    creation_statements: '{"opendistro_security_roles": ["readall"], "attributes": {"made-by": "arca"}}',
    default_ttl: "1h",
  })
  const issued = await vault.read("database/creds/app")
  assert.deepEqual(issued.errors, [])
  const { username, password } = issued.data
  assert.equal(await entering(username, password), 200)
  assert.equal(await entering(username, password, "/shop-2026/_search"), 404)
  assert.equal(await entering(username, password, USERS), 403)
  assert.equal(await entering(username, `${password}x`), 401)
  assert.deepEqual((await vault.write("sys/leases/renew", { lease_id: issued.body.lease_id ?? "" })).errors, [])
  vault.clock.advance("1h1s")
  await vault.runJobs()
  assert.equal(await entering(username, password), 401)
  assert.equal((await ask("GET", `${USERS}/${username}`)).status, 404)
})

test("a user that was dropped by hand ends its lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/app", { db_name: "os", creation_statements: "{}" })
  const { data, body } = await vault.read("database/creds/app")
  assert.equal((await ask("DELETE", `${USERS}/${data.username}`)).status, 200)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
})

test("what the server refuses is told in its words, and leaves nobody", { skip }, async () => {
  const vault = await withDatabase()
  const refused = async (statement: string) => {
    await vault.write("database/roles/bad", { db_name: "os", creation_statements: statement })
    return (await vault.read("database/creds/bad")).errors[0] ?? ""
  }
  assert.equal(
    await refused('{"opendistro_security_roles": ["nonsense"]}'),
    "failed to execute query: role 'nonsense' not found.",
  )
  assert.equal(await refused('{"nonsense": ["readall"]}'), "failed to execute query: Invalid configuration")
  await vault.write("sys/policies/password/weak", { policy: 'length = 8\nrule "charset" { charset = "a" }' })
  await vault.write("database/roles/bad", { db_name: "os", credential_config: { password_policy: "weak" } })
  assert.equal(await refused("{}"), "failed to execute query: Weak password")
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.doesNotMatch((await ask("GET", USERS)).text, /v-root-bad/)
  const wrong = await vault.write("database/config/os", { password: "not-sesame" })
  assert.match(wrong.errors[0] ?? "", /error verifying connection: authentication failed$/)
})

test("an account that may not manage users is told so when it is configured", { skip }, async () => {
  await ask("PUT", `${USERS}/powerless`, "admin", "admin", { password: "Some-pass-w0rd-of-ours", backend_roles: [] })
  cleanup.push(() => ask("DELETE", `${USERS}/powerless`))
  const vault = await withDatabase()
  const config = { username: "powerless", password: "Some-pass-w0rd-of-ours" }
  const { errors } = await vault.write("database/config/os", config)
  assert.match(errors[0] ?? "", /error verifying connection: No permission to access REST API/)
})

test("names and passwords may hold any character", { skip }, async () => {
  const vault = await withDatabase({ username_template: `{{ .RoleName }}'"\\ %2e?#é {{ random 8 }}` })
  await vault.write("sys/policies/password/nasty", {
    policy: `length = 24\nrule "charset" { charset = "'\\"\\\\%{}$;:@/-é" }`,
  })
  await vault.write("database/roles/app", {
    db_name: "os",
    creation_statements: '{"opendistro_security_roles": ["readall"]}',
    credential_config: { password_policy: "nasty" },
  })
  for (let round = 0; round < 5; round++) {
    const { data, body, errors } = await vault.read("database/creds/app")
    assert.deepEqual(errors, [])
    assert.equal(await entering(data.username, data.password), 200)
    assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
    assert.equal(await entering(data.username, data.password), 401)
  }
})

test("a name that somebody has is refused, and that user stays", { skip }, async () => {
  await ask("PUT", `${USERS}/v-taken`, "admin", "admin", { password: "Some-pass-w0rd-of-theirs" })
  cleanup.push(() => ask("DELETE", `${USERS}/v-taken`))
  const vault = await withDatabase({ username_template: "v-{{ .RoleName }}" })
  await vault.write("database/roles/taken", { db_name: "os", creation_statements: "{}" })
  assert.match((await vault.read("database/creds/taken")).errors[0] ?? "", /^the user v-taken is there already/)
  assert.equal(await entering("v-taken", "Some-pass-w0rd-of-theirs"), 200)
})

test("static roles and the account itself rotate", { skip }, async () => {
  const manager = { password: "First-pass-w0rd-of-ours", opendistro_security_roles: ["all_access"] }
  await ask("PUT", `${USERS}/manager`, "admin", "admin", manager)
  await ask("PUT", `${USERS}/static%2Fone`, "admin", "admin", { ...manager, attributes: { kept: "yes" } })
  cleanup.push(() => ask("DELETE", `${USERS}/manager`))
  cleanup.push(() => ask("DELETE", `${USERS}/static%2Fone`))
  const vault = await withDatabase({ username: "manager", password: manager.password })
  const role = { db_name: "os", username: "static/one", rotation_period: "1h" }
  assert.deepEqual((await vault.write("database/static-roles/s", role)).errors, [])
  const { password } = (await vault.read("database/static-creds/s")).data
  assert.equal(await entering(role.username, password), 200)
  assert.equal(await entering(role.username, manager.password), 401)
  assert.match((await ask("GET", `${USERS}/static%2Fone`)).text, /"kept":"yes".*all_access/)
  assert.deepEqual((await vault.write("database/rotate-root/os")).errors, [])
  assert.equal(await entering("manager", manager.password), 401)
  assert.equal((await vault.write("database/rotate-role/s")).status, 204)
  assert.equal(await entering(role.username, password), 401)
  const nobody = await vault.write("database/static-roles/n", { ...role, username: "nobody" })
  assert.match(nobody.errors[0] ?? "", /failed to update user: user 'nobody' not found/)
  // OpenSearch lets nobody change its reserved users.
  const reserved = await vault.write("database/static-roles/r", { ...role, username: "admin" })
  assert.match(reserved.errors[0] ?? "", /reserved/)
})
