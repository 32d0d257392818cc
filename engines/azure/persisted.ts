/**
 * Applications that are kept for a role. One is written down before it is made, and belongs to the role that names it: those of no
 * role are removed.
 */

import { type Context, decodeJson, encodeJson, Refusal } from "@arca/api"
import { listOf, textOf } from "../answer.ts"
import { azure, type Places } from "./azure.ts"
import { needConfig } from "./config.ts"
import { assignmentPath, makePrincipal, removePrincipal, uuid } from "./principals.ts"
import { azureGroupsOf, azureRolesOf, type Role, roles } from "./roles.ts"

const FOLDER = "persisted/"
/** Longer than any request takes. */
const PATIENCE = 600

/** Makes the application of a role. */
export async function persist(ctx: Context, places: Places, name: string, role: Role): Promise<Role> {
  const appName = `vault-${name}-${uuid(ctx)}`
  const azureRoles = azureRolesOf(role)
  const ids = azureRoles.map(() => uuid(ctx))
  const assignments = azureRoles.map((one, index) => assignmentPath(one.scope, ids[index] ?? ""))
  const cloud = await azure(ctx, places, await needConfig(ctx.store))
  const entry = encodeJson({ role: name, assignments, due: ctx.now + PATIENCE })
  await ctx.durably(async store => store.put(FOLDER + appName, entry))
  const made = await makePrincipal(ctx, cloud, {
    appName,
    signInAudience: role.sign_in_audience,
    tags: role.tags,
    roles: azureRoles,
    groups: azureGroupsOf(role),
    assignments: ids,
    endsAt: undefined,
  })
  return { ...role, managed_app: appName, application_object_id: made.objectId, application_id: made.clientId }
}

/** Removes a role with its application, durably. What cannot be removed from Azure now is removed later. */
export async function letGo(ctx: Context, places: Places, name: string, role: Role): Promise<void> {
  await ctx.durably(async store => {
    roles.delete(store, name)
    const value = await store.get(FOLDER + role.managed_app)
    if (value !== undefined) store.put(FOLDER + role.managed_app, encodeJson({ ...decodeJson(value), due: 0 }))
  })
  await tidyPersisted(ctx, places)
}

/** A job: removes applications that no role names. */
export async function tidyPersisted(ctx: Context, places: Places): Promise<void> {
  for (const appName of await ctx.durably(store => store.list(FOLDER))) {
    const value = await ctx.durably(store => store.get(FOLDER + appName))
    if (value === undefined) continue
    const { role: name, assignments, due } = decodeJson(value)
    const role = await ctx.durably(async store => roles.get(store, textOf(name)))
    if (role?.managed_app === appName || Number(due) > ctx.now) continue
    try {
      const cloud = await azure(ctx, places, await needConfig(ctx.store))
      await removePrincipal(cloud, { appName, assignments: listOf(assignments).map(textOf), forGood: false })
      await ctx.durably(async store => store.delete(FOLDER + appName))
    } catch (error) {
      const why = error instanceof Refusal ? error.message : "an unexpected failure"
      ctx.log("warn", `the application ${appName} of no role could not be removed yet: ${why}`)
    }
  }
}
