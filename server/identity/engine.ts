/** The identity store, always at `identity/`: entities, their aliases on mounts, and groups. */

import { type Answer, field, refuse } from "@arca/api"
import { identityStore } from "../identity.ts"
import type { AnyEngine, ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import { aliasById, aliasRoutes } from "./aliases.ts"
import { entityById, entityByName, entityRoutes, shownEntity } from "./entities.ts"
import { groupAliasRoutes, groupByAliasId, groupById, groupByName, groupRoutes, shownGroup } from "./groups.ts"

const keys = {
  id: field.string("By its id."),
  name: field.string("By its name."),
  alias_id: field.string("By the id of its alias."),
  alias_name: field.string("By the name of its alias, with `alias_mount_accessor`."),
  alias_mount_accessor: field.string("The accessor of the alias's mount."),
}

interface Keys {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly alias_id?: string | undefined
  readonly alias_name?: string | undefined
  readonly alias_mount_accessor?: string | undefined
}

/** Refuses a look-up that says too little or too much. */
function checkKeys({ id, name, alias_id, alias_name, alias_mount_accessor }: Keys): void {
  if (Boolean(alias_name) !== Boolean(alias_mount_accessor))
    throw refuse.invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set")
  const given = [id, name, alias_id, alias_name].filter(Boolean).length
  if (given === 1) return
  throw refuse.invalid(
    given === 0
      ? "query parameter not supplied: give id, name, alias_id, or alias_name with alias_mount_accessor"
      : "only one of 'id', 'name', 'alias_id' or a combination of both 'alias_name' and 'alias_mount_accessor' to be set",
  )
}

async function lookUpEntity(given: Keys, ctx: ServerContext): Promise<Answer | undefined> {
  checkKeys(given)
  const { id, name, alias_id, alias_name = "", alias_mount_accessor = "" } = given
  const byAlias = async () => {
    const owner = await identityStore(ctx.view, ctx.namespace.id).entityIdByAlias(alias_mount_accessor, alias_name)
    return owner === undefined ? undefined : entityById(ctx, owner)
  }
  const entity = id
    ? await entityById(ctx, id)
    : name
      ? await entityByName(ctx, name)
      : alias_id
        ? (await aliasById(ctx, alias_id))?.entity
        : await byAlias()
  return entity && { data: await shownEntity(ctx, entity) }
}

async function lookUpGroup(given: Keys, ctx: ServerContext): Promise<Answer | undefined> {
  checkKeys(given)
  const { id, name, alias_id, alias_name = "", alias_mount_accessor = "" } = given
  const byAlias = async () => {
    const owner = await identityStore(ctx.view, ctx.namespace.id).groupIdByAlias(alias_mount_accessor, alias_name)
    return owner === undefined ? undefined : groupById(ctx, owner)
  }
  const group = id
    ? await groupById(ctx, id)
    : name
      ? await groupByName(ctx, name)
      : alias_id
        ? await groupByAliasId(ctx, alias_id)
        : await byAlias()
  return group && { data: await shownGroup(ctx, group) }
}

export const identityEngine: AnyEngine = {
  kind: "secret",
  type: "identity",
  summary: "Who is behind logins: entities, their aliases on mounts, and groups.",
  singleton: true,
  routes: [
    ...entityRoutes,
    ...aliasRoutes,
    ...groupRoutes,
    ...groupAliasRoutes,
    sysRoute("lookup/entity", {
      summary: "Find an entity. Answers 204 when there is none.",
      operation: "look-up",
      fields: keys,
      write: lookUpEntity,
    }),
    sysRoute("lookup/group", {
      summary: "Find a group. Answers 204 when there is none.",
      operation: "look-up",
      fields: keys,
      write: lookUpGroup,
    }),
  ],
}
