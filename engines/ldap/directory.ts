/** The directory: connections to it, and what is done there. The client library loads when the first connection is made. */

import { type Approved, type Context, nodeTls, refuse } from "@arca/api"
import type { Change, Client } from "ldapts"
import { type Config, config, needConfig, schemaOf, urlsOf, userAttribute } from "./config.ts"
import type { Statement } from "./ldif.ts"

const library = () => import("ldapts")

/** A bound connection, until `use` is done with it. */
export interface Directory {
  readonly client: Client
  readonly config: Config
}

const NODE_TLS = { tls10: "TLSv1", tls11: "TLSv1.1", tls12: "TLSv1.2", tls13: "TLSv1.3" } as const
type TlsVersion = keyof typeof NODE_TLS
const tlsVersion = (name: string) => NODE_TLS[(name in NODE_TLS ? name : "tls12") as TlsVersion]

function tlsOf(given: Config, approved: Approved) {
  const { certificate: ca, client_tls_cert: cert, client_tls_key: key, insecure_tls: insecure } = given
  return {
    ...nodeTls(approved, { ca, insecure, ...(cert === "" ? {} : { cert, key }) }),
    minVersion: tlsVersion(given.tls_min_version),
    maxVersion: tlsVersion(given.tls_max_version),
  }
}

/** What the directory or the way to it says, as a sentence without the account's passwords. */
function told(error: unknown, doing: string, secrets: readonly string[]) {
  const text = error instanceof Error ? error.message || error.name : String(error)
  const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : ""
  const clean = secrets.filter(one => one !== "").reduce((left, one) => left.replaceAll(one, "[password]"), text)
  return refuse.upstream(`${doing}: ${clean.trim()}${text.includes(code.slice(2, -1)) ? "" : code}`)
}

/** Whether the directory answered, and said no. (Otherwise nobody knows what it did.) */
export async function saidNo(error: unknown): Promise<boolean> {
  const { ResultCodeError } = await library()
  return error instanceof ResultCodeError
}

async function isCode(error: unknown, ...codes: number[]): Promise<boolean> {
  const { ResultCodeError } = await library()
  return error instanceof ResultCodeError && codes.includes(error.code)
}

const INVALID_CREDENTIALS = 49
const NO_SUCH_OBJECT = 32
const NO_SUCH_ATTRIBUTE = 16

async function connected(ctx: Context, given: Config): Promise<Client> {
  const { Client } = await library()
  let failure: unknown
  for (const url of urlsOf(given.url)) {
    const secure = url.protocol === "ldaps:"
    const approved = await ctx.outbound.approve(url.hostname, Number(url.port || (secure ? 636 : 389)))
    const tls = tlsOf(given, approved)
    const address = approved.address.includes(":") ? `[${approved.address}]` : approved.address
    const client = new Client({
      url: `${url.protocol}//${address}:${approved.port}`,
      connectTimeout: given.connection_timeout * 1000,
      timeout: given.request_timeout * 1000,
      ...(secure ? { tlsOptions: tls } : {}),
    })
    try {
      if (given.starttls && !secure) await client.startTLS(tls)
      // Anonymous, to see whether there is anybody at this address.
      else await client.search("", { scope: "base", attributes: ["1.1"], sizeLimit: 1 })
      return client
    } catch (error) {
      if (await saidNo(error)) return client
      failure = error
      await client.unbind().catch(() => {})
    }
  }
  throw told(failure, "cannot connect to the directory", [])
}

/** Binds with the password that is in force: while a rotation is not settled, that is the new one or the old one. */
async function bound(ctx: Context, client: Client, given: Config): Promise<Config> {
  const { binddn, upndomain, bindpass, pending } = given
  const name = upndomain === "" ? binddn : `${binddn}@${upndomain}`
  const secrets = [bindpass, pending]
  if (pending !== "") {
    try {
      await client.bind(name, pending)
      return await settled(ctx, pending)
    } catch (error) {
      if (!(await isCode(error, INVALID_CREDENTIALS))) throw told(error, "failed to bind", secrets)
    }
  }
  await client.bind(name, bindpass).catch((error: unknown) => {
    throw told(error, "failed to bind with current password", secrets)
  })
  return given
}

/** Makes the pending password the password, unless somebody else did. */
export const settled = (ctx: Context, pending: string): Promise<Config> =>
  ctx.durably(async store => {
    const current = await config.get(store)
    if (current === undefined) throw refuse.invalid("the configuration was deleted meanwhile")
    if (current.pending !== pending) return current
    const next = { ...current, bindpass: pending, pending: "", last_bind_password_rotation: ctx.now }
    config.put(store, next)
    return next
  })

/** Opens a connection as the managing account, and closes it when `use` is done. */
export async function withDirectory<T>(
  ctx: Context,
  use: (directory: Directory) => Promise<T>,
  given?: Config,
): Promise<T> {
  const wanted = given ?? (await needConfig(ctx))
  const client = await connected(ctx, wanted)
  try {
    return await use({ client, config: await bound(ctx, client, wanted) })
  } finally {
    await client.unbind().catch(() => {})
  }
}

/** An account: by its distinguished name, or by the value of `userattr` below `userdn`. */
export interface Whom {
  readonly dn: string
  readonly username: string
}

/** The distinguished name of an account. Refuses (400) when there is none, or more than one. */
export async function find({ client, config: given }: Directory, { dn, username }: Whom): Promise<string> {
  if (dn !== "") return dn
  const { EqualityFilter } = await library()
  const filter = new EqualityFilter({ attribute: userAttribute(given), value: username })
  const { searchEntries } = await client
    .search(given.userdn, { scope: "sub", filter, attributes: ["1.1"], sizeLimit: 2 })
    .catch((error: unknown) => {
      throw told(error, `cannot search for the account ${JSON.stringify(username)}`, [given.bindpass])
    })
  const [found] = searchEntries
  if (searchEntries.length === 1 && found !== undefined) return found.dn
  const count = searchEntries.length
  throw refuse.invalid(
    `expected one matching entry, but received ${count}${count > 1 ? " or more" : ""} for ${userAttribute(given)} ` +
      `${JSON.stringify(username)} below ${JSON.stringify(given.userdn)}`,
  )
}

/** What the schema sets instead of a password: attribute to value. */
export function passwordAttributes(given: Config, password: string): Record<string, string | Buffer> {
  const schema = schemaOf(given)
  if (schema === "ad") return { unicodePwd: Buffer.from(`"${password}"`, "utf16le") }
  if (schema === "openldap") return { userPassword: password }
  const attribute = given.credential_type === "phrase" ? "racfPassPhrase" : "racfPassword"
  return { [attribute]: password, racfAttributes: "noexpired" }
}

async function replacing(attributes: Record<string, string | Buffer>): Promise<Change[]> {
  const { Attribute, Change } = await library()
  return Object.entries(attributes).map(
    ([type, value]) =>
      new Change({
        operation: "replace",
        modification: new Attribute({ type, values: [Buffer.from(value)] }),
      }),
  )
}

/** Sets the password of an entry. Throws as the library does: the caller asks `saidNo`. */
export async function setPassword({ client, config: given }: Directory, dn: string, password: string): Promise<void> {
  await client.modify(dn, await replacing(passwordAttributes(given, password)))
}

/** What the directory said about a password, as a sentence without it. */
export const refusedPassword = (error: unknown, password: string) =>
  told(error, "the directory did not take the new password", [password])

async function perform(client: Client, statement: Statement): Promise<void> {
  const { Attribute, Change } = await library()
  if (statement.kind === "delete") return client.del(statement.dn)
  if (statement.kind === "add") {
    const attributes = statement.attributes.map(({ type, values }) => new Attribute({ type, values: [...values] }))
    return client.add(statement.dn, attributes)
  }
  const changes = statement.changes.map(
    ({ operation, type, values }) =>
      new Change({ operation, modification: new Attribute({ type, values: [...values] }) }),
  )
  return client.modify(statement.dn, changes)
}

/** The first of the entries that statements would add that is there already: undoing them would remove somebody else's. */
export async function alreadyThere(
  { client }: Directory,
  statements: readonly Statement[],
): Promise<string | undefined> {
  for (const { kind, dn } of statements) {
    if (kind === "add" && (await exists(client, dn))) return dn
  }
  return undefined
}

async function exists(client: Client, dn: string): Promise<boolean> {
  try {
    const { searchEntries } = await client.search(dn, { scope: "base", attributes: ["1.1"] })
    return searchEntries.length > 0
  } catch (error) {
    if (await isCode(error, NO_SUCH_OBJECT)) return false
    throw told(error, `cannot look for ${dn}`, [])
  }
}

/** Runs statements in order, and stops at the first that fails. */
export async function run({ client }: Directory, statements: readonly Statement[], secret: string): Promise<void> {
  for (const statement of statements) {
    await perform(client, statement).catch((error: unknown) => {
      throw told(error, `failed to ${statement.kind} ${statement.dn}`, [secret])
    })
  }
}

/** Runs all statements, as many as succeed; what is gone already need not be removed. Throws the first other failure. */
export async function undo({ client }: Directory, statements: readonly Statement[]): Promise<void> {
  let failure: Error | undefined
  for (const statement of statements) {
    try {
      await perform(client, statement)
    } catch (error) {
      if (await isCode(error, NO_SUCH_OBJECT, NO_SUCH_ATTRIBUTE)) continue
      failure ??= told(error, `failed to ${statement.kind} ${statement.dn}`, [])
    }
  }
  if (failure !== undefined) throw failure
}
