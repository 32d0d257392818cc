/**
 * Rotating the managing account's own password. The new one is durable before the directory hears of it; until it is settled the
 * directory may know either, so both are tried.
 */

import { type Context, Refusal, refuse, route, type Store } from "@arca/api"
import { NotTaken } from "../rotating.ts"
import { type Config, config, needConfig, newPassword } from "./config.ts"
import { find, refusedPassword, saidNo, setPassword, settled, withDirectory } from "./directory.ts"

const current = async (store: Store): Promise<Config | undefined> => config.get(store)

const bindRotated = async (ctx: Context, password: string): Promise<void> => {
  const given = await needConfig(ctx)
  await withDirectory(ctx, async directory => {
    const dn = given.upndomain === "" ? given.binddn : ""
    const username = dn === "" ? `${given.binddn}@${given.upndomain}` : ""
    await setPassword(directory, await find(directory, { dn, username }), password).catch(async (error: unknown) => {
      const told = refusedPassword(error, password)
      throw (await saidNo(error)) ? new NotTaken(told) : told
    })
  })
}

/** Replaces the managing account's own password. Both are kept until it is known which one is in force. */
async function rotateRoot(ctx: Context): Promise<undefined> {
  const given = await needConfig(ctx)
  // Before anything is written down: the password must be right, or there is no way to set another.
  await withDirectory(ctx, async () => {})
  const fresh = await newPassword(ctx, given)
  const pending = await ctx.durably(async store => {
    const before = await current(store)
    if (before === undefined) throw refuse.invalid("the configuration was deleted meanwhile")
    if (before.pending !== "") return before.pending
    config.put(store, { ...before, pending: fresh })
    return fresh
  })
  await finish(ctx, pending)
}

async function finish(ctx: Context, pending: string): Promise<void> {
  try {
    await bindRotated(ctx, pending)
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error
    await ctx.durably(async store => {
      const before = await current(store)
      if (before?.pending === pending) config.put(store, { ...before, pending: "" })
    })
    throw error.refusal
  }
  await settled(ctx, pending)
}

/** A job: finishes what a crash left half done. */
export async function finishRootRotation(ctx: Context): Promise<void> {
  const given = await ctx.durably(current)
  if (given === undefined || given.pending === "") return
  try {
    // Binding tries the pending password, and settles it when it is right.
    await withDirectory(ctx, async () => {}, given)
    const now = await ctx.durably(current)
    if (now !== undefined && now.pending !== "") await finish(ctx, now.pending)
  } catch (error) {
    const why = error instanceof Refusal ? error.message : "an unexpected failure"
    ctx.log("warn", `the rotation of the bind password is not finished yet: ${why}`)
  }
}

export const rotateRootRoute = route("rotate-root", {
  summary: "Give the managing account a password that nobody else knows.",
  operation: "rotate-root-credentials",
  write: (_, ctx) => rotateRoot(ctx),
})
