/** Snowflake's SQL API, against a fake that Snowflake's own client was let into (tests/parts/fake-snowflake.ts). */

import assert from "node:assert/strict"
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto"
import { after, test } from "node:test"
import { type TestServer, testServer } from "../../server/testing.ts"
import { type FakeSnowflake, start } from "../../tests/parts/fake-snowflake.ts"

const cleanup: (() => unknown)[] = []
after(async () => {
  for (const act of cleanup.reverse()) await act()
})

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const ADMIN_KEY = privateKey.export({ format: "pem", type: "pkcs8" }).toString()
const spkiOf = (key: typeof publicKey) => key.export({ format: "der", type: "spki" }).toString("base64")

const urlOf = (snow: FakeSnowflake) =>
  `127.0.0.1:${snow.port}/app/public?account=myorg-test&protocol=http&warehouse=small&role=useradmin`

async function withDatabase(): Promise<{ vault: TestServer; snow: FakeSnowflake }> {
  const vault = await testServer()
  const snow = await start({ name: "VAULT", publicKey: spkiOf(publicKey) }, () => vault.clock.now())
  cleanup.push(
    () => vault.write("sys/seal"),
    () => snow.close(),
  )
  await vault.write("sys/mounts/database", { type: "database" })
  const config = { plugin_name: "snowflake-database-plugin", connection_url: urlOf(snow), username: "vault" }
  const written = await vault.write("database/config/db", { ...config, private_key: ADMIN_KEY, allowed_roles: "*" })
  assert.deepEqual(written.errors, [])
  return { vault, snow }
}

const CREATION =
  "CREATE USER {{name}} RSA_PUBLIC_KEY='{{public_key}}' DAYS_TO_EXPIRY={{expiration}} DEFAULT_ROLE=reader; GRANT ROLE reader TO USER {{name}};"
const keyRole = { db_name: "db", credential_type: "rsa_private_key", creation_statements: CREATION }

test("a user gets a key pair, lives as long as its lease in Snowflake's days, and is dropped", async () => {
  const { vault, snow } = await withDatabase()
  await vault.write("database/roles/app", { ...keyRole, default_ttl: "36h", max_ttl: "240h" })
  const issued = await vault.read("database/creds/app")
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  const { username, rsa_private_key: key } = issued.data
  assert.match(String(username), /^v_root_app_[0-9A-Za-z]{20}_\d+$/)
  const made = snow.users.get(String(username).toUpperCase())
  assert.equal(made?.properties.get("RSA_PUBLIC_KEY"), spkiOf(createPublicKey(createPrivateKey(String(key)))))
  assert.equal(made?.properties.get("DAYS_TO_EXPIRY"), "2", "rounded up: a user must not end before its lease")
  assert.deepEqual(snow.contexts.at(-1), {
    timeout: 60,
    database: "app",
    schema: "public",
    warehouse: "small",
    role: "useradmin",
  })
  vault.clock.advance("24h")
  await vault.write("sys/leases/renew", { lease_id: issued.body.lease_id ?? "", increment: "72h" })
  assert.equal(made?.properties.get("DAYS_TO_EXPIRY"), "4")
  await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })
  assert.deepEqual([...snow.users.keys()], ["VAULT"])
})

test("static roles change keys and passwords; a key of the account is never shown", async () => {
  const { vault, snow } = await withDatabase()
  snow.users.set("BATCH", { properties: new Map() })
  const batch = snow.users.get("BATCH")?.properties
  const plan = { db_name: "db", username: "batch", rotation_period: "24h" }
  await vault.write("database/static-roles/key", { ...plan, credential_type: "rsa_private_key" })
  const { data } = await vault.read("database/static-creds/key")
  assert.equal(batch?.get("RSA_PUBLIC_KEY"), spkiOf(createPublicKey(createPrivateKey(String(data.rsa_private_key)))))
  await vault.write("database/static-roles/password", plan)
  assert.equal(batch?.get("PASSWORD"), (await vault.read("database/static-creds/password")).data.password)
  const shown = JSON.stringify((await vault.read("database/config/db")).body)
  assert.ok(shown.includes("myorg-test") && !shown.includes("PRIVATE KEY"))
  const rooted = await vault.write("database/rotate-root/db")
  assert.match(rooted.errors[0] ?? "", /unable to rotate root credentials: no password in configuration/)
})

test("a statement that takes long is waited for; one that fails is told in Snowflake's words", async () => {
  const { vault, snow } = await withDatabase()
  snow.slow = true
  await vault.write("database/roles/app", keyRole)
  assert.equal((await vault.read("database/creds/app")).status, 200)
  await vault.write("database/roles/bad", { ...keyRole, creation_statements: "NONSENSE {{name}} '{{public_key}}'" })
  assert.deepEqual((await vault.read("database/creds/bad")).errors, [
    "failed to execute query: SQL compilation error: syntax error line 1 at position 0 unexpected 'NONSENSE'. (001003)",
  ])
})

test("a name that is taken stays with whom it belongs to", async () => {
  const { vault, snow } = await withDatabase()
  await vault.write("database/config/db", { username_template: "{{ .RoleName }}" })
  snow.users.set("APP", { properties: new Map() })
  await vault.write("database/roles/app", keyRole)
  assert.match(String((await vault.read("database/creds/app")).errors[0]), /^the user app is there already/)
  vault.clock.advance("10m")
  await vault.runJobs()
  assert.ok(snow.users.has("APP"))
})

test("a key that Snowflake does not know, a password and an unreadable address are refused when written", async () => {
  const { vault, snow } = await withDatabase()
  const refused = async (more: Record<string, string>) => {
    const config = { plugin_name: "snowflake-database-plugin", connection_url: urlOf(snow), username: "vault" }
    const { status, errors } = await vault.write("database/config/other", { ...config, ...more })
    assert.equal(status, 400)
    return String(errors[0])
  }
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey
  const strange = stranger.export({ format: "pem", type: "pkcs8" }).toString()
  assert.match(await refused({ private_key: strange }), /JWT token is invalid\. \[fake\] \(390144\)$/)
  assert.match(await refused({ private_key: "sesame" }), /failed to read provided private_key$/)
  assert.match(await refused({ password: "sesame" }), /give private_key .* or token/)
  assert.match(await refused({ private_key: strange, connection_url: "a b" }), /invalid connection URL format/)
})

/** Not of our package.json: 183 packages, 119 MB. */
const CLIENT = "snowflake-sdk"
const client = await import(CLIENT).catch(() => undefined)

test("Snowflake's own client enters with the key, and not after the lease", {
  skip: client === undefined && `${CLIENT} is not installed (npm install --no-save ${CLIENT}@3.3.0)`,
}, async () => {
  const { vault, snow } = await withDatabase()
  await vault.write("database/roles/app", keyRole)
  const { data, body } = await vault.read("database/creds/app")
  const { default: sdk } = client
  sdk.configure({ logLevel: "OFF", ocspFailOpen: true })
  const entering = () =>
    new Promise<string>(resolve => {
      const connection = sdk.createConnection({
        account: "myorg-test",
        accessUrl: `http://127.0.0.1:${snow.port}`,
        username: String(data.username),
        authenticator: "SNOWFLAKE_JWT",
        privateKey: String(data.rsa_private_key),
        sfRetryMaxLoginRetries: 1,
      })
      connection.connect((error: Error | undefined) => {
        if (error) return resolve(error.message)
        connection.execute({
          sqlText: "SELECT CURRENT_USER() AS WHO",
          complete: (failed: Error | undefined, _: unknown, rows: { WHO: string }[]) =>
            resolve(failed?.message ?? String(rows[0]?.WHO)),
        })
      })
    })
  assert.equal(await entering(), String(data.username).toUpperCase())
  await vault.write("sys/leases/revoke", { lease_id: body.lease_id ?? "" })
  assert.match(await entering(), /JWT token is invalid/)
})
