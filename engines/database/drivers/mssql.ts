/** Microsoft SQL Server: logins of the server with users in its databases, or users of a contained database. */

import { field, nodeTls, type Outbound, refuse, type Values } from "@arca/api"
import type { ConnectionConfiguration, Connection as Tedious } from "tedious"
import { DIALECTS, type Values as Filling, fill, textsOf } from "../statements.ts"
import { readUrl } from "./address.ts"
import { account, type Connection, driver, library, pooled, valuesOf } from "./driver.ts"

const fields = {
  ...pooled,
  ...account,
  contained_db: field.bool("The database holds its users itself, without logins of the server.", { default: false }),
}

type Settings = Values<typeof fields>

export const mssql = driver({
  names: ["mssql-database-plugin"],
  summary: "Microsoft SQL Server, Azure SQL.",
  fields,
  usernameTemplate: `{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 20) (.RoleName | truncate 20) (random 20) (unix_time) | truncate 128 }}`,
  needsCreation: true,
  fills: true,
  open: (settings, { outbound }) => open(settings, outbound),
})

/** Ends the sessions of a login, then its users in every database that is online, then the login. */
const DROP_LOGIN = `
IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = '{{name}}')
BEGIN
  ALTER LOGIN [{{name}}] DISABLE;
  DECLARE @name sysname = '{{name}}', @sql nvarchar(max) = N'';
  SELECT @sql += N'KILL ' + CAST(session_id AS nvarchar(10)) + N';' FROM sys.dm_exec_sessions WHERE login_name = @name;
  EXEC (@sql);
  SET @sql = N'';
  SELECT @sql += N'USE ' + QUOTENAME(d.name) + N'; IF EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'''
    + REPLACE(@name, '''', '''''') + N''') DROP USER ' + QUOTENAME(@name) + N';'
    FROM sys.databases d WHERE d.state_desc = 'ONLINE' AND HAS_DBACCESS(d.name) = 1;
  EXEC (@sql);
  DROP LOGIN [{{name}}];
END`

const DROP_CONTAINED = `IF EXISTS (SELECT 1 FROM sys.database_principals WHERE name = '{{name}}') DROP USER [{{name}}]`

async function open(settings: Settings, outbound: Outbound): Promise<Connection> {
  const config = await configOf(settings, outbound)
  // Loaded here, so that its absence is told at once.
  await library("tedious", () => import("tedious"))
  const run = async (texts: readonly string[]): Promise<number> => {
    const connection = await connected(config)
    try {
      let rows = 0
      for (const text of texts) rows = await batch(connection, text)
      return rows
    } finally {
      connection.close()
    }
  }
  const filled = (statements: readonly string[], values: Filling) =>
    statements.flatMap(textsOf).map(text => fill(text, values, DIALECTS.mssql))
  const transaction = (texts: readonly string[]) =>
    run([`SET XACT_ABORT ON; BEGIN TRANSACTION`, ...texts, "COMMIT TRANSACTION"])
  const principals = settings.contained_db ? "sys.database_principals" : "sys.server_principals"
  return {
    verify: async () => void (await run(["SELECT 1"])),
    create: async ({ username, secret, expiresAt, statements }) =>
      void (await transaction(filled(statements, valuesOf(username, secret, expiresAt)))),
    change: async (username, secret, statements) => {
      const usual = settings.contained_db
        ? `ALTER USER [{{username}}] WITH PASSWORD = '{{password}}'`
        : `ALTER LOGIN [{{username}}] WITH PASSWORD = '{{password}}'`
      const values = valuesOf(username, secret)
      await run(filled(statements.length > 0 ? statements : [usual], values))
    },
    exists: async username =>
      (await run(filled([`SELECT 1 FROM ${principals} WHERE name = '{{name}}'`], { name: username }))) > 0,
    drop: async (username, statements) => {
      const usual = settings.contained_db ? DROP_CONTAINED : DROP_LOGIN
      await run(filled(statements.length > 0 ? statements : [usual], valuesOf(username)))
    },
    close: async () => {},
  }
}

/** `sqlserver://{{username}}:{{password}}@host:1433?database=app`, or `server=…;port=…;user id=…;password=…`. */
async function configOf(settings: Settings, outbound: Outbound): Promise<ConnectionConfiguration> {
  const { username, password, host, port, options } = addressOf(settings)
  const approved = await outbound.approve(host, port)
  const encrypt = options.get("encrypt") ?? "true"
  const trust = options.get("trustservercertificate") ?? "false"
  const { servername, minVersion, ...tls } = nodeTls(approved, { insecure: trust === "true" })
  return {
    server: approved.address,
    authentication: { type: "default", options: { userName: username, password } },
    options: {
      port,
      ...(servername === undefined ? {} : { serverName: servername }),
      database: options.get("database") ?? "master",
      encrypt: !["false", "disable"].includes(encrypt),
      trustServerCertificate: !tls.rejectUnauthorized,
      cryptoCredentialsDetails: { minVersion },
      appName: options.get("app name") ?? "vault",
      connectTimeout: 10_000,
      requestTimeout: 60_000,
      rowCollectionOnRequestCompletion: false,
    },
  }
}

interface Found {
  readonly username: string
  readonly password: string
  readonly host: string
  readonly port: number
  /** Names in lower case. */
  readonly options: ReadonlyMap<string, string>
}

function addressOf(settings: Settings): Found {
  if (/^sqlserver:\/\//i.test(settings.connection_url)) {
    const { username, password, places, query } = readUrl(settings.connection_url, settings, 1433)
    const [place] = places
    if (place === undefined) throw refuse.invalid("connection_url names no host")
    return {
      username,
      password,
      ...place,
      options: new Map([...query].map(([name, value]) => [name.toLowerCase(), value])),
    }
  }
  const options = new Map<string, string>()
  for (const pair of settings.connection_url.split(";")) {
    const at = pair.indexOf("=")
    if (at > 0) options.set(pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim())
  }
  const value = (...names: string[]) => names.map(name => options.get(name)).find(found => found !== undefined) ?? ""
  const filled = (text: string) =>
    text.replaceAll("{{username}}", () => settings.username).replaceAll("{{password}}", () => settings.password)
  const host = value("server", "data source", "address").replace(/^tcp:/i, "")
  if (host === "")
    throw refuse.invalid("connection_url cannot be read; it looks like sqlserver://{{username}}:{{password}}@host:1433")
  const [name = "", port] = host.split(",")
  return {
    username: filled(value("user id", "uid", "user")),
    password: filled(value("password", "pwd")),
    host: name,
    port: Number(port ?? value("port")) || 1433,
    options,
  }
}

async function connected(config: ConnectionConfiguration): Promise<Tedious> {
  const { Connection } = await import("tedious")
  const connection = new Connection(config)
  return new Promise((resolve, reject) => {
    // Later failures are told by the request that meets them.
    connection.on("error", () => {})
    connection.connect(error => (error === undefined ? resolve(connection) : reject(error)))
  })
}

/** Runs one batch; resolves with the number of rows of its last statement. */
async function batch(connection: Tedious, text: string): Promise<number> {
  const { Request } = await import("tedious")
  return new Promise((resolve, reject) => {
    connection.execSqlBatch(new Request(text, (error, rows) => (error ? reject(error) : resolve(rows ?? 0))))
  })
}
