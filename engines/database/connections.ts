/** `config/:name`: how a database is reached, by whom, and for which roles. */

import {
  type Context,
  decodeJson,
  encodeJson,
  errorList,
  type Field,
  type Fields,
  field,
  type Json,
  type JsonObject,
  Refusal,
  readField,
  refuse,
  type Store,
  writeField,
} from "@arca/api"
import { checkTemplate } from "../username.ts"
import { passwordsIn, redacted } from "./drivers/address.ts"
import type { Driver } from "./drivers/driver.ts"
import { driverOf, drivers } from "./drivers/index.ts"

/** A stored configuration. */
export interface Config {
  readonly plugin_name: string
  readonly plugin_version: string
  readonly allowed_roles: readonly string[]
  readonly root_rotation_statements: readonly string[]
  readonly password_policy: string
  readonly verify_connection: boolean
  /** The driver's own settings, those that were given. */
  readonly details: JsonObject
  /** Changes with each write: connections are kept by it. */
  readonly version: string
  /** A password that the database may have been given already, while a rotation is not settled. */
  readonly pending?: string
}

const FOLDER = "config/"

const decode = (value: Uint8Array): Config => decodeJson(value) as unknown as Config

export const configOf = async (store: Store, name: string): Promise<Config | undefined> =>
  store.cached(FOLDER + name, decode)

/** A failure (500) in words of Vault's own, in the form that its library gives them. */
export const failure = (text: string): Refusal => refuse.failed(errorList([text]))

export async function needConfig(store: Store, name: string): Promise<Config> {
  const config = await configOf(store, name)
  if (config === undefined) throw failure(`failed to find entry for connection with name: ${JSON.stringify(name)}`)
  return config
}

export const configNames = (store: Store, page?: { after?: string; limit?: number }): Promise<string[]> =>
  store.list(FOLDER, page)

export const putConfig = (store: Store, name: string, config: Config): void =>
  store.put(FOLDER + name, encodeJson(config as unknown as JsonObject))

/** The driver of a configuration. Refuses when this build has none of that name. */
export function driverFor(pluginName: string): Driver {
  const driver = driverOf(pluginName)
  if (driver !== undefined) return driver
  throw refuse.invalid(
    `error creating database object: unknown database plugin ${JSON.stringify(pluginName)}; there are ${drivers.map(one => one.names[0]).join(", ")}`,
  )
}

export const newVersion = (ctx: Context): string => Buffer.from(ctx.random(9)).toString("base64url")

const textOf = (value: Json | undefined): string => (typeof value === "string" ? value : "")

/** What must be in no message: the account's password, the one it is to have, and what stands in the address. */
export function secretsOf(config: Config): string[] {
  const { fields } = driverFor(config.plugin_name)
  const secret = Object.keys(config.details).filter(name => fields[name]?.options.secret)
  const inAddress = passwordsIn(textOf(config.details.connection_url))
  return [...secret.map(name => textOf(config.details[name])), config.pending ?? "", ...inAddress]
}

/** Whether the address holds a password of its own, which nothing can replace. */
export const holdsPassword = ({ details }: Config): boolean => passwordsIn(textOf(details.connection_url)).length > 0

/** A failure of the database as a sentence without secrets. A refusal is one already. */
export function told(error: unknown, doing: string, secrets: readonly string[], status: 400 | 500 = 500): Refusal {
  if (error instanceof Refusal) return error
  const text = cleaned(error instanceof Error ? error.message || error.name : String(error), secrets)
  return new Refusal(status, [doing === "" ? text : `${doing}: ${text}`])
}

/** A text in which secrets are masked, in every form that a database may quote them in, whole or cut. */
export function cleaned(text: string, secrets: readonly string[]): string {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter(form => form.length >= 3)
    .sort((a, b) => b.length - a.length)
  const whole = forms.reduce((shown, form) => shown.replaceAll(form, MASK), text)
  return withoutBeginnings(whole.slice(0, LONGEST), forms)
}

const MASK = "[password]"
const LONGEST = 1000

/** A secret as it is, and as addresses, JSON and statements hold it. */
function formsOf(secret: string): string[] {
  const slashed = secret.replaceAll("\\", "\\\\")
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "''"),
    slashed.replaceAll("'", "''"),
    slashed.replaceAll("'", "\\'"),
  ]
}

/** Databases cut what they quote, so that much of a secret is one as well. */
const BEGINNING = 8

function withoutBeginnings(text: string, forms: readonly string[]): string {
  let shown = ""
  for (let at = 0; at < text.length; ) {
    const length = Math.max(0, ...forms.map(form => sameAt(text, at, form)))
    shown += length < BEGINNING ? text[at] : MASK
    at += length < BEGINNING ? 1 : length
  }
  return shown
}

/** How many characters of a text are those that another begins with. */
function sameAt(text: string, at: number, other: string): number {
  let length = 0
  while (length < other.length && text[at + length] === other[length]) length++
  return length
}

/** Closes the connections of a configuration in this process. */
export const forget = (ctx: Context, name: string): Promise<void> => ctx.closeResources(`${name}/`)

/** Refuses a role that the configuration does not name; names may hold `*`. */
export function checkAllowed({ allowed_roles }: Config, role: string): void {
  if (allowed_roles.some(pattern => matches(pattern, role))) return
  throw failure(`${JSON.stringify(role)} is not an allowed role`)
}

function matches(pattern: string, role: string): boolean {
  const parts = pattern.split("*").map(part => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${parts.join(".*")}$`).test(role)
}

/** What every connection takes. */
export const commonFields = {
  name: field.name("Name of the connection.", { plain: true }),
  plugin_name: field.string("The kind of database: `postgresql-database-plugin` and others.", { plain: true }),
  plugin_version: field.string("Accepted for compatibility: drivers are part of the server.", { plain: true }),
  verify_connection: field.bool("Connect before the configuration is stored; so it is unless told otherwise."),
  allowed_roles: field.commaList("Roles that may use it, with `*` for any part of a name.", { plain: true }),
  root_rotation_statements: field.stringList("What changes the account's own password.", { plain: true }),
  password_policy: field.string("The password policy of its passwords.", { plain: true }),
} as const satisfies Fields

/** All that any driver takes: what a configuration may hold depends on its plugin, and is checked there. */
export const driverFields: Fields = Object.fromEntries(drivers.flatMap(({ fields }) => Object.entries(fields)))

/** Reads the driver's settings that a body gives; others are told, and ignored. */
function detailsOf(driver: Driver, body: JsonObject, ctx: Context): JsonObject {
  const details: JsonObject = {}
  const ignored: string[] = []
  for (const [name, raw] of Object.entries(body)) {
    if (Object.hasOwn(commonFields, name)) continue
    const declared = Object.hasOwn(driver.fields, name) ? driver.fields[name] : undefined
    if (declared === undefined) ignored.push(name)
    else details[name] = asGiven(declared, readField(name, declared, raw), raw)
  }
  if (ignored.length > 0)
    ctx.warn(
      `Endpoint ignored these unrecognized parameters: [${ignored.sort().join(" ")}] (${driver.names[0]} has no such settings)`,
    )
  return details
}

/** Vault shows "1h" and "5" as they were written; drivers read them by their fields either way. */
const asGiven = (declared: Field<unknown>, value: unknown, raw: Json): Json =>
  typeof value === "string" ? writeField(declared, value) : raw

interface ConfigInput {
  readonly name: string
  readonly plugin_name?: string | undefined
  readonly plugin_version?: string | undefined
  readonly verify_connection?: boolean | undefined
  readonly allowed_roles?: readonly string[] | undefined
  readonly root_rotation_statements?: readonly string[] | undefined
  readonly password_policy?: string | undefined
}

/** Stores a configuration; what a write does not mention stays as it is. */
export async function writeConfig(input: ConfigInput, ctx: Context): Promise<undefined> {
  const before = await configOf(ctx.store, input.name)
  const pluginName = input.plugin_name ?? before?.plugin_name ?? ""
  if (pluginName === "") throw refuse.invalid("empty plugin name")
  const driver = driverFor(pluginName)
  const given = detailsOf(driver, ctx.body, ctx)
  const verify_connection = input.verify_connection ?? before?.verify_connection ?? true
  const config: Config = {
    plugin_name: pluginName,
    plugin_version: input.plugin_version ?? before?.plugin_version ?? "",
    allowed_roles: input.allowed_roles ?? before?.allowed_roles ?? [],
    root_rotation_statements: input.root_rotation_statements ?? before?.root_rotation_statements ?? [],
    password_policy: input.password_policy ?? before?.password_policy ?? "",
    verify_connection,
    details: { ...keptOf(driver, before), ...given },
    version: newVersion(ctx),
    // Who gives a password says what it is: a rotation that was not settled is moot.
    ...(before?.pending === undefined || "password" in given ? {} : { pending: before.pending }),
  }
  const template = textOf(config.details.username_template)
  checkTemplate(ctx, template)
  checkNeeds(driver, config)
  if (verify_connection) await verify(ctx, driver, config)
  putConfig(ctx.store, input.name, config)
  if (holdsPassword(config))
    ctx.warn(
      "Password found in connection_url, use a templated url to enable root rotation and prevent read access to password information.",
    )
  await forget(ctx, input.name)
}

/** What another kind of database took is of no use to this one, and would not be known for a secret. */
const keptOf = (driver: Driver, before: Config | undefined): JsonObject =>
  Object.fromEntries(Object.entries(before?.details ?? {}).filter(([name]) => Object.hasOwn(driver.fields, name)))

/** Refuses a configuration without a place to connect to, whether it is tried now or later. */
function checkNeeds({ needs }: Driver, { details }: Config): void {
  const isGiven = (name: string): boolean => ![undefined, null, ""].includes(details[name] as null)
  if (!needs.some(isGiven)) throw refuse.invalid(`error creating database object: ${needs[0]} cannot be empty`)
}

/** Connects once, with a connection of its own: what is not stored yet must not be found by others. */
async function verify(ctx: Context, driver: Driver, config: Config): Promise<void> {
  try {
    const connection = await driver.open(config.details, ctx)
    await connection.verify().finally(() => connection.close())
  } catch (error) {
    throw told(error, "error creating database object: error verifying connection", secretsOf(config), 400)
  }
}

/** A configuration as it is read: without its secrets. */
export function shownConfig(config: Config): JsonObject {
  const { fields } = driverFor(config.plugin_name)
  const shown = Object.entries(config.details).filter(
    ([name]) => Object.hasOwn(fields, name) && !fields[name]?.options.secret,
  )
  const details: JsonObject = Object.fromEntries(shown)
  if (typeof details.connection_url === "string") details.connection_url = redacted(details.connection_url)
  return {
    allowed_roles: [...config.allowed_roles],
    connection_details: details,
    password_policy: config.password_policy,
    plugin_name: config.plugin_name,
    plugin_version: config.plugin_version,
    root_credentials_rotate_statements: [...config.root_rotation_statements],
    verify_connection: config.verify_connection,
  }
}

export async function deleteConfig(name: string, ctx: Context): Promise<undefined> {
  ctx.store.delete(FOLDER + name)
  await forget(ctx, name)
}
