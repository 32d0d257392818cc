/** Static roles: users that are there already, whose password or key changes by a plan. */

import {
  type Answer,
  type Context,
  field,
  type JsonObject,
  listRoute,
  type Route,
  record,
  refuse,
  route,
  type Values,
} from "@arca/api"
import { NotTaken, rotating, secondsLeft, timeText } from "../rotating.ts"
import { planned } from "../schedule.ts"
import { checkAllowed, needConfig, secretsOf, told } from "./connections.ts"
import type { Credential } from "./credential-kind.ts"
import {
  checkSupported,
  credentialConfig,
  credentialType,
  makeCredential,
  shownCredentialConfig,
  unsupported,
} from "./credentials.ts"
import { withConnection } from "./open.ts"
import { refuseTwin } from "./roles.ts"

const fields = {
  db_name: field.string("The connection that rotates it.", { default: "", plain: true }),
  username: field.string("The user whose credential is rotated.", { default: "", plain: true }),
  rotation_period: field.duration("How often.", { default: 0 }),
  rotation_schedule: field.string("When, as cron says it, in UTC.", { default: "", plain: true }),
  rotation_window: field.duration("How long after a scheduled time a rotation may begin; no bound when 0.", {
    default: 0,
  }),
  rotation_statements: field.stringList("What changes the credential; the database's usual way when empty.", {
    default: [],
    plain: true,
  }),
  credential_type: field.string("`password` or `rsa_private_key`.", {
    default: "password",
    plain: true,
  }),
  credential_config: field.pairs("How the credential is made.", { default: new Map<string, string>() }),
  skip_import_rotation: field.bool("Do not rotate when the role is created.", { default: false }),
}

type Fields = Values<typeof fields>

const FOLDER = "static-role/"

/** Failures after which nobody knows what the database did. */
const LOST = /\bE(CONN|PIPE|TIMEDOUT)|CONNECTION_LOST|terminat|timed? ?out|closed|closing|reset|no answer|status 5\d\d/i

const roles = rotating<typeof fields, Credential, Credential>({
  folder: FOLDER,
  fields,
  plan: role => role,
  next: async (role, ctx, name) => {
    const config = await needConfig(ctx.store, role.db_name)
    // The connection may have ceased to allow it since the role was written.
    checkAllowed(config, name)
    const { password_policy: policy } = config
    const wish = { config: role.credential_config, policy, role: name, expiresAt: Number.POSITIVE_INFINITY }
    return makeCredential(ctx, credentialType(role.credential_type), wish)
  },
  change: async (role, next, ctx) => {
    const config = await needConfig(ctx.store, role.db_name)
    let begun = false
    await withConnection(ctx, role.db_name, config, async connection => {
      // What was made before the role's credential_type was changed is of no use to its statements.
      if (next.secret.type !== role.credential_type) throw new Error("the role asks for another credential_type now")
      begun = true
      await connection.change(role.username, next.secret, role.rotation_statements)
    }).catch((error: unknown) => {
      const secrets = [...secretsOf(config), ...Object.values(next.shown).map(String)]
      const refusal = told(error, "failed to update user", secrets)
      throw begun && LOST.test(String(error)) ? refusal : new NotTaken(refusal)
    })
    return next
  },
})

export const rotateDue = roles.rotateDue

const merged = record("static role", FOLDER, fields).merge

interface WriteInput {
  readonly name: string
  readonly password?: string | undefined
}

async function write({ name, password }: WriteInput, ctx: Context): Promise<undefined> {
  const before = await roles.get(ctx.store, name)
  const wished = await checked(merged(before, ctx.body), before, ctx.body)
  await refuseTwin(ctx, "role/", name)
  const config = await needConfig(ctx.store, wished.db_name)
  checkAllowed(config, name)
  checkSupported(config, credentialType(wished.credential_type), wished.rotation_statements)
  if (before !== undefined) return roles.update(ctx, name, wished).then(() => undefined)
  const current = importedFrom(wished, password)
  const asItIs = wished.skip_import_rotation ? { current, lastRotation: ctx.now } : undefined
  await roles.create(ctx, name, wished, asItIs)
}

async function checked(role: Fields, before: Fields | undefined, body: JsonObject): Promise<Fields> {
  if (role.db_name === "") throw refuse.invalid("database name is a required field")
  if (before !== undefined && before.username !== role.username)
    throw refuse.invalid("cannot update static account username")
  if (role.username === "") throw refuse.invalid("username is a required field to create a static account")
  const plan = planned(body, role, before === undefined)
  const type = credentialType(role.credential_type)
  // Nothing in a database changes with a certificate: to rotate one is to issue one, which dynamic roles do.
  if (type === "client_certificate") throw unsupported(type)
  return { ...role, ...plan, credential_config: await credentialConfig(type, role.credential_config) }
}

/** What the operator says the password is, when the role is taken over as it stands. */
function importedFrom({ skip_import_rotation }: Fields, password: string | undefined): Credential | undefined {
  if (password === undefined || password === "") return undefined
  if (!skip_import_rotation) throw refuse.invalid("password is only taken together with skip_import_rotation=true")
  return { secret: { type: "password", password }, shown: { password } }
}

const planOf = ({ rotation_period, rotation_schedule, rotation_window }: Fields): JsonObject =>
  rotation_schedule === ""
    ? { rotation_period }
    : { rotation_schedule, ...(rotation_window > 0 ? { rotation_window } : {}) }

function shown(role: Fields, lastRotation: number): JsonObject {
  return {
    db_name: role.db_name,
    username: role.username,
    credential_type: role.credential_type,
    ...shownCredentialConfig(role.credential_config),
    rotation_statements: role.rotation_statements,
    skip_import_rotation: role.skip_import_rotation,
    ...planOf(role),
    ...(lastRotation > 0 ? { last_vault_rotation: timeText(lastRotation) } : {}),
  }
}

async function credentials(name: string, ctx: Context): Promise<Answer> {
  const role = await roles.need(ctx.store, name)
  const config = await needConfig(ctx.store, role.db_name)
  checkAllowed(config, name)
  const { current, lastRotation } = role.rotation
  return {
    data: {
      username: role.username,
      ...(current?.shown ?? (role.credential_type === "password" ? { password: "" } : {})),
      ttl: secondsLeft(role, ctx.now),
      ...planOf(role),
      last_vault_rotation: timeText(lastRotation),
    },
  }
}

const name = field.name("Name of the static role.", { plain: true })

export const staticRoutes: readonly Route[] = [
  listRoute("static-roles", "List the static roles.", (ctx, page) => roles.list(ctx.store, "", page)),
  route("static-roles/:name", {
    summary: "A static role: read, write, delete. Writing a new one rotates its credential.",
    fields: {
      ...fields,
      name,
      password: field.string("What its password is now; with `skip_import_rotation`.", { secret: true }),
    },
    exists: async (input, ctx) => (await roles.get(ctx.store, input.name)) !== undefined,
    read: async (input, ctx) => {
      const role = await roles.get(ctx.store, input.name)
      return role && { data: shown(role, role.rotation.lastRotation) }
    },
    write,
    delete: async (input, ctx) => {
      await roles.erase(ctx.store, input.name)
      return undefined
    },
  }),
  route("static-creds/:name", {
    summary: "The credential of a static role, and how long it is good for.",
    fields: { name },
    read: (input, ctx) => credentials(input.name, ctx),
  }),
  route("rotate-role/:name", {
    summary: "Rotate the credential of a static role now.",
    fields: { name },
    write: async (input, ctx) => {
      if ((await roles.get(ctx.store, input.name)) === undefined)
        throw refuse.invalid("no static role found for role name")
      await roles.rotateNow(ctx, input.name)
      return undefined
    },
  }),
]
