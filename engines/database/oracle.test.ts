/** Oracle: what is said to it, and how its own client fails. No server can be had from the registries we use. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { testServer } from "../../server/testing.ts"
import { NameTaken } from "./drivers/driver.ts"
import { descriptorOf, type Query, readAddress, speaking } from "./drivers/oracle.ts"

/** Notes what is said; users and sessions are as given. */
function noting(users: readonly string[] = [], sessions: readonly unknown[][] = []) {
  const said: string[] = []
  const query: Query = async (text, binds = {}) => {
    const bound = Object.entries(binds).map(([name, value]) => ` [${name}=${value}]`)
    said.push(text.replace(/^SELECT .* FROM (\S+) .*$/s, "$1?") + bound.join(""))
    if (text.includes("FAIL")) throw new Error("ORA-01920: user name 'APP' conflicts with another user or role name")
    if (text.includes("KILL SESSION '1,")) throw new Error("ORA-00030: User session ID does not exist.")
    if (text.includes("all_users")) return users.map(name => [name])
    return text.includes("gv$session") ? sessions : []
  }
  return { said, query }
}

const SETTINGS = { split_statements: true, disconnect_sessions: true }
const password = (text: string) => ({ type: "password", password: text }) as const

test("a user is made by the role's statements, one by one, or by a block as a whole", async () => {
  const { said, query } = noting()
  const user = { username: "V_ROOT_APP_1", secret: password("p;1"), expiresAt: 0 }
  const creation = `CREATE USER {{username}} IDENTIFIED BY "{{password}}"; GRANT CREATE SESSION TO {{username}};`
  await speaking(query, SETTINGS).create({ ...user, statements: [creation] })
  const block = "BEGIN grant_all('{{username}}'); END;"
  await speaking(query, { ...SETTINGS, split_statements: false }).create({ ...user, statements: [block] })
  await speaking(query, SETTINGS).change("batch", password("x"), [])
  assert.deepEqual(said, [
    `CREATE USER V_ROOT_APP_1 IDENTIFIED BY "p;1"`,
    "GRANT CREATE SESSION TO V_ROOT_APP_1",
    "BEGIN grant_all('V_ROOT_APP_1'); END;",
    `ALTER USER batch IDENTIFIED BY "x"`,
  ])
})

test("a user is locked out and its sessions are ended before it goes; what it owns is not dropped with it", async () => {
  const sessions = [
    [1, 7, 1],
    [2, 8, 2],
  ]
  const { said, query } = noting(["APP"], sessions)
  await speaking(query, SETTINGS).drop("app", [])
  assert.deepEqual(said, [
    "all_users? [name=app]",
    'ALTER USER "APP" ACCOUNT LOCK',
    "gv$session? [name=APP]",
    "ALTER SYSTEM KILL SESSION '1,7,@1' IMMEDIATE",
    "ALTER SYSTEM KILL SESSION '2,8,@2' IMMEDIATE",
    'DROP USER "APP"',
  ])
  const gone = noting()
  await speaking(gone.query, SETTINGS).drop("app", [])
  assert.deepEqual(gone.said, ["all_users? [name=app]"])
  const left = noting(["APP"])
  await speaking(left.query, { ...SETTINGS, disconnect_sessions: false }).drop("app", ["DROP USER {{name}} CASCADE"])
  assert.deepEqual(left.said, ["all_users? [name=app]", "DROP USER app CASCADE"])
})

test("a name that is taken is told apart from other failures", async () => {
  const { query } = noting()
  const user = { secret: password("x"), expiresAt: 0, statements: ["FAIL {{name}}"] }
  await assert.rejects(speaking(query, SETTINGS).create({ ...user, username: "app" }), NameTaken)
  await assert.rejects(speaking(query, SETTINGS).create({ ...user, username: "other" }), /ORA-01920/)
})

test("an address is read in Oracle's short form, and nothing of it reaches another part", () => {
  const account = { username: "man/ager", password: "p@/ss)(", disable_escaping: false }
  const read = readAddress("{{username}}/{{password}}@localhost:1521/OraDoc.localhost", account)
  const at = { host: "localhost", port: 1521, service: "OraDoc.localhost", tls: false }
  assert.deepEqual(read, { username: "man/ager", password: "p@/ss)(", ...at })
  assert.equal(
    descriptorOf(read, "127.0.0.1"),
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=OraDoc.localhost)))",
  )
  const secure = readAddress("{{username}}/{{password}}@tcps://db.example/app", account)
  assert.deepEqual([secure.tls, secure.host, secure.port, secure.service], [true, "db.example", 2484, "app"])
  assert.deepEqual(readAddress("//db:1/app", account), {
    username: "",
    password: "",
    tls: false,
    host: "db",
    port: 1,
    service: "app",
  })
  for (const text of ["", "db", "(DESCRIPTION=)", "a/b@db:1521/x)(y", "a/b@config-https://db/x?y"])
    assert.throws(() => readAddress(text, account), /connection_url cannot be/)
})

test("Oracle's client tells what it cannot reach, without a password", async () => {
  const vault = await testServer()
  await vault.write("sys/mounts/database", { type: "database" })
  const refused = async (connection_url: string) => {
    const config = { plugin_name: "vault-plugin-database-oracle", username: "system", password: "sesame-open" }
    const { status, errors } = await vault.write("database/config/db", { ...config, connection_url })
    assert.equal(status, 400)
    assert.ok(!String(errors[0]).includes("sesame"), String(errors[0]))
    return String(errors[0])
  }
  assert.match(
    await refused("{{username}}/{{password}}@127.0.0.1:1/app"),
    /NJS-503: connection to host 127.0.0.1 port 1/,
  )
  assert.match(await refused("{{username}}/{{password}}@169.254.169.254/app"), /are not allowed/)
  const shown = await vault.write("database/config/db", {
    plugin_name: "oracle-database-plugin",
    connection_url: "system/sesame-open@127.0.0.1:1/app",
    verify_connection: false,
  })
  assert.match(shown.warnings.join(), /^Password found in connection_url/)
  assert.ok(!JSON.stringify((await vault.read("database/config/db")).body).includes("sesame"))
})
