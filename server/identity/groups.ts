/** `identity/group`: entities and groups together. External groups get their members from what auth methods say at logins. */

import { type Answer, type Fields, field, type JsonObject, pageFields, pageOf, refuse, type Values } from "@arca/api"
import { type Group, identityStore, MAX_GROUP_DEPTH } from "../identity.ts"
import { mountTable } from "../mounts.ts"
import { uuid } from "../random.ts"
import type { ServerContext } from "../server.ts"
import { sysRoute } from "../sys/route.ts"
import {
  aliasReply,
  brieflyAlias,
  checkAccessor,
  checkName,
  listed,
  listedAlias,
  metadataGiven,
  policiesGiven,
  shownAlias,
  shownGroupAlias,
  time,
} from "./fields.ts"

const id = field.name("Id of the group.")
const name = field.string("Name of the group; case is folded.", { pattern: ".+" })

const settings = {
  type: field.string("`internal`, or `external` for one whose members an auth method names."),
  metadata: field.pairs("Words about the group, for templates of policies."),
  policies: field.commaList("Policies that all members have."),
  member_entity_ids: field.commaList("Ids of its entities."),
  member_group_ids: field.commaList("Ids of the groups in it."),
}

const reply = {
  id: field.string("The group's id."),
  name: field.string("Its name."),
  ...settings,
  parent_group_ids: field.stringList("The groups it is in."),
  alias: field.any("External groups: the name under which one mount knows it."),
  namespace_id: field.string("Where it lives."),
  creation_time: field.time("When it was made."),
  last_update_time: field.time("When it was last changed."),
  modify_index: field.int("How often it was written."),
} satisfies Fields

const madeReply = { id: reply.id, name: reply.name }

type Settings = Partial<Values<typeof settings>>

const storeOf = (ctx: ServerContext) => identityStore(ctx.view, ctx.namespace.id)

export const groupById = async (ctx: ServerContext, given: string): Promise<Group | undefined> =>
  storeOf(ctx).group(given)

export async function groupByName(ctx: ServerContext, given: string): Promise<Group | undefined> {
  const found = await storeOf(ctx).groupIdByName(given)
  return found === undefined ? undefined : storeOf(ctx).group(found)
}

export async function shownGroup(ctx: ServerContext, group: Group): Promise<JsonObject> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const parents = await storeOf(ctx).groupIdsOf(group.id)
  return {
    id: group.id,
    name: group.name,
    type: group.type,
    metadata: Object.keys(group.metadata).length === 0 ? null : { ...group.metadata },
    policies: group.policies.length === 0 ? null : [...group.policies],
    member_entity_ids: group.members.length === 0 ? null : [...group.members],
    member_group_ids: group.memberGroups.length === 0 ? null : [...group.memberGroups],
    parent_group_ids: parents.length === 0 ? null : [...parents],
    alias: shownGroupAlias(group, mounts),
    namespace_id: ctx.namespace.id,
    creation_time: time(group.created),
    last_update_time: time(group.updated),
    modify_index: group.writes ?? 1,
  }
}

async function write(
  ctx: ServerContext,
  before: Group | undefined,
  newName: string | undefined,
  input: Settings,
): Promise<Answer | undefined> {
  const made = uuid(ctx.random)
  const called = newName || before?.name || `group_${made.slice(0, 8)}`
  const policies = input.policies === undefined ? (before?.policies ?? []) : policiesGiven(input.policies)
  const type = typeOf(input.type, before)
  const holder = await storeOf(ctx).groupIdByName(called)
  if (holder !== undefined && holder !== before?.id) throw refuse.invalid("group name is already in use")
  checkName(called)
  if (type === "external") checkExternal(input)
  const next: Group = {
    id: before?.id ?? made,
    name: called,
    type,
    metadata: input.metadata === undefined ? (before?.metadata ?? {}) : metadataGiven("group", input.metadata),
    policies,
    members: await entitiesOf(ctx, input.member_entity_ids ?? before?.members ?? []),
    memberGroups: [...new Set(input.member_group_ids ?? before?.memberGroups ?? [])],
    ...(before?.alias === undefined ? {} : { alias: before.alias }),
    created: before?.created ?? ctx.now,
    updated: ctx.now,
  }
  await checkNesting(ctx, next)
  await storeOf(ctx).putGroup(next, before)
  return before === undefined ? { data: { id: next.id, name: next.name } } : undefined
}

/** Only logins say who is in an external group: whoever may name its members could give them what the outside grants. */
function checkExternal({ member_entity_ids: entities, member_group_ids: groups }: Settings): void {
  if (entities !== undefined) throw refuse.invalid("member entities can't be set manually for external groups")
  if (groups !== undefined) throw refuse.invalid("member groups can't be set for external groups")
}

function typeOf(given: string | undefined, before: Group | undefined): Group["type"] {
  if (before !== undefined && given !== undefined && given !== before.type)
    throw refuse.invalid("group type cannot be changed")
  const type = given || (before?.type ?? "internal")
  if (type !== "internal" && type !== "external") throw refuse.invalid(`invalid group type ${JSON.stringify(given)}`)
  return type
}

async function entitiesOf(ctx: ServerContext, ids: readonly string[]): Promise<string[]> {
  for (const one of ids) {
    if ((await storeOf(ctx).entity(one)) === undefined) throw refuse.invalid(`invalid entity ID ${JSON.stringify(one)}`)
  }
  return [...new Set(ids)].sort()
}

/** Refuses groups that would contain themselves, and nesting that is deeper than reads follow. */
async function checkNesting(ctx: ServerContext, group: Group): Promise<void> {
  let level: readonly string[] = group.memberGroups
  const seen = new Set<string>()
  for (let depth = 1; level.length > 0; depth++) {
    if (depth >= MAX_GROUP_DEPTH) throw refuse.invalid(`groups nest deeper than ${MAX_GROUP_DEPTH}`)
    const below: string[] = []
    for (const one of level) {
      if (one === group.id)
        throw refuse.invalid(`cyclic relationship detected for member group ID ${JSON.stringify(one)}`)
      if (seen.has(one)) continue
      seen.add(one)
      const member = await storeOf(ctx).group(one)
      if (member === undefined) throw refuse.invalid(`invalid member group ID ${JSON.stringify(one)}`)
      below.push(...member.memberGroups)
    }
    level = below
  }
}

async function needById(ctx: ServerContext, given: string): Promise<Group> {
  const group = await groupById(ctx, given)
  if (group === undefined) throw refuse.invalid("invalid group ID")
  return group
}

async function remove(ctx: ServerContext, group: Group | undefined): Promise<undefined> {
  if (group !== undefined) await storeOf(ctx).deleteGroup(group)
}

/** A page of groups by id, each with what `facts` tells of it. */
async function list(ctx: ServerContext, page: { after?: string; limit?: number }): Promise<Answer> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const keys = await storeOf(ctx).groupIds(page)
  const facts: JsonObject = {}
  for (const key of keys) {
    const group = await groupById(ctx, key)
    if (group === undefined) continue
    facts[key] = {
      name: group.name,
      num_member_entities: group.members.length,
      num_parent_groups: (await storeOf(ctx).groupIdsOf(key)).length,
      ...(group.alias === undefined ? {} : { alias: brieflyAlias(group.alias, mounts) }),
    }
  }
  return listed(keys, facts)
}

async function names(ctx: ServerContext): Promise<string[]> {
  const found: string[] = []
  for (const key of await storeOf(ctx).groupIds()) {
    const one = await groupById(ctx, key)
    if (one !== undefined) found.push(one.name)
  }
  return found.sort()
}

const by = (what: string) => ({ read: `read-by-${what}`, write: `update-by-${what}`, delete: `delete-by-${what}` })

export const groupRoutes = [
  sysRoute("group", {
    summary: "Make a group, or change the one with an id or a name.",
    operation: "create",
    fields: { id: field.string("Id of a group to change."), name: field.string("Its name."), ...settings },
    replies: { write: madeReply },
    write: async ({ id: given, name: called, ...input }, ctx) => {
      if (given === "") throw refuse.invalid("empty group ID")
      if (given !== undefined) return write(ctx, await needById(ctx, given), called, input)
      if (called === "") throw refuse.invalid("empty group name")
      return write(ctx, called === undefined ? undefined : await groupByName(ctx, called), called, input)
    },
  }),
  sysRoute("group/id", {
    summary: "List groups by id.",
    operation: "list-by-id",
    fields: pageFields,
    list: (input, ctx) => list(ctx, pageOf(input)),
  }),
  sysRoute("group/id/:id", {
    summary: "A group, by its id.",
    operation: by("id"),
    fields: { id, name: field.string("A new name."), ...settings },
    replies: { read: reply, write: {}, delete: {} },
    read: async ({ id: given }, ctx) => {
      const group = await groupById(ctx, given)
      return group && { data: await shownGroup(ctx, group) }
    },
    write: async ({ id: given, name: called, ...input }, ctx) => write(ctx, await needById(ctx, given), called, input),
    delete: async ({ id: given }, ctx) => remove(ctx, await groupById(ctx, given)),
  }),
  sysRoute("group/name", {
    summary: "List groups by name.",
    operation: "list-by-name",
    list: async (_, ctx) => ({ data: { keys: await names(ctx) } }),
  }),
  sysRoute("group/name/:name", {
    summary: "A group, by its name; a write makes it.",
    operation: by("name"),
    fields: { name, id: field.string("Its id, to be sure that it is the one meant."), ...settings },
    replies: { read: reply, write: madeReply, delete: {} },
    exists: async ({ name: called }, ctx) => (await groupByName(ctx, called)) !== undefined,
    read: async ({ name: called }, ctx) => {
      const group = await groupByName(ctx, called)
      return group && { data: await shownGroup(ctx, group) }
    },
    write: async ({ name: called, id: given, ...input }, ctx) => {
      const group = await groupByName(ctx, called)
      if (given && given !== group?.id)
        throw refuse.invalid(`the id is not that of the group ${JSON.stringify(called)}`)
      return write(ctx, group, called, input)
    },
    delete: async ({ name: called }, ctx) => remove(ctx, await groupByName(ctx, called)),
  }),
]

const aliasSettings = {
  name: field.string("The name under which the mount knows the group; case is folded."),
  mount_accessor: field.string("The accessor of the mount."),
  canonical_id: field.string("The external group it stands for; a new one when left out."),
}

export async function groupByAliasId(ctx: ServerContext, given: string): Promise<Group | undefined> {
  const owner = await storeOf(ctx).groupIdByAliasId(given)
  return owner === undefined ? undefined : storeOf(ctx).group(owner)
}

async function writeAlias(
  ctx: ServerContext,
  given: string | undefined,
  { name: called, mount_accessor: accessor, canonical_id: canonicalId }: Partial<Values<typeof aliasSettings>>,
): Promise<Answer | undefined> {
  const store = storeOf(ctx)
  const before = given ? await groupByAliasId(ctx, given) : undefined
  if (given && before === undefined) throw refuse.invalid("invalid group alias ID")
  if (!called) throw refuse.invalid("missing alias name")
  if (!accessor) throw refuse.invalid("missing mount_accessor")
  const stays = !canonicalId || canonicalId === before?.id
  if (before?.alias?.name === called && before.alias.mount_accessor === accessor && stays) return undefined
  const group = canonicalId ? await store.group(canonicalId) : before
  if (canonicalId && group === undefined) throw refuse.invalid("invalid group ID given in 'canonical_id'")
  if (group?.type === "internal") throw refuse.invalid("alias can't be set on an internal group")
  await checkAccessor(ctx, accessor)
  const holder = await groupByAlias(ctx, accessor, called)
  if (holder?.alias !== undefined && holder.alias.id !== given)
    throw refuse.invalid("combination of mount and group alias name is already in use")
  if (before !== undefined && !stays) {
    const { alias: _, ...rest } = before
    await store.putGroup({ ...rest, updated: ctx.now }, before)
  }
  const owner = group ?? newExternal(ctx)
  const id = given || uuid(ctx.random)
  const created = before?.alias?.created ?? ctx.now
  const alias = { id, name: called, mount_accessor: accessor, metadata: {}, created, updated: ctx.now }
  await store.putGroup({ ...owner, alias, updated: ctx.now }, group)
  return { data: { id, canonical_id: owner.id } }
}

async function groupByAlias(ctx: ServerContext, accessor: string, called: string): Promise<Group | undefined> {
  const id = await storeOf(ctx).groupIdByAlias(accessor, called)
  return id === undefined ? undefined : storeOf(ctx).group(id)
}

function newExternal(ctx: ServerContext): Group {
  const id = uuid(ctx.random)
  const empty = { metadata: {}, policies: [], members: [], memberGroups: [] }
  return { id, name: `group_${id.slice(0, 8)}`, type: "external", ...empty, created: ctx.now, updated: ctx.now }
}

async function listAliases(ctx: ServerContext, page: { after?: string; limit?: number }): Promise<Answer> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  const keys = await storeOf(ctx).groupAliasIds(page)
  const facts: JsonObject = {}
  for (const key of keys) {
    const group = await groupByAliasId(ctx, key)
    if (group?.alias !== undefined) facts[key] = listedAlias(group.alias, group.id, mounts)
  }
  return listed(keys, facts)
}

const aliasMade = { id: aliasReply.id, canonical_id: aliasReply.canonical_id }

export const groupAliasRoutes = [
  sysRoute("group-alias", {
    summary: "Give an external group the name under which a mount knows it.",
    operation: "create-alias",
    fields: { id: field.string("Id of an alias to change."), ...aliasSettings },
    replies: { write: aliasMade },
    write: ({ id: given, ...input }, ctx) => writeAlias(ctx, given, input),
  }),
  sysRoute("group-alias/id", {
    summary: "List the aliases of groups by id.",
    operation: "list-aliases-by-id",
    fields: pageFields,
    list: (input, ctx) => listAliases(ctx, pageOf(input)),
  }),
  sysRoute("group-alias/id/:id", {
    summary: "The alias of a group, by its id.",
    operation: { read: "read-alias-by-id", write: "update-alias-by-id", delete: "delete-alias-by-id" },
    fields: { id: field.name("Id of the alias."), ...aliasSettings },
    replies: { read: aliasReply, write: aliasMade, delete: {} },
    read: async ({ id: given }, ctx) => {
      const group = await groupByAliasId(ctx, given)
      const mounts = await mountTable(ctx.view, ctx.namespace)
      if (group?.alias === undefined) return undefined
      return { data: { ...shownAlias(group.alias, group.id, mounts), namespace_id: ctx.namespace.id } }
    },
    write: ({ id: given, ...input }, ctx) => writeAlias(ctx, given, input),
    delete: async ({ id: given }, ctx) => {
      const group = await groupByAliasId(ctx, given)
      if (group !== undefined) {
        const { alias: _, ...rest } = group
        await storeOf(ctx).putGroup({ ...rest, updated: ctx.now }, group)
      }
      return undefined
    },
  }),
]
