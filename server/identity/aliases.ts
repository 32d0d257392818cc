/** `identity/entity-alias`: the names under which mounts know an entity. Older clients call them `alias` and `persona`. */

import { type Answer, field, type JsonObject, pageFields, pageOf, refuse } from "@arca/api"
import { type Alias, type Entity, identityStore, sameAlias } from "../identity.ts"
import { mountTable } from "../mounts.ts"
import { uuid } from "../random.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import { aliasReply, checkAccessor, customMetadataGiven, listed, listedAlias, shownAlias } from "./fields.ts"

const settings = {
  name: field.string("The name under which the mount knows the entity; case is folded."),
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
  const alias = entity?.aliases.find(one => sameAlias(one, accessor, name))
  return entity && alias && { entity, alias }
}

/** Makes an alias, or changes the one that is meant: by its id, or by its mount and name. */
async function write(ctx: ServerContext, id: string | undefined, input: Input): Promise<Answer | undefined> {
  const custom = input.custom_metadata && customMetadataGiven(input.custom_metadata)
  if (id) {
    const before = await aliasById(ctx, id)
    if (before === undefined) throw refuse.invalid("invalid alias ID provided")
    const { name, mount_accessor, custom_metadata } = before.alias
    return change(ctx, before, input.canonical_id, {
      name: input.name || name,
      mount_accessor: input.mount_accessor || mount_accessor,
      custom_metadata: custom ?? custom_metadata,
    })
  }
  const { name, mount_accessor: accessor } = input
  if (!name || !accessor) throw refuse.invalid("'id' or 'mount_accessor' and 'name' must be provided")
  await checkAccessor(ctx, accessor)
  const wanted = { name, mount_accessor: accessor, custom_metadata: custom ?? {} }
  const before = await aliasByName(ctx, accessor, name)
  return before === undefined ? make(ctx, input.canonical_id, wanted) : change(ctx, before, input.canonical_id, wanted)
}

type Wanted = Pick<Alias, "name" | "mount_accessor" | "custom_metadata">

const hasOneOf = (entity: Entity, accessor: string): boolean =>
  entity.aliases.some(alias => alias.mount_accessor === accessor)

async function make(ctx: ServerContext, canonicalId: string | undefined, wanted: Wanted): Promise<Answer> {
  const owner = canonicalId ? await storeOf(ctx).entity(canonicalId) : newEntity(ctx)
  if (owner === undefined) throw refuse.invalid("invalid canonical ID")
  if (hasOneOf(owner, wanted.mount_accessor))
    throw refuse.invalid("Alias already exists for requested entity and mount accessor")
  const alias: Alias = { id: uuid(ctx.random), ...wanted, metadata: {}, created: ctx.now, updated: ctx.now }
  storeOf(ctx).putEntity(
    { ...owner, aliases: [...owner.aliases, alias], updated: ctx.now },
    canonicalId ? owner : undefined,
  )
  return { data: { id: alias.id, canonical_id: owner.id } }
}

/** Without an entity to belong to an alias gets a new one, as at a login. */
function newEntity(ctx: ServerContext): Entity {
  const id = uuid(ctx.random)
  const facts = { metadata: {}, policies: [], disabled: false, aliases: [], merged: [] }
  return { id, name: `entity_${id.slice(0, 8)}`, ...facts, created: ctx.now, updated: ctx.now }
}

const sameWords = (one: Alias["custom_metadata"] = {}, other: Alias["custom_metadata"] = {}): boolean =>
  JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort())

/** Answers nothing when nothing changes. */
async function change(
  ctx: ServerContext,
  before: Found,
  canonicalId: string | undefined,
  wanted: Wanted,
): Promise<Answer | undefined> {
  const { alias, entity } = before
  const moves = Boolean(canonicalId) && canonicalId !== entity.id
  const otherMount = wanted.mount_accessor !== alias.mount_accessor
  const same = !otherMount && wanted.name === alias.name && sameWords(wanted.custom_metadata, alias.custom_metadata)
  if (same && !moves) return undefined
  if (otherMount && !moves && hasOneOf(entity, wanted.mount_accessor))
    throw refuse.invalid("Alias cannot be updated as the entity already has an alias for the given 'mount_accessor' ")
  await checkAccessor(ctx, wanted.mount_accessor)
  const holder = await aliasByName(ctx, wanted.mount_accessor, wanted.name)
  if (holder !== undefined && holder.alias.id !== alias.id)
    throw refuse.invalid("alias with combination of mount accessor and name already exists")
  const owner = moves ? await storeOf(ctx).entity(canonicalId ?? "") : entity
  if (owner === undefined) throw refuse.invalid("given 'canonical_id' is not associated with an entity")
  if (moves && hasOneOf(owner, wanted.mount_accessor))
    throw refuse.invalid("Alias cannot be updated as the given entity already has an alias for this mount ")
  const next: Alias = { ...alias, ...wanted, updated: ctx.now }
  if (moves) take(ctx, before)
  const aliases = moves ? [...owner.aliases, next] : owner.aliases.map(one => (one.id === alias.id ? next : one))
  storeOf(ctx).putEntity({ ...owner, aliases, updated: ctx.now }, owner)
  return { data: { id: next.id, canonical_id: owner.id } }
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
    if (found !== undefined) facts[key] = listedAlias(found.alias, found.entity.id, mounts)
  }
  return listed(keys, facts)
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
    fields: { id: field.name("Id of the alias."), ...settings },
    replies: { read: aliasReply, write: madeReply, delete: {} },
    read: async ({ id }, ctx) => {
      const found = await aliasById(ctx, id ?? "")
      const mounts = await mountTable(ctx.view, ctx.namespace)
      if (found === undefined) return undefined
      return { data: { ...shownAlias(found.alias, found.entity.id, mounts), namespace_id: ctx.namespace.id } }
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
