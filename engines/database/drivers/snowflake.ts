/**
 * Snowflake, by its SQL API (docs.snowflake.com, "Snowflake SQL API reference"): requests go where the server's rules about
 * addresses allow, and nothing has to be installed. docs/decisions/071-snowflake-by-its-sql-api.md says why not by its SDK.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto"
import { setTimeout } from "node:timers/promises"
import { field, type JsonObject, type Received, refuse, type Values } from "@arca/api"
import { jsonOf, textOf } from "../../answer.ts"
import { DIALECTS, type Values as Filling, fill, split, textsOf } from "../statements.ts"
import { account, type Connection, driver, NameTaken, pooled, type Secret, valuesOf, type World } from "./driver.ts"

const fields = {
  ...pooled,
  ...account,
  private_key: field.string("PEM (PKCS #8) of the RSA key that the account enters with.", {
    default: "",
    secret: true,
  }),
  token: field.string("In place of a key: a programmatic access token. Not part of Vault.", {
    default: "",
    secret: true,
  }),
}

type Settings = Values<typeof fields>

export const snowflake = driver({
  names: ["snowflake-database-plugin"],
  summary: "Snowflake.",
  fields,
  usernameTemplate: `{{ printf "v_%s_%s_%s_%s" (.DisplayName | truncate 32) (.RoleName | truncate 32) (random 20) (unix_time) | truncate 255 | replace "-" "_" }}`,
  credentials: ["password", "rsa_private_key"],
  fills: true,
  tellsTaken: true,
  needsCreation: true,
  open: async (settings, world) => open(settings, world),
})

const PROLONG = "ALTER USER {{name}} SET DAYS_TO_EXPIRY = {{expiration}}"
const DROP = "DROP USER IF EXISTS {{name}}"
const CHANGE = {
  password: "ALTER USER {{name}} SET PASSWORD = '{{password}}'",
  rsa_private_key: "ALTER USER {{name}} SET RSA_PUBLIC_KEY = '{{public_key}}'",
} as const

function open(settings: Settings, world: World): Connection {
  const query = asking(settings, world)
  const run = async (statements: readonly string[], values: Filling) => {
    for (const text of statements.flatMap(textsOf).flatMap(one => split(one, DIALECTS.snowflake)))
      await query(fill(text, values, DIALECTS.snowflake))
  }
  const or = (given: readonly string[], usual: string) => (given.length > 0 ? given : [usual])
  /** Snowflake counts in days; a user must not end before its lease. */
  const lasting = (username: string, secret: Secret | undefined, expiresAt: number): Filling => ({
    ...valuesOf(username, secret),
    expiration: String(Math.max(1, Math.ceil((expiresAt - world.clock()) / 86_400))),
  })
  return {
    verify: () => query("SELECT 1"),
    create: ({ username, secret, expiresAt, statements }) =>
      run(statements, lasting(username, secret, expiresAt)).catch((error: unknown) => {
        throw error instanceof Failure && error.isTaken(username) ? new NameTaken() : error
      }),
    prolong: (username, expiresAt, statements) => run(or(statements, PROLONG), lasting(username, undefined, expiresAt)),
    change: async (username, secret, statements) => {
      if (secret.type === "client_certificate") throw refuse.invalid("Snowflake knows no client certificates")
      await run(or(statements, CHANGE[secret.type]), valuesOf(username, secret))
    },
    drop: (username, statements) => run(or(statements, DROP), valuesOf(username)),
    close: async () => {},
  }
}

/** Snowflake's own words and code. */
class Failure extends Error {
  override readonly name = "Failure"
  readonly code: string
  constructor(code: string, message: string) {
    super(code === "" ? message : `${message} (${code})`)
    this.code = code
  }
  /** ERROR_OBJECT_ALREADY_EXISTS, about this user. */
  isTaken(username: string): boolean {
    return this.code === "002002" && this.message.toUpperCase().includes(`'${username.toUpperCase()}'`)
  }
}

const STATEMENT_SECONDS = 60
/** A statement that takes longer than 45 s is asked for again after these pauses, the last of which repeats. */
const PAUSES_MILLISECONDS = [100, 500, 2_000]
const MOST_POLLS = 30

/** Runs one statement, and waits until it is done. */
function asking(settings: Settings, world: World): (statement: string) => Promise<void> {
  const place = placeOf(settings)
  const authorization = authorizing(settings, place.account)
  const { database, schema, warehouse, role } = place
  const send = (method: string, path: string, body?: JsonObject) =>
    world.outbound.fetch(place.base + path, {
      method,
      headers: {
        ...authorization(world.clock()),
        "content-type": "application/json",
        accept: "application/json",
        "user-agent": "arca",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutSeconds: STATEMENT_SECONDS,
      accept: true,
    })
  return async statement => {
    const context = Object.entries({ database, schema, warehouse, role }).filter(([, value]) => value !== "")
    const body = { statement, timeout: STATEMENT_SECONDS, ...Object.fromEntries(context) }
    let received = await send("POST", "/api/v2/statements", body)
    for (let polls = 0; received.status === 202 && polls < MOST_POLLS; polls++) {
      const handle = textOf(jsonOf(received).statementHandle)
      await setTimeout(PAUSES_MILLISECONDS[polls] ?? PAUSES_MILLISECONDS.at(-1))
      received = await send("GET", `/api/v2/statements/${encodeURIComponent(handle)}`)
    }
    if (received.status !== 200) throw failureOf(received)
  }
}

function failureOf(received: Received): Failure {
  const { code, message } = jsonOf(received)
  const text = textOf(message).replaceAll(/\s+/g, " ").slice(0, 500)
  return new Failure(textOf(code), text === "" ? `Snowflake answered with status ${received.status}` : text)
}

interface Place {
  /** `https://account.snowflakecomputing.com` */
  readonly base: string
  /** As tokens name it: in upper case, without a region. */
  readonly account: string
  readonly database: string
  readonly schema: string
  readonly warehouse: string
  readonly role: string
}

const URL_FORM = /^(?:[a-z]+:\/\/)?(?:.*@)?([^/?@]+)(?:\/([^/?]*))?(?:\/([^/?]*))?(?:\?(.*))?$/s

/**
 * The address as gosnowflake has it: `account.snowflakecomputing.com/database/schema?warehouse=w&role=r`, or the account alone in
 * place of the host. With `account` in the query the host may be any, such as that of a private link.
 */
function placeOf({ connection_url }: Settings): Place {
  if (connection_url === "") throw refuse.invalid("connection_url cannot be empty")
  const [, given = "", database = "", schema = "", query = ""] = URL_FORM.exec(connection_url.trim()) ?? []
  if (!/^[\w.-]+(:\d+)?$/.test(given))
    throw refuse.invalid("invalid connection URL format, expect <account_name>.snowflakecomputing.com/<db_name>")
  const options = new URLSearchParams(query)
  const named = options.get("account")
  const isHost = named !== null || /\.snowflakecomputing\.(com|cn)(:\d+)?$/i.test(given)
  const host = isHost ? given : `${given}.snowflakecomputing.com`
  return {
    base: `${options.get("protocol") === "http" ? "http" : "https"}://${host}`,
    account: accountOf(named ?? given.replace(/\.snowflakecomputing\..*$/i, "")),
    database: decodeURIComponent(database),
    schema: decodeURIComponent(schema),
    warehouse: options.get("warehouse") ?? "",
    role: options.get("role") ?? "",
  }
}

/** Without its region; that of a global address has an end of its own. */
function accountOf(identifier: string): string {
  const [name = "", ...region] = identifier.split(".")
  return (region[0] === "global" ? name.replace(/-[^-]*$/, "") : name).toUpperCase()
}

const TOKEN_SECONDS = 120

/** The headers that say who asks. */
function authorizing(settings: Settings, account: string): (now: number) => Record<string, string> {
  const { username, private_key, token } = settings
  const headers = (bearer: string, type: string) => ({
    authorization: `Bearer ${bearer}`,
    "x-snowflake-authorization-token-type": type,
  })
  if (token !== "") return () => headers(token, "PROGRAMMATIC_ACCESS_TOKEN")
  if (private_key === "")
    throw refuse.invalid(
      "Snowflake lets no service enter with a password any more: give private_key (an RSA key in PEM), or token (a programmatic access token)",
    )
  if (username === "") throw refuse.invalid("username cannot be empty")
  const key = readKey(private_key)
  return now => headers(keyToken(key, `${account}.${username.toUpperCase()}`, now), "KEYPAIR_JWT")
}

function readKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === "rsa") return key
  } catch {
    // Told below, without the key.
  }
  throw refuse.invalid("failed to read provided private_key")
}

/** A token signed by the account's key (RFC 7519), as Snowflake's key-pair authentication has it. */
function keyToken(key: KeyObject, subject: string, now: number): string {
  const der = createPublicKey(key).export({ format: "der", type: "spki" })
  const fingerprint = createHash("sha256").update(der).digest("base64")
  const issued = Math.floor(now)
  const claims = {
    iss: `${subject}.SHA256:${fingerprint}`,
    sub: subject,
    iat: issued,
    exp: issued + TOKEN_SECONDS,
  }
  const text = [{ alg: "RS256", typ: "JWT" }, claims]
    .map(part => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".")
  return `${text}.${sign("sha256", Buffer.from(text), key).toString("base64url")}`
}
