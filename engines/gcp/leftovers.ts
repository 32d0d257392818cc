/**
 * What may have to be removed from Google: written down before it is made, and struck out together with what refers to it. What a
 * crash leaves is found here, and removed when its time is over.
 */

import { type Context, decodeJson, encodeJson, type JsonObject, Refusal, type Store } from "@arca/api"
import { objectOf, textOf } from "../answer.ts"
import { randomName } from "../username-template.ts"
import { deleteAccount, deleteKey } from "./accounts.ts"
import { type Bindings, changeBindings } from "./bindings.ts"
import { ourGoogle } from "./config.ts"
import type { Google, Places } from "./google.ts"

export type Leftover = {
  /** The account whose bindings go, and which goes itself if it is ours. */
  readonly email: string
  readonly bindings: Bindings
  readonly isOurs: boolean
  /** A key of it; empty for none. */
  readonly key: string
}

const FOLDER = "leftover/"
/** Longer than any request takes. */
const PATIENCE = 600

/** Writes down what is about to be made; the id strikes it out. */
export async function foresee(ctx: Context, leftover: Leftover): Promise<string> {
  const id = randomName(20, ctx.random)
  await ctx.durably(async store => put(store, id, leftover, ctx.now + PATIENCE))
  return id
}

function put(store: Store, id: string, leftover: Leftover, due: number): void {
  store.put(FOLDER + id, encodeJson({ ...leftover, bindings: plain(leftover.bindings), due }))
}

const plain = (bindings: Bindings): JsonObject =>
  Object.fromEntries(Object.entries(bindings).map(([resource, roles]) => [resource, [...roles]]))

/** What was made is referred to now. */
export const strikeOut = (store: Store, id: string): void => store.delete(FOLDER + id)

/** What is not referred to any more: the job removes it, in the transaction's own time. */
export function leave(ctx: Context, store: Store, leftover: Leftover): void {
  put(store, randomName(20, ctx.random), leftover, ctx.now)
}

/** Removes something from Google; what is gone already is no failure. */
async function removeLeftover(cloud: Google, { email, bindings, isOurs, key }: Leftover): Promise<void> {
  await deleteKey(cloud, key)
  await changeBindings(cloud, email, bindings, "remove")
  if (isOurs) await deleteAccount(cloud, email)
}

/** Removes all that is due. What cannot be removed comes back. */
export async function tidy(ctx: Context, places: Places): Promise<void> {
  const ids = await ctx.durably(store => store.list(FOLDER))
  let cloud: Google | undefined
  for (const id of ids) {
    const value = await ctx.durably(store => store.get(FOLDER + id))
    if (value === undefined) continue
    const { due, bindings, email, isOurs, key } = decodeJson(value)
    if (Number(due) > ctx.now) continue
    const roles = Object.entries(objectOf(bindings)).map(([resource, list]): [string, string[]] => [
      resource,
      Array.isArray(list) ? list.map(textOf) : [],
    ])
    const leftover = {
      email: textOf(email),
      bindings: Object.fromEntries(roles),
      isOurs: isOurs === true,
      key: textOf(key),
    }
    try {
      cloud ??= await ourGoogle(ctx, places)
      await removeLeftover(cloud, leftover)
      await ctx.durably(async store => strikeOut(store, id))
    } catch (error) {
      const why = error instanceof Refusal ? error.message : "an unexpected failure"
      ctx.log("warn", `could not remove what ${leftover.email} left, trying again in ${PATIENCE} s: ${why}`)
      await ctx.durably(async store => put(store, id, leftover, ctx.now + PATIENCE))
    }
  }
}
