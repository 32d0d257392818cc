/** `roles`: list, read, write, delete. */

import { listRoute, refuse, route } from "@arca/api"
import type { Places } from "./azure.ts"
import { letGo, persist } from "./persisted.ts"
import { azureGroupsOf, azureRolesOf, check, nameField, parameters, type Role, resolved, roles } from "./roles.ts"

/** Secrets of a kept application may be out: what it may do does not change under them. */
function checkPersisted(role: Role, before: Role): void {
  const isSame =
    role.persist_app && role.azure_roles === before.azure_roles && role.azure_groups === before.azure_groups
  if (isSame && role.application_object_id === before.application_object_id) return
  throw refuse.invalid(
    "the application, roles and groups of a role with persist_app cannot change: delete it, and write it anew",
  )
}

export const roleRoutes = (places: Places) => [
  listRoute("roles", "List the roles.", (ctx, page) => roles.list(ctx.store, page)),
  route("roles/:name", {
    summary: "A role: what its service principals may do. Read, write, delete.",
    item: "Role",
    operation: "*-role",
    fields: { name: nameField, ...parameters },
    exists: async ({ name }, ctx) => (await roles.get(ctx.store, name)) !== undefined,
    read: async ({ name }, ctx) => {
      const role = await roles.get(ctx.store, name)
      if (role === undefined) return undefined
      const { application_id: _, managed_app: _m, ...shown } = roles.shown(role)
      const azure_roles = azureRolesOf(role).map(one => ({ ...one }))
      return { data: { ...shown, azure_roles, azure_groups: azureGroupsOf(role).map(one => ({ ...one })) } }
    },
    write: async ({ name }, ctx) => {
      const { application_id: _, managed_app: _m, ...body } = ctx.body
      const before = await roles.get(ctx.store, name)
      const merged = roles.merge(before, body)
      check(merged)
      const role = await resolved(ctx, places, merged)
      if (before !== undefined && before.managed_app !== "") checkPersisted(role, before)
      const isNew = role.persist_app && role.managed_app === ""
      roles.put(ctx.store, name, isNew ? await persist(ctx, places, name, role) : role)
      return undefined
    },
    delete: async ({ name }, ctx) => {
      const role = await roles.get(ctx.store, name)
      if (role !== undefined && role.managed_app !== "") await letGo(ctx, places, name, role)
      else roles.delete(ctx.store, name)
      return undefined
    },
  }),
]
