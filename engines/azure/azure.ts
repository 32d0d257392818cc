/** Microsoft Graph and Azure Resource Manager over HTTP, spoken to as an application (OAuth 2.0 client credentials). */

import { type Context, type JsonObject, refuse } from "@arca/api"
import { type Called, callWithBearer, objectOf, textOf } from "../answer.ts"
import { type Config, hostsOf } from "./config.ts"

/** Where a host is: `https://host`. Tests have others. */
export type Places = (host: string) => string

/** Refuses (502) every status but 2xx and those in `accept`. */
type Call = (method: string, path: string, body?: JsonObject, accept?: readonly number[]) => Promise<Called>

export interface Azure {
  readonly graph: Call
  readonly management: Call
  /** The subscription's path. */
  readonly subscription: string
  /** What Graph calls an object in references. */
  readonly objectUrl: (id: string) => string
}

/** An access token of the application. Refuses (502) in Entra's words, which tell neither secret nor token. */
async function tokenFor(ctx: Context, places: Places, given: Config, secret: string, host: string): Promise<string> {
  const { login } = hostsOf(given)
  const received = await ctx.outbound.fetch(`${places(login)}/${given.tenant_id}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: given.client_id,
      client_secret: secret,
      scope: `https://${host}/.default`,
    }).toString(),
    accept: [400, 401],
  })
  const answer = objectOf(received.json())
  const token = textOf(answer.access_token)
  if (received.status === 200 && token !== "") return token
  const [sentence = ""] = textOf(answer.error_description).split(/\r?\n|Trace ID/)
  throw refuse.upstream(
    `Azure gives no token to ${given.client_id}: ${[textOf(answer.error), sentence.replaceAll(secret, "[secret]").slice(0, 200)].join(": ")}`,
  )
}

/** Whether a secret of the application is good. */
export const isGood = (ctx: Context, places: Places, given: Config, secret: string): Promise<boolean> =>
  tokenFor(ctx, places, given, secret, hostsOf(given).graph).then(
    () => true,
    () => false,
  )

export async function azure(ctx: Context, places: Places, given: Config): Promise<Azure> {
  const { graph, management } = hostsOf(given)
  const callTo = (host: string): Call => {
    let token: string | undefined
    return async (method, path, body, accept = []) => {
      token ??= await tokenFor(ctx, places, given, given.client_secret, host)
      return callWithBearer(ctx, { method, host, base: places(host), path, token, body, accept })
    }
  }
  return {
    graph: callTo(graph),
    management: callTo(management),
    subscription: `/subscriptions/${given.subscription_id}`,
    objectUrl: id => `https://${graph}/v1.0/directoryObjects/${id}`,
  }
}

/** A value in an OData filter: quotes are doubled. */
export const filter = (property: string, value: string): string =>
  `$filter=${encodeURIComponent(`${property} eq '${value.replaceAll("'", "''")}'`)}`

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Refuses (400) what is no id: it becomes part of a path. */
export function checkId(id: string, what: string): void {
  if (!ID.test(id)) throw refuse.invalid(`${JSON.stringify(id)} is no id of ${what}`)
}

/** Refuses (400) what is no scope or id of a resource: a path without directions or parameters. */
export function checkPath(path: string, what: string): void {
  const isPath = /^(\/[\w.()~:@ -]+)+$/.test(path) && !path.split("/").some(segment => /^\.{1,2}$/.test(segment))
  if (!isPath) throw refuse.invalid(`${JSON.stringify(path)} is no ${what}, such as /subscriptions/…`)
}

/** A path of Resource Manager, its blanks and signs escaped. */
export const escaped = (path: string): string => path.split("/").map(encodeURIComponent).join("/")
