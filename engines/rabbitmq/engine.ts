/** Users of a RabbitMQ broker, made when they are asked for and gone when their lease is. */

import { type Answer, type Context, engine, field, leaseKind, listRoute, record, refuse, route } from "@arca/api"
import { usernameBy } from "../username.ts"
import { randomName } from "../username-template.ts"
import { createUser, deleteUser, userExists } from "./broker.ts"
import { configRoutes, lease, needConnection } from "./connection.ts"
import { topicsOf, vhostsOf } from "./permissions.ts"

const roles = record("role", "role/", {
  tags: field.string("Comma-separated tags: `monitoring`, `management` …", { default: "", plain: true }),
  vhosts: field.string("JSON: virtual hosts to the patterns that may be configured, written and read.", {
    default: "",
    plain: true,
  }),
  vhost_topics: field.string("JSON: virtual hosts to exchanges to the routing keys that may be written and read.", {
    default: "",
    plain: true,
  }),
})

const name = field.name("Name of the role.", { plain: true })

/** As Vault's `{{ printf "%s-%s" (.DisplayName) (uuid) }}`, and as long as a user of RabbitMQ may be called. */
const USERNAME_TEMPLATE = '{{ printf "%s-%s" (.DisplayName | truncate 100) (uuid) }}'
const LONGEST_USERNAME = 255
const PASSWORD_LENGTH = 36

const user = leaseKind<{ username: string }>({
  name: "creds",
  revoke: async ({ username }, ctx) => deleteUser(ctx, await needConnection(ctx), username),
  terms: (_, ctx) => lifeOf(ctx),
})

async function lifeOf(ctx: Context): Promise<{ ttl: number; maxTtl: number }> {
  const { ttl = 0, max_ttl: maxTtl = 0 } = (await lease.get(ctx.store)) ?? {}
  return { ttl, maxTtl }
}

async function issue(wanted: string, ctx: Context): Promise<Answer> {
  const role = await roles.get(ctx.store, wanted)
  if (role === undefined) throw refuse.invalid(`unknown role: ${wanted}`)
  const connection = await needConnection(ctx)
  const { ttl, maxTtl } = await lifeOf(ctx)
  const username = usernameBy(ctx, connection.username_template || USERNAME_TEMPLATE, wanted, LONGEST_USERNAME)
  const password =
    connection.password_policy === ""
      ? randomName(PASSWORD_LENGTH, ctx.random)
      : await ctx.password(connection.password_policy)
  if (await userExists(ctx, connection, username))
    throw refuse.failed(
      `the user ${username} is there already: the username_template must make names that are used once`,
    )
  // Durable before the user exists: should we die in between, the lease's job removes it.
  const prepared = await ctx.prepare(user, { username })
  const permissions = { vhosts: vhostsOf(role.vhosts), topics: topicsOf(role.vhost_topics) }
  await createUser(ctx, connection, { username, password, tags: role.tags, ...permissions })
  return { data: { username, password }, lease: prepared.until(ttl, maxTtl) }
}

export const rabbitmq = engine({
  kind: "secret",
  type: "rabbitmq",
  words: "rabbit-mq",
  summary: "Users of a RabbitMQ broker that live as long as their lease.",
  leases: [user],
  routes: [
    ...configRoutes,
    listRoute("roles", "List the roles.", (ctx, page) => roles.list(ctx.store, page)),
    route("roles/:name", {
      summary: "A role: what its users may do. Read, write, delete.",
      item: "Role",
      operation: "*-role",
      fields: { name, ...roles.fields },
      read: async ({ name: wanted }, ctx) => {
        const role = await roles.get(ctx.store, wanted)
        return (
          role && {
            data: {
              tags: role.tags,
              vhosts: { ...vhostsOf(role.vhosts) },
              vhost_topics: role.vhost_topics === "" ? null : { ...topicsOf(role.vhost_topics) },
            },
          }
        )
      },
      write: ({ name: wanted, ...role }, ctx) => {
        if (role.tags === "" && role.vhosts === "") throw refuse.invalid("both tags and vhosts not specified")
        vhostsOf(role.vhosts)
        topicsOf(role.vhost_topics)
        roles.put(ctx.store, wanted, role)
        return undefined
      },
      delete: ({ name: wanted }, ctx) => {
        roles.delete(ctx.store, wanted)
        return undefined
      },
      replies: {
        read: {
          tags: roles.fields.tags,
          vhosts: field.map("Virtual hosts to patterns."),
          vhost_topics: field.map("Virtual hosts to exchanges to patterns.", { optional: true }),
        },
      },
    }),
    route("creds/:name", {
      summary: "Make a user that lives as long as its lease.",
      operation: "request-credentials",
      fields: { name },
      read: ({ name: wanted }, ctx) => issue(wanted, ctx),
      replies: {
        read: {
          username: field.string("The user's name."),
          password: field.string("Its password.", { secret: true }),
        },
      },
    }),
  ],
})
