/**
 * The engine against a real MongoDB, or what speaks like one. ARCA_MONGODB=mongodb://name:password@host:port/admin names one, and
 * a user of it that may do everything. FerretDB 1 knows no roles: the tests of users that have some skip there.
 */

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { MongoClient } from "mongodb"
import { vaultWithDatabase } from "../../tests/parts/vault-with-database.ts"

const url = process.env.ARCA_MONGODB ?? ""
const skip = url === "" ? "ARCA_MONGODB names no server" : false
const { host = "", username: name = "", password: sesame = "" } = URL.parse(url) ?? {}
const [root, rootPassword] = [decodeURIComponent(name), decodeURIComponent(sesame)]

const cleanup: (() => unknown)[] = []
let client: MongoClient
let knowsRoles = false
before(async () => {
  if (skip !== false) return
  client = new MongoClient(url)
  cleanup.push(() => client.close())
  const { code } = await make("admin", "probe", "x", ["read"]).catch((error: { code?: number }) => error)
  knowsRoles = code !== NOT_IMPLEMENTED
})
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

const NOT_IMPLEMENTED = 238

/** Makes a user that is gone after the tests. */
async function make(db: string, user: string, pwd: string, roles: readonly unknown[]): Promise<{ code?: number }> {
  await client.db(db).command({ createUser: user, pwd, roles })
  cleanup.push(() => client.db(db).command({ dropUser: user }))
  return {}
}

const all = () => (knowsRoles ? [{ role: "root", db: "admin" }] : [])

async function entering(user: unknown, password: unknown, db = "admin"): Promise<string> {
  const account = { username: String(user), password: String(password) }
  const entrant = new MongoClient(`mongodb://${host}/${db}`, { auth: account, serverSelectionTimeoutMS: 5000 })
  return entrant
    .connect()
    .then(() => entrant.db(db).command({ connectionStatus: 1 }))
    .then(
      () => "in",
      (error: Error) => error.message,
    )
    .finally(() => entrant.close())
}

async function withDatabase(config: Record<string, string> = {}) {
  const vault = await vaultWithDatabase(cleanup, "m", {
    plugin_name: "mongodb-database-plugin",
    connection_url: `mongodb://{{username}}:{{password}}@${host}/admin`,
    username: root,
    password: rootPassword,
    ...config,
  })
  await vault.write("sys/policies/password/nasty", {
    policy: `length = 20\nrule "charset" { charset = "'\\"\\\\%{}$;:@/-" }`,
  })
  return vault
}

test("a role makes users, and they are gone with their lease", { skip }, async t => {
  if (!knowsRoles) return t.skip("the server knows no roles")
  const vault = await withDatabase({ username_template: `{{ .RoleName }}'"\\ %$@:/{{ random 8 }}` })
  await vault.write("database/roles/app", {
    db_name: "m",
    creation_statements: '{"db": "shop", "roles": [{"role": "readWrite"}, {"role": "read", "db": "other"}]}',
    revocation_statements: '{"db": "shop"}',
    credential_config: { password_policy: "nasty" },
  })
  const { data, body, errors } = await vault.read("database/creds/app")
  assert.deepEqual(errors, [])
  assert.equal(await entering(data.username, data.password, "shop"), "in")
  assert.equal((await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })).status, 204)
  assert.match(await entering(data.username, data.password, "shop"), /Authentication failed/)
})

test("what the server refuses is told in its words", { skip }, async () => {
  const vault = await withDatabase()
  const roles = '{"roles": ["nonsense"]}'
  await vault.write("database/roles/bad", { db_name: "m", creation_statements: roles })
  assert.match((await vault.read("database/creds/bad")).errors[0] ?? "", /^failed to execute query: .*(role|nonsense)/)
  vault.clock.advance("1h")
  await vault.runJobs()
  assert.equal((await vault.ask("read", "sys/leases/count")).data.lease_count, 0)
  const wrong = await vault.write("database/config/m", { password: "not-sesame" })
  assert.match(wrong.errors[0] ?? "", /error verifying connection: Authentication failed/)
})

test("static roles rotate, with any password, in the database that the address names", { skip }, async () => {
  const address = `mongodb://{{username}}:{{password}}@${host}/shop?authSource=admin`
  const vault = await withDatabase({ connection_url: address, password_policy: "nasty" })
  const user = `sta'tic"\\ %$@:/é`
  await make("shop", user, "old", [])
  const role = { db_name: "m", username: user, rotation_period: "1h" }
  assert.deepEqual((await vault.write("database/static-roles/s", role)).errors, [])
  for (let round = 0; round < 3; round++) {
    const { password } = (await vault.read("database/static-creds/s")).data
    assert.equal(await entering(user, password, "shop"), "in")
    assert.equal((await vault.write("database/rotate-role/s")).status, 204)
    assert.match(await entering(user, password, "shop"), /Authentication failed/)
  }
  const nobody = await vault.write("database/static-roles/n", { ...role, username: "nobody" })
  assert.match(nobody.errors[0] ?? "", /failed to update user: User.*not found/)
})

test("the account itself rotates, where it proves itself", { skip }, async () => {
  await make("admin", "manager", "fi%r@st", all())
  for (const rest of ["/admin", "", "/shop?authSource=admin", "/?authSource=admin"]) {
    await client.db("admin").command({ updateUser: "manager", pwd: "fi%r@st" })
    const address = `mongodb://{{username}}:{{password}}@${host}${rest}`
    const vault = await withDatabase({ connection_url: address, username: "manager", password: "fi%r@st" })
    assert.deepEqual((await vault.write("database/rotate-root/m")).errors, [], rest)
    assert.match(await entering("manager", "fi%r@st"), /Authentication failed/)
    assert.equal((await vault.write("database/reset/m")).status, 204)
  }
})
