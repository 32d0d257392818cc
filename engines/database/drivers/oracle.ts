/**
 * Oracle, by its own client in thin mode, which is plain JavaScript: no Instant Client is needed.
 *
 * DDL commits by itself, so nothing here is a transaction: what was made by halves is removed by `rollback_statements` or with the
 * prepared lease. Names without quotes are folded to upper case, those in quotes are kept: a user is looked for by both.
 */

import { field, type Outbound, refuse, type Values } from "@arca/api"
import type { Pool } from "oracledb"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { type Account, checkAccount } from "./address.ts"
import { account, type Connection, driver, library, NameTaken, pooled, valuesOf } from "./driver.ts"

const fields = {
  ...pooled,
  ...account,
  split_statements: field.bool("Cut statements at semicolons; not for those that hold PL/SQL blocks.", {
    default: true,
  }),
  disconnect_sessions: field.bool("End a user's sessions before it is removed.", { default: true }),
}

type Settings = Values<typeof fields>

export const oracle = driver({
  names: ["vault-plugin-database-oracle", "oracle-database-plugin"],
  summary: "Oracle Database.",
  fields,
  usernameTemplate: `{{ printf "V_%s_%s_%s_%s" (.DisplayName | truncate 8) (.RoleName | truncate 8) (random 20) (unix_time) | truncate 30 | uppercase | replace "-" "_" | replace "." "_" }}`,
  fills: true,
  tellsTaken: true,
  needsCreation: true,
  open: (settings, { outbound }) => open(settings, outbound),
})

async function open(settings: Settings, outbound: Outbound): Promise<Connection> {
  const address = readAddress(settings.connection_url, settings)
  const approved = await outbound.approve(address.host, address.port)
  const { default: client } = await library("oracledb", () => import("oracledb"))
  const pool = await client.createPool({
    user: address.username,
    password: address.password,
    connectString: descriptorOf(address, approved.address),
    poolMin: 0,
    poolMax: Math.max(1, settings.max_open_connections || 4),
    poolTimeout: 60,
    queueTimeout: 30_000,
    connectTimeout: 10,
    ...(settings.max_connection_lifetime > 0 ? { maxLifetimeSession: settings.max_connection_lifetime } : {}),
  })
  return { ...speaking(queriesOf(pool), settings), close: () => pool.close(0) }
}

/** Runs a statement with values for its binds, and resolves with its rows. */
export type Query = (text: string, binds?: Readonly<Record<string, string>>) => Promise<readonly unknown[][]>

const LONGEST_CALL_MILLISECONDS = 60_000

const queriesOf =
  (pool: Pool): Query =>
  async (text, binds = {}) => {
    const connection = await pool.getConnection()
    try {
      connection.callTimeout = LONGEST_CALL_MILLISECONDS
      const { rows } = await connection.execute<unknown[]>(text, { ...binds }, { autoCommit: true })
      return rows ?? []
    } finally {
      await connection.close()
    }
  }

const CHANGE = `ALTER USER {{username}} IDENTIFIED BY "{{password}}"`
const USERS = "SELECT username FROM all_users WHERE username IN (:name, UPPER(:name))"
const SESSIONS = "SELECT sid, serial#, inst_id FROM gv$session WHERE username = :name"

/** What the driver says, to whoever takes it there. */
export function speaking(query: Query, settings: Pick<Settings, "split_statements" | "disconnect_sessions">) {
  const cut = (text: string) => (settings.split_statements ? split(text, DIALECTS.standard) : [text.trim()])
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statements.flatMap(textsOf).flatMap(cut))
      if (text !== "") await query(fill(text, values, DIALECTS.standard))
  }
  /** The name as it is stored, which may be in upper case; undefined when there is no such user. */
  const stored = async (username: string): Promise<string | undefined> => {
    const names = (await query(USERS, { name: username })).map(([name]) => String(name))
    return names.includes(username) ? username : names[0]
  }
  /** Nobody enters any more, and nobody is left inside. */
  const shut = async (name: string) => {
    await run([`ALTER USER "{{username}}" ACCOUNT LOCK`], { username: name })
    for (const numbers of await query(SESSIONS, { name })) {
      const [sid, serial, instance] = numbers.map(Number)
      await query(`ALTER SYSTEM KILL SESSION '${sid},${serial},@${instance}' IMMEDIATE`).catch(ignoreGone)
    }
  }
  return {
    verify: async () => void (await query("SELECT 1 FROM dual")),
    create: ({ username, secret, expiresAt, statements }) =>
      run(statements, valuesOf(username, secret, expiresAt)).catch((error: unknown) => {
        throw isTaken(error, username) ? new NameTaken() : error
      }),
    change: (username, secret, statements) =>
      run(statements.length > 0 ? statements : [CHANGE], valuesOf(username, secret)),
    exists: async username => (await stored(username)) !== undefined,
    drop: async (username, statements) => {
      const name = await stored(username)
      if (name !== undefined && settings.disconnect_sessions) await shut(name)
      if (statements.length > 0) return run(statements, valuesOf(username))
      // Without CASCADE: what a user owns may be data.
      if (name !== undefined) await run([`DROP USER "{{username}}"`], { username: name })
    },
  } satisfies Omit<Connection, "close">
}

const codeOf = (error: unknown): string =>
  error instanceof Error ? (/\bORA-\d{5}\b/.exec(error.message)?.[0] ?? "") : ""

const isTaken = (error: unknown, username: string): boolean =>
  codeOf(error) === "ORA-01920" && String(error).toUpperCase().includes(`'${username.toUpperCase()}'`)

/** A session that ended by itself, or is marked to end. */
function ignoreGone(error: unknown): void {
  if (!["ORA-00030", "ORA-00031"].includes(codeOf(error))) throw error
}

interface Address {
  readonly username: string
  readonly password: string
  readonly tls: boolean
  readonly host: string
  readonly port: number
  readonly service: string
}

const FORM = /^(?:(.*)@)?(?:(tcps?):)?(?:\/\/)?(?:\[([\da-f:]+)\]|([\w.-]+))(?::(\d+))?\/([\w.$#-]+)$/is

/** Oracle's short form: `{{username}}/{{password}}@host:1521/service`; `tcps://` in front of the host speaks TLS. */
export function readAddress(text: string, given: Account): Address {
  checkAccount(given)
  if (text === "") throw refuse.invalid("connection_url cannot be empty")
  const found = FORM.exec(text.trim())
  if (found === null)
    throw refuse.invalid("connection_url cannot be read; it looks like {{username}}/{{password}}@host:1521/service")
  const [, user = "", protocol = "", v6, name = "", port, service = ""] = found
  const [username = "", password = ""] = user.split(/\/(.*)/s).map(part => filled(part, given))
  const tls = protocol.toLowerCase() === "tcps"
  return { username, password, tls, host: v6 ?? name, port: Number(port ?? (tls ? 2484 : 1521)), service }
}

const filled = (text: string, { username, password }: Account): string =>
  text.replaceAll("{{username}}", () => username).replaceAll("{{password}}", () => password)

/**
 * What the client is given: the address that was approved, and nothing that it would look up in files or elsewhere. With TLS it is
 * the name, which the certificate must be for.
 */
export const descriptorOf = ({ tls, host, port, service }: Address, approved: string): string =>
  `(DESCRIPTION=(ADDRESS=(PROTOCOL=${tls ? "tcps" : "tcp"})(HOST=${tls ? host : approved})(PORT=${port}))` +
  `(CONNECT_DATA=(SERVICE_NAME=${service}))${tls ? "(SECURITY=(SSL_SERVER_DN_MATCH=ON))" : ""})`
