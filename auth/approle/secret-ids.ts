/** Secret ids: the machine's half of a login. Stored by keyed hash only, found by accessor as well. */

import { createHmac } from "node:crypto"
import { type Context, decodeJson, encodeJson, type JsonObject } from "@arca/api"

/** Times are seconds since 1970, lives are seconds; 0 is "none". */
export interface SecretId {
  readonly accessor: string
  readonly role: string
  /** Uses left; 0 is without limit. */
  readonly uses: number
  readonly ttl: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
  readonly metadata: Readonly<Record<string, string>>
  readonly cidrs: readonly string[]
  readonly tokenCidrs: readonly string[]
}

const SALT = "salt"
const places = {
  /** `secret-id/<role>/<hash>` */
  of: (role: string, hash: string): string => `secret-id/${role}/${hash}`,
  folder: (role: string): string => `secret-id/${role}/`,
  /** `accessor/<role>/<accessor>` to the hash. */
  accessor: (role: string, accessor: string): string => `accessor/${role}/${accessor}`,
  accessors: (role: string): string => `accessor/${role}/`,
}

const decode = (value: Uint8Array): SecretId => decodeJson(value) as unknown as SecretId

/** The mount's key for hashing secret ids, made on first use. */
async function salt(ctx: Context): Promise<Uint8Array> {
  const known = await ctx.store.get(SALT)
  if (known !== undefined) return known
  const made = ctx.random(32)
  ctx.store.put(SALT, made)
  return made
}

async function hashOf(ctx: Context, secretId: string): Promise<string> {
  return createHmac("sha256", await salt(ctx))
    .update(secretId)
    .digest("base64url")
}

const isLive = (one: SecretId, now: number): boolean => one.expiresAt === 0 || now < one.expiresAt

export const secretIds = {
  async find(ctx: Context, role: string, secretId: string): Promise<SecretId | undefined> {
    const value = await ctx.store.get(places.of(role, await hashOf(ctx, secretId)))
    const found = value && decode(value)
    return found && isLive(found, ctx.now) ? found : undefined
  },

  async byAccessor(ctx: Context, role: string, accessor: string): Promise<SecretId | undefined> {
    const hash = await ctx.store.get(places.accessor(role, accessor))
    const value = hash && (await ctx.store.get(places.of(role, Buffer.from(hash).toString())))
    const found = value && decode(value)
    return found && isLive(found, ctx.now) ? found : undefined
  },

  async put(ctx: Context, secretId: string, entry: SecretId): Promise<void> {
    const hash = await hashOf(ctx, secretId)
    ctx.store.put(places.of(entry.role, hash), encodeJson(entry as unknown as JsonObject))
    ctx.store.put(places.accessor(entry.role, entry.accessor), Buffer.from(hash))
  },

  async delete(ctx: Context, entry: SecretId): Promise<void> {
    const key = places.accessor(entry.role, entry.accessor)
    const hash = await ctx.store.get(key)
    if (hash !== undefined) ctx.store.delete(places.of(entry.role, Buffer.from(hash).toString()))
    ctx.store.delete(key)
  },

  accessors: (ctx: Context, role: string): Promise<string[]> => ctx.store.list(places.accessors(role)),

  async deleteAll(ctx: Context, role: string): Promise<void> {
    for (const folder of [places.folder(role), places.accessors(role)]) {
      for (const key of await ctx.store.keys(folder)) ctx.store.delete(folder + key)
    }
  },

  /** Erases those with a counted number of uses: after a restore nobody knows how many are left. */
  async deleteCounted(ctx: Context): Promise<void> {
    for (const key of await ctx.store.keys("secret-id/")) {
      const value = await ctx.store.get(`secret-id/${key}`)
      const entry = value && decode(value)
      if (entry !== undefined && entry.uses > 0) await secretIds.delete(ctx, entry)
    }
  },

  /** Erases what is over, at most `limit` entries; returns how many there were. */
  async tidy(ctx: Context, limit: number): Promise<number> {
    let erased = 0
    for (const key of await ctx.store.keys("secret-id/")) {
      const value = await ctx.store.get(`secret-id/${key}`)
      const entry = value && decode(value)
      if (entry === undefined || isLive(entry, ctx.now)) continue
      await secretIds.delete(ctx, entry)
      if (++erased === limit) break
    }
    return erased
  },
}
