/** The engine against a real InfluxDB 1. */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { request } from "node:https"
import { after, before, test } from "node:test"
import { certificates } from "../../tests/parts/certificates.ts"
import { missing, type Server, start } from "../../tests/parts/influxdb.ts"
import { vaultWithDatabase } from "../../tests/parts/vault-with-database.ts"

const skip = missing() ?? false
const PASSWORD = `ro'ot\\%41"@:é`

let server: Server
let ca: string
const cleanup: (() => unknown)[] = []
before(async () => {
  if (skip !== false) return
  const pki = await certificates({ after: act => void cleanup.push(act) })
  ca = readFileSync(pki.ca, "utf8")
  server = await start(pki)
  cleanup.push(() => server.stop())
  await query(`CREATE USER root WITH PASSWORD '${quoted(PASSWORD)}' WITH ALL PRIVILEGES`)
  await query(`CREATE DATABASE shop`)
})
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

const quoted = (text: string): string => text.replaceAll(/[\\'"]/g, "\\$&")

/** What the server answers to a statement: what it found, or its error. */
async function query(text: string, user: unknown = "root", password: unknown = PASSWORD): Promise<string> {
  const auth = `${user}:${password}`
  const headers = { "content-type": "application/x-www-form-urlencoded" }
  const asked = request({ port: server.port, host: "127.0.0.1", path: "/query", method: "POST", ca, auth, headers })
  asked.end(new URLSearchParams({ q: text, db: "shop" }).toString())
  const body = await new Promise<string>((resolve, reject) => {
    asked.on("error", reject)
    asked.on("response", response => {
      let said = ""
      response.setEncoding("utf8").on("data", chunk => (said += chunk))
      response.on("end", () => resolve(said))
    })
  })
  const { error, results = [] } = JSON.parse(body) as {
    error?: string
    results?: { error?: string; series?: { values?: unknown[][] }[] }[]
  }
  return error ?? results[0]?.error ?? JSON.stringify(results[0]?.series?.[0]?.values ?? [])
}

const users = async (): Promise<string[]> =>
  (JSON.parse(await query("SHOW USERS")) as string[][]).map(([name]) => `${name}`)

const withDatabase = (config: Record<string, string> = {}) =>
  vaultWithDatabase(cleanup, "influx", {
    plugin_name: "influxdb-database-plugin",
    host: "127.0.0.1",
    port: server.port,
    tls: true,
    pem_bundle: ca,
    username: "root",
    password: PASSWORD,
    ...config,
  })

test("a role makes users with its rights, and they are gone with their lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/app", {
    db_name: "influx",
    creation_statements: `CREATE USER "{{username}}" WITH PASSWORD '{{password}}'; GRANT READ ON "shop" TO "{{username}}"`,
    default_ttl: "1h",
  })
  const issued = await vault.read("database/creds/app")
  assert.deepEqual(issued.errors, [])
  const { username, password } = issued.data
  assert.match(String(username), /^v_root_app_[0-9a-z]{20}_\d+$/)
  assert.equal(await query("SHOW MEASUREMENTS", username, password), "[]")
  assert.match(await query("SHOW USERS", username, password), /requires admin privilege/)
  assert.deepEqual((await vault.write("sys/leases/renew", { lease_id: issued.body.lease_id ?? "" })).errors, [])
  vault.clock.advance("1h1s")
  await vault.runJobs()
  assert.equal(await query("SHOW MEASUREMENTS", username, password), "authorization failed")
  assert.deepEqual(await users(), ["root"])
})

test("without statements there is a user without rights; dropped by hand, it ends its lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/plain", { db_name: "influx" })
  const { data, body } = await vault.read("database/creds/plain")
  assert.match(await query("SELECT * FROM m", data.username, data.password), /not authorized to execute/)
  await query(`DROP USER "${data.username}"`)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
})

test("what the server refuses is told in its words, and leaves nobody", { skip }, async () => {
  const vault = await withDatabase()
  const refused = async (role: string, statements: string) => {
    await vault.write(`database/roles/${role}`, { db_name: "influx", creation_statements: statements })
    return (await vault.read(`database/creds/${role}`)).errors[0] ?? ""
  }
  const creation = `CREATE USER "{{username}}" WITH PASSWORD '{{password}}'`
  assert.match(
    await refused("half", `${creation}; GRANT nonsense`),
    /^failed to execute query: error parsing query: found/,
  )
  assert.equal(
    await refused("nowhere", `${creation}; GRANT READ ON nowhere TO "{{username}}"`),
    "failed to execute query: database not found: nowhere",
  )
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.deepEqual(await users(), ["root"])
  const wrong = await vault.write("database/config/influx", { password: "not-sesame" })
  assert.match(wrong.errors[0] ?? "", /error verifying connection: authentication failed: authorization failed$/)
  await query("CREATE USER nobody WITH PASSWORD 'x'")
  const powerless = await vault.write("database/config/influx", { username: "nobody", password: "x" })
  assert.match(powerless.errors[0] ?? "", /error verifying connection: error authorizing query: nobody not authorized/)
  await query("DROP USER nobody")
})

test("a name that somebody has is refused, and that user stays", { skip }, async () => {
  await query("CREATE USER v_taken WITH PASSWORD 'theirs'")
  const vault = await withDatabase({ username_template: "v_{{ .RoleName }}" })
  await vault.write("database/roles/taken", { db_name: "influx" })
  assert.match((await vault.read("database/creds/taken")).errors[0] ?? "", /^the user v_taken is there already/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.match(await query("SHOW USERS", "v_taken", "theirs"), /requires admin privilege/)
  await query("DROP USER v_taken")
})

test("names and passwords may hold any character", { skip }, async () => {
  const vault = await withDatabase({ username_template: `{{ .RoleName }}'"\\ \`;-- {{ random 8 }}` })
  await vault.write("sys/policies/password/nasty", {
    policy: `length = 20\nrule "charset" { charset = "'\\"\\\\%{}$;:@/-" }`,
  })
  await vault.write("database/roles/app", { db_name: "influx", credential_config: { password_policy: "nasty" } })
  for (let round = 0; round < 5; round++) {
    const { data, body, errors } = await vault.read("database/creds/app")
    assert.deepEqual(errors, [])
    assert.match(await query("SHOW USERS", data.username, data.password), /requires admin privilege/)
    assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  }
  assert.deepEqual(await users(), ["root"])
})

test("static roles and the account itself rotate", { skip }, async () => {
  await query("CREATE USER manager WITH PASSWORD 'first' WITH ALL PRIVILEGES")
  await query(`CREATE USER "sta'tic\\\\" WITH PASSWORD 'old'`)
  const vault = await withDatabase({ username: "manager", password: "first" })
  const role = { db_name: "influx", username: "sta'tic\\", rotation_period: "1h" }
  assert.deepEqual((await vault.write("database/static-roles/s", role)).errors, [])
  const { password } = (await vault.read("database/static-creds/s")).data
  assert.match(await query("SHOW USERS", role.username, password), /requires admin privilege/)
  assert.equal(await query("SHOW USERS", role.username, "old"), "authorization failed")
  assert.equal((await vault.write("database/rotate-root/influx")).status, 204)
  assert.equal(await query("SHOW USERS", "manager", "first"), "authorization failed")
  assert.equal((await vault.write("database/rotate-role/s")).status, 204)
  assert.equal(await query("SHOW USERS", role.username, password), "authorization failed")
  const nobody = await vault.write("database/static-roles/n", { ...role, username: "nobody" })
  assert.match(nobody.errors[0] ?? "", /failed to update user: user not found/)
})
