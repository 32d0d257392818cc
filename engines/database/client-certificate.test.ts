/** Client certificates and RSA keys against a real PostgreSQL that lets users in by certificate alone (pg_hba's `cert`). */

import assert from "node:assert/strict"
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { after, before, test } from "node:test"
import pg from "pg"
import { type TestServer, testServer } from "../../server/testing.ts"
import { certificates } from "../../tests/parts/certificates.ts"
import { missing, own, type Server, start } from "../../tests/parts/postgresql.ts"

const skip = (await missing()) ?? false
const PASSWORD = "manager's"

const cleanup: (() => unknown)[] = []
after(async () => {
  for (const act of cleanup.reverse()) await act()
})
const scope = { after: (act: () => unknown) => void cleanup.push(act) }

const HBA = `hostssl all postgres 127.0.0.1/32 scram-sha-256
hostssl all all 127.0.0.1/32 cert
`

let server: Server
let pki: Awaited<ReturnType<typeof certificates>>
let strangers: typeof pki
before(async () => {
  if (skip !== false) return
  pki = await certificates(scope)
  strangers = await certificates(scope)
  const hba = join(pki.folder, "hba")
  writeFileSync(hba, HBA)
  for (const name of [pki.folder, pki.key, pki.cert, pki.ca, hba]) await own(name)
  const files = { ssl_cert_file: pki.cert, ssl_key_file: pki.key, ssl_ca_file: pki.ca, hba_file: hba }
  const args = Object.entries({ ssl: "on", ...files }).flatMap(([name, value]) => ["-c", `${name}=${value}`])
  server = await start({ password: PASSWORD, args })
  cleanup.push(() => server.stop())
})

const read = (path: string): string => readFileSync(path, "utf8")

interface Who {
  readonly user: string
  readonly password?: string
  readonly cert?: string
  readonly key?: string
}

async function query(text: string, { user, password, cert, key }: Who = { user: "postgres", password: PASSWORD }) {
  const ssl = { ca: read(pki.ca), ...(cert === undefined ? {} : { cert, key }) }
  const to = { host: "127.0.0.1", port: server.port, database: "postgres" }
  const client = new pg.Client({ ...to, user, ssl, ...(password === undefined ? {} : { password }) })
  await client.connect()
  return await client.query(text).finally(() => client.end())
}

/** Who somebody is to the database, or why not. */
const entering = (who: Who): Promise<string> =>
  query("SELECT current_user AS who", who).then(
    ({ rows }) => rows[0].who,
    (error: Error) => error.message,
  )

async function withDatabase(): Promise<TestServer> {
  const vault = await testServer()
  // Sealing closes connections, which would keep the process alive.
  cleanup.push(() => vault.write("sys/seal"))
  // The database has a clock of its own, and looks at the certificates' times.
  vault.clock.advance(`${Date.now() / 1000 - vault.clock.now()}s`)
  await vault.write("sys/mounts/database", { type: "database" })
  const written = await vault.write("database/config/pg", {
    plugin_name: "postgresql-database-plugin",
    connection_url: `postgresql://{{username}}:{{password}}@127.0.0.1:${server.port}/postgres?sslmode=verify-full`,
    username: "postgres",
    password: PASSWORD,
    tls_ca: read(pki.ca),
    allowed_roles: "*",
  })
  assert.deepEqual(written.errors, [])
  return vault
}

const certificateRole = (more: Record<string, string> = {}) => ({
  db_name: "pg",
  creation_statements: `CREATE ROLE "{{name}}" LOGIN VALID UNTIL '{{expiration}}'; COMMENT ON ROLE "{{name}}" IS '{{subject}}'`,
  default_ttl: "1h",
  credential_type: "client_certificate",
  credential_config: {
    common_name_template: "{{ .RoleName }}-{{ random 12 }}",
    ca_cert: read(pki.ca),
    ca_private_key: read(pki.caKey),
    key_type: "ec",
    ...more,
  },
})

test("a certificate lets its user in, nobody else, and not after its lease", { skip }, async () => {
  const vault = await withDatabase()
  assert.deepEqual((await vault.write("database/roles/app", certificateRole())).errors, [])
  const issued = await vault.read("database/creds/app")
  assert.equal(issued.status, 200, JSON.stringify(issued.body))
  const { username, client_certificate: cert, private_key: key, ...rest } = issued.data
  assert.match(String(username), /^app-[0-9A-Za-z]{12}$/)
  assert.deepEqual(rest, { private_key_type: "ec" })
  assert.match(String(key), /^-----BEGIN EC PRIVATE KEY-----\n/)
  assert.deepEqual([issued.body.lease_duration, issued.body.renewable], [3600, false])
  const user = { user: String(username), cert: String(cert), key: String(key) }
  assert.equal(await entering(user), username)
  assert.match(await entering({ user: user.user }), /connection requires a valid client certificate/)
  const another = await vault.read("database/creds/app")
  assert.match(
    await entering({ ...user, user: String(another.data.username) }),
    /certificate authentication failed for user/,
  )
  const { rows } = await query(
    `SELECT shobj_description(oid, 'pg_authid') AS subject FROM pg_roles WHERE rolname = '${username}'`,
  )
  assert.deepEqual(rows, [{ subject: `CN=${username}` }])
  const { validToDate } = new X509Certificate(user.cert)
  assert.equal(Math.ceil(validToDate.getTime() / 1000 - vault.clock.now()), 3605, "the lease, and a little")
  await vault.write("sys/leases/revoke", { lease_id: issued.body.lease_id ?? "" })
  assert.match(await entering(user), /role ".*" does not exist/)
})

test("J09: a database that cannot prove itself is not spoken with, and hears no password", { skip }, async () => {
  const vault = await withDatabase()
  const write = async (host: string, tls_ca: string | undefined) => {
    const url = `postgresql://{{username}}:{{password}}@${host}:${server.port}/postgres?sslmode=verify-full`
    const config = { plugin_name: "postgresql-database-plugin", connection_url: url, username: "postgres" }
    const { status, errors } = await vault.write("database/config/wrong", {
      ...config,
      password: PASSWORD,
      ...(tls_ca === undefined ? {} : { tls_ca }),
    })
    assert.equal(status, 400, `${host}: it was accepted`)
    assert.ok(!errors.join().includes(PASSWORD))
    return errors.join()
  }
  assert.match(await write("127.0.0.1", read(strangers.ca)), /certificate|issuer/i, "another authority")
  assert.match(await write("127.0.0.1", undefined), /certificate|issuer/i, "those that the system trusts")
  assert.match(await write("localhost", read(pki.ca)), /certificate|altnames/i, "another name")
})

test("every kind of key enters; an authority that the database does not know does not", { skip }, async () => {
  const vault = await withDatabase()
  for (const [key_type, signature_bits] of [
    ["rsa", "512"],
    ["ed25519", "256"],
  ] as const) {
    await vault.write(`database/roles/${key_type}`, certificateRole({ key_type, signature_bits }))
    const { data, errors } = await vault.read(`database/creds/${key_type}`)
    assert.deepEqual(errors, [])
    const { username, client_certificate, private_key, private_key_type } = data
    assert.equal(private_key_type, key_type)
    const user = { user: String(username), cert: String(client_certificate), key: String(private_key) }
    assert.equal(await entering(user), username)
  }
  await vault.write(
    "database/roles/other",
    certificateRole({ ca_cert: read(strangers.ca), ca_private_key: read(strangers.caKey) }),
  )
  const { data } = await vault.read("database/creds/other")
  const stranger = { user: String(data.username), cert: String(data.client_certificate), key: String(data.private_key) }
  assert.match(await entering(stranger), /unknown ca|certificate/)
})

test("a template that makes a name twice costs nobody their user", { skip }, async () => {
  const vault = await withDatabase()
  await vault.write("database/roles/once", certificateRole({ common_name_template: "{{ .RoleName }}" }))
  const asked = await Promise.all([1, 2, 3].map(() => vault.read("database/creds/once")))
  const [first, ...others] = asked.toSorted((a, b) => a.status - b.status)
  assert.equal(first?.status, 200, JSON.stringify(first?.body))
  for (const other of [...others, await vault.read("database/creds/once")])
    assert.match(other.errors[0] ?? "", /^the user once is there already: the template of its name must make names/)
  vault.clock.advance("10m")
  await vault.runJobs()
  const { client_certificate: cert, private_key: key } = first?.data ?? {}
  assert.equal(await entering({ user: "once", cert: String(cert), key: String(key) }), "once")
})

test("a credential_config is checked in Vault's words, and read without the authority's key", { skip }, async () => {
  const vault = await withDatabase()
  const refused = async (more: Record<string, string>) => {
    const { status, errors } = await vault.write("database/roles/app", certificateRole(more))
    assert.equal(status, 400)
    return String(errors[0]).replace(/^credential_config validation failed: /, "")
  }
  assert.equal(await refused({ key_type: "dsa" }), "invalid key_type")
  assert.equal(await refused({ key_bits: "512" }), "invalid key_bits")
  assert.equal(await refused({ signature_bits: "1" }), "invalid signature_bits")
  assert.equal(await refused({ common_name_template: "" }), "missing required common_name_template")
  assert.equal(await refused({ ca_cert: "" }), "missing required ca_cert")
  assert.equal(await refused({ ca_private_key: "x" }), "private key not found in the PEM bundle")
  assert.equal(
    await refused({ ca_private_key: read(strangers.caKey) }),
    "the private key is not that of the certificate",
  )
  assert.deepEqual((await vault.write("database/roles/app", certificateRole())).errors, [])
  const { data } = await vault.read("database/roles/app")
  assert.deepEqual(data.credential_config, {
    common_name_template: "{{ .RoleName }}-{{ random 12 }}",
    ca_cert: read(pki.ca),
    key_type: "ec",
    key_bits: 256,
    signature_bits: 256,
  })
  const rsa = { db_name: "pg", creation_statements: "x", credential_type: "rsa_private_key" }
  const wrong = await vault.write("database/roles/key", { ...rsa, credential_config: { key_bits: "1024" } })
  assert.deepEqual(wrong.errors, ["credential_config validation failed: invalid key_bits: 1024"])
  const rotated = await vault.write("database/static-roles/s", {
    ...certificateRole(),
    username: "postgres",
    rotation_period: "1h",
  })
  assert.deepEqual(rotated.errors, ['unsupported credential_type: "client_certificate"'])
})

test("a database that knows no keys makes users with them where statements mention {{public_key}}", {
  skip,
}, async () => {
  const vault = await withDatabase()
  await query("CREATE TABLE IF NOT EXISTS keys (name text PRIMARY KEY, key text)")
  const role = { db_name: "pg", credential_type: "rsa_private_key", default_ttl: "1h" }
  await vault.write("database/roles/without", { ...role, creation_statements: `CREATE ROLE "{{name}}" LOGIN` })
  const without = await vault.read("database/creds/without")
  assert.deepEqual([without.status, without.errors], [400, ['unsupported credential_type: "rsa_private_key"']])
  await vault.write("database/roles/both", {
    ...role,
    creation_statements: `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'; INSERT INTO keys VALUES ('{{name}}', '{{public_key}}')`,
  })
  assert.match(String((await vault.read("database/creds/both")).errors[0]), /a statement asks for \{\{password\}\}/)
  const late = {
    ...role,
    creation_statements: "x",
    revocation_statements: `ALTER ROLE "{{name}}" PASSWORD '{{password}}'`,
  }
  assert.deepEqual((await vault.write("database/roles/late", late)).errors, [
    "revocation_statements ask for {{password}}, which is only known when a user is made",
  ])
  await vault.write("database/roles/key", {
    ...role,
    creation_statements: `CREATE ROLE "{{name}}" LOGIN; INSERT INTO keys VALUES ('{{name}}', '{{public_key}}')`,
  })
  const { data, errors } = await vault.read("database/creds/key")
  assert.deepEqual(errors, [])
  assert.match(String(data.rsa_private_key), /^-----BEGIN PRIVATE KEY-----\n[\s\S]*-----END PRIVATE KEY-----\n$/)
  const known = async (name: unknown) => (await query(`SELECT key FROM keys WHERE name = '${name}'`)).rows[0]?.key
  const publicHalf = (pem: unknown) =>
    createPublicKey(createPrivateKey(String(pem)))
      .export({ type: "spki", format: "der" })
      .toString("base64")
  assert.equal(await known(data.username), publicHalf(data.rsa_private_key))
  await query("INSERT INTO keys VALUES ('batch', 'none')")
  const written = await vault.write("database/static-roles/batch", {
    ...role,
    username: "batch",
    rotation_period: "1h",
    rotation_statements: "UPDATE keys SET key = '{{public_key}}' WHERE name = '{{name}}'",
  })
  assert.deepEqual(written.errors, [])
  const first = (await vault.read("database/static-creds/batch")).data
  assert.equal(await known("batch"), publicHalf(first.rsa_private_key))
  await vault.write("database/rotate-role/batch")
  const second = (await vault.read("database/static-creds/batch")).data
  assert.notEqual(second.rsa_private_key, first.rsa_private_key)
  assert.equal(await known("batch"), publicHalf(second.rsa_private_key))
})
