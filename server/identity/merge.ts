/** One entity out of several. */

import { refuse } from "@arca/api"
import { type Alias, type Entity, identityStore } from "../identity.ts"
import type { ServerContext } from "../server.ts"

/** Moves aliases, policies and memberships of `fromIds` to `toId`; the others are gone afterwards, their tokens are the one's. */
export async function merge(
  ctx: ServerContext,
  fromIds: readonly string[],
  toId: string,
  keep: readonly string[],
): Promise<undefined> {
  const store = identityStore(ctx.view, ctx.namespace.id)
  if (fromIds.length === 0) throw refuse.invalid("missing entity ids to merge from")
  if (toId === "") throw refuse.invalid("missing entity id to merge to")
  if (fromIds.includes(toId)) throw refuse.invalid("to_entity_id should not be present in from_entity_ids")
  const target = await store.entity(toId)
  if (target === undefined) throw refuse.invalid("entity id to merge to is invalid")
  const sources: Entity[] = []
  for (const one of new Set(fromIds)) {
    const source = await store.entity(one)
    if (source === undefined) throw refuse.invalid(`entity id to merge from is invalid: ${JSON.stringify(one)}`)
    sources.push(source)
  }
  const merged: Entity = {
    ...target,
    aliases: joined(target, sources, keep),
    policies: [...new Set([target, ...sources].flatMap(one => one.policies))],
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

/** All aliases, one for each mount. Where two entities have one of the same mount the caller says which stays. */
function joined(target: Entity, sources: readonly Entity[], keep: readonly string[]): Alias[] {
  const byMount = new Map<string, Alias>()
  for (const alias of [target, ...sources].flatMap(one => one.aliases)) {
    const other = byMount.get(alias.mount_accessor)
    if (other === undefined) byMount.set(alias.mount_accessor, alias)
    else byMount.set(alias.mount_accessor, chosen(other, alias, keep))
  }
  return [...byMount.values()]
}

function chosen(a: Alias, b: Alias, keep: readonly string[]): Alias {
  const [one, another] = [a, b].filter(alias => keep.includes(alias.id))
  if (one !== undefined && another === undefined) return one
  throw refuse.invalid(
    `the entities have aliases of the same mount, ${a.id} and ${b.id}: say which one stays in conflicting_alias_ids_to_keep`,
  )
}
