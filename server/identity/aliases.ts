/** `identity/entity-alias`: the names under which mounts know an entity. Older clients call them `alias` and `persona`. */

import { type Answer, field, type JsonObject, pageFields, pageOf, refuse } from "@arca/api"
import { type Alias, type Entity, identityStore } from "../identity.ts"
import { mountTable } from "../mounts.ts"
import { uuid } from "../random.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import { aliasReply, checkAccessor, metadataGiven, shownAlias } from "./fields.ts"

const settings = {
  name: field.string("The name under which the mount knows the entity."),
  mount_accessor: field.string("The accessor of the mount."),
  canonical_id: field.string("The entity it stands for; a new one when left out.", { alias: ["entity_id"] }),
  custom_metadata: field.pairs("Words about the alias, for templates of policies."),
}

interface Input {
  readonly name?: string | undefined
  readonly mount_accessor?: string | undefined
  readonly canonical_id?: string | undefined
  readonly custom_metadata?: ReadonlyMap<string, string> | undefined
}

interface Found {
  readonly entity: Entity
  readonly alias: Alias
}

const storeOf = (ctx: ServerContext) => identityStore(ctx.view, ctx.namespace.id)

export async function aliasById(ctx: ServerContext, id: string): Promise<Found | undefined> {
  const owner = await storeOf(ctx).entityIdByAliasId(id)
  const entity = owner === undefined ? undefined : await storeOf(ctx).entity(owner)
  const alias = entity?.aliases.find(one => one.id === id)
  return entity && alias && { entity, alias }
}

async function aliasByName(ctx: ServerContext, accessor: string, name: string): Promise<Found | undefined> {
  const owner = await storeOf(ctx).entityIdByAlias(accessor, name)
  const entity = owner === undefined ? undefined : await storeOf(ctx).entity(owner)
  const alias = entity?.aliases.find(one => one.mount_accessor === accessor && one.name === name)
  return entity && alias && { entity, alias }
}

/** Makes an alias, or changes the one that is meant: by its id, or by its mount and name. */
async function write(ctx: ServerContext, id: string | undefined, input: Input): Promise<Answer> {
  const byId = id ? await aliasById(ctx, id) : undefined
  if (id && byId === undefined) throw refuse.invalid("invalid alias ID")
  const name = input.name || byId?.alias.name
  const accessor = input.mount_accessor || byId?.alias.mount_accessor
  if (!name) throw refuse.invalid("missing alias name")
  if (!accessor) throw refuse.invalid("missing mount_accessor")
  await checkAccessor(ctx, accessor)
  const found = await aliasByName(ctx, accessor, name)
  if (byId !== undefined && found !== undefined && found.alias.id !== byId.alias.id) {
    throw refuse.invalid("alias with combination of mount accessor and name already exists")
  }
  const before = byId ?? found
  const owner = await ownerOf(ctx, input.canonical_id, before)
  const custom = input.custom_metadata
  const next: Alias = {
    id: before?.alias.id ?? uuid(ctx.random),
    name,
    mount_accessor: accessor,
    metadata: before?.alias.metadata ?? {},
    custom_metadata: custom === undefined ? (before?.alias.custom_metadata ?? {}) : metadataGiven(custom),
    created: before?.alias.created ?? ctx.now,
    updated: ctx.now,
  }
  give(ctx, owner, next, before)
  return { data: { id: next.id, canonical_id: owner.id } }
}

/** The entity that the alias shall belong to. Without one a new entity is made for it, as at a login. */
async function ownerOf(ctx: ServerContext, wanted: string | undefined, before: Found | undefined): Promise<Entity> {
  if (!wanted && before !== undefined) return before.entity
  if (wanted) {
    const entity = await storeOf(ctx).entity(wanted)
    if (entity === undefined) throw refuse.invalid("invalid canonical ID")
    return entity
  }
  const id = uuid(ctx.random)
  const facts = { metadata: {}, policies: [], disabled: false, aliases: [], merged: [] }
  const fresh: Entity = { id, name: `entity_${id.slice(0, 8)}`, ...facts, created: ctx.now, updated: ctx.now }
  storeOf(ctx).putEntity(fresh)
  return fresh
}

/** Puts the alias on its owner, and takes it from the entity it was on. An entity has one alias of a mount. */
function give(ctx: ServerContext, owner: Entity, next: Alias, before: Found | undefined): void {
  const others = owner.aliases.filter(alias => alias.id !== next.id)
  if (others.some(alias => alias.mount_accessor === next.mount_accessor))
    throw refuse.invalid("Entity already has an alias for this mount; delete it first, or change it")
  if (before !== undefined && before.entity.id !== owner.id) take(ctx, before)
  storeOf(ctx).putEntity({ ...owner, aliases: [...others, next], updated: ctx.now }, owner)
}

function take(ctx: ServerContext, { entity, alias }: Found): void {
  const aliases = entity.aliases.filter(one => one.id !== alias.id)
  storeOf(ctx).putEntity({ ...entity, aliases, updated: ctx.now }, entity)
}

async function list(ctx: ServerContext, page: { after?: string; limit?: number }): Promise<Answer> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const keys = await storeOf(ctx).aliasIds(page)
  const facts: JsonObject = {}
  for (const key of keys) {
    const found = await aliasById(ctx, key)
    if (found !== undefined) facts[key] = shownAlias(found.alias, found.entity.id, mounts)
  }
  return { data: { keys, key_info: facts } }
}

const madeReply = { id: aliasReply.id, canonical_id: aliasReply.canonical_id }

/** The same aliases under each of the names that clients have for them. */
const routesFor = (path: string, prefix: string, deprecated?: string) => [
  sysRoute(path, {
    summary: "Make an alias of an entity, or change it.",
    operation: path === "entity-alias" ? "create-alias" : "create",
    ...(deprecated === undefined ? {} : { deprecated }),
    fields: { id: field.string("Id of an alias to change."), ...settings },
    replies: { write: madeReply },
    write: ({ id, ...input }, ctx) => write(ctx, id, input),
  }),
  sysRoute(`${path}/id`, {
    summary: "List the aliases of entities by id.",
    operation: path === "entity-alias" ? "list-aliases-by-id" : "list-by-id",
    ...(deprecated === undefined ? {} : { deprecated }),
    fields: pageFields,
    list: (input, ctx) => list(ctx, pageOf(input)),
  }),
  sysRoute(`${path}/id/:id`, {
    summary: "An alias of an entity, by its id.",
    operation: { read: `read-${prefix}by-id`, write: `update-${prefix}by-id`, delete: `delete-${prefix}by-id` },
    ...(deprecated === undefined ? {} : { deprecated }),
    fields: { id: field.string("Id of the alias.", { pattern: "[^/]+" }), ...settings },
    replies: { read: aliasReply, write: madeReply, delete: {} },
    read: async ({ id }, ctx) => {
      const found = await aliasById(ctx, id ?? "")
      const mounts = await mountTable(ctx.view, ctx.namespace)
      return found && { data: shownAlias(found.alias, found.entity.id, mounts) }
    },
    write: ({ id, ...input }, ctx) => write(ctx, id, input),
    delete: async ({ id }, ctx) => {
      const found = await aliasById(ctx, id ?? "")
      if (found !== undefined) take(ctx, found)
      return undefined
    },
  }),
]

export const aliasRoutes = [
  ...routesFor("entity-alias", "alias-"),
  ...routesFor("alias", "", "Use entity-alias."),
  ...routesFor("persona", "", "Use entity-alias."),
]
