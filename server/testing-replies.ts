/** Holds replies to what their routes declare: documentation and the client's types rely on it. */

import { isJsonObject, type JsonObject, type Route, type Verb } from "@arca/api"

/** Why the body of a good reply is not what its route declares; nothing where nothing is declared. */
export function undeclared(route: Route<never> | undefined, verb: Verb, body: JsonObject): string[] {
  if (route?.issues === "token" && verb === "write" && !isJsonObject(body.auth ?? body.wrap_info ?? null)) {
    return ["it does not answer the token that its declaration promises"]
  }
  const declared = route?.replies?.[verb]
  if (declared === undefined || isJsonObject(body.wrap_info)) return []
  const data = body.request_id === undefined ? body : isJsonObject(body.data) ? body.data : {}
  const more = Object.hasOwn(declared, "*") ? [] : Object.keys(data).filter(name => !Object.hasOwn(declared, name))
  // Nothing at all is 204.
  const less = Object.keys(data).length === 0 ? [] : missing(declared, data)
  return [
    ...(more.length === 0 ? [] : [`it answers ${more.join(", ")}, which its declaration (replies) does not name`]),
    ...(less.length === 0
      ? []
      : [`it does not answer ${less.join(", ")}, which its declaration does not call optional`]),
  ]
}

const missing = (declared: NonNullable<Route["replies"]>[Verb] & {}, data: JsonObject): string[] =>
  Object.entries(declared)
    .filter(([name, { kind, options }]) => {
      // Lists and maps that hold nothing are null in some of Vault's replies.
      const plain = kind.openapi !== "array" && kind.openapi !== "object" && kind.openapi !== "any"
      return name !== "*" && !options.optional && (data[name] === undefined || (plain && data[name] === null))
    })
    .map(([name]) => name)
