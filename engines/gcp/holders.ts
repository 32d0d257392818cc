/** What role sets and static accounts have in common: a service account with roles, whose keys or tokens are given. */

import { createHash } from "node:crypto"
import { type Context, field, type JsonObject, record, refuse, type Store, type Values } from "@arca/api"
import { createKey } from "./accounts.ts"
import { type Bindings, bindingsOf } from "./bindings.ts"
import type { Google } from "./google.ts"

export const SECRET_TYPES = ["access_token", "service_account_key"] as const

const fields = {
  secret_type: field.string("`access_token` or `service_account_key`.", { default: "access_token", plain: true }),
  token_scopes: field.commaList("What access tokens are for.", { default: [], plain: true }),
  bindings: field.string("Roles by resource, in HCL or JSON.", { default: "", plain: true }),
  project: field.string("The project of the account.", { default: "", plain: true }),
  service_account_email: field.string("The account.", { default: "", plain: true }),
  /** Not parameters: the key that access tokens are asked for with. */
  token_key_name: field.string("The key's name.", { default: "" }),
  token_key: field.string("The credentials file, in Base64.", { default: "", secret: true }),
}

export type Holder = Values<typeof fields>

export const roleSets = record("role set", "roleset/", fields)
export const staticAccounts = record("static account", "static-account/", fields)
export type Holders = typeof roleSets

export const holderFields = fields

export const boundTo = ({ bindings }: Holder): Bindings => (bindings === "" ? {} : bindingsOf(bindings))

/** Leases remember the bindings that their key was made for: others end the right to renew. */
export const bindingsHash = ({ bindings }: Holder): string => createHash("sha256").update(bindings).digest("base64")

/** What Vault says of a kind that it does not know, and of tokens for nothing. */
export interface Complaints {
  readonly type: (given: string) => string
  readonly scopes: string
}

export function checkHolder(
  { secret_type, token_scopes }: Holder,
  before: Holder | undefined,
  { type: words, scopes }: Complaints,
): void {
  if (!SECRET_TYPES.some(type => type === secret_type)) throw refuse.invalid(words(secret_type))
  if (before !== undefined && before.secret_type !== secret_type)
    throw refuse.invalid("cannot change secret_type after creation")
  if (secret_type === "access_token" && token_scopes.length === 0) throw refuse.invalid(scopes)
}

/** The key that access tokens are asked for with; nothing for those that give keys. */
export async function tokenKey(
  cloud: Google,
  { secret_type }: Pick<Holder, "secret_type">,
  email: string,
): Promise<Pick<Holder, "token_key" | "token_key_name">> {
  if (secret_type !== "access_token") return { token_key: "", token_key_name: "" }
  const { name, data } = await createKey(cloud, email)
  return { token_key: data, token_key_name: name }
}

export function shownHolder(holder: Holder): JsonObject {
  const bindings = boundTo(holder)
  return {
    secret_type: holder.secret_type,
    service_account_email: holder.service_account_email,
    bindings: Object.fromEntries(Object.entries(bindings).map(([resource, roles]) => [resource, [...roles]])),
    ...(holder.secret_type === "access_token" ? { token_scopes: [...holder.token_scopes] } : {}),
  }
}

export const names = (holders: Holders) => (ctx: Context, page: { after?: string; limit?: number }) =>
  holders.list(ctx.store, page)

/** The stored one, outside of the request's own view. */
export const current = (ctx: Context, holders: Holders, name: string): Promise<Holder | undefined> =>
  ctx.durably(async (store: Store) => holders.get(store, name))
