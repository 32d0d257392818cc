/** What the routes of identity share: the fields of their replies, and checks. */

import { type Answer, customMetadataProblems, type Fields, field, type JsonObject, refuse } from "@arca/api"
import type { Alias, Group } from "../identity.ts"
import { type MountTable, mountTable } from "../mounts.ts"
import { policyName } from "../policies.ts"
import type { ServerContext } from "../server.ts"

export const time = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString()

/** An alias of an entity or an external group, as it stands in replies. */
export const aliasReply = {
  id: field.string("The alias's id."),
  canonical_id: field.string("The entity or group it stands for."),
  name: field.string("The name under which the mount knows it."),
  mount_accessor: field.string("The accessor of the mount."),
  mount_path: field.string("Where the mount is, while there is one.", { optional: true }),
  mount_type: field.string("The type of the mount.", { optional: true }),
  metadata: field.map("What the auth method said at the last login."),
  custom_metadata: field.map("Words set through the API."),
  creation_time: field.time("When it was made."),
  last_update_time: field.time("When it was last changed."),
  merged_from_canonical_ids: field.stringList("Entities it belonged to before they were merged."),
  local: field.bool("Whether it stays on one cluster. Always false: every node is equal here."),
  namespace_id: field.string("Where it lives."),
} satisfies Fields

export function shownAlias(alias: Alias, canonicalId: string, mounts: MountTable): JsonObject {
  const mount = mounts.byAccessor.get(alias.mount_accessor)
  return {
    id: alias.id,
    canonical_id: canonicalId,
    name: alias.name,
    mount_accessor: alias.mount_accessor,
    ...(mount === undefined ? {} : { mount_path: mount.path, mount_type: mount.type }),
    metadata: Object.keys(alias.metadata).length === 0 ? null : { ...alias.metadata },
    custom_metadata: alias.custom_metadata === undefined ? null : { ...alias.custom_metadata },
    creation_time: time(alias.created),
    last_update_time: time(alias.updated),
    merged_from_canonical_ids: alias.merged_from === undefined ? null : [...alias.merged_from],
    local: false,
  }
}

/** An alias in a group's own reply, which says less of it. */
export function shownGroupAlias({ id, alias }: Group, mounts: MountTable): JsonObject {
  if (alias === undefined) return {}
  const { custom_metadata: _c, local: _l, ...shown } = shownAlias(alias, id, mounts)
  return shown
}

/** An alias in the list of aliases. */
export function listedAlias(alias: Alias, canonicalId: string, mounts: MountTable): JsonObject {
  const {
    id: _i,
    creation_time: _c,
    last_update_time: _l,
    merged_from_canonical_ids: _m,
    ...shown
  } = shownAlias(alias, canonicalId, mounts)
  return shown
}

/** An alias in the list of its owners. */
export function brieflyAlias(alias: Alias, mounts: MountTable): JsonObject {
  const mount = mounts.byAccessor.get(alias.mount_accessor)
  return {
    id: alias.id,
    name: alias.name,
    mount_accessor: alias.mount_accessor,
    ...(mount === undefined ? {} : { mount_path: mount.path, mount_type: mount.type }),
  }
}

/** Refuses the accessor of a mount that is not in this namespace. */
export async function checkAccessor(ctx: ServerContext, accessor: string): Promise<void> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  if (mounts.byAccessor.has(accessor)) return
  throw refuse.invalid(`invalid mount accessor ${JSON.stringify(accessor)}`)
}

/** Names of policies, folded and sorted; `root` never comes by way of identity, however it is written. */
export function policiesGiven(given: readonly string[]): string[] {
  const names = [...new Set(given.map(policyName).filter(name => name !== ""))]
  if (names.includes("root")) throw refuse.invalid("policies cannot contain root")
  return names.sort()
}

const MAX_KEYS = 64
const MAX_KEY = 128
const MAX_VALUE = 512

/** Metadata of an entity or a group, within Vault's bounds. The key is quoted, never the value. */
export function metadataGiven(what: "entity" | "group", given: ReadonlyMap<string, string>): Record<string, string> {
  if (given.size > MAX_KEYS)
    throw refuse.invalid(`invalid ${what} metadata: metadata cannot contain more than ${MAX_KEYS} key/value pairs`)
  for (const [key, value] of given) {
    const wrong = wrongPair(key, value)
    if (wrong !== undefined)
      throw refuse.invalid(`invalid ${what} metadata: failed to load metadata pair ${JSON.stringify(key)}: ${wrong}`)
  }
  return Object.fromEntries(given)
}

function wrongPair(key: string, value: string): string | undefined {
  if (key === "") return "key cannot be blank"
  if (!/^[a-zA-Z0-9=/+_-]+$/.test(key)) return "key contains invalid characters"
  if (key.length > MAX_KEY) return `key is too long (limit: ${MAX_KEY} characters)`
  if (key.startsWith("vault-")) return 'key prefix "vault-" is reserved for internal use'
  return Buffer.byteLength(value) > MAX_VALUE ? `value is too long (limit: ${MAX_VALUE} characters)` : undefined
}

/** Words about an alias, as they may be stored. */
export function customMetadataGiven(given: ReadonlyMap<string, string>): Record<string, string> {
  for (const problem of customMetadataProblems(given)) throw refuse.invalid(problem)
  return Object.fromEntries(given)
}

/** A list with what is told of each; 404 when there is nothing, like any list. */
export const listed = (keys: readonly string[], facts: JsonObject): Answer => ({
  data: keys.length === 0 ? { keys: [] } : { keys: [...keys], key_info: facts },
})

export const checkName = (name: string): void => {
  if (/[\0-\x1f\x7f]/.test(name) || name.trim() !== name || name.length > 512)
    throw refuse.invalid(
      "a name has at most 512 characters, none of them a control character, and no blank at its ends",
    )
}
