/** Keys and access tokens of Google's service accounts. */

import { type Answer, type Context, engine, field, leaseKind, refuse, route } from "@arca/api"
import { randomName } from "../username-template.ts"
import { createKey, deleteKey, KEY_ALGORITHM, KEY_TYPE } from "./accounts.ts"
import { config, configRoutes, ourGoogle } from "./config.ts"
import { accessToken, credentialsOf, type Places } from "./google.ts"
import { bindingsHash, type Holder, type Holders, roleSets, staticAccounts } from "./holders.ts"
import { tidy } from "./leftovers.ts"
import { roleSetRoutes } from "./role-sets.ts"
import { staticAccountRoutes, tokenReply } from "./static-accounts.ts"

const HOLDERS: Readonly<Record<string, Holders>> = { roleset: roleSets, "static-account": staticAccounts }

interface KeyAsked {
  readonly ttl: number
  readonly key_algorithm: string
  readonly key_type: string
}

/** Google names a key when it is made: the name is durable before anybody is told the key. */
const issuedKey = (ref: string): string => `issued/${ref}`

export const gcpWith = (places: Places) => {
  const key = leaseKind<{ ref: string; holder: string; name: string; bindings: string }>({
    name: "service_account_key",
    revoke: async ({ ref }, ctx) => {
      const made = await ctx.durably(store => store.get(issuedKey(ref)))
      // A key whose answer was lost is known to nobody.
      if (made === undefined) return
      await deleteKey(await ourGoogle(ctx, places), Buffer.from(made).toString())
      await ctx.durably(async store => store.delete(issuedKey(ref)))
    },
    renew: async ({ holder, name, bindings }, ctx) => {
      const found = await HOLDERS[holder]?.get(ctx.store, name)
      if (found === undefined) throw refuse.invalid(`could not find ${holder} ${JSON.stringify(name)} to verify secret`)
      if (bindingsHash(found) !== bindings)
        throw refuse.invalid(`${holder} '${name}' bindings were updated since secret was generated, cannot renew`)
    },
  })

  const need = async (ctx: Context, holder: string, name: string, type: string, what: string): Promise<Holder> => {
    const found = await HOLDERS[holder]?.get(ctx.store, name)
    if (found === undefined) throw refuse.invalid(`${holder} '${name}' does not exists`)
    if (found.secret_type === type) return found
    throw refuse.invalid(`${holder} '${name}' cannot generate ${what} (has secret type ${found.secret_type})`)
  }

  const giveKey = async (holder: string, name: string, asked: KeyAsked, ctx: Context): Promise<Answer> => {
    const found = await need(ctx, holder, name, "service_account_key", "service account keys")
    const { ttl = 0, max_ttl = 0 } = (await config.get(ctx.store)) ?? {}
    const cloud = await ourGoogle(ctx, places)
    const ref = randomName(20, ctx.random)
    const lease = await ctx.prepare(key, { ref, holder, name, bindings: bindingsHash(found) })
    const made = await createKey(cloud, found.service_account_email, {
      algorithm: asked.key_algorithm,
      type: asked.key_type,
    })
    await ctx.durably(async store => store.put(issuedKey(ref), Buffer.from(made.name)))
    return {
      data: { private_key_data: made.data, key_algorithm: made.algorithm, key_type: made.type },
      lease: lease.until(asked.ttl || ttl, max_ttl),
    }
  }

  /** Google gives tokens that nobody can take back, so they have no lease. */
  const giveToken = async (holder: string, name: string, ctx: Context): Promise<Answer> => {
    const found = await need(ctx, holder, name, "access_token", "access tokens")
    const credentials = credentialsOf(Buffer.from(found.token_key, "base64").toString())
    const { token, expiresAt } = await accessToken(ctx, credentials, found.token_scopes)
    return {
      data: { token, token_ttl: Math.max(0, expiresAt - Math.floor(ctx.now)), expires_at_seconds: expiresAt },
    }
  }

  const verbs = ["read", "write"] as const
  const keyFields = {
    ttl: field.duration("How long the key lives.", { default: 0, verbs }),
    key_algorithm: field.string("The kind of key.", {
      default: KEY_ALGORITHM,
      choices: ["KEY_ALG_RSA_1024", "KEY_ALG_RSA_2048"],
      verbs,
      plain: true,
    }),
    key_type: field.string("The form it comes in.", {
      default: KEY_TYPE,
      choices: ["TYPE_GOOGLE_CREDENTIALS_FILE", "TYPE_PKCS12_FILE"],
      verbs,
      plain: true,
    }),
  }
  const keyReply = {
    private_key_data: field.string("The key, in Base64.", { secret: true }),
    key_algorithm: field.string("The kind of key."),
    key_type: field.string("The form it comes in."),
  }

  const name = field.name("Name of the role set or static account.", { plain: true })
  const keyRoute = (paths: string | readonly string[], holder: string, words: string, old: boolean) =>
    route(paths, {
      summary: "A key of the service account, which lives as long as its lease.",
      operation: { read: `generate-${words}-key${old ? 4 : 2}`, write: `generate-${words}-key${old ? 3 : ""}` },
      fields: { name, ...keyFields },
      read: (input, ctx) => giveKey(holder, input.name ?? "", input, ctx),
      write: (input, ctx) => giveKey(holder, input.name ?? "", input, ctx),
      replies: { read: keyReply, write: keyReply },
      ...(old ? { deprecated: "use roleset/:name/key" } : {}),
    })
  const tokenRoute = (paths: string | readonly string[], holder: string, words: string, old: boolean) =>
    route(paths, {
      summary: "An access token of the service account. It has no lease: nobody can take it back.",
      operation: {
        read: `generate-${words}-access-token${old ? 4 : 2}`,
        write: `generate-${words}-access-token${old ? 3 : ""}`,
      },
      fields: { name },
      read: (input, ctx) => giveToken(holder, input.name ?? "", ctx),
      write: (input, ctx) => giveToken(holder, input.name ?? "", ctx),
      replies: { read: tokenReply, write: tokenReply },
      ...(old ? { deprecated: "use roleset/:name/token" } : {}),
    })

  return engine({
    kind: "secret",
    type: "gcp",
    words: "google-cloud",
    summary: "Keys and access tokens of Google's service accounts.",
    leases: [key],
    jobs: [{ name: "remove what is left over", everySeconds: 60, run: ctx => tidy(ctx, places) }],
    routes: [
      ...configRoutes(places),
      ...roleSetRoutes(places),
      ...staticAccountRoutes(places),
      keyRoute("roleset/:name/key", "roleset", "roleset", false),
      keyRoute("static-account/:name/key", "static-account", "static-account", false),
      keyRoute("key/:name", "roleset", "roleset", true),
      tokenRoute("roleset/:name/token", "roleset", "roleset", false),
      tokenRoute("static-account/:name/token", "static-account", "static-account", false),
      tokenRoute("token/:name", "roleset", "roleset", true),
    ],
  })
}

export const gcp = gcpWith(host => `https://${host}`)
