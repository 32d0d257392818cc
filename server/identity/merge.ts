/** One entity out of several. */

import { type Refusal, refuse } from "@arca/api"
import { type Alias, type Entity, identityStore } from "../identity.ts"
import type { ServerContext } from "../server.ts"

/**
 * Moves aliases and memberships of `fromIds` to `toId`; the others are gone afterwards, their tokens are the one's. Their policies
 * are not taken over: whoever may merge entities need not be one who may give policies.
 */
export async function merge(
  ctx: ServerContext,
  fromIds: readonly string[],
  toId: string,
  keep: readonly string[],
): Promise<undefined> {
  const store = identityStore(ctx.view, ctx.namespace.id)
  if (toId === "") throw refuse.invalid("missing entity id to merge to")
  if (fromIds.length === 0) throw refuse.invalid("missing entity ids to merge from")
  const target = await store.entity(toId)
  if (target === undefined) throw refuse.invalid("entity id to merge to is invalid")
  if (fromIds.length > 1 && keep.length > 1)
    throw refuse.invalid(
      "aliases conflicts cannot be resolved with multiple from entity ids - merge one entity at a time",
    )
  if (fromIds.includes(toId)) throw refuse.invalid("to_entity_id should not be present in from_entity_ids")
  const sources: Entity[] = []
  for (const one of new Set(fromIds)) {
    const source = await store.entity(one)
    if (source === undefined) throw refuse.invalid("entity id to merge from is invalid")
    sources.push(source)
  }
  const merged: Entity = {
    ...target,
    aliases: joined(target, sources, keep),
    merged: [...target.merged, ...sources.flatMap(source => [source.id, ...source.merged])],
    updated: ctx.now,
  }
  for (const source of sources) {
    for (const id of await store.groupIdsOf(source.id)) {
      const group = await store.group(id)
      if (group === undefined) continue
      const members = [...new Set([...group.members.filter(one => one !== source.id), toId])]
      await store.putGroup({ ...group, members, updated: ctx.now }, group)
    }
    await store.deleteEntity(source)
  }
  store.putEntity(merged, target)
}

/** Where two entities have an alias of the same mount the caller says which one stays; an entity has one of each. */
function joined(target: Entity, sources: readonly Entity[], keep: readonly string[]): Alias[] {
  let own = [...target.aliases]
  const moved: Alias[] = []
  for (const source of sources) {
    for (const alias of source.aliases) {
      const accessor = alias.mount_accessor
      if (moved.some(one => one.mount_accessor === accessor))
        throw refuse.invalid(
          `mount accessor ${accessor} found in multiple fromEntities, merge should be done with one fromEntity at a time`,
        )
      const other = own.find(one => one.mount_accessor === accessor)
      if (other !== undefined && keep.includes(other.id)) continue
      if (other !== undefined && !keep.includes(alias.id)) throw conflict(target, source, [other, alias], keep)
      own = own.filter(one => one !== other)
      moved.push({ ...alias, merged_from: [...(alias.merged_from ?? []), source.id] })
    }
  }
  return [...own, ...moved]
}

function conflict(to: Entity, from: Entity, [own, other]: readonly [Alias, Alias], keep: readonly string[]): Refusal {
  return refuse.invalid(
    keep.length > 0
      ? `conflicting mount accessors in following alias IDs and neither were present in conflicting_alias_ids_to_keep: ${other.id}, ${own.id}`
      : "toEntity and at least one fromEntity have aliases with the same mount accessor, repeat the merge request specifying exactly one fromEntity, clashes: " +
          `mountAccessor: ${own.mount_accessor}, toEntity ID: ${to.id}, fromEntity ID: ${from.id}, conflicting toEntity alias ID: ${own.id}, conflicting fromEntity alias ID: ${other.id}`,
  )
}
