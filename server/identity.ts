/** Who is behind a login: entities, their aliases on mounts, their groups. All of it lies in its namespace. */

import { decodeJson, encodeJson, type JsonObject, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import { layout } from "./layout.ts"

export interface Alias {
  readonly id: string
  readonly name: string
  readonly mount_accessor: string
  readonly metadata: Readonly<Record<string, string>>
  /** Undefined unless it was made or changed by way of the API. */
  readonly custom_metadata?: Readonly<Record<string, string>> | undefined
  /** The entities it was taken over from when they were merged. */
  readonly merged_from?: readonly string[]
  /** Seconds since 1970. */
  readonly created: number
  readonly updated: number
}

export interface Entity {
  readonly id: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  readonly policies: readonly string[]
  readonly disabled: boolean
  readonly aliases: readonly Alias[]
  readonly merged: readonly string[]
  readonly created: number
  readonly updated: number
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly type: "internal" | "external"
  readonly metadata: Readonly<Record<string, string>>
  readonly policies: readonly string[]
  readonly members: readonly string[]
  readonly memberGroups: readonly string[]
  /** External groups are known to one mount by one name. */
  readonly alias?: Alias | undefined
  readonly created: number
  readonly updated: number
  /** How often it was written, by older versions not counted. */
  readonly writes?: number
}

/** What policies see of the caller. */
export interface Identity {
  readonly entity: Entity
  readonly groups: readonly Group[]
}

const places = {
  entity: "identity/entity/",
  /** Lower-case name to id. */
  entityName: "identity/entity-name/",
  alias: "identity/alias/",
  /** Alias id to entity id. */
  aliasId: "identity/alias-id/",
  /** Id of an entity that was merged to the id of the one it is now. */
  merged: "identity/merged/",
  group: "identity/group/",
  groupName: "identity/group-name/",
  groupAlias: "identity/group-alias/",
  groupAliasId: "identity/group-alias-id/",
  /** Entity or group id to the ids of the groups it is a direct member of. */
  groupsOf: "identity/groups-of/",
} as const

/** Group nesting deeper than this is refused at write, and not followed at use. */
export const MAX_GROUP_DEPTH = 32

const decodeEntity = (value: Uint8Array): Entity => decodeJson(value) as unknown as Entity
const decodeGroup = (value: Uint8Array): Group => decodeJson(value) as unknown as Group
const decodeIds = (value: Uint8Array): readonly string[] => (decodeJson(value) as { ids: string[] }).ids
const decodeText = (value: Uint8Array): string => Buffer.from(value).toString()

/** Names fold case, and stand in keys as base64url so that any character is allowed. */
export const nameKey = (name: string): string => Buffer.from(name.toLowerCase()).toString("base64url")
const exactKey = (accessor: string, name: string): string => `${accessor}/${Buffer.from(name).toString("base64url")}`
/** The names of aliases fold case as well. Those of older versions lie under the name as it was written. */
const aliasKey = (accessor: string, name: string): string => exactKey(accessor, name.toLowerCase())

export const sameAlias = (alias: Alias, accessor: string, name: string): boolean =>
  alias.mount_accessor === accessor && alias.name.toLowerCase() === name.toLowerCase()

/** The identity part of one namespace's storage, in one transaction. */
export function identityStore(view: View, namespaceId: string) {
  const scope = view.scope(layout.namespace(namespaceId))
  const ids = async (key: string) => (await scope.cached(key, decodeIds)) ?? []
  const entity = (id: string) => scope.cached(places.entity + id, decodeEntity)
  const group = (id: string) => scope.cached(places.group + id, decodeGroup)
  const text = (key: string) => scope.cached(key, decodeText)
  const byAlias = async (place: string, accessor: string, name: string) =>
    (await text(place + exactKey(accessor, name))) ?? text(place + aliasKey(accessor, name))
  const deleteAlias = ({ id, mount_accessor, name }: Alias): void => {
    scope.delete(places.aliasId + id)
    for (const key of new Set([aliasKey(mount_accessor, name), exactKey(mount_accessor, name)]))
      scope.delete(places.alias + key)
  }
  const deleteGroupAlias = ({ id, mount_accessor, name }: Alias): void => {
    scope.delete(places.groupAliasId + id)
    for (const key of new Set([aliasKey(mount_accessor, name), exactKey(mount_accessor, name)]))
      scope.delete(places.groupAlias + key)
  }
  return {
    entity,
    group,
    entityIdByName: (name: string) => text(places.entityName + nameKey(name)),
    /** The entity that a token names: itself, or what it was merged into. */
    entityOfToken: async (id: string) => (await entity(id)) ?? (await entity((await text(places.merged + id)) ?? id)),
    entityIdByAliasId: (id: string) => text(places.aliasId + id),
    groupIdByAliasId: (id: string) => text(places.groupAliasId + id),
    aliasIds: (page?: { after?: string; limit?: number }) => scope.list(places.aliasId, page),
    groupAliasIds: (page?: { after?: string; limit?: number }) => scope.list(places.groupAliasId, page),
    entityIdByAlias: (accessor: string, name: string) => byAlias(places.alias, accessor, name),
    groupIdByName: (name: string) => text(places.groupName + nameKey(name)),
    groupIdByAlias: (accessor: string, name: string) => byAlias(places.groupAlias, accessor, name),
    groupIdsOf: (memberId: string) => ids(places.groupsOf + memberId),
    entityIds: (page?: { after?: string; limit?: number }) => scope.list(places.entity, page),
    groupIds: (page?: { after?: string; limit?: number }) => scope.list(places.group, page),

    putEntity(next: Entity, before?: Entity): void {
      for (const alias of before?.aliases ?? []) deleteAlias(alias)
      if (before !== undefined) scope.delete(places.entityName + nameKey(before.name))
      scope.put(places.entity + next.id, encodeJson(next as unknown as JsonObject))
      scope.put(places.entityName + nameKey(next.name), Buffer.from(next.id))
      for (const alias of next.aliases) {
        scope.put(places.alias + aliasKey(alias.mount_accessor, alias.name), Buffer.from(next.id))
        scope.put(places.aliasId + alias.id, Buffer.from(next.id))
      }
      for (const id of next.merged) scope.put(places.merged + id, Buffer.from(next.id))
    },

    async deleteEntity(gone: Entity): Promise<void> {
      for (const alias of gone.aliases) deleteAlias(alias)
      for (const id of gone.merged) scope.delete(places.merged + id)
      scope.delete(places.entityName + nameKey(gone.name))
      scope.delete(places.entity + gone.id)
      for (const id of await ids(places.groupsOf + gone.id)) {
        const joined = await group(id)
        if (joined) await this.putGroup({ ...joined, members: joined.members.filter(one => one !== gone.id) }, joined)
      }
      scope.delete(places.groupsOf + gone.id)
    },

    async putGroup(next: Group, before?: Group): Promise<void> {
      if (before !== undefined) scope.delete(places.groupName + nameKey(before.name))
      if (before?.alias) deleteGroupAlias(before.alias)
      const counted: Group = { ...next, writes: (before?.writes ?? 0) + 1 }
      scope.put(places.group + next.id, encodeJson(counted as unknown as JsonObject))
      scope.put(places.groupName + nameKey(next.name), Buffer.from(next.id))
      if (next.alias) {
        scope.put(places.groupAlias + aliasKey(next.alias.mount_accessor, next.alias.name), Buffer.from(next.id))
        scope.put(places.groupAliasId + next.alias.id, Buffer.from(next.id))
      }
      await this.relink(
        next.id,
        [...(before?.members ?? []), ...(before?.memberGroups ?? [])],
        [...next.members, ...next.memberGroups],
      )
    },

    async deleteGroup(gone: Group): Promise<void> {
      scope.delete(places.groupName + nameKey(gone.name))
      if (gone.alias) deleteGroupAlias(gone.alias)
      scope.delete(places.group + gone.id)
      await this.relink(gone.id, [...gone.members, ...gone.memberGroups], [])
      for (const id of await ids(places.groupsOf + gone.id)) {
        const parent = await group(id)
        if (parent)
          await this.putGroup({ ...parent, memberGroups: parent.memberGroups.filter(one => one !== gone.id) }, parent)
      }
      scope.delete(places.groupsOf + gone.id)
    },

    /** Keeps `groupsOf` of each member in step with the group's own list. */
    async relink(groupId: string, before: readonly string[], after: readonly string[]): Promise<void> {
      for (const member of new Set([...before, ...after])) {
        const rest = (await ids(places.groupsOf + member)).filter(id => id !== groupId)
        const next = after.includes(member) ? [...rest, groupId] : rest
        if (next.length === 0) scope.delete(places.groupsOf + member)
        else scope.put(places.groupsOf + member, encodeJson({ ids: next }))
      }
    },
  }
}

export type IdentityStore = ReturnType<typeof identityStore>

/** The entity with all groups it is in, directly or through other groups; undefined when it is gone. */
export async function identityOf(view: View, namespaceId: string, entityId: string): Promise<Identity | undefined> {
  const store = identityStore(view, namespaceId)
  const entity = await store.entityOfToken(entityId)
  if (entity === undefined) return undefined
  const groups = new Map<string, Group>()
  let level = await store.groupIdsOf(entity.id)
  for (let depth = 0; level.length > 0 && depth < MAX_GROUP_DEPTH; depth++) {
    const above: string[] = []
    for (const id of level) {
      if (groups.has(id)) continue
      const group = await store.group(id)
      if (group === undefined) continue
      groups.set(id, group)
      above.push(...(await store.groupIdsOf(id)))
    }
    level = above
  }
  return { entity, groups: [...groups.values()] }
}

export interface LoginAlias {
  readonly accessor: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
}

export interface World {
  readonly now: number
  readonly uuid: () => string
}

/** The entity of a login: found by its alias, or made with it. Refuses (403) a disabled one. */
export async function entityOfLogin(view: View, namespaceId: string, alias: LoginAlias, world: World): Promise<Entity> {
  const store = identityStore(view, namespaceId)
  const id = await store.entityIdByAlias(alias.accessor, alias.name)
  const found = id === undefined ? undefined : await store.entity(id)
  if (found === undefined) return makeEntity(store, alias, world)
  if (found.disabled) throw refuse.forbidden("permission denied")
  const refreshed = found.aliases.map(one =>
    sameAlias(one, alias.accessor, alias.name) ? { ...one, metadata: alias.metadata } : one,
  )
  if (JSON.stringify(refreshed) === JSON.stringify(found.aliases)) return found
  const entity = { ...found, aliases: refreshed, updated: world.now }
  store.putEntity(entity, found)
  return entity
}

/** Brings an entity's external groups of one mount in step with the names that the auth method gave at a login. */
export async function followGroups(
  view: View,
  namespaceId: string,
  entityId: string,
  accessor: string,
  names: readonly string[],
  now: number,
): Promise<void> {
  const store = identityStore(view, namespaceId)
  const named = new Set<string>()
  for (const name of names) {
    const id = await store.groupIdByAlias(accessor, name)
    if (id !== undefined) named.add(id)
  }
  for (const id of new Set([...named, ...(await store.groupIdsOf(entityId))])) {
    const group = await store.group(id)
    if (group?.type !== "external" || group.alias?.mount_accessor !== accessor) continue
    if (group.members.includes(entityId) === named.has(id)) continue
    const rest = group.members.filter(one => one !== entityId)
    await store.putGroup({ ...group, members: named.has(id) ? [...rest, entityId] : rest, updated: now }, group)
  }
}

function makeEntity(store: IdentityStore, alias: LoginAlias, { now, uuid }: World): Entity {
  const id = uuid()
  const entity: Entity = {
    id,
    name: `entity_${id.slice(0, 8)}`,
    metadata: {},
    policies: [],
    disabled: false,
    merged: [],
    created: now,
    updated: now,
    aliases: [
      {
        id: uuid(),
        name: alias.name,
        mount_accessor: alias.accessor,
        metadata: alias.metadata,
        created: now,
        updated: now,
      },
    ],
  }
  store.putEntity(entity)
  return entity
}
