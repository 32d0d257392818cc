/** Making tokens: what a login earns, and how long it may live. */

import { formatDuration, type JsonObject, type Login, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import { policiesOf } from "./authenticate.ts"
import { type Entity, entityOfLogin, followGroups, identityOf } from "./identity.ts"
import type { MountEntry } from "./mounts.ts"
import { mountFor } from "./mounts.ts"
import { type Namespace, ROOT } from "./namespaces.ts"
import { policyName, readPolicy } from "./policies.ts"
import { base62, uuid } from "./random.ts"
import type { Limits, Server } from "./server.ts"
import { sealBatchToken, type TokenEntry, tokenId, writeToken } from "./tokens.ts"

/** A token that was just made: its text is nowhere else, now or later. */
export interface Grant {
  readonly text: string
  readonly entry: TokenEntry
  readonly identityPolicies: readonly string[]
  readonly warnings: readonly string[]
}

export interface LifeRequest {
  /** Seconds asked for; 0 takes the mount's default. */
  readonly ttl: number
  /** Caps; 0 is none. */
  readonly maxTtl: number
  readonly explicitMaxTtl: number
  readonly period: number
  readonly mount: Limits
  /** Age of the token or lease already: 0 when it is new. */
  readonly age: number
}

export interface Life {
  /** Seconds from now. */
  readonly ttl: number
  readonly warnings: readonly string[]
}

/** How long something may live from now on (Vault's rule): its own wish, within its role's, its mount's and its explicit end. */
export function lifeOf({ ttl, maxTtl, explicitMaxTtl, period, mount, age }: LifeRequest): Life {
  const most = Math.min(mount.maxTtl, ...[maxTtl, explicitMaxTtl].filter(seconds => seconds > 0))
  const warnings: string[] = []
  const within = (what: string, wish: number, end: number): number => {
    // The end is kept to the instant; of less than a second nothing is said.
    const told = Math.ceil(end)
    if (wish > told) {
      warnings.push(
        `${what} of "${brief(wish)}" exceeded the effective max_ttl of "${brief(told)}"; ${what} value is capped accordingly`,
      )
    }
    return Math.min(wish, end)
  }
  if (period === 0) return { ttl: within("TTL", ttl || mount.defaultTtl, Math.max(0, most - age)), warnings }
  const each = within("period", period, most)
  const end = explicitMaxTtl > 0 ? Math.max(0, explicitMaxTtl - age) : each
  return { ttl: within("TTL", each, end), warnings }
}

/** A duration without its empty parts: `768h`, `1h30m`. */
const brief = (seconds: number): string =>
  formatDuration(seconds)
    .replace(/(?<=[hm])0s$/, "")
    .replace(/(?<=h)0m$/, "")

export interface TokenDraft {
  readonly namespace: Namespace
  readonly type: "service" | "batch"
  readonly policies: readonly string[]
  readonly path: string
  readonly meta: Readonly<Record<string, string>> | null
  readonly displayName: string
  readonly numUses: number
  readonly parent: TokenEntry | undefined
  /** Seconds from now; 0 never ends (root tokens only). */
  readonly ttl: number
  readonly explicitMaxTtl: number
  readonly period: number
  readonly maxTtl: number
  readonly renewable: boolean
  readonly role: string
  readonly entityId: string
  readonly boundCidrs: readonly string[]
  readonly mount: string
  readonly internal?: JsonObject | undefined
  /** A text chosen by the caller (sudo only). */
  readonly text?: string | undefined
  readonly warnings?: readonly string[]
  /** The role of the login, for quotas; found out when there are any. */
  readonly loginRole?: (() => Promise<string>) | undefined
}

/** Makes a token in this transaction. */
export async function issueToken(server: Server, view: View, draft: TokenDraft): Promise<Grant> {
  const now = server.now()
  const suffix = draft.namespace.id === ROOT.id ? "" : `.${draft.namespace.id}`
  const text = draft.text ?? `hvs.${base62(server.random, 24)}${suffix}`
  const service = draft.type === "service"
  const countedAt = await server.leaseQuotas.admitToken(view, draft)
  const entry: TokenEntry = {
    id: service ? await tokenId(view, text) : "",
    namespace: draft.namespace.id,
    accessor: service ? base62(server.random, 24) + suffix : "",
    type: draft.type,
    policies: draft.policies,
    path: draft.path,
    meta: draft.meta,
    displayName: draft.displayName,
    numUses: draft.numUses,
    parent: draft.parent && `${draft.parent.namespace}/${draft.parent.id}`,
    createdAt: Math.floor(now),
    ttl: draft.ttl,
    expiresAt: draft.ttl === 0 ? 0 : now + draft.ttl,
    explicitMaxTtl: draft.explicitMaxTtl,
    period: draft.period,
    maxTtl: draft.maxTtl,
    renewable: draft.renewable && service,
    lastRenewal: 0,
    role: draft.role,
    entityId: draft.entityId,
    boundCidrs: draft.boundCidrs,
    mount: draft.mount,
    internal: draft.internal,
    ...(countedAt === undefined ? {} : { countedAt }),
  }
  const identity = draft.entityId === "" ? undefined : await identityOf(view, draft.namespace.id, draft.entityId)
  const identityPolicies = identity === undefined ? [] : policiesOf(identity)
  const warnings = draft.warnings ?? []
  if (!service) return { text: await sealBatchToken(view, entry), entry, identityPolicies, warnings }
  if (draft.text !== undefined && (await view.get(tokenKeyOf(entry))) !== undefined) {
    throw refuse.invalid("cannot create a token with a duplicate ID")
  }
  await writeToken(view, entry)
  return { text, entry, identityPolicies, warnings }
}

const tokenKeyOf = (entry: TokenEntry): string => `ns/${entry.namespace}/token/id/${entry.id}`

/** The policies of a token: names folded, `default` added, blanks dropped. */
export function tidyPolicies(names: readonly string[], withDefault: boolean): string[] {
  const tidy = new Set(names.map(policyName).filter(name => name !== ""))
  if (tidy.has("root")) return ["root"]
  if (withDefault) tidy.add("default")
  return [...tidy].sort()
}

/** A sentence for each policy that does not exist. */
export async function unknownPolicies(view: View, namespaceId: string, names: readonly string[]): Promise<string[]> {
  const warnings: string[] = []
  for (const name of names) {
    if (name === "root") continue
    if ((await readPolicy(view, namespaceId, name)) === undefined)
      warnings.push(`Policy ${JSON.stringify(name)} does not exist`)
  }
  return warnings
}

/** What a proven login on `mount` earns. */
export async function grantLogin(
  server: Server,
  view: View,
  namespace: Namespace,
  entry: MountEntry,
  path: string,
  login: Login,
  loginRole?: () => Promise<string>,
): Promise<Grant> {
  const { terms } = login
  const mount = mountFor(entry, server.limits)
  const type = tokenTypeOf(entry, terms.type)
  if (login.policies.some(name => policyName(name) === "root"))
    throw refuse.invalid("auth methods cannot create root tokens")
  const policies = tidyPolicies(login.policies, !terms.noDefaultPolicy)
  const entity = await entityFor(server, view, namespace, entry, login)
  const life = lifeOf({ ...terms, mount, age: 0 })
  return issueToken(server, view, {
    namespace,
    type,
    policies,
    path,
    meta: login.metadata,
    displayName: displayNameOf(entry, login.displayName),
    numUses: type === "batch" ? 0 : terms.numUses,
    parent: undefined,
    ttl: life.ttl,
    explicitMaxTtl: terms.explicitMaxTtl,
    period: terms.period,
    maxTtl: terms.maxTtl,
    renewable: login.renewable ?? true,
    role: "",
    entityId: entity?.id ?? "",
    boundCidrs: terms.boundCidrs,
    mount: entry.accessor,
    internal: login.internal,
    loginRole,
    warnings: [...life.warnings, ...(await unknownPolicies(view, namespace.id, policies))],
  })
}

async function entityFor(
  server: Server,
  view: View,
  namespace: Namespace,
  entry: MountEntry,
  { alias, groupAliases }: Login,
): Promise<Entity | undefined> {
  if (alias === undefined) return undefined
  const known = { accessor: entry.accessor, name: alias.name, metadata: alias.metadata ?? {} }
  const world = { now: server.now(), uuid: () => uuid(server.random) }
  const entity = await entityOfLogin(view, namespace.id, known, world)
  if (groupAliases !== undefined)
    await followGroups(view, namespace.id, entity.id, entry.accessor, groupAliases, world.now)
  return entity
}

/** `userpass-alice`: the method, then who. */
function displayNameOf(entry: MountEntry, name: string): string {
  const mount = entry.path.replace(/^auth\//, "").replaceAll("/", "-")
  return name === "" ? mount.replace(/-$/, "") : `${mount}${name}`
}

/** The role's wish and the mount's, as Vault combines them. */
function tokenTypeOf(entry: MountEntry, wish: Login["terms"]["type"]): "service" | "batch" {
  const mount = entry.config.token_type ?? "default-service"
  if (mount === "service" || mount === "batch") return mount
  if (wish === "service" || wish === "default-service") return "service"
  if (wish === "batch" || wish === "default-batch") return "batch"
  return mount === "default-batch" ? "batch" : "service"
}
