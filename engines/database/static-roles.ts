/**
 * Static roles: users that are there already, whose password changes by a plan.
 *
 * The next credential is kept with the role before the database hears of it, and is the same for every attempt: whatever dies in
 * between, setting it again ends with one that is known. Roles come up in the order of time, from an index in the mount.
 */

import {
  type Answer,
  type Context,
  decodeJson,
  encodeJson,
  field,
  type JsonObject,
  listRoute,
  type Route,
  readFields,
  record,
  refuse,
  route,
  type Store,
  type Values,
  writeFields,
} from "@arca/api"
import { checkAllowed, cleaned, needConfig, secretsOf, told } from "./connections.ts"
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
import { checkPlan, isMissed, nextAfter, nextAfterDue } from "./schedule.ts"

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
  credential_type: field.string("`password`, `rsa_private_key` or `client_certificate`.", {
    default: "password",
    plain: true,
  }),
  credential_config: field.pairs("How the credential is made.", { default: new Map<string, string>() }),
  skip_import_rotation: field.bool("Do not rotate when the role is created.", { default: false }),
}

type Fields = Values<typeof fields>

/** What became of a role: seconds since 1970, 0 for never. */
interface State {
  readonly lastRotation: number
  /** When the next rotation is due. */
  readonly due: number
  /** When the index brings it up: `due`, or later after a failure. */
  readonly wakes: number
  readonly failures: number
  readonly current?: Credential | undefined
  /** What the database may have been given already. */
  readonly pending?: Credential | undefined
}

type StaticRole = Fields & { readonly state: State }

const FOLDER = "static-role/"
const WAKING = "rotation/"
const NEW: State = { lastRotation: 0, due: 0, wakes: 0, failures: 0 }

const decode = (value: Uint8Array): StaticRole => {
  const { state, ...json } = decodeJson(value)
  return { ...readFields(fields, json), state: (state ?? NEW) as unknown as State }
}

const get = async (store: Store, name: string): Promise<StaticRole | undefined> => store.cached(FOLDER + name, decode)

/** Twelve digits: names then sort as numbers do. */
const wakeKey = (seconds: number, name: string): string =>
  `${WAKING}${String(Math.max(0, Math.ceil(seconds))).padStart(12, "0")}/${name}`

function put(store: Store, name: string, role: StaticRole, before: StaticRole | undefined): void {
  if (before !== undefined) store.delete(wakeKey(before.state.wakes, name))
  store.put(
    FOLDER + name,
    encodeJson({ ...writeFields(fields, role, true), state: role.state as unknown as JsonObject }),
  )
  store.put(wakeKey(role.state.wakes, name), new Uint8Array([1]))
}

async function need(store: Store, name: string): Promise<StaticRole> {
  const role = await get(store, name)
  if (role === undefined) throw refuse.invalid(`unknown role: ${name}`)
  return role
}

const merged = record("static role", FOLDER, fields).merge

interface WriteInput {
  readonly name: string
  readonly password?: string | undefined
}

async function write({ name, password }: WriteInput, ctx: Context): Promise<undefined> {
  const before = await get(ctx.store, name)
  const wished = await checked(merged(before, ctx.body), before)
  await refuseTwin(ctx, "role/", name)
  const config = await needConfig(ctx.store, wished.db_name)
  checkAllowed(config, name)
  checkSupported(config, credentialType(wished.credential_type), wished.rotation_statements)
  if (before !== undefined) return update(ctx, name, wished)
  const next = nextAfter(wished, ctx.now)
  const current = importedFrom(wished, password)
  const imported: State = { ...NEW, due: next, wakes: next, lastRotation: ctx.now, current }
  await ctx.durably(async store => {
    if ((await get(store, name)) !== undefined) throw refuse.invalid("the role was created by another request")
    put(
      store,
      name,
      { ...wished, state: wished.skip_import_rotation ? imported : { ...NEW, due: ctx.now, wakes: ctx.now } },
      undefined,
    )
  })
  if (wished.skip_import_rotation) return
  await rotate(ctx, name, "by request").catch(async (error: unknown) => {
    await ctx.durably(store => erase(store, name))
    throw error
  })
}

async function checked(role: Fields, before: StaticRole | undefined): Promise<Fields> {
  if (role.db_name === "") throw refuse.invalid("database name is a required field")
  if (role.username === "") throw refuse.invalid("username is a required field to create a static account")
  if (before !== undefined && before.username !== role.username)
    throw refuse.invalid("cannot update static account username")
  checkPlan(role)
  const type = credentialType(role.credential_type)
  // Nothing in a database changes with a certificate: to rotate one is to issue one, which dynamic roles do.
  if (type === "client_certificate") throw unsupported(type)
  return { ...role, credential_config: await credentialConfig(type, role.credential_config) }
}

/** What the operator says the password is, when the role is taken over as it stands. */
function importedFrom({ skip_import_rotation }: Fields, password: string | undefined): Credential | undefined {
  if (password === undefined || password === "") return undefined
  if (!skip_import_rotation) throw refuse.invalid("password is only taken together with skip_import_rotation=true")
  return { secret: { type: "password", password }, shown: { password } }
}

/** A new plan counts from the last rotation. */
async function update(ctx: Context, name: string, wished: Fields): Promise<undefined> {
  await ctx.durably(async store => {
    const before = await need(store, name)
    const { rotation_period: period, rotation_schedule: schedule } = before
    const samePlan = period === wished.rotation_period && schedule === wished.rotation_schedule
    const due = samePlan ? before.state.due : nextAfter(wished, before.state.lastRotation || ctx.now)
    put(store, name, { ...wished, state: { ...before.state, due, wakes: samePlan ? before.state.wakes : due } }, before)
  })
}

async function erase(store: Store, name: string): Promise<undefined> {
  const role = await get(store, name)
  if (role === undefined) return
  store.delete(wakeKey(role.state.wakes, name))
  store.delete(FOLDER + name)
}

/** Rotates a role now: `by plan` only if it is due, and without moving the times to come. */
async function rotate(ctx: Context, name: string, cause: "by plan" | "by request"): Promise<void> {
  const seen = await ctx.durably(store => need(store, name))
  const config = await needConfig(ctx.store, seen.db_name)
  const type = credentialType(seen.credential_type)
  const wish = {
    config: seen.credential_config,
    policy: config.password_policy,
    role: name,
    expiresAt: Number.POSITIVE_INFINITY,
  }
  const fresh = await makeCredential(ctx, type, wish)
  const pending = await ctx.durably(async store => {
    const role = await need(store, name)
    if (cause === "by plan" && role.state.wakes > ctx.now) return undefined
    if (role.state.pending !== undefined) return role.state.pending
    put(store, name, { ...role, state: { ...role.state, pending: fresh } }, role)
    return fresh
  })
  if (pending === undefined) return
  try {
    await withConnection(ctx, seen.db_name, config, connection =>
      connection.change(seen.username, pending.secret, seen.rotation_statements),
    )
  } catch (error) {
    throw told(error, "failed to update user", [...secretsOf(config), ...Object.values(pending.shown).map(String)])
  }
  await ctx.durably(store => settle(store, name, pending, cause, ctx.now))
}

async function settle(store: Store, name: string, pending: Credential, cause: string, now: number): Promise<void> {
  const role = await get(store, name)
  if (role === undefined) return
  const { pending: kept, ...state } = role.state
  // Another attempt may have settled the same one, and even begun the next.
  if (kept === undefined || JSON.stringify(kept) !== JSON.stringify(pending)) return
  const due = cause === "by plan" ? nextAfterDue(role, state.due, now) : nextAfter(role, now)
  put(
    store,
    name,
    { ...role, state: { ...state, current: pending, lastRotation: now, due, wakes: due, failures: 0 } },
    role,
  )
}

const FIRST_PAUSE = 10
const LONGEST_PAUSE = 600
/** How many roles one round of the job rotates; the next round is near. */
const BATCH = 200

/** Rotates what is due. A role that cannot be rotated comes back after a pause that grows. */
export async function rotateDue(ctx: Context): Promise<void> {
  const before = wakeKey(ctx.now + 1, "").slice(WAKING.length)
  const names = await ctx.store.keys(WAKING, { before, limit: BATCH })
  for (const key of names) {
    const name = key.slice(key.indexOf("/") + 1)
    const role = await ctx.durably(store => get(store, name))
    if (role === undefined || role.state.wakes > ctx.now) continue
    if (role.state.pending === undefined && isMissed(role, role.state.due, ctx.now)) await skip(ctx, name)
    else await rotate(ctx, name, "by plan").catch((error: unknown) => postpone(ctx, name, error))
  }
}

async function skip(ctx: Context, name: string): Promise<void> {
  ctx.log("warn", `the rotation of static role ${name} missed its window and waits for the next scheduled time`)
  await ctx.durably(async store => {
    const role = await need(store, name)
    const due = nextAfterDue(role, role.state.due, ctx.now)
    put(store, name, { ...role, state: { ...role.state, due, wakes: due } }, role)
  })
}

async function postpone(ctx: Context, name: string, error: unknown): Promise<void> {
  const pause = await ctx.durably(async store => {
    const role = await get(store, name)
    if (role === undefined) return 0
    const failures = role.state.failures + 1
    const seconds = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1))
    put(store, name, { ...role, state: { ...role.state, failures, wakes: ctx.now + seconds } }, role)
    return seconds
  })
  ctx.log("warn", `could not rotate static role ${name}, trying again in ${pause} s: ${cleaned(String(error), [])}`)
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString()

const planOf = ({ rotation_period, rotation_schedule, rotation_window }: Fields): JsonObject =>
  rotation_schedule === ""
    ? { rotation_period }
    : { rotation_schedule, ...(rotation_window > 0 ? { rotation_window } : {}) }

function shown(role: StaticRole): JsonObject {
  return {
    db_name: role.db_name,
    username: role.username,
    credential_type: role.credential_type,
    ...shownCredentialConfig(role.credential_config),
    rotation_statements: role.rotation_statements,
    skip_import_rotation: role.skip_import_rotation,
    ...planOf(role),
    ...(role.state.lastRotation > 0 ? { last_vault_rotation: time(role.state.lastRotation) } : {}),
  }
}

async function credentials(name: string, ctx: Context): Promise<Answer> {
  const role = await need(ctx.store, name)
  const config = await needConfig(ctx.store, role.db_name)
  checkAllowed(config, name)
  const { current, due, lastRotation } = role.state
  return {
    data: {
      username: role.username,
      ...(current?.shown ?? (role.credential_type === "password" ? { password: "" } : {})),
      ttl: Math.max(0, Math.round(due - ctx.now)),
      ...planOf(role),
      last_vault_rotation: time(lastRotation),
    },
  }
}

const name = field.name("Name of the static role.", { plain: true })

export const staticRoutes: readonly Route[] = [
  listRoute("static-roles", "List the static roles.", (ctx, page) => ctx.store.list(FOLDER, page)),
  route("static-roles/:name", {
    summary: "A static role: read, write, delete. Writing a new one rotates its credential.",
    fields: {
      ...fields,
      name,
      password: field.string("What its password is now; with `skip_import_rotation`.", { secret: true }),
    },
    exists: async (input, ctx) => (await get(ctx.store, input.name)) !== undefined,
    read: async (input, ctx) => {
      const role = await get(ctx.store, input.name)
      return role && { data: shown(role) }
    },
    write,
    delete: (input, ctx) => erase(ctx.store, input.name),
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
      if ((await get(ctx.store, input.name)) === undefined) throw refuse.invalid("no static role found for role name")
      await rotate(ctx, input.name, "by request")
      return undefined
    },
  }),
]
