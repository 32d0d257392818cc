/** `config/access` and `config/lease`: the Nomad server, the token that makes tokens there, and how long those live. */

import { type Context, field, type JsonObject, refuse, route, singleRecord, singleRoute, type Values } from "@arca/api"
import { objectOf, textOf } from "../answer.ts"
import { baseOf, callAcl, checkTls, tlsFields } from "../service-address.ts"

/** What Nomad takes as a name; before 0.8.3 it was 64. */
export const LONGEST_NAME = 256
/** What tells one token from all others must find place. */
const SHORTEST_NAME = 32

const access = singleRecord("access configuration", "config/access", {
  address: field.string("The server.", { default: "http://127.0.0.1:4646", plain: true }),
  token: field.string("A management token; made by bootstrapping the ACL system without one.", {
    default: "",
    secret: true,
  }),
  max_token_name_length: field.int("The longest name of a token; 256 when 0.", { default: 0 }),
  ...tlsFields,
})

export type Access = Values<typeof access.fields>

export const lease = singleRecord("lease configuration", "config/lease", {
  ttl: field.duration("How long a token lives; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep it; the mount's longest when 0.", { default: 0 }),
})

export async function needAccess(ctx: Context): Promise<Access> {
  const found = await access.get(ctx.store)
  if (found === undefined) throw refuse.invalid("there is no access configuration yet: write config/access first")
  return found
}

/** One request to Nomad's ACL API. With DELETE, what is gone already is no failure. */
export async function call(
  ctx: Context,
  to: Access,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: JsonObject,
): Promise<unknown> {
  const service = { ...to, base: baseOf(to.address, "http"), header: "x-nomad-token" }
  const received = await callAcl(ctx, service, { method, path, body })
  return method === "DELETE" ? undefined : received.json()
}

/** Whether the server answers, and knows our token: asked before anything is written down that would have to be undone. */
export const verify = (ctx: Context, to: Access): Promise<unknown> => call(ctx, to, "GET", "token/self")

/** Takes the ACL system's first token. It is given once, so it is durable before anything else happens. */
async function bootstrap(ctx: Context, given: Access): Promise<void> {
  const token = textOf(objectOf(await call(ctx, given, "PUT", "bootstrap")).SecretID)
  if (token === "") throw refuse.upstream("Token not provided and failed to bootstrap ACLs: Nomad answered without one")
  await ctx.durably(async store => access.put(store, { ...given, token }))
}

export const configRoutes = [
  route("config/access", {
    summary: "The Nomad server, and the token that makes tokens there.",
    operation: { read: "read-access-configuration", write: "configure-access", delete: "delete-access-configuration" },
    fields: access.fields,
    exists: async (_, ctx) => (await access.get(ctx.store)) !== undefined,
    read: async (_, ctx) => {
      const found = await access.get(ctx.store)
      return found && { data: access.shown(found) }
    },
    write: async (_, ctx) => {
      const given = access.merge(await access.get(ctx.store), ctx.body)
      baseOf(given.address, "http")
      checkTls(given)
      const longest = given.max_token_name_length
      if (longest !== 0 && (longest < SHORTEST_NAME || longest > LONGEST_NAME))
        throw refuse.invalid(`max_token_name_length must be from ${SHORTEST_NAME} to ${LONGEST_NAME}, or 0`)
      if (given.token === "") await bootstrap(ctx, given)
      else access.put(ctx.store, given)
      return undefined
    },
    delete: (_, ctx) => {
      access.delete(ctx.store)
      return undefined
    },
  }),
  singleRoute("config/lease", lease, {
    summary: "How long tokens live.",
    operation: { read: "read-lease-configuration", write: "configure-lease", delete: "delete-lease-configuration" },
    replaces: true,
    deletes: true,
  }),
]
