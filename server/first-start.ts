/** What a namespace holds from its first moment, and what a cluster holds before anyone came. */

import type { View } from "@arca/storage"
import { issueToken } from "./grants.ts"
import { layout } from "./layout.ts"
import { type MountEntry, mountTable, writeMounts } from "./mounts.ts"
import { ROOT } from "./namespaces.ts"
import type { RandomBytes } from "./random.ts"
import type { Server } from "./server.ts"
import { newMount } from "./sys/mounts.ts"
import { writeTokenKeys } from "./tokens.ts"

const BUILT_IN = [
  ["secret", "sys/", "system", "system endpoints used for control, policy and debugging"],
  ["secret", "identity/", "identity", "identity store"],
  ["secret", "cubbyhole/", "cubbyhole", "per-token private secret storage"],
  ["auth", "auth/token/", "token", "token based credentials"],
] as const

/** The mounts that every namespace has. */
export function builtInMounts(random: RandomBytes): MountEntry[] {
  return BUILT_IN.map(([kind, path, type, description]) => newMount({ random }, kind, path, type, { description }))
}

/** Fills an empty store in one transaction: keys for tokens, and the root namespace's mounts. */
export function furnish(view: View, random: RandomBytes): void {
  writeTokenKeys(view, random)
  writeMounts(view, ROOT, builtInMounts(random))
}

/** A token that may do anything and never ends. */
export async function rootToken(server: Server, view: View, text?: string): Promise<string> {
  const grant = await issueToken(server, view, {
    namespace: ROOT,
    type: "service",
    policies: ["root"],
    path: "auth/token/root",
    meta: null,
    displayName: "root",
    numUses: 0,
    parent: undefined,
    ttl: 0,
    explicitMaxTtl: 0,
    period: 0,
    maxTtl: 0,
    renewable: false,
    role: "",
    entityId: "",
    boundCidrs: [],
    mount: (await mountTable(view, ROOT)).byPath.get("auth/token/")?.accessor ?? "",
    text,
  })
  return grant.text
}

/** Whether the store was furnished before. */
export const isFurnished = async (view: View): Promise<boolean> => (await view.get(layout.tokenKeys)) !== undefined
