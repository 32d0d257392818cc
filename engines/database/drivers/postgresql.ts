/** PostgreSQL, and what speaks its wire: CockroachDB, YugabyteDB, Redshift. */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { type Approved, field, nodeTls, type Outbound, refuse, type Values } from "@arca/api"
import type { PoolClient, PoolConfig } from "pg"
import { DIALECTS, type Values as Filling, fill, textsOf } from "../statements.ts"
import { type Address, readKeywords, readUrl } from "./address.ts"
import { account, type Connection, driver, NameTaken, pooled, type Secret, valuesOf } from "./driver.ts"

const fields = {
  ...pooled,
  ...account,
  password_authentication: field.string("`scram-sha-256` sends hashes of passwords instead of passwords.", {
    default: "password",
    choices: ["password", "scram-sha-256"],
  }),
  auth_type: field.string("Only Vault's default, a password, is known.", { default: "", choices: [""] }),
  tls_ca: field.string("PEM of the authorities that the server's certificate must be signed by.", { default: "" }),
  tls_certificate: field.string("PEM of the client's certificate.", { default: "" }),
  private_key: field.string("PEM of its key.", { default: "", secret: true }),
}

type Settings = Values<typeof fields>

/**
 * Changes of users and grants wait for each other: those of one object's privileges at the same time end in "tuple concurrently
 * updated". The lock is the database's, so that other nodes wait as well; its number means nothing (it reads "arca").
 */
const BEGIN = `BEGIN; SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '30s'; SET LOCAL standard_conforming_strings = on`
const ALONE = "SELECT pg_advisory_xact_lock(1634886497)"

const NAME = `{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 63 }}`

export const postgresql = driver({
  names: ["postgresql-database-plugin"],
  summary: "PostgreSQL, CockroachDB, YugabyteDB.",
  fields,
  usernameTemplate: NAME,
  needsCreation: true,
  credentials: ["password", "client_certificate"],
  namedByCertificate: true,
  tellsTaken: true,
  fills: true,
  open: (settings, { outbound }) =>
    open(settings, outbound, {
      begin: BEGIN,
      alone: ALONE,
      users: "SELECT 1 FROM pg_roles WHERE rolname = $1",
      dropOwned: true,
    }),
})

export const redshift = driver({
  names: ["redshift-database-plugin"],
  summary: "Amazon Redshift.",
  fields,
  usernameTemplate: NAME.replace("| truncate 63", "| truncate 63 | lowercase"),
  needsCreation: true,
  fills: true,
  open: (settings, { outbound }) =>
    open(settings, outbound, { begin: "BEGIN", users: "SELECT 1 FROM pg_user WHERE usename = $1", dropOwned: false }),
})

const ignore = (): void => {}

interface Flavour {
  readonly begin: string
  /** Waits until nobody else changes users. */
  readonly alone?: string
  /** Finds a user by its name. */
  readonly users: string
  /** Whether DROP OWNED exists, which takes back all grants of a database at once. */
  readonly dropOwned: boolean
}

async function open(settings: Settings, outbound: Outbound, flavour: Flavour): Promise<Connection> {
  const address = /^postgres(ql)?:\/\//i.test(settings.connection_url)
    ? readUrl(settings.connection_url, settings, 5432)
    : readKeywords(settings.connection_url, settings, 5432)
  const pool = await poolFor(address, settings, outbound)
  const attempt = async <T>(run: (client: PoolClient) => Promise<T>, alone: boolean): Promise<T> => {
    const client = await pool.connect()
    // A connection that breaks tells the query that waits for it, and once more, which must not end this process.
    client.on("error", ignore)
    let broken: Error | undefined
    try {
      await client.query(flavour.begin)
      if (alone && flavour.alone !== undefined) await client.query(flavour.alone)
      const result = await run(client)
      await client.query("COMMIT")
      return result
    } catch (error) {
      await client.query("ROLLBACK").catch((failed: Error) => (broken = failed))
      throw worded(error)
    } finally {
      client.off("error", ignore)
      client.release(broken)
    }
  }
  /** Others than us change privileges as well: what met them is tried again. */
  const transact = async <T>(run: (client: PoolClient) => Promise<T>, alone = true): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(run, alone)
      } catch (error) {
        if (tries === MOST_TRIES || !metOthers(error)) throw error
        await setTimeout(tries * 50)
      }
    }
  }
  const run = (statements: readonly string[], values: Filling) => {
    // A text is sent as a whole: it may hold statements with semicolons of their own.
    const texts = statements.flatMap(textsOf).map(text => fill(text, values, DIALECTS.postgresql))
    return transact(async client => {
      for (const text of texts) if (text.trim() !== "") await client.query(text)
    })
  }
  const secretOf = (secret: Secret): Secret =>
    secret.type === "password" && settings.password_authentication === "scram-sha-256"
      ? { type: "password", password: scramHash(secret.password) }
      : secret
  const exists = (username: string) =>
    transact(async client => (await client.query(flavour.users, [username])).rowCount === 1, false)
  return {
    verify: () => transact(async client => void (await client.query("SELECT 1")), false),
    create: ({ username, secret, expiresAt, statements }) =>
      run(statements, valuesOf(username, secretOf(secret), expiresAt)).catch((error: Error) => {
        throw error.message === `ERROR: role "${username}" already exists (SQLSTATE 42710)` ? new NameTaken() : error
      }),
    prolong: (username, expiresAt, statements) =>
      run(
        statements.length > 0 ? statements : [`ALTER ROLE "{{name}}" VALID UNTIL '{{expiration}}'`],
        valuesOf(username, undefined, expiresAt),
      ),
    change: (username, secret, statements) => {
      const texts = statements.length > 0 ? statements : [`ALTER ROLE "{{username}}" WITH PASSWORD '{{password}}'`]
      return run(texts, valuesOf(username, secretOf(secret)))
    },
    exists,
    drop: (username, statements) =>
      statements.length > 0
        ? run(statements, valuesOf(username))
        : transact(client => dropRole(client, username, flavour)),
    close: () => pool.end(),
  }
}

async function poolFor(address: Address, settings: Settings, outbound: Outbound) {
  const { default: pg } = await import("pg")
  const failures: string[] = []
  if (address.places.length === 0) throw refuse.invalid("connection_url names no host")
  for (const place of address.places) {
    if (place.host.startsWith("/"))
      throw refuse.invalid("connections over unix sockets are not supported; use a host and a port")
    const approved = await outbound.approve(place.host, place.port)
    for (const ssl of sslFor(address, settings, approved)) {
      const pool = new pg.Pool({ ...configOf(address, settings, approved), ssl })
      // A connection that breaks while it is idle is replaced at its next use.
      pool.on("error", ignore)
      try {
        ;(await pool.connect()).release()
        return pool
      } catch (error) {
        await pool.end()
        if (!isAboutReaching(error)) throw worded(error)
        failures.push(`${place.host}:${place.port}: ${worded(error).message}`)
      }
    }
  }
  throw new Error(`failed to connect to ${failures.at(-1)}`)
}

const configOf = (address: Address, settings: Settings, approved: Approved): PoolConfig => ({
  host: approved.address,
  port: approved.port,
  user: address.username,
  password: address.password,
  database: address.path || address.username,
  application_name: address.query.get("application_name") ?? "vault",
  max: Math.max(1, settings.max_open_connections || 4),
  connectionTimeoutMillis: (Number(address.query.get("connect_timeout")) || 10) * 1000,
  idleTimeoutMillis: 60_000,
  ...(settings.max_connection_lifetime > 0 ? { maxLifetimeSeconds: settings.max_connection_lifetime } : {}),
  keepAlive: true,
  allowExitOnIdle: true,
})

/** The ways to be tried in order, by libpq's `sslmode`; `prefer` is its default. */
function sslFor(address: Address, settings: Settings, approved: Approved): PoolConfig["ssl"][] {
  const mode = address.query.get("sslmode") ?? (settings.tls_ca === "" ? "prefer" : "verify-full")
  if (address.query.has("sslrootcert") || address.query.has("sslcert") || address.query.has("sslkey"))
    throw refuse.invalid(
      "sslrootcert, sslcert and sslkey name files of this machine; give tls_ca, tls_certificate and private_key instead",
    )
  const given = nodeTls(approved, {
    ca: settings.tls_ca,
    ...(settings.tls_certificate === "" ? {} : { cert: settings.tls_certificate, key: settings.private_key }),
  })
  const unverified = { ...given, rejectUnauthorized: false }
  const chainOnly = { ...given, checkServerIdentity: () => undefined }
  const require = settings.tls_ca === "" ? unverified : chainOnly
  const modes: Readonly<Record<string, PoolConfig["ssl"][]>> = {
    disable: [false],
    allow: [false, unverified],
    prefer: [unverified, false],
    require: [require],
    "verify-ca": [chainOnly],
    "verify-full": [given],
  }
  const ways = modes[mode]
  if (ways === undefined || !Object.hasOwn(modes, mode)) throw refuse.invalid(`unknown sslmode ${JSON.stringify(mode)}`)
  return ways
}

/** Whether another host, or another way, may do: the server was not reached, or does not speak TLS, or insists on it. */
function isAboutReaching(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  return (
    /^E(CONN|TIMEDOUT|HOST|NET|PIPE)|^(28000|57P03)$/.test(code ?? "") ||
    /does not support SSL|timeout|terminated/i.test(error.message)
  )
}

const MOST_TRIES = 5

/** Serialization failures, deadlocks, and the one that has no code of its own. */
const metOthers = (error: unknown): boolean =>
  error instanceof Error && /SQLSTATE (40001|40P01)|tuple concurrently (updated|deleted)/.test(error.message)

/** PostgreSQL's words with its code, as Vault shows them. */
function worded(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const { code, severity } = error as Error & { code?: string; severity?: string }
  return severity === undefined
    ? error
    : new Error(`${severity}: ${error.message} (SQLSTATE ${code})`, { cause: error })
}

const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Takes back what the role was granted in this database, and drops it. What it owns is not dropped with it: that may be data. */
async function dropRole(client: PoolClient, username: string, flavour: Flavour): Promise<void> {
  const role = quote(username)
  if ((await client.query(flavour.users, [username])).rowCount === 0) return
  const done = flavour.dropOwned && (await takeBackAll(client, username))
  if (!done) await takeBackKnown(client, username, flavour)
  await client.query(flavour.dropOwned ? `DROP ROLE IF EXISTS ${role}` : `DROP USER IF EXISTS ${role}`)
}

async function takeBackAll(client: PoolClient, username: string): Promise<boolean> {
  const owns = await client.query(
    "SELECT 1 FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid WHERE r.rolname = $1 AND d.deptype = 'o' LIMIT 1",
    [username],
  )
  if (owns.rowCount !== 0) return false
  await client.query("SAVEPOINT owned")
  try {
    await client.query(`DROP OWNED BY ${quote(username)}`)
    return true
  } catch {
    // Only members of the role may; a manager that is no superuser has to name what it granted.
    await client.query("ROLLBACK TO SAVEPOINT owned")
    return false
  }
}

/** Every grant to a role in this database, as the statement that takes it back. */
const GRANTS = `
WITH r AS (SELECT oid, rolname FROM pg_roles WHERE rolname = $1)
SELECT format('REVOKE ALL ON SCHEMA %I FROM %I', n.nspname, r.rolname) AS statement
  FROM r, pg_namespace n, aclexplode(n.nspacl) a WHERE a.grantee = r.oid
UNION SELECT format('REVOKE ALL ON %s %I.%I FROM %I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname, r.rolname)
  FROM r, pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a WHERE a.grantee = r.oid
UNION SELECT format('REVOKE ALL ON TABLE %I.%I FROM %I', n.nspname, c.relname, r.rolname)
  FROM r, pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
  WHERE a.grantee = r.oid
UNION SELECT format('REVOKE ALL ON ROUTINE %s FROM %I', p.oid::regprocedure, r.rolname)
  FROM r, pg_proc p, aclexplode(p.proacl) a WHERE a.grantee = r.oid
UNION SELECT format('REVOKE ALL ON TYPE %s FROM %I', t.oid::regtype, r.rolname)
  FROM r, pg_type t, aclexplode(t.typacl) a WHERE a.grantee = r.oid
UNION SELECT format('REVOKE ALL ON DATABASE %I FROM %I', d.datname, r.rolname)
  FROM r, pg_database d, aclexplode(d.datacl) a WHERE a.grantee = r.oid`

async function takeBackKnown(client: PoolClient, username: string, flavour: Flavour): Promise<void> {
  if (!flavour.dropOwned) return takeBackInRedshift(client, username)
  const { rows } = await client.query<{ statement: string }>(GRANTS, [username])
  for (const { statement } of rows) await client.query(statement)
}

/** Redshift is older than most catalogues; this is what Vault does. */
async function takeBackInRedshift(client: PoolClient, username: string): Promise<void> {
  const role = quote(username)
  const granted = await client.query<{ table_schema: string }>(
    "SELECT DISTINCT table_schema FROM information_schema.role_column_grants WHERE grantee = $1",
    [username],
  )
  for (const schema of new Set([...granted.rows.map(row => row.table_schema), "public"])) {
    await client.query(`REVOKE ALL PRIVILEGES ON ALL TABLES IN SCHEMA ${quote(schema)} FROM ${role}`)
    await client.query(`REVOKE USAGE ON SCHEMA ${quote(schema)} FROM ${role}`)
  }
}

/** What PostgreSQL stores of a password (RFC 5803), so that the password itself is in no statement log. */
export function scramHash(password: string, salt: Uint8Array = randomBytes(16), iterations = 4096): string {
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, iterations, 32, "sha256")
  const mac = (text: string) => createHmac("sha256", salted).update(text).digest()
  const stored = createHash("sha256").update(mac("Client Key")).digest("base64")
  const server = mac("Server Key").toString("base64")
  return `SCRAM-SHA-256$${iterations}:${Buffer.from(salt).toString("base64")}$${stored}:${server}`
}
