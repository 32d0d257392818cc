import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "@arca/server/testing"
import { cleaned } from "./connections.ts"

test("a configuration names a place, is tried only if it says so, and keeps nothing of another kind", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/database", { type: "database" })
  const mysql = { plugin_name: "mysql-database-plugin", connection_url: "{{username}}:{{password}}@tcp(127.0.0.1:1)/" }
  const table: readonly [plugin: string, needed: string][] = [
    ["postgresql-database-plugin", "connection_url"],
    ["redis-database-plugin", "host"],
    ["influxdb-database-plugin", "host"],
    ["cassandra-database-plugin", "hosts"],
    ["elasticsearch-database-plugin", "url"],
  ]
  for (const [plugin_name, needed] of table) {
    const { errors } = await vault.write("database/config/c", { plugin_name, verify_connection: false })
    assert.deepEqual(errors, [`error creating database object: ${needed} cannot be empty`])
  }
  const secret = { tls_certificate_key: "PEM", max_connection_lifetime: "1h" }
  await vault.write("database/config/c", { ...mysql, ...secret, verify_connection: false })
  assert.deepEqual((await vault.write("database/config/c", { allowed_roles: "a" })).errors, [])
  const read = async () => (await vault.read("database/config/c")).data
  assert.equal((await read()).verify_connection, false)
  await vault.write("database/config/c", { plugin_name: "cassandra-database-plugin", hosts: "h,i" })
  assert.deepEqual((await read()).connection_details, { hosts: "h,i" })
  assert.match(
    (await vault.write("database/config/c", { ...mysql, verify_connection: true })).errors.join(),
    /verifying/,
  )
  const own = { plugin_name: "mysql-database-plugin", connection_url: "root:sesame@tcp(127.0.0.1:1)/" }
  const warned = await vault.write("database/config/own", {
    ...own,
    username: "root",
    password: "sesame",
    verify_connection: false,
    surprise: 1,
  })
  assert.equal(warned.status, 200)
  assert.match(warned.warnings.join(), /unrecognized parameters: \[surprise\].*Password found in connection_url/)
  const rooted = await vault.write("database/rotate-root/own")
  assert.match(rooted.errors.join(), /connection_url holds a password of its own/)
  const unknown = ['1 error occurred:\n\t* failed to find entry for connection with name: "x"\n\n']
  assert.deepEqual((await vault.write("database/reset/x")).errors, unknown)
})

test("a secret is masked in every form that a database may quote it in, whole or cut", () => {
  const secret = `abc'def\\"ghi`
  const table: readonly [text: string, shown: string][] = [
    [`as it is: ${secret}.`, "as it is: [password]."],
    [`in an address: ${encodeURIComponent(secret)}.`, "in an address: [password]."],
    [`in SQL: 'abc''def\\"ghi'`, "in SQL: '[password]'"],
    [`with backslashes: 'abc''def\\\\"ghi'`, "with backslashes: '[password]'"],
    [`in InfluxQL: 'abc\\'def\\\\"ghi'`, "in InfluxQL: '[password]'"],
    [`cut: 'abc''def\\\\...`, "cut: '[password]..."],
    [`cut in another form: 'abc\\'def\\...`, "cut in another form: '[password]..."],
    ["a few letters of it: abc'de", "a few letters of it: abc'de"],
  ]
  for (const [text, shown] of table) assert.equal(cleaned(text, [secret]), shown)
  assert.equal(cleaned(`${"x".repeat(990)}${secret}`, [secret]).slice(990), "[password]")
  assert.doesNotMatch(cleaned(`${"x".repeat(991)}abc''def\\\\"`, [secret]), /abc/)
})
