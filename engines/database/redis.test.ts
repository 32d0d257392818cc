/** The engine against a real Redis, or against Valkey (tests/parts/redis.ts says how). */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { after, before, test } from "node:test"
import { createClient } from "@redis/client"
import { type TestServer, testServer } from "../../server/testing.ts"
import { certificates } from "../../tests/parts/certificates.ts"
import { missing, type Server, start } from "../../tests/parts/redis.ts"

const skip = missing() ?? false

let server: Server
before(async () => {
  if (skip === false) server = await start({ password: "sesame" })
})
const vaults: TestServer[] = []
after(async () => {
  // Sealing closes connections, which would keep the process alive.
  for (const vault of vaults) await vault.write("sys/seal")
  await server?.stop()
})

async function entering(username: unknown, password: unknown, command: string[]): Promise<string> {
  const client = createClient({
    username: String(username),
    password: String(password),
    socket: { port: server.port, host: "127.0.0.1", reconnectStrategy: false },
  })
  client.on("error", () => {})
  try {
    await client.connect()
    return String(await client.sendCommand(command))
  } catch (error) {
    return String(error)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

async function withDatabase(config: Record<string, unknown> = {}) {
  const vault = await testServer()
  vaults.push(vault)
  await vault.write("sys/mounts/database", { type: "database" })
  const written = await vault.write("database/config/redis", {
    plugin_name: "redis-database-plugin",
    host: "127.0.0.1",
    port: server.port,
    username: "default",
    password: "sesame",
    allowed_roles: "*",
    persistence_mode: "ACLFILE",
    ...config,
  } as never)
  assert.deepEqual(written.errors, [])
  return vault
}

test("a role makes users with its rules, and they are gone with their lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/app", { db_name: "redis", creation_statements: `["~app:*", "+@write", "+@read"]` })
  const issued = await vault.read("database/creds/app")
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  const { username, password } = issued.data
  assert.match(String(username), /^V_ROOT_APP_[0-9A-Z]{20}_\d+$/)
  assert.equal(await entering(username, password, ["SET", "app:a", "1"]), "OK")
  assert.match(await entering(username, password, ["SET", "other", "1"]), /NOPERM/)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })).status, 204)
  assert.match(await entering(username, password, ["PING"]), /WRONGPASS/)
})

test("without rules a user reads; what the server does not know is refused and leaves nobody", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/reader", { db_name: "redis" })
  const { data } = await vault.read("database/creds/reader")
  assert.equal(await entering(data.username, data.password, ["GET", "any"]), "null")
  await vault.write("database/roles/bad", { db_name: "redis", creation_statements: `["+@nonsense"]` })
  const failed = await vault.read("database/creds/bad")
  assert.match(failed.errors[0] ?? "", /^failed to execute query: ERR Error in ACL SETUSER modifier '\+@nonsense'/)
  assert.doesNotMatch(await entering("default", "sesame", ["ACL", "LIST"]), /V_ROOT_BAD/)
})

test("static roles and the account itself rotate", { skip }, async () => {
  await entering("default", "sesame", ["ACL", "SETUSER", "manager", "ON", ">first", "~*", "+@all"])
  await entering("default", "sesame", ["ACL", "SETUSER", "static", "ON", ">old", "~*", "+@read"])
  const vault = await withDatabase({ username: "manager", password: "first" })
  await vault.write("database/static-roles/s", { db_name: "redis", username: "static", rotation_period: "1h" })
  const { data } = await vault.read("database/static-creds/s")
  assert.equal(await entering("static", data.password, ["GET", "a"]), "null")
  assert.match(await entering("static", "old", ["GET", "a"]), /WRONGPASS/)
  assert.equal((await vault.write("database/rotate-root/redis")).status, 204)
  assert.match(await entering("manager", "first", ["PING"]), /WRONGPASS/)
  assert.equal((await vault.write("database/rotate-role/s")).status, 204)
  const nobody = await vault.write("database/static-roles/n", {
    db_name: "redis",
    username: "nobody",
    rotation_period: "1h",
  })
  assert.match(nobody.errors[0] ?? "", /user "nobody" not found/)
})

test("a connection may be one address, and a wrong password is told without it", { skip }, async () => {
  const vault = await withDatabase()
  const url = await vault.write("database/config/url", {
    plugin_name: "valkey-database-plugin",
    connection_url: `redis://{{username}}:{{password}}@127.0.0.1:${server.port}`,
    username: "default",
    password: "sesame",
  })
  assert.deepEqual(url.errors, [])
  const wrong = await vault.write("database/config/redis", { password: "not-sesame" })
  assert.match(wrong.errors[0] ?? "", /error verifying connection: WRONGPASS/)
})

test("the server must show a certificate of the authority, for its name", { skip }, async t => {
  const pki = await certificates(t)
  const sealed = await start({ password: "sesame", tls: pki })
  t.after(() => sealed.stop())
  const ca_cert = readFileSync(pki.ca, "utf8")
  const vault = await withDatabase({ port: sealed.port, tls: true, ca_cert })
  await vault.write("database/roles/app", { db_name: "redis" })
  assert.deepEqual((await vault.read("database/creds/app")).errors, [])
  const refused = async (config: Record<string, string>) =>
    (await vault.write("database/config/redis", config)).errors[0] ?? ""
  assert.match(await refused({ host: "localhost" }), /does not match certificate/)
  const other = await certificates(t)
  const foreign = readFileSync(other.ca, "utf8")
  assert.match(await refused({ ca_cert: foreign }), /self.signed|unable to verify/)
  const connection_url = `rediss://{{username}}:{{password}}@127.0.0.1:${sealed.port}`
  assert.equal(await refused({ connection_url }), "")
})
