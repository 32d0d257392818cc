/** A place of its own for each token; it goes when the token goes. */

import {
  type Answer,
  type Context,
  decodeJson,
  encodeJson,
  engine,
  field,
  type JsonObject,
  pageFields,
  pageOf,
  refuse,
  route,
} from "@arca/api"

/** Where the caller's token keeps its things. Batch tokens have no place: nothing of theirs is stored. */
function own(ctx: Context) {
  if (ctx.caller.tokenKey === "")
    throw refuse.invalid('cubbyhole operations are only supported by "service" type tokens')
  return ctx.store.scope(`${ctx.caller.tokenKey}/`)
}

const mayNotBeEmpty = (path: string): void => {
  if (path === "") throw refuse.invalid("missing path")
}

/** What a wrapping token finds in its place: old clients read the reply there, as JSON in a string. */
const wrapped = ({ response = null }: JsonObject): Answer => ({
  data: { response: JSON.stringify(response) },
  warnings: [
    "Reading from 'cubbyhole/response' is deprecated. Please use sys/wrapping/unwrap to unwrap responses, as it provides additional security checks and other benefits.",
  ],
})

export const cubbyhole = engine({
  kind: "secret",
  type: "cubbyhole",
  summary: "Keeps secrets that only the token that wrote them can read.",
  singleton: true,
  confined: true,
  routes: [
    route("*path", {
      summary: "A secret of this token.",
      fields: {
        path: field.string("Path of the secret.", { pattern: ".*" }),
        ...pageFields,
      },
      takesAny: true,
      exists: async ({ path }, ctx) => path !== "" && (await own(ctx).get(path)) !== undefined,
      read: async ({ path }, ctx) => {
        const things = own(ctx)
        mayNotBeEmpty(path)
        const value = await things.cached(path, decodeJson)
        if (value === undefined) return undefined
        return ctx.caller.policies.includes("response-wrapping") ? wrapped(value) : { data: value }
      },
      write: async ({ path }, ctx) => {
        const things = own(ctx)
        if (Object.keys(ctx.body).length === 0) throw refuse.invalid("missing data fields")
        mayNotBeEmpty(path)
        things.put(path, encodeJson(ctx.body))
        return undefined
      },
      delete: async ({ path }, ctx) => {
        const things = own(ctx)
        if (path !== "") things.delete(path)
        return undefined
      },
      list: async ({ path, ...page }, ctx) => ({ data: { keys: await own(ctx).list(path, pageOf(page)) } }),
    }),
  ],
})
