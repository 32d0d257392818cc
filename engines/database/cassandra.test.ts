/**
 * The engine against a real Cassandra. ARCA_CASSANDRA=host:port names one with password authentication and its first superuser
 * (cassandra, cassandra): a server takes half a minute and a gigabyte to start, so the tests start none by themselves.
 */

import assert from "node:assert/strict"
import { after, test } from "node:test"
import { setTimeout } from "node:timers/promises"
import { auth, Client } from "cassandra-driver"
import { type TestServer, testServer } from "../../server/testing.ts"

const place = process.env.ARCA_CASSANDRA ?? ""
const skip = place === "" ? "ARCA_CASSANDRA names no server" : false

const vaults: TestServer[] = []
after(async () => {
  for (const vault of vaults) await vault.write("sys/seal")
})

async function entering(username: unknown, password: unknown): Promise<string> {
  const client = new Client({
    contactPoints: [place],
    localDataCenter: "datacenter1",
    authProvider: new auth.PlainTextAuthProvider(String(username), String(password)),
  })
  return client
    .connect()
    .then(
      () => "in",
      (error: { innerErrors?: Record<string, Error> }) => String(Object.values(error.innerErrors ?? {})[0]?.message),
    )
    .finally(() => client.shutdown())
}

/** The server believes in an old password for two seconds. */
async function enteringSoon(username: unknown, password: unknown, wanted = "in"): Promise<string> {
  for (let tries = 1; ; tries++) {
    const said = await entering(username, password)
    if ((wanted === "in" ? said === "in" : said.includes(wanted)) || tries === 10) return said
    await setTimeout(500)
  }
}

test("roles are made, rotated and dropped, with any password", { skip }, async () => {
  const vault = await testServer()
  vaults.push(vault)
  await vault.write("sys/mounts/database", { type: "database" })
  const written = await vault.write("database/config/c", {
    plugin_name: "cassandra-database-plugin",
    hosts: place,
    username: "cassandra",
    password: "cassandra",
    allowed_roles: "*",
    local_datacenter: "datacenter1",
  })
  assert.deepEqual(written.errors, [])
  await vault.write("sys/policies/password/nasty", {
    policy: `length = 20\nrule "charset" { charset = "'\\"\\\\%{}$;:@/-" }`,
  })
  await vault.write("database/roles/app", { db_name: "c", credential_config: { password_policy: "nasty" } })
  const { data, body, errors } = await vault.read("database/creds/app")
  assert.deepEqual(errors, [])
  assert.match(String(data.username), /^v_root_app_[0-9a-z]{20}_\d+$/)
  assert.equal(await enteringSoon(data.username, data.password), "in")
  const role = { db_name: "c", username: String(data.username), rotation_period: "1h" }
  assert.deepEqual((await vault.write("database/static-roles/s", role)).errors, [])
  const { password } = (await vault.read("database/static-creds/s")).data
  assert.equal(await enteringSoon(data.username, password), "in")
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  assert.match(await enteringSoon(data.username, password, "incorrect"), /incorrect/)
  await vault.write("database/roles/bad", { db_name: "c", creation_statements: "CREATE NONSENSE" })
  assert.match((await vault.read("database/creds/bad")).errors[0] ?? "", /^failed to execute query: line 1:7/)
})
