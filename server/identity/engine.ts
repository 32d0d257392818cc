/** The identity store, always at `identity/`: entities, their aliases on mounts, and groups. */

import { type Answer, field, type JsonObject, refuse } from "@arca/api"
import { type Entity, type Group, identityStore } from "../identity.ts"
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
function checkKeys(keys: Keys): void {
  const given = Object.values(keys).filter(value => value !== undefined).length
  const { alias_name, alias_mount_accessor } = keys
  if (given === 0) throw refuse.invalid("query parameter not supplied")
  if (given > 1 && !(given === 2 && alias_name && alias_mount_accessor))
    throw refuse.invalid("query parameter conflict; please supply distinct set of query parameters")
  if (given === 1 && (alias_name || alias_mount_accessor))
    throw refuse.invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set")
}

type Find<T> = (ctx: ServerContext, word: string, other?: string) => Promise<T | undefined>

/** How one kind of thing is found. */
interface Finders<T> {
  readonly byId: Find<T>
  readonly byName: Find<T>
  readonly byAliasId: Find<T>
  /** The id of what has the alias of a mount. */
  readonly idByAlias: Find<string>
  readonly show: (ctx: ServerContext, found: T) => Promise<JsonObject>
}

const lookUp =
  <T>({ byId, byName, byAliasId, idByAlias, show }: Finders<T>) =>
  async (given: Keys, ctx: ServerContext): Promise<Answer | undefined> => {
    checkKeys(given)
    const { id, name, alias_id, alias_name = "", alias_mount_accessor = "" } = given
    const find = async (): Promise<T | undefined> => {
      if (id) return byId(ctx, id)
      if (name) return byName(ctx, name)
      if (alias_id) return byAliasId(ctx, alias_id)
      if (!alias_name) return undefined
      const owner = await idByAlias(ctx, alias_mount_accessor, alias_name)
      return owner === undefined ? undefined : byId(ctx, owner)
    }
    const found = await find()
    return found && { data: await show(ctx, found) }
  }

const storeOf = (ctx: ServerContext) => identityStore(ctx.view, ctx.namespace.id)

const entities: Finders<Entity> = {
  byId: entityById,
  byName: entityByName,
  byAliasId: async (ctx, id) => (await aliasById(ctx, id))?.entity,
  idByAlias: async (ctx, accessor, name = "") => storeOf(ctx).entityIdByAlias(accessor, name),
  show: shownEntity,
}

const groups: Finders<Group> = {
  byId: groupById,
  byName: groupByName,
  byAliasId: groupByAliasId,
  idByAlias: async (ctx, accessor, name = "") => storeOf(ctx).groupIdByAlias(accessor, name),
  show: shownGroup,
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
      write: lookUp(entities),
    }),
    sysRoute("lookup/group", {
      summary: "Find a group. Answers 204 when there is none.",
      operation: "look-up",
      fields: keys,
      write: lookUp(groups),
    }),
  ],
}
