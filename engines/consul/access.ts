/** `config/access`: the Consul server, and the token that makes tokens there. */

import { type Context, field, type JsonObject, refuse, route, singleRecord, type Values } from "@arca/api"
import { objectOf, textOf } from "../answer.ts"
import { baseOf, callAcl, checkTls, tlsFields } from "../service-address.ts"

export const access = singleRecord("access configuration", "config/access", {
  address: field.string("The server: `127.0.0.1:8500`.", { default: "", plain: true }),
  scheme: field.string("`http` or `https`.", { default: "http", choices: ["http", "https"], plain: true }),
  token: field.string("A token that may write ACLs; made by bootstrapping the ACL system without one.", {
    default: "",
    secret: true,
  }),
  ...tlsFields,
})

export type Access = Values<typeof access.fields>

export async function needAccess(ctx: Context): Promise<Access> {
  const found = await access.get(ctx.store)
  if (found !== undefined) return found
  throw refuse.invalid(
    "access credentials for the backend itself haven't been configured; please configure them at the '/config/access' endpoint",
  )
}

/** One request to Consul's ACL API. With DELETE, what is gone already is no failure. */
export async function call(
  ctx: Context,
  to: Access,
  method: "GET" | "PUT" | "DELETE",
  path: string,
  body?: JsonObject,
): Promise<JsonObject> {
  const service = { ...to, base: baseOf(to.address, to.scheme), header: "x-consul-token" }
  const received = await callAcl(ctx, service, { method, path, body })
  return method === "DELETE" ? {} : objectOf(received.json())
}

/** Whether the server answers, and knows our token: asked before anything is written down that would have to be undone. */
export const verify = (ctx: Context, to: Access): Promise<JsonObject> => call(ctx, to, "GET", "token/self")

/** Takes the ACL system's first token. It is given once, so it is durable before anything else happens. */
async function bootstrap(ctx: Context, given: Access): Promise<void> {
  const token = textOf((await call(ctx, given, "PUT", "bootstrap")).SecretID)
  if (token === "")
    throw refuse.upstream("Token not provided and failed to bootstrap ACLs: Consul answered without one")
  await ctx.durably(async store => access.put(store, { ...given, token }))
}

export const accessRoute = route("config/access", {
  summary: "The Consul server, and the token that makes tokens there.",
  fields: access.fields,
  operation: { read: "read-access-configuration", write: "configure-access" },
  read: async (_, ctx) => {
    const { address, scheme } = await needAccess(ctx)
    return { data: { address, scheme } }
  },
  write: async (given, ctx) => {
    if (given.address === "") throw refuse.invalid("missing address: the Consul server, such as 127.0.0.1:8500")
    baseOf(given.address, given.scheme)
    checkTls(given)
    if (given.token === "") await bootstrap(ctx, given)
    else access.put(ctx.store, given)
    return undefined
  },
  replies: { read: { address: access.fields.address, scheme: access.fields.scheme } },
})
