/** `config`: the service account that makes others. */

import {
  type Answer,
  type Context,
  field,
  refuse,
  route,
  type Store,
  singleRecord,
  singleRoute,
  type Values,
} from "@arca/api"
import { createKey, deleteKey } from "./accounts.ts"
import { credentialsOf, type Google, google, type Places } from "./google.ts"

export const config = singleRecord("configuration", "config", {
  credentials: field.string("The key of a service account, in JSON, as Google gives it.", {
    default: "",
    secret: true,
  }),
  ttl: field.duration("How long keys live; the mount's default when 0.", { default: 0 }),
  max_ttl: field.duration("How long renewals can keep them; the mount's longest when 0.", { default: 0 }),
  /** Not a parameter: a key of the account that is to be deleted. */
  stale_key: field.string("Kept while the key is rotated.", { default: "" }),
})

export type Config = Values<typeof config.fields>

export async function needConfig(store: Store): Promise<Config> {
  const found = await config.get(store)
  if (found === undefined || found.credentials === "")
    throw refuse.invalid("there are no credentials yet: write the key of a service account to config first")
  return found
}

/** Google, spoken to as the account of the configuration. */
export const ourGoogle = async (ctx: Context, places: Places): Promise<Google> =>
  google(ctx, places, credentialsOf((await needConfig(ctx.store)).credentials))

async function rotateRoot(ctx: Context, places: Places): Promise<Answer> {
  const before = await needConfig(ctx.store)
  const { email, keyId, project } = credentialsOf(before.credentials)
  const cloud = await google(ctx, places, credentialsOf(before.credentials))
  await deleteKey(cloud, before.stale_key)
  const made = await createKey(cloud, email)
  const stale_key = `projects/${project || "-"}/serviceAccounts/${email}/keys/${keyId}`
  const credentials = Buffer.from(made.data, "base64").toString()
  const { keyId: private_key_id } = credentialsOf(credentials)
  await ctx.durably(async store => config.put(store, { ...(await needConfig(store)), credentials, stale_key }))
  await deleteKey(cloud, stale_key)
  await ctx.durably(async store => config.put(store, { ...(await needConfig(store)), stale_key: "" }))
  return { data: { private_key_id } }
}

export const configRoutes = (places: Places) => [
  singleRoute("config", config, {
    summary: "The service account that makes others, and how long keys live.",
    operation: { read: "read-configuration", write: "configure" },
    kept: ["stale_key"],
    check: (given, ctx) => {
      if (!("credentials" in ctx.body)) return given
      credentialsOf(given.credentials)
      return { ...given, stale_key: "" }
    },
  }),
  route("config/rotate-root", {
    summary: "Replace the key of the service account that makes others by one that nobody else knows.",
    operation: "rotate-root-credentials",
    write: (_, ctx) => rotateRoot(ctx, places),
    replies: { write: { private_key_id: field.string("The id of the new key.") } },
  }),
]
