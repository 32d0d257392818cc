/**
 * A fake Snowflake: users in memory, entered by key pair. No server can be had from the registries we use. It answers
 *
 * - the SQL API (`POST /api/v2/statements`), which our driver speaks: statuses, fields and codes as its reference has them
 *   (200 with a handle, 202 and a poll, 401, 422 with code, message and sqlState);
 * - the login and the query of Snowflake's own client, snowflake-sdk 3.3.0, which was let in by a key that Arca issued, and kept
 *   out after the lease (engines/database/snowflake.test.ts does so wherever that package is installed; it is 119 MB).
 *
 * Tokens are verified against the public key of the user: signature, issuer with fingerprint, subject, times. Of SQL it knows
 * CREATE, ALTER and DROP USER with the properties named below; names without quotes are folded to upper case. Grants and whatever
 * else begins with a known word succeed and do nothing.
 */

import { createHash, createPublicKey, verify } from "node:crypto"
import { type Answered, type Asked, serveFake } from "./http-fake.ts"

export interface FakeUser {
  /** Properties in upper case: `RSA_PUBLIC_KEY`, `PASSWORD`, `DAYS_TO_EXPIRY`. */
  readonly properties: Map<string, string>
}

export interface FakeSnowflake {
  readonly port: number
  /** By name as it is stored. */
  readonly users: Map<string, FakeUser>
  /** Every statement that was taken. */
  readonly statements: string[]
  /** What the SQL API was told besides the statement. */
  readonly contexts: Record<string, unknown>[]
  /** The next statement takes longer than the SQL API waits. */
  slow: boolean
  close(): void
}

class SqlError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const ACCOUNT = "MYORG-TEST"

/** Starts it, with one user who has a public key (SPKI in base64). `clock` is what it believes about the time, in seconds. */
export async function start(admin: { name: string; publicKey: string }, clock: () => number): Promise<FakeSnowflake> {
  const users = new Map<string, FakeUser>([
    [admin.name, { properties: new Map([["RSA_PUBLIC_KEY", admin.publicKey]]) }],
  ])
  const pending = new Set<string>()
  const sessions = new Set<string>()
  const fake = { users, statements: [] as string[], contexts: [] as Record<string, unknown>[], slow: false }

  const sqlApi = ({ method, path, headers, body }: Asked): Answered => {
    if (headers["x-snowflake-authorization-token-type"] !== "KEYPAIR_JWT" || !headers["user-agent"])
      return { status: 401, body: { code: "390303", message: "Invalid OAuth access token." } }
    const who = subjectOf(users, String(headers.authorization).replace("Bearer ", ""), clock())
    if (who === undefined) return { status: 401, body: { code: "390144", message: "JWT token is invalid. [fake]" } }
    if (method === "GET") {
      const handle = path.split("/").at(-1) ?? ""
      return pending.delete(handle) ? done(handle) : { status: 404, body: { code: "391902", message: "not found" } }
    }
    const { statement, ...context } = body ?? {}
    fake.contexts.push(context)
    try {
      execute(fake, String(statement))
    } catch (error) {
      if (!(error instanceof SqlError)) throw error
      return {
        status: 422,
        body: { code: error.code, message: error.message, sqlState: "42710", statementHandle: "x" },
      }
    }
    const handle = `handle-${fake.statements.length}`
    if (!fake.slow) return done(handle)
    fake.slow = false
    pending.add(handle)
    return {
      status: 202,
      body: { code: "333334", message: "Asynchronous execution in progress.", statementHandle: handle },
    }
  }

  const login = ({ body }: Asked): Answered => {
    const data = Object(body?.data)
    const who = data.AUTHENTICATOR === "SNOWFLAKE_JWT" ? subjectOf(users, data.TOKEN, undefined) : undefined
    if (who === undefined || who !== String(data.LOGIN_NAME).toUpperCase())
      return { status: 200, body: { success: false, code: "390144", message: "JWT token is invalid.", data: {} } }
    sessions.add(who)
    return {
      status: 200,
      body: {
        success: true,
        code: null,
        message: null,
        data: { token: who, masterToken: "m", sessionId: 1, parameters: [], sessionInfo: {}, validityInSeconds: 3600 },
      },
    }
  }

  const query = ({ headers }: Asked): Answered => {
    const who = /Token="(.*)"/.exec(String(headers.authorization))?.[1] ?? ""
    if (!sessions.has(who)) return { status: 200, body: { success: false, code: "390104", message: "no session" } }
    const rowtype = [
      { name: "WHO", type: "text", nullable: true, length: 255, byteLength: 255, scale: null, precision: null },
    ]
    const rows = { rowtype, rowset: [[who]], total: 1, returned: 1, queryResultFormat: "json", parameters: [] }
    return {
      status: 200,
      body: { success: true, code: null, message: null, data: { ...rows, queryId: "q", statementTypeId: 4096 } },
    }
  }

  const server = await serveFake(asked => {
    if (asked.path.startsWith("/api/v2/statements")) return sqlApi(asked)
    if (asked.path === "/session/v1/login-request") return login(asked)
    if (asked.path === "/queries/v1/query-request") return query(asked)
    return { status: 200, body: { success: true } }
  })
  return Object.assign(fake, { port: Number(new URL(server.url).port), close: server.close })
}

const done = (statementHandle: string): Answered => ({
  status: 200,
  body: {
    code: "090001",
    message: "Statement executed successfully.",
    statementHandle,
    data: [],
    resultSetMetaData: {},
  },
})

/** The user that a token is good for; `now` undefined: times are not looked at (Snowflake's client has the machine's clock). */
function subjectOf(users: Map<string, FakeUser>, token: string, now: number | undefined): string | undefined {
  const [head = "", claims = "", signature = ""] = String(token).split(".")
  const { iss, sub, iat, exp } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}")
  const name = String(sub).replace(`${ACCOUNT}.`, "")
  const [, user] = [...users].find(([one]) => one.toUpperCase() === name) ?? []
  const spki = user?.properties.get("RSA_PUBLIC_KEY")
  if (spki === undefined) return undefined
  const der = Buffer.from(spki, "base64")
  const fingerprint = createHash("sha256").update(der).digest("base64")
  if (sub !== `${ACCOUNT}.${name}` || iss !== `${sub}.SHA256:${fingerprint}`) return undefined
  if (now !== undefined && !(iat <= now && now < exp && exp - iat <= 3600)) return undefined
  const key = createPublicKey({ key: der, format: "der", type: "spki" })
  return verify("sha256", Buffer.from(`${head}.${claims}`), key, Buffer.from(signature, "base64url")) ? name : undefined
}

const folded = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toUpperCase()

const USER = /^(CREATE|ALTER|DROP)\s+USER\s+(IF\s+EXISTS\s+)?("(?:[^"]|"")+"|\w+)\s*(?:SET\s+)?(.*)$/is
const PROPERTY = /(\w+)\s*=\s*(?:'((?:[^'\\]|''|\\.)*)'|(\w+))/g

function execute(fake: { users: Map<string, FakeUser>; statements: string[] }, statement: string): void {
  const [, verb = "", ifExists, given = "", rest = ""] = USER.exec(statement.trim()) ?? []
  if (verb === "" && !/^(SELECT|GRANT|INSERT|CREATE)\b/i.test(statement))
    throw new SqlError(
      "001003",
      `SQL compilation error:\nsyntax error line 1 at position 0 unexpected '${statement.split(" ", 1)[0]}'.`,
    )
  fake.statements.push(statement)
  if (verb === "") return
  const name = folded(given)
  const user = fake.users.get(name)
  const properties = [...rest.matchAll(PROPERTY)].map(
    ([, property = "", quoted, bare = ""]) => [property.toUpperCase(), quoted ?? bare] as const,
  )
  if (verb.toUpperCase() === "CREATE") {
    if (user !== undefined) throw new SqlError("002002", `SQL compilation error:\nObject '${name}' already exists.`)
    fake.users.set(name, { properties: new Map(properties) })
    return
  }
  if (user === undefined && ifExists !== undefined) return
  if (user === undefined)
    throw new SqlError("002003", `SQL compilation error:\nUser '${name}' does not exist or not authorized.`)
  if (verb.toUpperCase() === "DROP") fake.users.delete(name)
  else for (const [property, value] of properties) user.properties.set(property, value)
}
