/** What the routes of identity share: the fields of their replies, and checks. */

import { type Fields, field, type JsonObject, refuse } from "@arca/api"
import type { Alias } from "../identity.ts"
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
  mount_path: field.string("Where the mount is."),
  mount_type: field.string("The type of the mount."),
  metadata: field.map("What the auth method said at the last login."),
  custom_metadata: field.map("Words set through the API."),
  creation_time: field.time("When it was made."),
  last_update_time: field.time("When it was last changed."),
  merged_from_canonical_ids: field.stringList("Entities it belonged to before they were merged."),
  local: field.bool("Whether it stays on one cluster. Always false: every node is equal here."),
} satisfies Fields

export function shownAlias(alias: Alias, canonicalId: string, mounts: MountTable): JsonObject {
  const mount = mounts.byAccessor.get(alias.mount_accessor)
  return {
    id: alias.id,
    canonical_id: canonicalId,
    name: alias.name,
    mount_accessor: alias.mount_accessor,
    mount_path: mount?.path ?? "",
    mount_type: mount?.type ?? "",
    metadata: Object.keys(alias.metadata).length === 0 ? null : { ...alias.metadata },
    custom_metadata: { ...alias.custom_metadata },
    creation_time: time(alias.created),
    last_update_time: time(alias.updated),
    merged_from_canonical_ids: null,
    local: false,
  }
}

/** Refuses the accessor of a mount that is not in this namespace. */
export async function checkAccessor(ctx: ServerContext, accessor: string): Promise<void> {
  const mounts = await mountTable(ctx.view, ctx.namespace)
  if (mounts.byAccessor.has(accessor)) return
  throw refuse.invalid(`invalid mount accessor ${JSON.stringify(accessor)}; "arca auth list -detailed" shows them`)
}

/** Names of policies, folded; `root` never comes by way of identity, however it is written. */
export function policiesGiven(given: readonly string[]): string[] {
  const names = [...new Set(given.map(policyName).filter(name => name !== ""))]
  if (names.includes("root")) throw refuse.invalid("policies cannot contain root")
  return names
}

const MAX_KEYS = 64
const MAX_KEY = 128
const MAX_VALUE = 512

/** Metadata within Vault's bounds. */
export function metadataGiven(given: ReadonlyMap<string, string>): Record<string, string> {
  if (given.size > MAX_KEYS)
    throw refuse.invalid(`failed to validate metadata: ${given.size} keys are given, at most ${MAX_KEYS} are allowed`)
  for (const [key, value] of given) {
    if (key === "" || key.length > MAX_KEY || value.length > MAX_VALUE) {
      throw refuse.invalid(
        `failed to validate metadata: a key has 1 to ${MAX_KEY} characters, its value at most ${MAX_VALUE}`,
      )
    }
  }
  return Object.fromEntries(given)
}

export const checkName = (name: string): void => {
  if (/[\0-\x1f\x7f]/.test(name) || name.trim() !== name || name.length > 512)
    throw refuse.invalid(
      "a name has at most 512 characters, none of them a control character, and no blank at its ends",
    )
}
