/**
 * The engine against a real MariaDB. ARCA_MYSQL=port names another server on this machine instead, such as MySQL, and ARCA_MYSQL_DATA
 * the directory of its data, where the authority is that it made for itself; its user root at 127.0.0.1 has the
 * password below. It must be new.
 */

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, test } from "node:test"
import { createConnection } from "mysql2/promise"
import { certificates } from "../../tests/parts/certificates.ts"
import { missing, type Server, start } from "../../tests/parts/mariadb.ts"
import { vaultWithDatabase } from "../../tests/parts/vault-with-database.ts"

const { ARCA_MYSQL: given = "", ARCA_MYSQL_DATA: data = "" } = process.env
const skip = given === "" ? (missing() ?? false) : false
const PASSWORD = `ro'ot\\%41"@`

let server: Server
let pki: { readonly ca: string; readonly caKey: string }
const cleanup: (() => unknown)[] = []
before(async () => {
  if (skip !== false) return
  if (given !== "") {
    pki = { ca: join(data, "ca.pem"), caKey: join(data, "ca-key.pem") }
    server = { port: Number(given), stop: async () => {} }
    return
  }
  const made = await certificates({ after: act => void cleanup.push(act) })
  pki = made
  server = await start({
    password: PASSWORD,
    args: [`--ssl-ca=${made.ca}`, `--ssl-cert=${made.cert}`, `--ssl-key=${made.key}`],
  })
  cleanup.push(() => server.stop())
})
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

async function query(text: string, as: { user: string; password: string } = { user: "root", password: PASSWORD }) {
  const connection = await createConnection({ host: "127.0.0.1", port: server.port, ...as })
  const [rows] = await connection.query(text).finally(() => connection.end())
  return Array.isArray(rows) ? rows.map(row => Object.values(row).map(String)) : []
}

const entering = (user: unknown, password: unknown): Promise<string> =>
  query("SELECT 1", { user: String(user), password: String(password) }).then(
    () => "in",
    (error: { code?: string }) => String(error.code),
  )

const withDatabase = (config: Record<string, string> = {}) =>
  vaultWithDatabase(cleanup, "my", {
    plugin_name: "mysql-database-plugin",
    connection_url: `{{username}}:{{password}}@tcp(127.0.0.1:${server.port})/`,
    username: "root",
    password: PASSWORD,
    ...config,
  })

const CREATION = `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}';GRANT SELECT ON *.* TO '{{name}}'@'%';`

test("a role makes users that can enter, and are gone with their lease", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/app", { db_name: "my", creation_statements: CREATION, default_ttl: "1h" })
  const issued = await vault.read("database/creds/app")
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  const { username, password } = issued.data
  assert.match(String(username), /^v-root-app-[0-9A-Za-z]{20}/)
  assert.ok(String(username).length <= 32)
  assert.equal(await entering(username, password), "in")
  vault.clock.advance("1h1s")
  await vault.runJobs()
  assert.equal(await entering(username, password), "ER_ACCESS_DENIED_ERROR")
})

test("users at any host are dropped, and one that is half made too", { skip }, async () => {
  const vault = await withDatabase()
  const users = () => query("SELECT user FROM mysql.user WHERE user LIKE 'v-%'")
  await vault.write("database/roles/here", {
    db_name: "my",
    creation_statements: [`CREATE USER '{{name}}'@'127.0.0.1' IDENTIFIED BY '{{password}}'`],
  })
  const { body } = await vault.read("database/creds/here")
  assert.equal((await users()).length, 1)
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  await vault.write("database/roles/half", { db_name: "my", creation_statements: `${CREATION} GRANT nonsense;` })
  const failed = await vault.read("database/creds/half")
  assert.match(failed.errors[0] ?? "", /^failed to execute query: You have an error in your SQL syntax/)
  assert.deepEqual(await users(), [])
})

test("passwords with every kind of character work, whatever the server's sql_mode", { skip }, async () => {
  await query("SET GLOBAL sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'")
  const vault = await withDatabase()
  await vault.write("sys/policies/password/nasty", {
    policy: `length = 20\nrule "charset" { charset = "'\\"\\\\%{}$;:@/-" }`,
  })
  await vault.write("database/roles/app", {
    db_name: "my",
    creation_statements: CREATION,
    credential_config: { password_policy: "nasty" },
  })
  for (let round = 0; round < 5; round++) {
    const { data, errors } = await vault.read("database/creds/app")
    assert.deepEqual(errors, [])
    assert.equal(await entering(data.username, data.password), "in")
  }
  await query("SET GLOBAL sql_mode = DEFAULT")
})

test("static roles and the account itself rotate", { skip }, async () => {
  await query("CREATE USER 'manager'@'%' IDENTIFIED BY 'first'; ".replace(/; $/, ""))
  await query("GRANT ALL ON *.* TO 'manager'@'%' WITH GRANT OPTION")
  await query("CREATE USER 'static'@'127.0.0.1' IDENTIFIED BY 'old'")
  const vault = await withDatabase({ username: "manager", password: "first" })
  assert.deepEqual(
    (await vault.write("database/static-roles/s", { db_name: "my", username: "static", rotation_period: "1h" })).errors,
    [],
  )
  const { data } = await vault.read("database/static-creds/s")
  assert.equal(await entering("static", data.password), "in")
  assert.equal((await vault.write("database/rotate-root/my")).status, 204)
  assert.equal(await entering("manager", "first"), "ER_ACCESS_DENIED_ERROR")
  assert.equal((await vault.write("database/rotate-role/s")).status, 204)
})

test("a client certificate lets its user in where statements require its subject, and not after its lease", {
  skip,
}, async () => {
  const vault = await withDatabase()
  // Certificates have the world's time.
  vault.clock.advance(`${Date.now() / 1000 - vault.clock.now()}s`)
  const [ca, ca_private_key] = [readFileSync(pki.ca, "utf8"), readFileSync(pki.caKey, "utf8")]
  await vault.write("database/roles/certified", {
    db_name: "my",
    default_ttl: "1h",
    creation_statements: `CREATE USER '{{name}}'@'%' REQUIRE SUBJECT '/CN={{common_name}}'; GRANT SELECT ON *.* TO '{{name}}'@'%'`,
    credential_type: "client_certificate",
    credential_config: {
      common_name_template: "{{ .RoleName }}-{{ random 12 }}",
      key_type: "rsa",
      ca_cert: ca,
      ca_private_key,
    },
  })
  const one = await vault.read("database/creds/certified")
  assert.deepEqual(one.errors, [])
  const other = await vault.read("database/creds/certified")
  const pairOf = ({ data }: typeof one) => ({
    cert: String(data.client_certificate),
    key: String(data.private_key),
    ca,
  })
  const entering = async (ssl: ReturnType<typeof pairOf>): Promise<string> => {
    const to = { host: "127.0.0.1", port: server.port, user: String(one.data.username), ssl }
    const connection = await createConnection(to).catch((error: { code?: string }) => String(error.code))
    return typeof connection === "string" ? connection : connection.end().then(() => "in")
  }
  assert.equal(await entering(pairOf(one)), "in")
  assert.equal(await entering(pairOf(other)), "ER_ACCESS_DENIED_ERROR")
  await vault.write("sys/leases/revoke", { lease_id: one.body.lease_id ?? "" })
  assert.equal(await entering(pairOf(one)), "ER_ACCESS_DENIED_ERROR")
})

test("the server must show a certificate of the authority, for its name", { skip }, async t => {
  if (given !== "") return t.skip("the certificate that MySQL makes for itself is for no host")
  await query("CREATE USER 'sealed'@'%' IDENTIFIED BY 'sesame' REQUIRE SSL")
  const sealed = { username: "sealed", password: "sesame" }
  const vault = await withDatabase({ ...sealed, tls_ca: readFileSync(pki.ca, "utf8") })
  const refused = async (config: Record<string, string>) =>
    (await vault.write("database/config/my", config)).errors[0] ?? ""
  assert.match(await refused({ tls_server_name: "elsewhere.example" }), /does not match certificate/)
  const connection_url = `{{username}}:{{password}}@tcp(localhost:${server.port})/`
  assert.match(await refused({ tls_server_name: "", connection_url }), /localhost. is not in the cert|does not match/)
  assert.equal(await refused({ tls_server_name: "arca.test", connection_url }), "")
  const other = await certificates(t)
  assert.match(await refused({ tls_server_name: "", tls_ca: readFileSync(other.ca, "utf8") }), /self.signed|verify/)
  assert.match(await refused({ tls_ca: "" }), /Access denied for user 'sealed'/)
})

test("a template that makes a name twice costs nobody their user", { skip }, async () => {
  const vault = await withDatabase({ username_template: "{{ .RoleName }}" })
  await vault.write("database/roles/once", { db_name: "my", creation_statements: CREATION })
  const asked = await Promise.all([1, 2, 3].map(() => vault.read("database/creds/once")))
  assert.deepEqual(asked.map(({ status }) => status).sort(), [200, 500, 500])
  vault.clock.advance("10m")
  await vault.runJobs()
  const { data } = asked.find(({ status }) => status === 200) ?? assert.fail("nobody got it")
  assert.equal(await entering("once", data.password), "in")
})

test("what MySQL quotes of a statement shows no part of a password", { skip }, async () => {
  const vault = await withDatabase()
  const charset = "'\\\\abc"
  await vault.write("sys/policies/password/quoted", {
    policy: `length = 30\nrule "charset" { charset = "${charset}" }`,
  })
  const misspelt = ["CREATE USR '{{name}}'@'%' IDENTIFIED BY '{{password}}'", "CREATE USR IDENTIFIED BY '{{password}}'"]
  for (const creation_statements of misspelt) {
    await vault.write("database/roles/misspelt", {
      db_name: "my",
      creation_statements,
      credential_config: { password_policy: "quoted" },
    })
    const { errors } = await vault.read("database/creds/misspelt")
    assert.match(errors[0] ?? "", /IDENTIFIED BY '\[password\]/)
    assert.doesNotMatch(errors[0] ?? "", /[abc'\\]{8}/)
  }
})

test("short names are made for MySQL's older kinds, and a wrong password is told without it", { skip }, async () => {
  const vault = await withDatabase({ plugin_name: "mysql-rds-database-plugin" })
  await vault.write("database/roles/application", { db_name: "my", creation_statements: CREATION })
  const { data } = await vault.read("database/creds/application")
  assert.match(String(data.username), /^v-appl-[0-9A-Za-z]{9}$/)
  const wrong = await vault.write("database/config/my", { password: "sesame-open" })
  assert.match(
    wrong.errors[0] ?? "",
    /^error creating database object: error verifying connection: Access denied for user 'root'/,
  )
})
