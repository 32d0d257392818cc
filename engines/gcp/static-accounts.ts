/** Static accounts: service accounts that are there already. Impersonated ones need no key at all. */

import { type Answer, type Context, field, listRoute, record, refuse, route } from "@arca/api"
import { textOf } from "../answer.ts"
import { checkEmail, projectOf } from "./accounts.ts"
import { changeBindings } from "./bindings.ts"
import { config, ourGoogle } from "./config.ts"
import type { Places } from "./google.ts"
import {
  boundTo,
  checkHolder,
  type Holder,
  holderFields,
  names,
  shownHolder,
  staticAccounts,
  tokenKey,
} from "./holders.ts"
import { foresee, type Leftover, leave, strikeOut, tidy } from "./leftovers.ts"

const name = field.name("Name of the account here.", { plain: true })
const emailField = field.string("The service account's email address.", { default: "", plain: true })

const leftoverOf = (holder: Holder): Leftover => ({
  email: holder.service_account_email,
  bindings: boundTo(holder),
  isOurs: false,
  key: holder.token_key_name,
})

async function write(wanted: string, ctx: Context, places: Places): Promise<undefined> {
  const before = await staticAccounts.get(ctx.store, wanted)
  const { project: _p, token_key: _k, token_key_name: _n, ...body } = ctx.body
  const wished = staticAccounts.merge(before, body)
  if (wished.service_account_email === "") throw refuse.invalid("email is required")
  checkHolder(wished, before, {
    type: given => `invalid secret_type ${JSON.stringify(given)}`,
    scopes: "non-empty token_scopes must be provided for generating access_token secrets",
  })
  checkEmail(wished.service_account_email)
  if (before !== undefined && before.service_account_email !== wished.service_account_email)
    throw refuse.invalid("cannot update email")
  const email = wished.service_account_email
  const bindings = boundTo(wished)
  const cloud = await ourGoogle(ctx, places)
  const project = before?.project || (await projectOf(cloud, email))
  const same = before?.bindings === wished.bindings
  const foreseen = same ? undefined : await foresee(ctx, { email, bindings, isOurs: false, key: "" })
  if (!same) await changeBindings(cloud, email, bindings, "add")
  const key =
    before === undefined
      ? await tokenKey(cloud, wished, email)
      : { token_key: before.token_key, token_key_name: before.token_key_name }
  await ctx.durably(async store => {
    if (foreseen !== undefined) strikeOut(store, foreseen)
    staticAccounts.put(store, wanted, { ...wished, project, ...key })
  })
  // Roles that are not wanted any more, but for those that are in both.
  if (before !== undefined && !same) await changeBindings(cloud, email, onlyIn(boundTo(before), bindings), "remove")
}

const onlyIn = (before: Leftover["bindings"], after: Leftover["bindings"]): Leftover["bindings"] =>
  Object.fromEntries(
    Object.entries(before).map(([resource, roles]) => [
      resource,
      roles.filter(role => !(after[resource] ?? []).includes(role)),
    ]),
  )

async function remove(wanted: string, ctx: Context, places: Places): Promise<undefined> {
  const gone = await ctx.durably(async store => {
    const before = await staticAccounts.get(store, wanted)
    if (before === undefined) return false
    leave(ctx, store, leftoverOf(before))
    staticAccounts.delete(store, wanted)
    return true
  })
  if (gone) await tidy(ctx, places)
}

async function rotateKey(wanted: string, ctx: Context, places: Places): Promise<undefined> {
  const before = await staticAccounts.get(ctx.store, wanted)
  if (before === undefined) throw refuse.invalid(`static account '${wanted}' not found`)
  if (before.secret_type !== "access_token")
    throw refuse.invalid("cannot rotate key for non-access-token static account")
  const key = await tokenKey(await ourGoogle(ctx, places), before, before.service_account_email)
  await ctx.durably(async store => {
    leave(ctx, store, { email: before.service_account_email, bindings: {}, isOurs: false, key: before.token_key_name })
    staticAccounts.put(store, wanted, { ...((await staticAccounts.get(store, wanted)) ?? before), ...key })
  })
  await tidy(ctx, places)
}

const impersonated = record("impersonated account", "impersonated-account/", {
  service_account_email: emailField,
  token_scopes: field.commaList("What access tokens are for.", { default: [], plain: true }),
  ttl: field.duration("How long tokens live; the configuration's when 0.", { default: 0 }),
})

const HOUR = 3600

async function impersonate(wanted: string, ctx: Context, places: Places): Promise<Answer> {
  const account = await impersonated.get(ctx.store, wanted)
  if (account === undefined) throw refuse.invalid(`impersonated account ${JSON.stringify(wanted)} does not exists`)
  const { ttl = 0, max_ttl = 0 } = (await config.get(ctx.store)) ?? {}
  const wished = account.ttl || ttl || HOUR
  const seconds = max_ttl > 0 ? Math.min(wished, max_ttl) : wished
  const cloud = await ourGoogle(ctx, places)
  const path = `/v1/projects/-/serviceAccounts/${account.service_account_email}:generateAccessToken`
  const body = { scope: account.token_scopes, lifetime: `${seconds}s` }
  const { json } = await cloud.call("POST", "iamcredentials.googleapis.com", path, body)
  const expires = Math.floor(Date.parse(textOf(json.expireTime)) / 1000)
  return {
    data: {
      token: textOf(json.accessToken),
      token_ttl: Math.max(0, expires - Math.floor(ctx.now)),
      expires_at_seconds: expires,
    },
  }
}

export const tokenReply = {
  token: field.string("The access token.", { secret: true }),
  token_ttl: field.int("Seconds that it lives."),
  expires_at_seconds: field.int("When it ends, in seconds since 1970."),
}

export const staticAccountRoutes = (places: Places) => [
  listRoute(["static-account", "static-accounts"], "List the static accounts.", names(staticAccounts)),
  route("static-account/:name", {
    summary: "A service account that is there already: read, write, delete.",
    item: "Static account",
    fields: {
      name,
      secret_type: holderFields.secret_type,
      service_account_email: emailField,
      bindings: holderFields.bindings,
      token_scopes: holderFields.token_scopes,
    },
    exists: async (input, ctx) => (await staticAccounts.get(ctx.store, input.name)) !== undefined,
    read: async (input, ctx) => {
      const found = await staticAccounts.get(ctx.store, input.name)
      return found && { data: { ...shownHolder(found), service_account_project: found.project } }
    },
    write: (input, ctx) => write(input.name, ctx, places),
    delete: (input, ctx) => remove(input.name, ctx, places),
  }),
  route("static-account/:name/rotate-key", {
    summary: "Give a static account another key to ask for access tokens with.",
    operation: "rotate-static-account-key",
    fields: { name },
    write: (input, ctx) => rotateKey(input.name, ctx, places),
  }),
  listRoute(["impersonated-account", "impersonated-accounts"], "List the impersonated accounts.", (ctx, page) =>
    impersonated.list(ctx.store, page),
  ),
  route("impersonated-account/:name", {
    summary: "A service account whose tokens are asked for without a key: read, write, delete.",
    item: "Impersonated account",
    fields: { name, ...impersonated.fields },
    exists: async (input, ctx) => (await impersonated.get(ctx.store, input.name)) !== undefined,
    read: async (input, ctx) => {
      const found = await impersonated.get(ctx.store, input.name)
      return found && { data: impersonated.shown(found) }
    },
    write: async (input, ctx) => {
      const before = await impersonated.get(ctx.store, input.name)
      const wished = impersonated.merge(before, ctx.body)
      if (wished.service_account_email === "") throw refuse.invalid("email is required")
      checkEmail(wished.service_account_email)
      if (before !== undefined && before.service_account_email !== wished.service_account_email)
        throw refuse.invalid("cannot update email")
      if (wished.token_scopes.length === 0)
        throw refuse.invalid("non-empty token_scopes must be provided for generating secrets")
      impersonated.put(ctx.store, input.name, wished)
      return undefined
    },
    delete: (input, ctx) => {
      impersonated.delete(ctx.store, input.name)
      return undefined
    },
  }),
  route("impersonated-account/:name/token", {
    summary: "An access token of an impersonated account.",
    operation: {
      read: "generate-impersonated-account-access-token",
      write: "generate-impersonated-account-access-token2",
    },
    fields: { name },
    read: (input, ctx) => impersonate(input.name, ctx, places),
    write: (input, ctx) => impersonate(input.name, ctx, places),
    replies: { read: tokenReply, write: tokenReply },
  }),
]
