/** `config/connection` and `config/lease`: who manages the broker's users, and how long those live. */

import { type Context, field, refuse, route, singleRecord, singleRoute, type Values } from "@arca/api"
import { checkTemplate } from "../username.ts"
import { verify } from "./broker.ts"

export const connection = singleRecord("connection", "config/connection", {
  connection_uri: field.string("Where the management plugin listens: `http://127.0.0.1:15672`.", {
    default: "",
    plain: true,
  }),
  username: field.string("A user with the tag `administrator`.", { default: "", plain: true }),
  password: field.string("Its password.", { default: "", secret: true }),
  password_policy: field.string("The password policy of new users; 36 letters and digits without one.", {
    default: "",
    plain: true,
  }),
  username_template: field.string("How new users are named; the caller's name and a UUID without one.", {
    default: "",
    plain: true,
  }),
})

export const lease = singleRecord("lease", "config/lease", {
  ttl: field.duration("How long a user lives before it must be renewed; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep it; the mount's longest when 0.", { default: 0 }),
})

export async function needConnection(ctx: Context): Promise<Values<typeof connection.fields>> {
  const found = await connection.get(ctx.store)
  if (found === undefined) throw refuse.invalid("there is no connection yet: write config/connection first")
  return found
}

function checkUri(text: string): void {
  const uri = URL.parse(text)
  if (uri === null || !/^https?:$/.test(uri.protocol))
    throw refuse.invalid("connection_uri must be an http or https address, such as http://127.0.0.1:15672")
  if (uri.username !== "" || uri.password !== "")
    throw refuse.invalid("connection_uri must not hold a user or password: give them as username and password")
}

export const configRoutes = [
  route("config/connection", {
    summary: "The broker, and the account that manages its users.",
    operation: "configure-connection",
    fields: {
      ...connection.fields,
      verify_connection: field.bool("Try the account before it is stored.", { default: true }),
    },
    write: async ({ verify_connection, ...given }, ctx) => {
      for (const name of ["connection_uri", "username", "password"] as const) {
        if (given[name] === "") throw refuse.invalid(`missing ${name}`)
      }
      checkUri(given.connection_uri)
      checkTemplate(ctx, given.username_template)
      if (verify_connection) await verify(ctx, given)
      connection.put(ctx.store, given)
      return undefined
    },
  }),
  singleRoute("config/lease", lease, {
    summary: "How long users live.",
    operation: { read: "read-lease-configuration", write: "configure-lease" },
    replaces: true,
  }),
]
