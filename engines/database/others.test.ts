/** Drivers whose servers cannot be had from the registries we use: against fakes, each of which says what it was checked against. */

import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import { after, test } from "node:test"
import type { JsonObject } from "@arca/api"
import { testServer } from "../../server/testing.ts"
import { start as startMongo } from "../../tests/parts/fake-mongodb.ts"
import { vaultWithDatabase } from "../../tests/parts/vault-with-database.ts"

const cleanup: (() => Promise<unknown>)[] = []
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

const withDatabase = (config: JsonObject) => vaultWithDatabase(cleanup, "db", config)

/** A server that notes what it is asked, and answers as `answer` says. */
async function noting(answer: (seen: Seen) => { status?: number; body?: unknown }) {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", chunk => (body += chunk))
    request.on("end", () => {
      const one = {
        method: String(request.method),
        path: String(request.url),
        body,
        auth: String(request.headers.authorization),
      }
      seen.push(one)
      const { status = 200, body: said = {} } = answer(one)
      response.statusCode = status
      if (typeof said !== "string") response.setHeader("content-type", "application/json")
      response.end(typeof said === "string" ? said : JSON.stringify(said))
    })
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  cleanup.push(async () => server.close())
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return { port: address.port, seen }
}

interface Seen {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly auth: string
}

test("mongodb: users are made with their roles, rotated and dropped, by MongoDB's own client against a fake", async () => {
  const mongo = await startMongo()
  cleanup.push(() => mongo.stop())
  const vault = await withDatabase({
    plugin_name: "mongodb-database-plugin",
    connection_url: `mongodb://127.0.0.1:${mongo.port}/admin`,
    write_concern: '{"w": "majority"}',
  })
  await vault.write("database/roles/app", {
    db_name: "db",
    creation_statements: '{"db": "shop", "roles": [{"role": "readWrite"}, {"role": "read", "db": "other"}]}',
    revocation_statements: '{"db": "shop"}',
  })
  const issued = await vault.read("database/creds/app")
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  const { username, password } = issued.data
  assert.deepEqual(mongo.users.get(`shop.${username}`), {
    pwd: password,
    roles: ["readWrite", { role: "read", db: "other" }],
  })
  mongo.users.set("admin.static", { pwd: "old", roles: [] })
  assert.deepEqual(
    (await vault.write("database/static-roles/s", { db_name: "db", username: "static", rotation_period: "1h" })).errors,
    [],
  )
  assert.equal(mongo.users.get("admin.static")?.pwd, (await vault.read("database/static-creds/s")).data.password)
  const revoke = () => vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })
  assert.equal((await revoke()).status, 204)
  assert.deepEqual([...mongo.users.keys()], ["admin.static"])
  await vault.write("database/config/db", { username_template: "{{ .RoleName }}" })
  await vault.write("database/roles/static", { db_name: "db", creation_statements: '{"roles": ["read"]}' })
  assert.match((await vault.read("database/creds/static")).errors[0] ?? "", /^the user static is there already/)
  vault.clock.advance("1h")
  await vault.runJobs()
  mongo.users.set("shop.static", { pwd: "old", roles: [] })
  await vault.write("database/config/db", { connection_url: `mongodb://127.0.0.1:${mongo.port}/shop` })
  assert.equal((await vault.write("database/rotate-role/s")).status, 204)
  assert.equal(mongo.users.get("shop.static")?.pwd, (await vault.read("database/static-creds/s")).data.password)
  const metadata = await vault.write("database/config/db", { connection_url: "mongodb://169.254.169.254/admin" })
  assert.match(metadata.errors[0] ?? "", /are not allowed/)
  await vault.write("database/roles/bad", { db_name: "db", creation_statements: "CREATE USER" })
  assert.match((await vault.read("database/creds/bad")).errors[0] ?? "", /a creation statement is JSON/)
})

test("elasticsearch: users and a role of their own, by the security API", async () => {
  const elastic = await noting(({ method, path }) =>
    method === "GET" && path.includes("/user/") ? { status: 200 } : {},
  )
  const vault = await withDatabase({
    plugin_name: "elasticsearch-database-plugin",
    url: `http://127.0.0.1:${elastic.port}`,
    username: "vault",
    password: "sesame",
  })
  await vault.write("database/roles/app", {
    db_name: "db",
    creation_statements: '{"elasticsearch_role_definition": {"indices": [{"names": ["*"], "privileges": ["read"]}]}}',
  })
  const { data, body } = await vault.read("database/creds/app")
  await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })
  assert.equal(elastic.seen[0]?.auth, `Basic ${Buffer.from("vault:sesame").toString("base64")}`)
  assert.deepEqual(
    elastic.seen.map(({ method, path, body: sent }) => [method, path, sent === "" ? undefined : JSON.parse(sent)]),
    [
      ["GET", "/_security/user/vault", undefined],
      ["POST", `/_security/role/${data.username}`, { indices: [{ names: ["*"], privileges: ["read"] }] }],
      ["POST", `/_security/user/${data.username}`, { password: data.password, roles: [data.username] }],
      ["GET", `/_security/user/${data.username}`, undefined],
      ["DELETE", `/_security/user/${data.username}`, undefined],
      ["DELETE", `/_security/role/${data.username}`, undefined],
    ],
  )
})

test("opensearch: the body is the operator's, the password ours", async () => {
  const search = await noting(() => ({}))
  const vault = await withDatabase({
    plugin_name: "opensearch-database-plugin",
    url: `http://127.0.0.1:${search.port}`,
    username: "a",
    password: "b",
  })
  await vault.write("database/roles/app", {
    db_name: "db",
    creation_statements: '{"opendistro_security_roles": ["readall"]}',
  })
  const { data } = await vault.read("database/creds/app")
  const made = search.seen.find(one => one.method === "PUT")
  assert.equal(made?.path, `/_plugins/_security/api/internalusers/${data.username}`)
  assert.deepEqual(JSON.parse(made?.body ?? ""), { opendistro_security_roles: ["readall"], password: data.password })
})

test("clickhouse: it cannot tell whether a name is taken, so names have to be used once", async () => {
  const click = await noting(() => ({ body: "1\n" }))
  const vault = await withDatabase({
    plugin_name: "clickhouse-database-plugin",
    url: `http://127.0.0.1:${click.port}`,
    username_template: "{{ .RoleName }}",
  })
  await vault.write("database/roles/app", { db_name: "db", creation_statements: "CREATE USER `{{name}}`" })
  assert.match(String((await vault.read("database/creds/app")).errors[0]), /^username_template must make names/)
  assert.deepEqual(
    click.seen.map(one => one.body),
    ["SELECT 1"],
  )
})

test("clickhouse: statements one by one, and its words without its version", async () => {
  const click = await noting(({ body }) =>
    body.startsWith("CREATE USER `bad")
      ? { status: 500, body: "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR) (version 24.1)\n" }
      : { body: "1\n" },
  )
  const vault = await withDatabase({
    plugin_name: "clickhouse-database-plugin",
    url: `http://127.0.0.1:${click.port}`,
    username: "default",
    password: "x",
  })
  await vault.write("database/roles/app", {
    db_name: "db",
    creation_statements: "CREATE USER `{{name}}` IDENTIFIED BY '{{password}}'; GRANT SELECT ON *.* TO `{{name}}`",
  })
  const { data, body } = await vault.read("database/creds/app")
  await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })
  assert.deepEqual(
    click.seen.map(one => one.body),
    [
      "SELECT 1",
      `CREATE USER \`${data.username}\` IDENTIFIED BY '${data.password}'`,
      `GRANT SELECT ON *.* TO \`${data.username}\``,
      `DROP USER IF EXISTS \`${data.username}\``,
    ],
  )
  await vault.write("database/roles/bad", { db_name: "db", creation_statements: "CREATE USER `bad`" })
  assert.deepEqual((await vault.read("database/creds/bad")).errors, [
    "failed to execute query: Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)",
  ])
})

test("mssql and cassandra: what cannot be reached is told without a password", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/database", { type: "database" })
  const refused = async (config: Record<string, string>) => {
    const { status, errors } = await vault.write("database/config/db", {
      username: "sa",
      password: "sesame-open",
      ...config,
    })
    assert.equal(status, 400)
    assert.ok(!String(errors[0]).includes("sesame"), String(errors[0]))
    return String(errors[0])
  }
  const mssql = { plugin_name: "mssql-database-plugin" }
  assert.match(
    await refused({ ...mssql, connection_url: "sqlserver://{{username}}:{{password}}@127.0.0.1:1" }),
    /Failed to connect to 127.0.0.1:1/,
  )
  assert.match(
    await refused({ ...mssql, connection_url: "server=127.0.0.1;port=1;user id={{username}};password={{password}}" }),
    /Failed to connect to 127.0.0.1:1/,
  )
  assert.match(await refused({ ...mssql, connection_url: "sesame" }), /cannot be read/)
  const cassandra = { plugin_name: "cassandra-database-plugin" }
  assert.match(await refused({ ...cassandra, hosts: "127.0.0.1:1" }), /ECONNREFUSED/)
  assert.match(await refused(cassandra), /hosts cannot be empty/)
})
