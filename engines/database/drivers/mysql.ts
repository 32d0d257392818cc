/** MySQL and MariaDB, with the names that Vault gives their hosted kinds. */

import { connect, type Socket } from "node:net"
import { type Approved, nodeTls, type Outbound, refuse, type Values } from "@arca/api"
import type { Pool, PoolConnection } from "mysql2/promise"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { type Address, readGoMysql } from "./address.ts"
import { account, type Connection, driver, library, NameTaken, pooled, tls, valuesOf } from "./driver.ts"

const fields = { ...pooled, ...account, ...tls }

type Settings = Values<typeof fields>

const common = {
  fields,
  needsCreation: true,
  fills: true,
  tellsTaken: true,
  open: (settings: Settings, { outbound }: { readonly outbound: Outbound }) => open(settings, outbound),
} as const

export const mysql = driver({
  ...common,
  names: ["mysql-database-plugin"],
  summary: "MySQL, MariaDB.",
  usernameTemplate: `{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 10) (.RoleName | truncate 10) (random 20) (unix_time) | truncate 32 }}`,
})

/** Names of at most 16 characters, as MySQL before 5.7 wants them. */
export const mysqlLegacy = driver({
  ...common,
  names: ["mysql-legacy-database-plugin", "mysql-aurora-database-plugin", "mysql-rds-database-plugin"],
  summary: "MySQL with short names of users; Aurora and RDS.",
  usernameTemplate: `{{ printf "v-%s-%s-%s" (.RoleName | truncate 4) (random 20) (unix_time) | truncate 16 }}`,
})

/** What `fill` relies on: backslashes are escapes, and double quotes hold strings. Waiting ends before a prepared lease does. */
const SESSION = [
  "SET SESSION sql_mode = TRIM(BOTH ',' FROM REPLACE(REPLACE(REPLACE(@@SESSION.sql_mode, 'NO_BACKSLASH_ESCAPES', ''), 'ANSI_QUOTES', ''), ',,', ','))",
  "SET SESSION lock_wait_timeout = 30",
]

async function open(settings: Settings, outbound: Outbound): Promise<Connection> {
  const address = readGoMysql(settings.connection_url, settings, 3306)
  const pool = await poolFor(address, settings, outbound)
  const use = async <T>(run: (connection: PoolConnection) => Promise<T>): Promise<T> => {
    const connection = await pool.getConnection()
    try {
      return await run(connection)
    } finally {
      connection.release()
    }
  }
  const run = (statements: readonly string[], values: Filling) =>
    use(async connection => {
      for (const text of statements.flatMap(textsOf).flatMap(one => split(one, DIALECTS.mysql)))
        await connection.query(fill(text, values, DIALECTS.mysql))
    })
  return {
    verify: () => use(async connection => void (await connection.query("SELECT 1"))),
    create: ({ username, secret, expiresAt, statements }) =>
      run(statements, valuesOf(username, secret, expiresAt)).catch((error: Error) => {
        throw error.message.startsWith(`Operation CREATE USER failed for '${username}'@`) ? new NameTaken() : error
      }),
    change: async (username, secret, statements) => {
      const values = valuesOf(username, secret)
      if (statements.length > 0) return run(statements, values)
      const hosts = username === address.username ? await use(ownHost) : await use(one => hostsOf(one, username))
      const texts = chosen(hosts).map(host => `ALTER USER '{{username}}'@${quote(host)} IDENTIFIED BY '{{password}}'`)
      return run(texts, values)
    },
    exists: username => use(async connection => (await hostsOf(connection, username)).length > 0),
    drop: async (username, statements) => {
      if (statements.length > 0) return run(statements, { name: username, username })
      const hosts = await use(connection => hostsOf(connection, username))
      return run(
        hosts.map(host => `DROP USER IF EXISTS '{{name}}'@${quote(host)}`),
        { name: username },
      )
    },
    close: () => pool.end(),
  }
}

/** A user is a name at a host; Vault means `%`, and so do we where there is one. */
const chosen = (hosts: readonly string[]): readonly string[] =>
  hosts.length === 0 || hosts.includes("%") ? ["%"] : hosts

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`

/** The hosts under which a user is known; `%` when the account may not read the table of users. */
async function hostsOf(connection: PoolConnection, username: string): Promise<string[]> {
  const asked = connection.query("SELECT host AS h FROM mysql.user WHERE user = ?", [username])
  const [rows] = await asked.catch((error: Error & { errno?: number }) => {
    if (error.errno === 1142 || error.errno === 1044) return [[{ h: "%" }]]
    throw error
  })
  return Array.isArray(rows) ? rows.map(row => ("h" in row ? String(row.h) : "")) : []
}

/** The host under which this account is known, which need not be the one it comes from. */
async function ownHost(connection: PoolConnection): Promise<string[]> {
  const [rows] = await connection.query("SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', -1) AS h")
  return Array.isArray(rows) ? rows.map(row => ("h" in row ? String(row.h) : "%")) : ["%"]
}

async function poolFor(address: Address, settings: Settings, outbound: Outbound): Promise<Pool> {
  const { createPool } = await library("mysql2", () => import("mysql2/promise"))
  let failure: unknown = refuse.invalid("connection_url names no host")
  for (const place of address.places) {
    const approved = await outbound.approve(place.host, place.port)
    // What the certificate must be for: the stream decides where to connect to.
    const host = settings.tls_server_name || approved.host
    const pool = createPool({
      host,
      port: approved.port,
      stream: () => streamTo(approved, host),
      user: address.username,
      password: address.password,
      ...(address.path === "" ? {} : { database: address.path }),
      ...sslOf(address, settings, approved),
      connectTimeout: 10_000,
      connectionLimit: Math.max(1, settings.max_open_connections || 4),
      multipleStatements: false,
    })
    pool.on("connection", connection => {
      for (const text of SESSION) connection.query(text)
    })
    try {
      ;(await pool.getConnection()).release()
      return pool
    } catch (error) {
      await pool.end()
      if (!/^E(CONN|TIMEDOUT|HOST|NET)/.test((error as NodeJS.ErrnoException).code ?? "")) throw error
      failure = new Error(`failed to connect to ${place.host}:${place.port}: ${(error as NodeJS.ErrnoException).code}`)
    }
  }
  throw failure
}

/**
 * For a host in numbers mysql2 tells TLS no name, and TLS takes that of the stream, or `localhost` where the stream has none: it is
 * connected to an address that was looked at, not to a name.
 */
const streamTo = ({ address, port }: Approved, host: string): Socket =>
  Object.assign(connect(port, address), { _host: host })

/** By Go's `tls` parameter, or because an authority or a certificate is given. */
function sslOf(address: Address, settings: Settings, approved: Approved) {
  const mode = address.query.get("tls") ?? "false"
  const wanted = settings.tls_ca !== "" || settings.tls_certificate_key !== "" || !["false", ""].includes(mode)
  if (!wanted) return {}
  const pair =
    settings.tls_certificate_key === "" ? {} : { cert: settings.tls_certificate_key, key: settings.tls_certificate_key }
  const options = nodeTls(approved, {
    ca: settings.tls_ca,
    ...pair,
    serverName: settings.tls_server_name,
    insecure: settings.tls_skip_verify || mode === "skip-verify" || mode === "preferred",
  })
  return { ssl: { ...options, verifyIdentity: options.rejectUnauthorized } }
}
