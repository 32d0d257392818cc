/**
 * Rotating the secret of the application itself. A new secret is not known everywhere at once, so the old one stays in use until the
 * new one works; the name of the new one is durable before it is made, so that one that was lost is found and removed.
 */

import { type Context, Refusal, refuse, route } from "@arca/api"
import { randomName } from "../username-template.ts"
import { azure, isGood, type Places } from "./azure.ts"
import { type Config, config, needConfig } from "./config.ts"
import { addSecret, ownApplication, removeSecrets } from "./principals.ts"

const change = (ctx: Context, next: (before: Config) => Config): Promise<Config> =>
  ctx.durably(async store => {
    const changed = next(await needConfig(store))
    config.put(store, changed)
    return changed
  })

async function rotateRoot(ctx: Context, places: Places): Promise<undefined> {
  const before = await needConfig(ctx.store)
  if (before.new_client_secret !== "") throw refuse.invalid("a rotation is not finished yet: wait for a minute")
  const cloud = await azure(ctx, places, before)
  const objectId = await ownApplication(cloud, before.client_id)
  if (before.new_key_name !== "") await removeSecrets(cloud, objectId, ({ name }) => name === before.new_key_name)
  const new_key_name = `vault-${randomName(24, ctx.random)}`
  await change(ctx, given => ({ ...given, new_key_name }))
  const expires = ctx.now + before.root_password_ttl
  const new_client_secret = await addSecret(ctx, cloud, objectId, new_key_name, expires)
  await change(ctx, given => ({ ...given, new_client_secret, new_since: ctx.now, expires }))
}

/** How long a new secret is left alone. */
const SETTLING = 60

/** A job: puts the new secret in the place of the old one once it works, and deletes the old one. */
export async function finishRotation(ctx: Context, places: Places): Promise<void> {
  const before = await ctx.durably(async store => config.get(store))
  if (before === undefined || before.new_client_secret === "" || ctx.now < before.new_since + SETTLING) return
  if (!(await isGood(ctx, places, before, before.new_client_secret))) return
  const { client_secret: old, key_name: oldName, new_key_name: key_name, new_client_secret: client_secret } = before
  const now = await change(ctx, given => ({
    ...given,
    client_secret,
    key_name,
    new_client_secret: "",
    new_key_name: "",
  }))
  try {
    const cloud = await azure(ctx, places, now)
    const objectId = await ownApplication(cloud, now.client_id)
    // A secret that an operator gave has no name of ours: Azure keeps its first three characters.
    const hint = old.slice(0, 3)
    await removeSecrets(cloud, objectId, one =>
      oldName === "" ? one.name !== key_name && one.hint === hint : one.name === oldName,
    )
  } catch (error) {
    const why = error instanceof Refusal ? error.message : "an unexpected failure"
    ctx.log("warn", `the secret before the rotation could not be deleted: ${why}`)
  }
}

export const rotateRootRoute = (places: Places) =>
  route("rotate-root", {
    summary: "Give the application that makes others a secret that nobody else knows. It takes a minute.",
    operation: "rotate-root",
    write: (_, ctx) => rotateRoot(ctx, places),
  })
