/** What the two Node programs share: running steps, comparing, and the story's constants (STORY.md). */

import { setTimeout as sleep } from "node:timers/promises"
import { isDeepStrictEqual } from "node:util"

export type Data = Record<string, unknown>

export const first: Data = { user: "ann", pass: "one" }
export const second: Data = { user: "ann", pass: "two" }
export const third: Data = { user: "ann", pass: "three" }
export const readerRules = 'path "secret/data/app" {\n  capabilities = ["read"]\n}\n'
export const withReader = ["default", "reader"]

/** A refusal in one form, whatever the client's own is. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Runs a step and prints its line; the process exits with 1 at the end if any failed. */
export const step = async (name: string, tell: () => Promise<unknown>): Promise<void> => {
  try {
    await tell()
    console.log(`ok ${name}`)
  } catch (error) {
    process.exitCode = 1
    const message = error instanceof Error ? error.message : JSON.stringify(error)
    const cause = error instanceof Error && error.cause !== undefined ? ` (${JSON.stringify(error.cause)})` : ""
    console.log(`FAIL ${name}: ${message}${cause}`.replaceAll("\n", " "))
  }
}

export const same = (got: unknown, want: unknown): void => {
  if (isDeepStrictEqual(got, want)) return
  throw new Error(`expected ${JSON.stringify(want)}, got ${JSON.stringify(got)}`)
}

export const holds = (fact: unknown, what: string): void => {
  if (!fact) throw new Error(`expected ${what}`)
}

export const part = (of: Data, ...keys: string[]): Data => Object.fromEntries(keys.map(key => [key, of[key]]))

/** Expects a `Refused` of the status whose message holds the text. */
export const refused = async (status: number, call: Promise<unknown>, text = ""): Promise<void> => {
  const got = await call.catch((error: unknown) => error)
  if (!(got instanceof Refused))
    throw new Error(`expected ${status}, got ${got instanceof Error ? got.message : JSON.stringify(got)}`)
  if (got.status !== status || !got.message.includes(text)) {
    throw new Error(`expected ${status} with "${text}", got ${got.status} with "${got.message}"`)
  }
}

/** Where the steps about databases find a PostgreSQL; undefined leaves them out. */
export const databasePlace = process.env.STORY_DB

export const databaseConnection = (place: string): Data => ({
  plugin_name: "postgresql-database-plugin",
  allowed_roles: "app-role",
  connection_url: `postgresql://{{username}}:{{password}}@${place}/postgres`,
  username: "root",
  password: "sesame",
})

export const databaseRole: Data = {
  db_name: "postgres",
  creation_statements: `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
  default_ttl: "4s",
  max_ttl: "6s",
}

export const twoThirdsOf = (seconds: number): Promise<void> => sleep(seconds * 670)

/** A share of the right length with another value. */
export const spoilt = (share: string): string => (share.startsWith("00") ? "01" : "00") + share.slice(2)

/** The token inside an encoded one: base64 without padding, XORed with the one-time password. */
export const decodeToken = (encoded: string, otp: string): string => {
  const bytes = Buffer.from(encoded, "base64")
  const pad = Buffer.from(otp)
  return Buffer.from(bytes.map((byte, i) => byte ^ (pad[i] ?? 0))).toString()
}

/** An environment variable that the harness sets. */
export const env = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`Set ${name}: see STORY.md`)
  return value
}

/** The object below a key. */
export const inner = (of: Data | undefined, key: string): Data => {
  const found = of?.[key]
  if (typeof found === "object" && found !== null) return Object.fromEntries(Object.entries(found))
  throw new Error(`expected an object below "${key}", got ${JSON.stringify(found)}`)
}

/** A list of strings, as keys are. */
export const strings = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.map(String)
  throw new Error(`expected a list, got ${JSON.stringify(value)}`)
}

/** What later steps need of earlier ones. */
export const known = { shares: [] as string[], root: "", ann: "" }
