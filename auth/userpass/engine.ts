/** Users with passwords, kept here. */

import {
  type Context,
  checkTokenFields,
  crud,
  engine,
  field,
  type Login,
  readField,
  record,
  refuse,
  route,
  termsOf,
  tokenFieldsAs,
  type Values,
} from "@arca/api"
import { isWithinCidrs } from "../cidr.ts"
import { BCRYPT, checkPassword, hashPassword } from "./password-hash.ts"

const tokenFields = tokenFieldsAs({
  token_ttl: "ttl",
  token_max_ttl: "max_ttl",
  token_policies: "policies",
  token_bound_cidrs: "bound_cidrs",
})

const users = record("user", "user/", {
  ...tokenFields,
  password_hash: field.string("A hash instead of a password: bcrypt, or Argon2id in PHC form.", { secret: true }),
})

type User = Values<typeof users.fields>

const username = field.nameWithAt("Name of the user; case is folded.", { plain: true })
const password = field.string("The password.", { secret: true })

const fold = (name: string): string => name.toLowerCase()

/** Longer ones would only cost time. */
const MAX_PASSWORD_BYTES = 4096

async function hashOf(given: string, ctx: Context): Promise<string> {
  if (given === "") throw refuse.invalid("password cannot be empty")
  if (Buffer.byteLength(given) > MAX_PASSWORD_BYTES)
    throw refuse.invalid(`password is longer than ${MAX_PASSWORD_BYTES} bytes`)
  return hashPassword(given, ctx.random)
}

async function check(user: User, ctx: Context, existing: User | undefined): Promise<User> {
  if (user.token_type.startsWith("default-"))
    throw refuse.invalid(`invalid 'token_type' value ${JSON.stringify(user.token_type)}`)
  checkTokenFields(user)
  const { password: raw } = ctx.body
  const given = raw === undefined ? undefined : readField("password", password, raw)
  if (given !== undefined && ctx.body.password_hash !== undefined) {
    throw refuse.invalid("password and password_hash cannot both be given")
  }
  if (typeof given === "string") return { ...user, password_hash: await hashOf(given, ctx) }
  if (user.password_hash === undefined) throw refuse.invalid("missing password")
  if (
    user.password_hash !== existing?.password_hash &&
    !/^\$argon2id\$/.test(user.password_hash) &&
    !BCRYPT.test(user.password_hash)
  ) {
    throw refuse.invalid("password_hash is neither a bcrypt nor an Argon2id hash")
  }
  return user
}

/** The same words and the same time, whether the user is unknown or the password is wrong. */
async function login(name: string, given: string | undefined, ctx: Context): Promise<{ auth: Login }> {
  if (given === undefined || given === "") throw refuse.invalid("missing password")
  const user = await users.get(ctx.store, fold(name))
  const right = Buffer.byteLength(given) <= MAX_PASSWORD_BYTES && (await checkPassword(given, user?.password_hash))
  if (!right || user === undefined) throw refuse.invalid("invalid username or password")
  // The token would be good from there only: it is said at once, as Vault does.
  if (!isWithinCidrs(user.token_bound_cidrs, ctx.request.remoteAddress)) throw refuse.forbidden("permission denied")
  return {
    auth: {
      displayName: fold(name),
      policies: user.token_policies,
      metadata: { username: fold(name) },
      terms: termsOf(user),
      alias: { name: fold(name) },
      internal: { username: fold(name) },
    },
  }
}

async function change(name: string, ctx: Context, next: (user: User) => Promise<User> | User): Promise<undefined> {
  const user = await users.get(ctx.store, fold(name))
  if (user === undefined) throw refuse.invalid("username does not exist")
  users.put(ctx.store, fold(name), await next(user))
}

export const userpass = engine({
  kind: "auth",
  type: "userpass",
  summary: "Users with passwords, kept here.",
  lockout: path => /^login\/([^/]+)$/.exec(path)?.[1]?.toLowerCase(),
  role: async path => /^login\/([^/]+)$/.exec(path)?.[1]?.toLowerCase(),
  renew: async (internal, ctx) => {
    const user = await users.get(ctx.store, String(internal.username))
    if (user === undefined) throw refuse.invalid("the user does not exist any more")
    return { terms: termsOf(user), policies: user.token_policies }
  },
  routes: [
    route("login/:username", {
      summary: "Log in with a password.",
      issues: "token",
      fields: { username, password },
      open: true,
      write: ({ username: name, password: given }, ctx) => login(name, given, ctx),
    }),
    ...crud("users", users, {
      summary: "A user: read, write, delete.",
      param: "username",
      nameField: username,
      inputs: { password },
      fold,
      check,
    }),
    route("users/:username/password", {
      summary: "Set a user's password.",
      operation: "reset-password",
      replies: { write: {} },
      fields: { username, password, password_hash: users.fields.password_hash },
      write: ({ username: name, password: given }, ctx) =>
        change(name, ctx, async user => {
          if (given === undefined && ctx.body.password_hash === undefined) throw refuse.invalid("missing password")
          return check(users.merge(user, { password_hash: ctx.body.password_hash ?? null }), ctx, user)
        }),
    }),
    route("users/:username/policies", {
      summary: "Set a user's policies.",
      operation: "update-policies",
      replies: { write: {} },
      fields: { username, token_policies: tokenFields.token_policies },
      write: ({ username: name, token_policies }, ctx) =>
        change(name, ctx, user => {
          const next = { ...user, token_policies }
          checkTokenFields(next)
          return next
        }),
    }),
  ],
})
