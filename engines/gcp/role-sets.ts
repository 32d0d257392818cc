/** Role sets: service accounts that are made here, with the roles that are written for them. */

import { setTimeout } from "node:timers/promises"
import { type Context, field, listRoute, Refusal, refuse, route } from "@arca/api"
import { checkProject, createAccount } from "./accounts.ts"
import { bindingsOf, changeBindings } from "./bindings.ts"
import { ourGoogle } from "./config.ts"
import type { Google, Places } from "./google.ts"
import { boundTo, checkHolder, type Holder, holderFields, names, roleSets, shownHolder, tokenKey } from "./holders.ts"
import { foresee, type Leftover, leave, strikeOut, tidy } from "./leftovers.ts"

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"

/** A name that no other account has: 6 to 30 letters, digits and dashes. */
function accountName(ctx: Context, roleSet: string): string {
  const tail = Array.from(ctx.random(10), byte => ALPHABET[byte % ALPHABET.length]).join("")
  const head = `vault${roleSet.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "-")}`
  return `${head.slice(0, 19)}-${tail}`
}

/** Projects of a domain are called `example.org:name`. */
function emailOf(name: string, project: string): string {
  const [domain, id] = project.split(":", 2)
  return `${name}@${id === undefined ? project : `${id}.${domain}`}.iam.gserviceaccount.com`
}

const leftoverOf = (holder: Holder): Leftover => ({
  email: holder.service_account_email,
  bindings: boundTo(holder),
  isOurs: true,
  key: "",
})

/** Gives a role set a new account, and leaves the one before to be removed. */
async function renew(name: string, wished: Holder, ctx: Context, places: Places): Promise<void> {
  const bindings = bindingsOf(wished.bindings)
  const account = accountName(ctx, name)
  const service_account_email = emailOf(account, wished.project)
  const cloud = await ourGoogle(ctx, places)
  const foreseen = await foresee(ctx, { email: service_account_email, bindings, isOurs: true, key: "" })
  await createAccount(cloud, wished.project, account, `Service account for Vault secrets backend role set ${name}`)
  await whenKnown(() => changeBindings(cloud, service_account_email, bindings, "add"))
  const key = await tokenKey(cloud, wished, service_account_email)
  await ctx.durably(async store => {
    const before = await roleSets.get(store, name)
    if (before !== undefined) leave(ctx, store, leftoverOf(before))
    strikeOut(store, foreseen)
    roleSets.put(store, name, { ...wished, service_account_email, ...key })
  })
  await tidy(ctx, places)
}

/** A new account is known everywhere only after some seconds; policies refuse it until then. */
async function whenKnown(act: () => Promise<void>): Promise<void> {
  for (const pause of [500, 1000, 2000, 4000, 0]) {
    try {
      return await act()
    } catch (error) {
      const isUnknown = error instanceof Refusal && /status 400.*does not exist/s.test(error.message)
      if (!isUnknown || pause === 0) throw error
      await setTimeout(pause)
    }
  }
}

async function write(name: string, ctx: Context, places: Places): Promise<undefined> {
  const before = await roleSets.get(ctx.store, name)
  const { service_account_email: _e, token_key: _k, token_key_name: _n, ...body } = ctx.body
  const wished = roleSets.merge(before, body)
  if (before !== undefined && before.project !== wished.project) {
    throw refuse.invalid(`cannot change project for existing role set (old: ${before.project}, new: ${wished.project})`)
  }
  if (wished.project === "") throw refuse.invalid("project argument is required for new role set")
  checkHolder(wished, before, {
    type: given => `invalid "secret_type" value: ${JSON.stringify(given)}`,
    scopes: "token_scopes must be provided for creating access token role set",
  })
  checkProject(wished.project)
  if (wished.bindings === "") throw refuse.invalid("bindings are required for new role set")
  if (before !== undefined && before.bindings === wished.bindings) {
    roleSets.put(ctx.store, name, wished)
    return
  }
  await renew(name, wished, ctx, places)
}

async function need(ctx: Context, name: string): Promise<Holder> {
  const found = await roleSets.get(ctx.store, name)
  if (found === undefined) throw refuse.invalid(`roleset '${name}' not found`)
  return found
}

async function remove(name: string, ctx: Context, places: Places): Promise<undefined> {
  const gone = await ctx.durably(async store => {
    const before = await roleSets.get(store, name)
    if (before === undefined) return false
    leave(ctx, store, leftoverOf(before))
    roleSets.delete(store, name)
    return true
  })
  if (gone) await tidy(ctx, places)
}

/** A new key to ask for access tokens with; the one before goes. */
async function rotateKey(name: string, ctx: Context, places: Places): Promise<undefined> {
  const before = await need(ctx, name)
  if (before.secret_type !== "access_token") throw refuse.invalid("cannot rotate key for non-access-token role set")
  const cloud: Google = await ourGoogle(ctx, places)
  const key = await tokenKey(cloud, before, before.service_account_email)
  await ctx.durably(async store => {
    const found = await roleSets.get(store, name)
    if (found === undefined) throw refuse.invalid(`roleset '${name}' not found`)
    leave(ctx, store, { email: found.service_account_email, bindings: {}, isOurs: false, key: found.token_key_name })
    roleSets.put(store, name, { ...found, ...key })
  })
  await tidy(ctx, places)
}

const name = field.name("Name of the role set.", { plain: true })

export const roleSetRoutes = (places: Places) => [
  listRoute(["roleset", "rolesets"], "List the role sets.", names(roleSets)),
  route("roleset/:name", {
    summary: "A role set: a service account that is made here, with its roles. Read, write, delete.",
    item: "Role set",
    fields: {
      name,
      secret_type: holderFields.secret_type,
      project: holderFields.project,
      bindings: holderFields.bindings,
      token_scopes: holderFields.token_scopes,
    },
    exists: async (input, ctx) => (await roleSets.get(ctx.store, input.name)) !== undefined,
    read: async (input, ctx) => {
      const found = await roleSets.get(ctx.store, input.name)
      return found && { data: { ...shownHolder(found), project: found.project } }
    },
    write: (input, ctx) => write(input.name, ctx, places),
    delete: (input, ctx) => remove(input.name, ctx, places),
  }),
  route("roleset/:name/rotate", {
    summary: "Give a role set another service account.",
    operation: "rotate-roleset",
    fields: { name },
    write: async (input, ctx) => {
      await renew(input.name, await need(ctx, input.name), ctx, places)
      return undefined
    },
  }),
  route("roleset/:name/rotate-key", {
    summary: "Give a role set another key to ask for access tokens with.",
    operation: "rotate-roleset-key",
    fields: { name },
    write: (input, ctx) => rotateKey(input.name, ctx, places),
  }),
]
