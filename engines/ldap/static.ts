/** Static roles: accounts that are there already, whose password changes every so often. */

import { type Answer, type Context, field, Refusal, record, refuse, route, type Values } from "@arca/api"
import { NotTaken, rotating, secondsLeft, timeText } from "../rotating.ts"
import { every } from "../schedule.ts"
import { needConfig, newPassword } from "./config.ts"
import { type Directory, find, refusedPassword, saidNo, setPassword, type Whom, withDirectory } from "./directory.ts"
import { listFolder, managed, nameField, pageFields } from "./names.ts"

const fields = {
  username: field.string("The account's name: the value of `userattr`.", { default: "", plain: true }),
  dn: field.string("Its distinguished name; searched by `username` without one.", { default: "", plain: true }),
  rotation_period: field.duration("How often its password changes.", { default: 0 }),
}

type StaticRole = Values<typeof fields>

const SHORTEST_PERIOD = 5

type Password = { password: string }

/** Sets an account's password. Throws `NotTaken` unless the directory may have taken it. */
export async function changePassword(ctx: Context, whom: Whom, password: string): Promise<void> {
  let sent = false
  const set = async (directory: Directory): Promise<void> => {
    const dn = await find(directory, whom)
    sent = true
    await setPassword(directory, dn, password).catch(async (error: unknown) => {
      const told = refusedPassword(error, password)
      throw (await saidNo(error)) ? new NotTaken(told) : told
    })
  }
  await withDirectory(ctx, set).catch((error: unknown) => {
    throw !sent && error instanceof Refusal ? new NotTaken(error) : error
  })
}

export const roles = rotating<typeof fields, Password, Password>({
  folder: "static-role/",
  fields,
  plan: ({ rotation_period }) => every(rotation_period),
  keepsPrevious: true,
  next: async (_, ctx) => ({ password: await newPassword(ctx, await needConfig(ctx)) }),
  change: async (role, next, ctx) => {
    await changePassword(ctx, role, next.password)
    return next
  },
  created: (store, name, { username }) => managed.claim(store, username, `static-role/${name}`),
  erased: (store, _name, { username }) => managed.release(store, username),
})

const merged = record("static role", "static-role/", fields).merge

interface WriteInput {
  readonly name: string
  readonly skip_import_rotation?: boolean | undefined
}

async function write({ name, skip_import_rotation: skip }: WriteInput, ctx: Context): Promise<undefined> {
  const before = await roles.get(ctx.store, name)
  const wished = checked(merged(before, ctx.body), before, "username" in ctx.body)
  if (before !== undefined) {
    if (skip !== undefined) throw refuse.invalid("skip_import_rotation has no effect on updates")
    await roles.update(ctx, name, wished)
    return
  }
  const { skip_static_role_import_rotation } = await needConfig(ctx)
  await roles.create(ctx, name, wished, (skip ?? skip_static_role_import_rotation) ? {} : undefined)
}

function checked(role: StaticRole, before: StaticRole | undefined, isGiven: boolean): StaticRole {
  if (role.username === "")
    throw refuse.invalid(
      isGiven ? "username must not be empty" : "username is a required field to manage a static account",
    )
  if (before !== undefined && before.username !== role.username)
    throw refuse.invalid("cannot update static account username")
  if (before !== undefined && before.dn !== role.dn)
    throw refuse.invalid("cannot update static account distinguished name (dn)")
  if (before === undefined && role.rotation_period === 0)
    throw refuse.invalid("rotation_period is required to create static accounts")
  if (role.rotation_period < SHORTEST_PERIOD)
    throw refuse.invalid(`rotation_period must be ${SHORTEST_PERIOD} seconds or more`)
  return role
}

async function credentials(name: string, ctx: Context): Promise<Answer> {
  const role = await roles.need(ctx.store, name)
  const { current, previous, lastRotation } = role.rotation
  return {
    data: {
      dn: role.dn,
      username: role.username,
      password: current?.password ?? "",
      last_password: previous?.password ?? "",
      ttl: secondsLeft(role, ctx.now),
      rotation_period: role.rotation_period,
      last_vault_rotation: timeText(lastRotation),
    },
  }
}

const shownFields = {
  ...fields,
  last_vault_rotation: field.time("When the password was changed."),
}

export const staticRoutes = [
  route("static-role", { summary: "List the static roles.", fields: pageFields, list: listFolder(roles.list) }),
  route("static-role/:name", {
    summary: "A static role: read, write, delete; list a folder. Writing a new one changes the account's password.",
    item: "Static role",
    operation: { list: "list-static-role-path" },
    fields: {
      name: nameField,
      ...fields,
      skip_import_rotation: field.bool("Keep the password there is until the first rotation; for new roles only."),
      ...pageFields,
    },
    exists: async ({ name }, ctx) => (await roles.get(ctx.store, name)) !== undefined,
    read: async ({ name }, ctx) => {
      const role = await roles.get(ctx.store, name)
      if (role === undefined) return undefined
      const { dn, username, rotation_period } = role
      const { lastRotation } = role.rotation
      const last = lastRotation > 0 ? { last_vault_rotation: timeText(lastRotation) } : {}
      return { data: { dn, username, rotation_period, ...last } }
    },
    write,
    delete: async ({ name }, ctx) => {
      await roles.erase(ctx.store, name)
      return undefined
    },
    list: listFolder(roles.list),
    replies: { read: shownFields },
  }),
  route("static-cred/:name", {
    summary: "The password of a static role, and how long it is good for.",
    operation: "request-static-role-credentials",
    fields: { name: nameField },
    read: ({ name }, ctx) => credentials(name, ctx),
    replies: {
      read: {
        ...shownFields,
        password: field.string("The password.", { secret: true }),
        last_password: field.string("The one before.", { secret: true }),
        ttl: field.int("Seconds until it changes."),
      },
    },
  }),
  route("rotate-role/:name", {
    summary: "Change the password of a static role now.",
    operation: "rotate-static-role",
    fields: { name: nameField },
    write: async ({ name }, ctx) => {
      if ((await roles.get(ctx.store, name)) === undefined) throw refuse.invalid(`role doesn't exist: ${name}`)
      await roles.rotateNow(ctx, name)
      return undefined
    },
  }),
]
