/** Tokens of Consul's ACL system that live as long as their lease. */

import { type Answer, type Context, engine, field, leaseKind, refuse, route } from "@arca/api"
import { textOf } from "../answer.ts"
import { tame } from "../username.ts"
import { accessRoute, call, needAccess, verify } from "./access.ts"
import { roleRoutes, roles, tokenBody } from "./roles.ts"

type Token = {
  readonly accessor: string
  readonly role: string
  readonly consul_namespace: string
  readonly partition: string
}

/** Where a token is, in Consul Enterprise; nothing otherwise. */
const place = ({ consul_namespace: ns, partition }: Pick<Token, "consul_namespace" | "partition">): string => {
  const query = new URLSearchParams({ ...(ns === "" ? {} : { ns }), ...(partition === "" ? {} : { partition }) })
  return query.size === 0 ? "" : `?${query}`
}

const token = leaseKind<Token>({
  name: "token",
  revoke: async (data, ctx) => {
    await call(ctx, await needAccess(ctx), "DELETE", `token/${data.accessor}${place(data)}`)
  },
  terms: async (data, ctx) => {
    const role = await roles.get(ctx.store, data.role)
    if (role === undefined) throw refuse.invalid(`issuing role ${JSON.stringify(data.role)} not found`)
    return { ttl: role.ttl, maxTtl: role.max_ttl }
  },
})

function uuid(ctx: Context): string {
  const hex = Buffer.from(ctx.random(16)).toString("hex")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
}

async function issue(name: string, ctx: Context): Promise<Answer> {
  const role = await roles.get(ctx.store, name)
  if (role === undefined) throw refuse.invalid(`role ${JSON.stringify(name)} not found`)
  const to = await needAccess(ctx)
  await verify(ctx, to)
  const { consul_namespace, partition } = role
  const data: Token = { accessor: uuid(ctx), role: name, consul_namespace, partition }
  // Durable before the token exists: it gets the accessor that we chose, so it can be found whatever dies in between.
  const lease = await ctx.prepare(token, data)
  const made = await call(ctx, to, "PUT", `token${place(data)}`, {
    AccessorID: data.accessor,
    Description: `Vault ${name} ${tame(ctx.caller.displayName)} ${Math.floor(ctx.now * 1000)}`,
    ...tokenBody(role),
  })
  if (textOf(made.AccessorID) !== data.accessor)
    throw refuse.upstream("Consul did not take the accessor of the new token; versions before 1.5 cannot")
  return {
    data: {
      token: textOf(made.SecretID),
      accessor: data.accessor,
      local: made.Local === true,
      consul_namespace: textOf(made.Namespace),
      partition: textOf(made.Partition),
    },
    lease: lease.until(role.ttl, role.max_ttl),
  }
}

export const consul = engine({
  kind: "secret",
  type: "consul",
  summary: "Tokens of Consul that live as long as their lease.",
  leases: [token],
  routes: [
    accessRoute,
    ...roleRoutes,
    route("creds/:role", {
      summary: "Make a token that lives as long as its lease.",
      operation: "generate-credentials",
      fields: { role: field.name("Name of the role.", { plain: true }) },
      read: (input, ctx) => issue(input.role, ctx),
      replies: {
        read: {
          token: field.string("The token.", { secret: true }),
          accessor: field.string("Its accessor."),
          local: field.bool("Whether it is of one datacenter only."),
          consul_namespace: field.string("Its namespace."),
          partition: field.string("Its partition."),
        },
      },
    }),
  ],
})
