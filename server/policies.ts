/** Policies of a namespace, and the compiled rules of a caller. */

import { decodeJson, encodeJson } from "@arca/api"
import {
  type Acl,
  type AttachedPolicy,
  compileAcl,
  DEFAULT_POLICY,
  type PolicyDocument,
  type Identity as PolicyIdentity,
  parsePolicy,
  RESPONSE_WRAPPING_POLICY,
} from "@arca/policy"
import type { View } from "@arca/storage"
import type { Identity } from "./identity.ts"
import { layout } from "./layout.ts"

export interface StoredPolicy {
  readonly text: string
  readonly document: PolicyDocument
}

const decodePolicy = (value: Uint8Array): StoredPolicy => {
  const { text } = decodeJson(value) as { text: string }
  return { text, document: parsePolicy(text).policy }
}

const builtIn = (text: string): StoredPolicy => ({ text, document: parsePolicy(text).policy })

/** Policies that are there without having been written. `default` can be replaced, the other cannot. */
const BUILT_IN: ReadonlyMap<string, StoredPolicy> = new Map([
  ["default", builtIn(DEFAULT_POLICY)],
  ["response-wrapping", builtIn(RESPONSE_WRAPPING_POLICY)],
])

/** Names fold case and blanks, here and nowhere else: what is attached is what is looked up. */
export const policyName = (name: string): string => name.trim().toLowerCase()

export async function readPolicy(view: View, namespaceId: string, name: string): Promise<StoredPolicy | undefined> {
  if (name === "response-wrapping") return BUILT_IN.get(name)
  const key = layout.namespace(namespaceId) + layout.policy + name
  return (await view.cached(key, decodePolicy)) ?? BUILT_IN.get(name)
}

export const writePolicy = (view: View, namespaceId: string, name: string, text: string): void =>
  view.put(layout.namespace(namespaceId) + layout.policy + name, encodeJson({ text }))

export const deletePolicy = (view: View, namespaceId: string, name: string): void =>
  view.delete(layout.namespace(namespaceId) + layout.policy + name)

/** All policy names of a namespace, in order; `root`, which is only in the root namespace, comes last. */
export async function policyNames(view: View, namespaceId: string): Promise<string[]> {
  const written = await view.keys(layout.namespace(namespaceId) + layout.policy)
  return [...[...new Set([...written, "default"])].sort(), ...(namespaceId === "root" ? ["root"] : [])]
}

/** The policies behind a caller, as they stand in one state of the store. */
export interface Rights {
  readonly namespaceId: string
  readonly identity: Identity | undefined
  readonly names: readonly string[]
  /** In the order of `names`; undefined for those that do not exist. */
  readonly documents: readonly (StoredPolicy | undefined)[]
}

/** The rights that policies give to an identity. */
export async function rightsBy(
  view: View,
  namespaceId: string,
  names: readonly string[],
  identity: Identity | undefined,
): Promise<Rights> {
  const documents: (StoredPolicy | undefined)[] = []
  for (const name of names) documents.push(await readPolicy(view, namespaceId, name))
  return { namespaceId, identity, names, documents }
}

interface Remembered {
  readonly rights: Rights
  readonly acl: Acl
}

/** How many callers' compiled rules are kept. */
const MAX_REMEMBERED = 10_000

/**
 * Compiles the rules that a set of policies makes, and remembers them for as long as the policies and the identity are the
 * very same values: the store hands out the same value until it changes, so nothing needs to be told of changes.
 */
export function aclMemory() {
  const byNames = new Map<string, Remembered>()
  const byRights = new WeakMap<Rights, Acl>()
  const compiled = (rights: Rights, now: number): Acl => {
    const { namespaceId, identity, names, documents } = rights
    const key = JSON.stringify([namespaceId, identity?.entity.id ?? "", names])
    const known = byNames.get(key)
    if (
      known &&
      now < known.acl.validUntil &&
      sameValues(known.rights.documents, documents) &&
      sameIdentity(known.rights.identity, identity)
    ) {
      return known.acl
    }
    const acl = compile(namespaceId, names, documents, identity, now)
    if (byNames.size >= MAX_REMEMBERED) byNames.delete(byNames.keys().next().value ?? "")
    byNames.set(key, { rights, acl })
    return acl
  }
  return (rights: Rights, now: number): Acl => {
    const known = byRights.get(rights)
    if (known !== undefined && now < known.validUntil) return known
    const acl = compiled(rights, now)
    byRights.set(rights, acl)
    return acl
  }
}

const sameValues = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((value, index) => value === b[index])

const sameIdentity = (a: Identity | undefined, b: Identity | undefined): boolean =>
  a?.entity === b?.entity && sameValues(a?.groups ?? [], b?.groups ?? [])

function compile(
  namespaceId: string,
  names: readonly string[],
  documents: readonly (StoredPolicy | undefined)[],
  identity: Identity | undefined,
  now: number,
): Acl {
  const policies = names.flatMap((name, index): AttachedPolicy[] => {
    if (name === "root") return [{ name, namespace: namespaceId, root: true as const }]
    const stored = documents[index]
    return stored === undefined ? [] : [{ name, namespace: namespaceId, document: stored.document }]
  })
  return compileAcl(policies, identity && policyIdentity(identity), now)
}

/** The identity in the words of policy templates. */
export function policyIdentity({ entity, groups }: Identity): PolicyIdentity {
  const pairs = (object: Readonly<Record<string, string>>) => new Map(Object.entries(object))
  return {
    entity: {
      id: entity.id,
      name: entity.name,
      metadata: pairs(entity.metadata),
      aliases: new Map(
        entity.aliases.map(alias => [
          alias.mount_accessor,
          {
            id: alias.id,
            name: alias.name,
            metadata: pairs(alias.metadata),
            customMetadata: pairs(alias.custom_metadata ?? {}),
          },
        ]),
      ),
    },
    groups: groups.map(group => ({ id: group.id, name: group.name, metadata: pairs(group.metadata) })),
  }
}
