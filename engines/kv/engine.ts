/** The key/value engine. The mount option `version` tells its two kinds apart. */

import { type Context, decodeJson, engine, type Mount } from "@arca/api"
import { FOLDER, routes as v1 } from "./v1.ts"
import { routes as v2 } from "./v2.ts"
import { addVersion, fresh, METADATA } from "./versions.ts"

/** Gives each secret of a version 1 mount a history that begins with its present value. */
async function upgrade(ctx: Context, before: Mount | undefined): Promise<void> {
  if (ctx.mount.options.version !== "2" || before === undefined || before.options.version === "2") return
  for (const path of await ctx.store.keys(FOLDER)) {
    const value = await ctx.store.get(FOLDER + path)
    if (value === undefined) continue
    await addVersion(ctx, path, { ...fresh(ctx.now), oldest_version: 1 }, decodeJson(value))
    ctx.store.delete(FOLDER + path)
  }
}

export const kv = engine({
  kind: "secret",
  type: "kv",
  confined: true,
  aliases: { "kv-v1": { version: "1" }, "kv-v2": { version: "2" }, generic: { version: "1" } },
  summary: "Keeps arbitrary secrets: keys to values under paths, with a history (version 2) or without (version 1).",
  routes: v1,
  versions: { "2": v2 },
  mounted: upgrade,
  counted: ({ options }) => ({ metric: "secret.kv.count", folder: options.version === "2" ? METADATA : FOLDER }),
})
