/** Static roles: IAM users that are there already, whose access key is replaced every so often. */

import { type Context, field, type JsonObject, record, refuse, route, type Values } from "@arca/api"
import type { IAMClient } from "@aws-sdk/client-iam"
import { rotating } from "../rotating.ts"
import { every } from "../schedule.ts"
import { doing, iamClient, iamLibrary, isMissing, told } from "./clients.ts"

const fields = {
  username: field.string("The IAM user.", { default: "", plain: true }),
  id: field.string("Its unique id: another user of the same name is not touched.", { default: "", plain: true }),
  rotation_period: field.duration("How often its access key is replaced.", { default: 0 }),
}

type StaticRole = Values<typeof fields>

const SHORTEST_PERIOD = 60

type Key = { access_key: string; secret_key: string }

export const roles = rotating<typeof fields, { begun: number }, Key>({
  folder: "static-roles/",
  fields,
  plan: ({ rotation_period }) => every(rotation_period),
  // AWS makes the secret, so there is none to write down: only that a key may have been made that nobody knows.
  next: async (_, ctx) => ({ begun: ctx.now }),
  change: async (role, _next, ctx) => replaceKey(await iamClient(ctx), role.username, role.rotation.current),
})

/**
 * Makes a new access key. A user has two at most: the one that goes is not the one that is in use, unless there is no other.
 * So a key that a crash left, which nobody knows, goes first.
 */
async function replaceKey(client: IAMClient, UserName: string, inUse: Key | undefined): Promise<Key> {
  const { CreateAccessKeyCommand, DeleteAccessKeyCommand, ListAccessKeysCommand } = await iamLibrary()
  const listed = client.send(new ListAccessKeysCommand({ UserName }))
  const { AccessKeyMetadata: keys = [] } = await doing("Error listing access keys", listed)
  const byAge = keys.toSorted((a, b) => (a.CreateDate?.getTime() ?? 0) - (b.CreateDate?.getTime() ?? 0))
  const going = keys.length < 2 ? undefined : (byAge.find(key => key.AccessKeyId !== inUse?.access_key) ?? byAge[0])
  if (going !== undefined) {
    const gone = client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: going.AccessKeyId }))
    await doing("Error deleting the oldest access key", gone)
  }
  const made = client.send(new CreateAccessKeyCommand({ UserName }))
  const { AccessKey } = await doing("Error creating access keys", made)
  return { access_key: AccessKey?.AccessKeyId ?? "", secret_key: AccessKey?.SecretAccessKey ?? "" }
}

/** The unique id of a user. Refuses (400) when there is none of that name. */
async function userId(ctx: Context, username: string): Promise<string> {
  const { GetUserCommand } = await iamLibrary()
  const client = await iamClient(ctx)
  const found = client.send(new GetUserCommand({ UserName: username }))
  const { User } = await doing(`unable to validate username ${JSON.stringify(username)}`, found)
  return User?.UserId ?? ""
}

const merged = record("static role", "static-roles/", fields).merge

async function write(name: string, ctx: Context): Promise<{ data: JsonObject }> {
  const before = await roles.get(ctx.store, name)
  const { id: _, ...body } = ctx.body
  const wished: StaticRole = merged(before, body)
  if (wished.username === "") throw refuse.invalid('missing "username" parameter')
  if (wished.rotation_period === 0) throw refuse.invalid('missing "rotation_period" parameter')
  if (wished.rotation_period < SHORTEST_PERIOD)
    throw refuse.invalid("role rotation period out of range: must be greater than 60.00 seconds")
  if (before !== undefined && before.username !== wished.username)
    throw refuse.invalid("the username of a static role cannot change: delete it, and write another")
  const id = await userId(ctx, wished.username)
  if (before !== undefined && before.id !== id)
    throw refuse.invalid(
      `AWS GetUser returned a user, but the ID did not match: ${JSON.stringify(before.id)} was requested, but ${JSON.stringify(id)} was returned`,
    )
  const role: StaticRole = { ...wished, id }
  if (before === undefined) await roles.create(ctx, name, role)
  else await roles.update(ctx, name, role)
  return { data: shown(name, role) }
}

const shown = (name: string, { id, username, rotation_period }: StaticRole): JsonObject => ({
  name,
  id,
  username,
  rotation_period,
})

/** Forgets a role, and deletes the access key that it had. */
async function remove(name: string, ctx: Context): Promise<undefined> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) return
  const key = role.rotation.current?.access_key
  if (key) {
    const { DeleteAccessKeyCommand } = await iamLibrary()
    const client = await iamClient(ctx)
    await client
      .send(new DeleteAccessKeyCommand({ UserName: role.username, AccessKeyId: key }))
      .catch((error: unknown) => {
        if (!isMissing(error)) throw told(error, "failed to clean credentials while deleting role")
      })
  }
  await roles.erase(ctx.store, name)
}

const name = field.nameWithAt("Name of the static role.", { plain: true })

export const staticRoutes = [
  route("static-roles", {
    summary: "List the static roles.",
    list: async (_, ctx) => ({ data: { keys: await roles.list(ctx.store, "") } }),
  }),
  route("static-roles/:name", {
    summary: "A static role: read, write, delete. Writing a new one makes an access key of its user.",
    item: "Static role",
    operation: "*-static-roles-name",
    fields: { name, username: fields.username, rotation_period: fields.rotation_period },
    read: async (input, ctx) => {
      const role = await roles.get(ctx.store, input.name)
      return role && { data: shown(input.name, role) }
    },
    write: (input, ctx) => write(input.name, ctx),
    delete: (input, ctx) => remove(input.name, ctx),
    replies: { read: { name, ...fields }, write: { name, ...fields } },
  }),
  route("static-creds/:name", {
    summary: "The access key of a static role.",
    operation: "read-static-creds-name",
    fields: { name },
    read: async (input, ctx) => {
      const role = await roles.get(ctx.store, input.name)
      if (role?.rotation.current === undefined) return undefined
      const { access_key, secret_key } = role.rotation.current
      const expiration = new Date(role.rotation.due * 1000).toISOString()
      return { data: { access_key, secret_key, expiration } }
    },
    replies: {
      read: {
        access_key: field.string("The access key."),
        secret_key: field.string("Its secret.", { secret: true }),
        expiration: field.time("When it is replaced."),
      },
    },
  }),
]
