/**
 * Rotating the account's own password. The new one is durable before the database hears of it; until it is settled the database
 * may know either, so both are tried.
 */

import { type Context, refuse } from "@arca/api"
import {
  type Config,
  cleaned,
  configNames,
  configOf,
  failure,
  holdsPassword,
  needConfig,
  putConfig,
  secretsOf,
  told,
} from "./connections.ts"
import { connect, healed, opened, settle } from "./open.ts"

/** `rotate-root/:name`: when it is answered, nobody but this server knows the password. */
export async function rotateRoot(name: string, ctx: Context): Promise<undefined> {
  const config = await needConfig(ctx.store, name)
  if (!config.details.username) throw failure("unable to rotate root credentials: no username in configuration")
  if (!config.details.password) throw failure("unable to rotate root credentials: no password in configuration")
  // The connection would go on with the old one, and be locked out.
  if (holdsPassword(config))
    throw refuse.invalid(
      "unable to rotate root credentials: connection_url holds a password of its own; write it with {{password}} first",
    )
  // Before anything is durable: the old password must be right, or there is no way to set a new one.
  await connect(ctx, name, config)
  const fresh = await ctx.password(config.password_policy || undefined)
  const pending = await ctx.durably(async store => {
    const current = await needConfig(store, name)
    if (current.pending !== undefined) return current
    const next: Config = { ...current, pending: fresh }
    putConfig(store, name, next)
    return next
  })
  await finish(ctx, name, pending)
}

/** Sets the pending password with the connection that there is, and settles it. */
async function finish(ctx: Context, name: string, config: Config): Promise<void> {
  const password = config.pending ?? ""
  try {
    const connection = await opened(ctx, name, config)
    const secret = { type: "password", password } as const
    await connection.change(String(config.details.username ?? ""), secret, config.root_rotation_statements)
  } catch (error) {
    throw told(error, "failed to update user", secretsOf(config))
  }
  await settle(ctx, name, config)
}

/** Finishes what a crash left half done, on every connection of the mount. */
export async function finishRootRotations(ctx: Context): Promise<void> {
  for (const name of await configNames(ctx.store)) {
    const config = await configOf(ctx.store, name)
    if (config?.pending === undefined) continue
    try {
      await healed(ctx, name, config)
      const now = await ctx.durably(store => needConfig(store, name))
      if (now.pending !== undefined) await finish(ctx, name, now)
    } catch (error) {
      ctx.log("warn", `the rotation of ${name} is not finished yet: ${cleaned(String(error), secretsOf(config))}`)
    }
  }
}
