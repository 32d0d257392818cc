/** Roles, and the users made by them: each lives as long as its lease. */

import {
  type Answer,
  type Context,
  crud,
  field,
  leaseKind,
  type PreparedLease,
  type Route,
  record,
  refuse,
  route,
  type Values,
} from "@arca/api"
import { usernameBy } from "../username.ts"
import { type Config, checkAllowed, cleaned, driverFor, failure, needConfig, secretsOf, told } from "./connections.ts"
import {
  checkSupported,
  credentialConfig,
  credentialType,
  makeCredential,
  shownCredentialConfig,
} from "./credentials.ts"
import { type Connection, NameTaken, type NewUser } from "./drivers/driver.ts"
import { withConnection } from "./open.ts"
import { credentialIn, textsOf } from "./statements.ts"

export const roles = record("role", "role/", {
  db_name: field.string("The connection that its users are made with.", { default: "", plain: true }),
  default_ttl: field.duration("How long a user lives; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep it; the mount's longest when 0.", { default: 0 }),
  creation_statements: field.stringList("What makes a user.", { default: [], plain: true }),
  revocation_statements: field.stringList("What removes one; the database's usual way when empty.", {
    default: [],
    plain: true,
  }),
  rollback_statements: field.stringList("What removes one that was made by halves.", { default: [], plain: true }),
  renew_statements: field.stringList("What moves its end; the database's usual way when empty.", {
    default: [],
    plain: true,
  }),
  credential_type: field.string("`password`, `rsa_private_key` or `client_certificate`.", {
    default: "password",
    plain: true,
  }),
  credential_config: field.pairs("How the credential is made.", { default: new Map<string, string>() }),
})

type Role = Values<typeof roles.fields>

/** A lease's end is computed after the user is made; the database's end lies a little behind it. */
const SLACK_SECONDS = 5

/** Roles and static roles share their names: `allowed_roles` does not tell them apart. */
export async function refuseTwin(ctx: Context, folder: "role/" | "static-role/", name: string): Promise<void> {
  if ((await ctx.store.get(folder + name)) !== undefined)
    throw refuse.invalid("Role and Static Role names must be unique")
}

/** Statements that are run when nobody knows the credential any more. */
const LATER = ["revocation_statements", "rollback_statements", "renew_statements"] as const

/** Refused when they are written: when a lease ends it would be too late to tell anybody. */
function checkLater(name: string, statements: readonly string[]): void {
  const place = statements
    .flatMap(textsOf)
    .map(credentialIn)
    .find(found => found !== undefined)
  if (place !== undefined) throw refuse.invalid(`${name} ask for ${place}, which is only known when a user is made`)
}

const roleRoutes: readonly Route[] = crud("roles", roles, {
  summary: "A role: read, write, delete.",
  check: async (merged, ctx) => {
    await refuseTwin(ctx, "static-role/", ctx.request.path.replace(/^roles\/|\/$/g, ""))
    if (merged.db_name === "") throw refuse.invalid("database name is required")
    if (merged.max_ttl > 0 && merged.default_ttl > merged.max_ttl)
      throw refuse.invalid("default_ttl cannot be longer than max_ttl")
    const type = credentialType(merged.credential_type)
    for (const name of LATER) checkLater(name, merged[name])
    return {
      ...merged,
      revocation_statements: merged.revocation_statements.filter(one => one.trim() !== ""),
      credential_config: await credentialConfig(type, merged.credential_config),
    }
  },
  show: role => {
    const { credential_config: _, ...shown } = roles.shown(role)
    return { ...shown, ...shownCredentialConfig(role.credential_config) }
  },
})

/** The longest name that is asked of any database; most allow less, and say so. */
const LONGEST_USERNAME = 255

/** The template of a user's name. */
function templateFor(config: Config, role: Role): string {
  const driver = driverFor(config.plugin_name)
  if (role.credential_type === "client_certificate" && driver.namedByCertificate)
    return role.credential_config.get("common_name_template") ?? ""
  const given = config.details.username_template
  return typeof given === "string" && given !== "" ? given : driver.usernameTemplate
}

/** Whether a template may make one name twice. */
const repeats = (template: string): boolean => !/\b(random|uuid)\b/.test(template)

const taken = (username: string): Error =>
  refuse.failed(`the user ${username} is there already: the template of its name must make names that are used once`)

/** What the lease of a user keeps: enough to end it when its role is gone. */
interface UserData {
  readonly username: string
  readonly role: string
  readonly db_name: string
  readonly revocation_statements: string[]
}

export const user = leaseKind<{ username: string; role: string; db_name: string; revocation_statements: string[] }>({
  name: "user",
  revoke: async (data, ctx) => {
    const role = await roles.get(ctx.store, data.role)
    const name = role?.db_name ?? data.db_name
    const config = await needConfig(ctx.store, name)
    const statements = role?.revocation_statements ?? data.revocation_statements
    await withConnection(ctx, name, config, connection => dropUser(connection, data, statements)).catch(
      (error: unknown) => {
        throw told(error, "", secretsOf(config))
      },
    )
  },
  terms: async (data, ctx) => {
    const role = await roleOf(data, ctx)
    return { ttl: role.default_ttl, maxTtl: role.max_ttl }
  },
  renew: async (data, ctx, expiresAt) => {
    const role = await roleOf(data, ctx)
    const config = await needConfig(ctx.store, role.db_name)
    await withConnection(ctx, role.db_name, config, async connection =>
      connection.prolong?.(data.username, expiresAt + SLACK_SECONDS, role.renew_statements),
    ).catch((error: unknown) => {
      throw told(error, "", secretsOf(config))
    })
  },
})

async function roleOf(data: UserData, ctx: Context): Promise<Role> {
  const role = await roles.get(ctx.store, data.role)
  if (role !== undefined) return role
  throw failure(`error during renew: could not find role with name ${JSON.stringify(data.role)}`)
}

/** A user that is gone is dropped already: statements that insist on its being there are not run for it. */
async function dropUser(connection: Connection, { username }: UserData, statements: readonly string[]): Promise<void> {
  if (connection.exists !== undefined && !(await connection.exists(username))) return
  await connection.drop(username, statements)
}

async function issue(name: string, ctx: Context): Promise<Answer> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) throw refuse.invalid(`unknown role: ${name}`)
  const config = await needConfig(ctx.store, role.db_name)
  checkAllowed(config, name)
  const type = credentialType(role.credential_type)
  const statements = role.creation_statements
  checkSupported(config, type, statements)
  const driver = driverFor(config.plugin_name)
  if (driver.needsCreation && statements.length === 0) throw failure("empty creation statements")
  const expiresAt = ctx.now + lifeOf(ctx, role) + SLACK_SECONDS
  const { credential_config, db_name, revocation_statements } = role
  const wish = { config: credential_config, policy: config.password_policy, role: name, expiresAt }
  const { secret, shown } = await makeCredential(ctx, type, wish)
  const template = templateFor(config, role)
  const username =
    secret.type === "client_certificate" && driver.namedByCertificate
      ? secret.commonName
      : usernameBy(ctx, template, name, LONGEST_USERNAME)
  let prepared: PreparedLease | undefined
  await withConnection(ctx, db_name, config, async connection => {
    const isFirst = prepared === undefined
    if (isFirst && repeats(template) && !driver.tellsTaken) await checkFree(connection, username)
    // Durable before the user exists: should we die in between, the lease's job drops it.
    prepared ??= await ctx.prepare(user, { username, role: name, db_name, revocation_statements })
    const secrets = [...secretsOf(config), ...Object.values(shown).map(String)]
    await create(ctx, connection, {
      prepared,
      isFirst,
      role,
      secrets,
      wished: { username, secret, expiresAt, statements },
    })
  })
  if (prepared === undefined) throw new Error("the user was made without a lease")
  // A certificate ends when it says: what has one cannot be prolonged.
  const renewable = type === "client_certificate" ? false : undefined
  return { data: { username, ...shown }, lease: prepared.until(role.default_ttl, role.max_ttl, renewable) }
}

/** What undoes a lease must not undo somebody else's user. */
async function checkFree(connection: Connection, username: string): Promise<void> {
  if (connection.exists === undefined)
    throw refuse.invalid("username_template must make names that are used once: put {{random 20}} or {{uuid}} into it")
  if (await connection.exists(username)) throw taken(username)
}

/** Seconds that a role's users live unless they are renewed. */
const lifeOf = (ctx: Context, { default_ttl, max_ttl }: Role): number =>
  Math.min(default_ttl || ctx.mount.defaultTtl, max_ttl || ctx.mount.maxTtl, ctx.mount.maxTtl)

interface Creation {
  readonly prepared: PreparedLease
  /** After another attempt a name that is taken may be our own. */
  readonly isFirst: boolean
  readonly role: Role
  readonly wished: NewUser
  /** What no message may hold. */
  readonly secrets: readonly string[]
}

async function create(
  ctx: Context,
  connection: Connection,
  { prepared, isFirst, role, wished, secrets }: Creation,
): Promise<void> {
  try {
    await connection.create(wished)
  } catch (error) {
    if (error instanceof NameTaken && isFirst) {
      await prepared.forget()
      throw taken(wished.username)
    }
    if (role.rollback_statements.length > 0) {
      await connection.drop(wished.username, role.rollback_statements).catch((failed: unknown) => {
        ctx.log("warn", `could not roll back user ${wished.username}: ${cleaned(String(failed), secrets)}`)
      })
    }
    throw told(error, "failed to execute query", secrets)
  }
}

export const dynamicRoutes: readonly Route[] = [
  ...roleRoutes,
  route("creds/:name", {
    summary: "Make a user that lives as long as its lease.",
    fields: { name: field.name("Name of the role.", { plain: true }) },
    read: ({ name }, ctx) => issue(name, ctx),
    replies: {
      read: {
        username: field.string("The user's name."),
        password: field.string("Its password, unless the role asks for another credential.", {
          secret: true,
          optional: true,
        }),
        rsa_private_key: field.string("Its key (PKCS #8, PEM), where the role asks for one.", {
          secret: true,
          optional: true,
        }),
        client_certificate: field.string("Its certificate (PEM), where the role asks for one.", { optional: true }),
        private_key: field.string("The certificate's key, PEM.", { secret: true, optional: true }),
        private_key_type: field.string("The kind of that key: `rsa`, `ec` or `ed25519`.", { optional: true }),
      },
    },
  }),
]
