/** `identity/entity`: who is behind logins, whatever method they come by. */

import { type Answer, type Fields, field, type JsonObject, pageFields, pageOf, refuse, type Values } from "@arca/api"
import { type Entity, identityOf, identityStore } from "../identity.ts"
import { mountTable } from "../mounts.ts"
import { uuid } from "../random.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import { brieflyAlias, checkName, listed, metadataGiven, policiesGiven, shownAlias, time } from "./fields.ts"
import { merge } from "./merge.ts"

const id = field.name("Id of the entity.")
const name = field.string("Name of the entity; case is folded.", { pattern: ".+" })

const settings = {
  metadata: field.pairs("Words about the entity, for templates of policies and for the audit."),
  policies: field.commaList("Policies that all tokens of the entity have."),
  disabled: field.bool("Its tokens are good for nothing as long as this is set."),
}

const reply = {
  id: field.string("The entity's id."),
  name: field.string("Its name."),
  ...settings,
  aliases: field.any("The names under which mounts know it."),
  group_ids: field.stringList("All groups it is in."),
  direct_group_ids: field.stringList("The groups that name it as a member."),
  inherited_group_ids: field.stringList("The groups it is in by way of other groups."),
  merged_entity_ids: field.stringList("Entities that were merged into it."),
  namespace_id: field.string("Where it lives."),
  creation_time: field.time("When it was made."),
  last_update_time: field.time("When it was last changed."),
} satisfies Fields

const madeReply = {
  id: reply.id,
  name: reply.name,
  aliases: field.stringList("Ids of its aliases; none yet."),
} satisfies Fields

type Settings = Partial<Values<typeof settings>>

const storeOf = (ctx: ServerContext) => identityStore(ctx.view, ctx.namespace.id)

export const entityById = async (ctx: ServerContext, given: string): Promise<Entity | undefined> =>
  storeOf(ctx).entity(given)

export async function entityByName(ctx: ServerContext, given: string): Promise<Entity | undefined> {
  const found = await storeOf(ctx).entityIdByName(given)
  return found === undefined ? undefined : storeOf(ctx).entity(found)
}

/** An entity as it is read, with its groups. */
export async function shownEntity(ctx: ServerContext, entity: Entity): Promise<JsonObject> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const direct = [...(await storeOf(ctx).groupIdsOf(entity.id))]
  const all = (await identityOf(ctx.view, ctx.namespace.id, entity.id))?.groups.map(group => group.id) ?? []
  return {
    id: entity.id,
    name: entity.name,
    metadata: Object.keys(entity.metadata).length === 0 ? null : { ...entity.metadata },
    policies: entity.policies.length === 0 ? [] : [...entity.policies],
    disabled: entity.disabled,
    aliases: entity.aliases.map(alias => shownAlias(alias, entity.id, mounts)),
    group_ids: all,
    direct_group_ids: direct,
    inherited_group_ids: all.filter(one => !direct.includes(one)),
    merged_entity_ids: entity.merged.length === 0 ? null : [...entity.merged],
    namespace_id: ctx.namespace.id,
    creation_time: time(entity.created),
    last_update_time: time(entity.updated),
  }
}

/** Makes an entity, or changes what the request says of one. */
async function write(
  ctx: ServerContext,
  before: Entity | undefined,
  newName: string | undefined,
  input: Settings,
): Promise<Answer | undefined> {
  const made = uuid(ctx.random)
  const called = newName || before?.name || `entity_${made.slice(0, 8)}`
  const holder = await storeOf(ctx).entityIdByName(called)
  if (holder !== undefined && holder !== before?.id) throw refuse.invalid("entity name is already in use")
  const policies = input.policies === undefined ? (before?.policies ?? []) : policiesGiven(input.policies)
  checkName(called)
  const next: Entity = {
    id: before?.id ?? made,
    name: called,
    metadata: input.metadata === undefined ? (before?.metadata ?? {}) : metadataGiven("entity", input.metadata),
    policies,
    disabled: input.disabled ?? before?.disabled ?? false,
    aliases: before?.aliases ?? [],
    merged: before?.merged ?? [],
    created: before?.created ?? ctx.now,
    updated: ctx.now,
  }
  storeOf(ctx).putEntity(next, before)
  return before === undefined ? { data: { id: next.id, name: next.name, aliases: null } } : undefined
}

async function needById(ctx: ServerContext, given: string): Promise<Entity> {
  const entity = await entityById(ctx, given)
  if (entity === undefined) throw refuse.invalid("entity not found from id")
  return entity
}

async function remove(ctx: ServerContext, entity: Entity | undefined): Promise<undefined> {
  if (entity !== undefined) await storeOf(ctx).deleteEntity(entity)
}

/** A page of entities by id, each with its name and aliases. */
async function list(ctx: ServerContext, page: { after?: string; limit?: number }): Promise<Answer> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const keys = await storeOf(ctx).entityIds(page)
  const facts: JsonObject = {}
  for (const key of keys) {
    const entity = await entityById(ctx, key)
    if (entity === undefined) continue
    const aliases = entity.aliases.map(alias => brieflyAlias(alias, mounts))
    facts[key] = { name: entity.name, ...(aliases.length === 0 ? {} : { aliases }) }
  }
  return listed(keys, facts)
}

async function names(ctx: ServerContext): Promise<string[]> {
  const found: string[] = []
  for (const key of await storeOf(ctx).entityIds()) {
    const one = await entityById(ctx, key)
    if (one !== undefined) found.push(one.name)
  }
  return found.sort()
}

const by = (what: string) => ({ read: `read-by-${what}`, write: `update-by-${what}`, delete: `delete-by-${what}` })

export const entityRoutes = [
  sysRoute("entity", {
    summary: "Make an entity, or change the one with an id or a name.",
    operation: "create",
    fields: { id: field.string("Id of an entity to change."), name: field.string("Its name."), ...settings },
    replies: { write: madeReply },
    write: async ({ id: given, name: called, ...input }, ctx) => {
      if (given) return write(ctx, await needById(ctx, given), called, input)
      return write(ctx, called ? await entityByName(ctx, called) : undefined, called, input)
    },
  }),
  sysRoute("entity/batch-delete", {
    summary: "Delete entities, all of them or none.",
    operation: "batch-delete",
    fields: { entity_ids: field.commaList("Their ids.", { default: [] }) },
    replies: { write: {} },
    write: async ({ entity_ids: ids }, ctx) => {
      if (ids.length === 0) throw refuse.invalid("missing entity ids to delete")
      for (const one of ids) await remove(ctx, await entityById(ctx, one))
      return undefined
    },
  }),
  sysRoute("entity/merge", {
    summary: "Make one entity of several: aliases and memberships go to the one that stays.",
    operation: "merge",
    fields: {
      from_entity_ids: field.commaList("Entities that go.", { default: [] }),
      to_entity_id: field.string("The entity that stays.", { default: "" }),
      conflicting_alias_ids_to_keep: field.commaList("Which alias to keep where both have one of the same mount.", {
        default: [],
      }),
      force: field.bool("Accepted for compatibility; MFA secrets are not kept with entities.", { default: false }),
    },
    replies: { write: {} },
    write: (input, ctx) => merge(ctx, input.from_entity_ids, input.to_entity_id, input.conflicting_alias_ids_to_keep),
  }),
  sysRoute("entity/id", {
    summary: "List entities by id.",
    operation: "list-by-id",
    fields: pageFields,
    list: (input, ctx) => list(ctx, pageOf(input)),
  }),
  sysRoute("entity/id/:id", {
    summary: "An entity, by its id.",
    operation: by("id"),
    fields: { id, name: field.string("A new name."), ...settings },
    replies: { read: reply, write: {}, delete: {} },
    read: async ({ id: given }, ctx) => {
      const entity = await entityById(ctx, given)
      return entity && { data: await shownEntity(ctx, entity) }
    },
    write: async ({ id: given, name: called, ...input }, ctx) => write(ctx, await needById(ctx, given), called, input),
    delete: async ({ id: given }, ctx) => remove(ctx, await entityById(ctx, given)),
  }),
  sysRoute("entity/name", {
    summary: "List entities by name.",
    operation: "list-by-name",
    list: async (_, ctx) => ({ data: { keys: await names(ctx) } }),
  }),
  sysRoute("entity/name/:name", {
    summary: "An entity, by its name; a write makes it.",
    operation: by("name"),
    fields: { name, id: field.string("Its id, to be sure that it is the one meant."), ...settings },
    replies: { read: reply, write: madeReply, delete: {} },
    exists: async ({ name: called }, ctx) => (await entityByName(ctx, called)) !== undefined,
    read: async ({ name: called }, ctx) => {
      const entity = await entityByName(ctx, called)
      return entity && { data: await shownEntity(ctx, entity) }
    },
    write: async ({ name: called, id: given, ...input }, ctx) => {
      const entity = await entityByName(ctx, called)
      if (given && given !== entity?.id) {
        await needById(ctx, given)
        if (entity !== undefined) throw refuse.invalid("entity name is already in use")
        // Otherwise a path that a policy allows would rename an entity that it does not.
        throw refuse.invalid(`the id is not that of the entity ${JSON.stringify(called)}`)
      }
      return write(ctx, entity, called, input)
    },
    delete: async ({ name: called }, ctx) => remove(ctx, await entityByName(ctx, called)),
  }),
]
