/** Tokens of Nomad's ACL system that live as long as their lease. */

import { type Answer, type Context, crud, engine, field, leaseKind, record, refuse, route } from "@arca/api"
import { emptyAsNull, listOf, objectOf, textOf } from "../answer.ts"
import { tame } from "../username.ts"
import { randomName } from "../username-template.ts"
import { call, configRoutes, LONGEST_NAME, lease, needAccess, verify } from "./access.ts"

const roles = record("role", "role/", {
  policies: field.commaList("Policies of Nomad.", { default: [], plain: true }),
  global: field.bool("Good in all regions.", { default: false }),
  type: field.string("`client` or `management`.", { default: "client", plain: true }),
})

const name = field.name("Name of the role.", { plain: true })

/** Under which accessor a token became known. Nomad chooses it, so a crash leaves only the name that we chose. */
const accessorKey = (tokenName: string): string => `accessor/${tokenName}`

const token = leaseKind<{ name: string }>({
  name: "token",
  revoke: async ({ name: tokenName }, ctx) => {
    const to = await needAccess(ctx)
    const known = await ctx.store.get(accessorKey(tokenName))
    const accessors = known === undefined ? await accessorsOf(ctx, tokenName) : [Buffer.from(known).toString()]
    for (const accessor of accessors) await call(ctx, to, "DELETE", `token/${encodeURIComponent(accessor)}`)
    ctx.store.delete(accessorKey(tokenName))
  },
  terms: (_, ctx) => lifeOf(ctx),
})

async function lifeOf(ctx: Context): Promise<{ ttl: number; maxTtl: number }> {
  const { ttl = 0, max_ttl: maxTtl = 0 } = (await lease.get(ctx.store)) ?? {}
  return { ttl, maxTtl }
}

/** The accessors of tokens with a name: what a crash between making a token and hearing of it left. */
async function accessorsOf(ctx: Context, tokenName: string): Promise<string[]> {
  const found = listOf(await call(ctx, await needAccess(ctx), "GET", "tokens"))
  return found
    .map(objectOf)
    .filter(one => one.Name === tokenName)
    .map(one => textOf(one.AccessorID))
    .filter(accessor => /^[0-9a-f-]{36}$/.test(accessor))
}

async function issue(wanted: string, ctx: Context): Promise<Answer> {
  const role = await roles.get(ctx.store, wanted)
  if (role === undefined) throw refuse.invalid(`role ${JSON.stringify(wanted)} not found`)
  const to = await needAccess(ctx)
  await verify(ctx, to)
  const { ttl, maxTtl } = await lifeOf(ctx)
  // Its end tells it from all others, so it is the beginning that is cut.
  const unique = `-${randomName(20, ctx.random)}`
  const longest = to.max_token_name_length || LONGEST_NAME
  const tokenName = `vault-${wanted}-${tame(ctx.caller.displayName)}`.slice(0, longest - unique.length) + unique
  // Durable before the token exists: should we die in between, the lease's job finds it by its name.
  const prepared = await ctx.prepare(token, { name: tokenName })
  const made = objectOf(
    await call(ctx, to, "PUT", "token", {
      Name: tokenName,
      Type: role.type,
      Policies: role.policies,
      Global: role.global,
    }),
  )
  const accessor = textOf(made.AccessorID)
  if (accessor !== "") ctx.store.put(accessorKey(tokenName), Buffer.from(accessor))
  return {
    data: { secret_id: textOf(made.SecretID), accessor_id: accessor },
    lease: prepared.until(ttl, maxTtl),
  }
}

export const nomad = engine({
  kind: "secret",
  type: "nomad",
  summary: "Tokens of Nomad that live as long as their lease.",
  leases: [token],
  routes: [
    ...configRoutes,
    ...crud("role", roles, {
      summary: "A role: what its tokens may do. Read, write, delete.",
      check: (merged, ctx) => {
        // Like Vault, which keeps policies and region of a role, but takes a type that is not given for its default.
        const { type } = roles.merge(undefined, ctx.body)
        const role = { ...merged, type }
        if (role.type !== "client" && role.type !== "management")
          throw refuse.invalid('type must be "client" or "management"')
        if (role.type === "client" && role.policies.length === 0)
          throw refuse.invalid("policies cannot be empty when using client tokens")
        if (role.type === "management" && role.policies.length > 0)
          throw refuse.invalid("policies should be empty when using management tokens")
        return role
      },
      show: role => emptyAsNull(roles.shown(role)),
    }),
    route("creds/:name", {
      summary: "Make a token that lives as long as its lease.",
      operation: "generate-credentials",
      fields: { name },
      read: (input, ctx) => issue(input.name, ctx),
      replies: {
        read: {
          secret_id: field.string("The token.", { secret: true }),
          accessor_id: field.string("Its accessor."),
        },
      },
    }),
  ],
})
