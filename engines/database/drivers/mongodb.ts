/** MongoDB: users of a database, by its commands; nothing of a user is put into a text. */

import { field, type JsonObject, nodeTls, parseJson, refuse, type Values } from "@arca/api"
import type { MongoClientOptions } from "mongodb"
import { textsOf } from "../statements.ts"
import { readUrl } from "./address.ts"
import { account, type Connection, driver, library, NameTaken, passwordOf, tls, type World } from "./driver.ts"

const fields = {
  ...account,
  ...tls,
  connection_url: field.string("Where the database is: `mongodb://{{username}}:{{password}}@host:27017/admin`.", {
    default: "",
    plain: true,
  }),
  write_concern: field.string('When a write counts as done, as JSON or its base64: `{"w": "majority"}`.', {
    default: "",
    plain: true,
  }),
  max_open_connections: field.int("Connections open at the same time.", { default: 4 }),
}

type Settings = Values<typeof fields>

const NAME = `{{ printf "v-%s-%s-%s-%s" (.DisplayName | truncate 15) (.RoleName | truncate 15) (random 20) (unix_time) | replace "." "-" | truncate 100 }}`

export const mongodb = driver({
  names: ["mongodb-database-plugin"],
  summary: "MongoDB.",
  fields,
  usernameTemplate: NAME,
  needsCreation: true,
  tellsTaken: true,
  open,
})

/** What a role's creation statement says: `{"db": "app", "roles": [{"role": "readWrite"}]}`. */
interface Creation {
  readonly db: string
  readonly roles: readonly (string | JsonObject)[]
}

function creationOf(statements: readonly string[]): Creation {
  const wrong = () =>
    refuse.invalid(
      'a creation statement is JSON such as {"db": "admin", "roles": [{"role": "readWrite", "db": "app"}]}',
    )
  const [text] = statements.flatMap(textsOf)
  const json = parsed(text ?? "", wrong)
  const { db = "admin", roles } = json
  if (typeof db !== "string" || !Array.isArray(roles) || roles.length === 0) throw wrong()
  return { db, roles: roles.map(role => roleOf(role, wrong)) }
}

function parsed(text: string, wrong: () => Error): JsonObject {
  try {
    const json: unknown = parseJson(text)
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as JsonObject
  } catch {
    // Told below, without the text.
  }
  throw wrong()
}

/** A role of the user's own database is its name alone; that of another says which. */
function roleOf(role: unknown, wrong: () => Error): string | JsonObject {
  if (typeof role === "string") return role
  const { role: name, db } = (role ?? {}) as { role?: unknown; db?: unknown }
  if (typeof name !== "string") throw wrong()
  return typeof db === "string" && db !== "" ? { role: name, db } : name
}

/** Where a user is to be found: what its revocation statement says, or its creation did. */
function databaseOf(statements: readonly string[]): string {
  const [text] = statements.flatMap(textsOf)
  if (text === undefined) return "admin"
  const { db } = parsed(text, () => refuse.invalid('a revocation statement is JSON such as {"db": "admin"}'))
  return typeof db === "string" && db !== "" ? db : "admin"
}

const NOT_FOUND = 11
const TAKEN = 51003

async function open(settings: Settings, { outbound }: World): Promise<Connection> {
  // Hosts in numbers are not looked up by anybody; names are, each time, through the same rules.
  const { places, scheme, path } = readUrl(settings.connection_url, { ...settings, disable_escaping: false }, 27017)
  if (scheme === "mongodb") await Promise.all(places.map(({ host, port }) => outbound.approve(host, port)))
  const { MongoClient } = await library("mongodb", () => import("mongodb"))
  const client = new MongoClient(urlOf(settings), { ...optionsOf(settings), lookup: outbound.lookup })
  await client.connect().catch(async (error: unknown) => {
    await client.close()
    throw error
  })
  const run = (db: string, command: Record<string, unknown>) => client.db(db).command(command)
  const concern = concernOf(settings.write_concern)
  const { credentials } = client.options
  /** The account is where it proves itself; others are where the address leads. */
  const homeOf = (username: string) =>
    credentials?.username === username ? credentials.source : path === "" ? "admin" : path
  return {
    verify: async () => void (await run("admin", { ping: 1 })),
    create: async ({ username, secret, statements }) => {
      const { db, roles } = creationOf(statements)
      const command = { createUser: username, pwd: passwordOf(secret), roles, ...concern }
      await run(db, command).catch((error: { code?: number }) => {
        throw error.code === TAKEN ? new NameTaken() : error
      })
    },
    change: async (username, secret, statements) => {
      const db = statements.length > 0 ? databaseOf(statements) : homeOf(username)
      await run(db, { updateUser: username, pwd: passwordOf(secret), ...concern })
    },
    drop: async (username, statements) => {
      const db = databaseOf(statements)
      await run(db, { dropUser: username, ...concern }).catch((error: { code?: number }) => {
        if (error.code !== NOT_FOUND) throw error
      })
    },
    close: () => client.close(),
  }
}

/** Values are percent-encoded, as a connection string has them. */
const urlOf = ({ connection_url, username, password }: Settings): string =>
  connection_url
    .replaceAll("{{username}}", () => encodeURIComponent(username))
    .replaceAll("{{password}}", () => encodeURIComponent(password))

function optionsOf(settings: Settings): MongoClientOptions {
  const pair = settings.tls_certificate_key
  const wanted = settings.tls_ca !== "" || pair !== ""
  const certificate = pair === "" ? {} : { cert: pair, key: pair }
  // The client takes no bound for versions: TLS 1.2 is the least that Node speaks.
  const {
    rejectUnauthorized,
    minVersion: _,
    ...given
  } = nodeTls(
    { host: settings.tls_server_name || "0" },
    { ca: settings.tls_ca, ...certificate, insecure: settings.tls_skip_verify },
  )
  return {
    appName: "vault",
    maxPoolSize: Math.max(1, settings.max_open_connections || 4),
    serverSelectionTimeoutMS: 10_000,
    connectTimeoutMS: 10_000,
    socketTimeoutMS: 60_000,
    ...(wanted ? { tls: true, ...given, tlsAllowInvalidCertificates: !rejectUnauthorized } : {}),
  }
}

function concernOf(text: string): { writeConcern?: JsonObject } {
  if (text === "") return {}
  const [plain = ""] = textsOf(text)
  return { writeConcern: parsed(plain, () => refuse.invalid('write_concern is JSON such as {"w": "majority"}')) }
}
