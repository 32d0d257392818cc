/**
 * Guessing of logins. Wrong proofs are counted for each name of an auth mount; at the threshold the name is locked for a while,
 * and every login under it is refused (403) before the proof is looked at.
 *
 * The count lies in the store, so it holds on every process. A login reads it in its own transaction: a right proof among many
 * wrong ones sent at once is committed before the threshold was reached, or not at all. Names that nobody has are counted like
 * all others, so that a lock tells nothing.
 */

import { createHash } from "node:crypto"
import { type Answer, decodeJson, encodeJson, field, holdsFor, type JsonObject, Refusal, refuse } from "@arca/api"
import type { Maybe, View } from "@arca/storage"
import { layout, timeKey } from "./layout.ts"
import type { MountEntry, UserLockout } from "./mounts.ts"
import type { Namespace } from "./namespaces.ts"
import type { Place } from "./pipeline.ts"
import type { Lockout, Server, ServerContext } from "./server.ts"
import { transact } from "./transact.ts"

/** When a name is locked. Times are seconds. */
export interface LockoutRule {
  readonly threshold: number
  readonly duration: number
  /** Without a failure for so long the count starts anew. */
  readonly counterReset: number
  readonly disabled: boolean
}

export const LOCKOUT_DEFAULTS: LockoutRule = { threshold: 5, duration: 900, counterReset: 900, disabled: false }

/** The stanzas `user_lockout "<type>"`; the type `all` holds for every auth method. */
export type LockoutStanzas = ReadonlyMap<string, Partial<LockoutRule>>

/** Wrong proofs for one name. */
interface Failures {
  /** As it was given; longer ones are cut, for nobody has such a name. */
  readonly name: string
  readonly count: number
  /** Seconds since 1970. */
  readonly last: number
  /** When it is forgotten, for the index of what ends by itself. */
  readonly until: number
}

const MAX_SHOWN_NAME = 256
const FOLDER = "lockout/"

const decode = (value: Uint8Array): Failures => decodeJson(value) as unknown as Failures

/** What was typed as a name may have been a password, so keys, which lie outside the barrier, hold a hash. */
const idOf = (accessor: string, name: string): string =>
  `${accessor}/${createHash("sha256").update(name).digest("base64url")}`

const keyOf = (namespaceId: string, id: string): string => layout.namespace(namespaceId) + FOLDER + id

const expiryKey = (namespaceId: string, id: string, until: number): string =>
  `${layout.expiry}${timeKey(until)}/${namespaceId}/f/${id}`

/** The rule of a mount: its own tuning, then the stanza of its type, then that of all, then Vault's defaults. */
export function lockoutRule(stanzas: LockoutStanzas, entry: MountEntry): LockoutRule {
  const rule = { ...LOCKOUT_DEFAULTS, ...stanzas.get("all"), ...stanzas.get(entry.type) }
  const tuned = entry.config.user_lockout_config
  return {
    threshold: tuned?.lockout_threshold || rule.threshold,
    duration: tuned?.lockout_duration || rule.duration,
    counterReset: tuned?.lockout_counter_reset || rule.counterReset,
    disabled: tuned?.lockout_disable ?? rule.disabled,
  }
}

const isLocked = (failures: Failures, rule: LockoutRule, now: number): boolean =>
  failures.count >= rule.threshold && now < failures.last + rule.duration

/** Locks names out by `stanzas`. A name is what an auth method declares as one (`lockout`). */
export function userLockout(stanzas: LockoutStanzas): Lockout {
  return {
    rule: entry => lockoutRule(stanzas, entry),
    watch: (ctx, place, login) => {
      const name = nameOf(ctx.server, place, ctx.full.body)
      if (name === undefined || place.entry === undefined) return login()
      const rule = lockoutRule(stanzas, place.entry)
      if (rule.disabled) return login()
      return watched(ctx, place.entry, name, rule, login)
    },
  }
}

/** The name that a login is about; undefined for everything that is no login, or of a method without a lockout. */
function nameOf(server: Server, { entry, match, path, verb }: Place, body: JsonObject): string | undefined {
  if (entry?.kind !== "auth" || verb !== "write" || !holdsFor(match?.route.open, verb)) return undefined
  return server.registry.engine("auth", entry.type)?.lockout?.(path.slice(entry.path.length), body)
}

async function watched(
  ctx: ServerContext,
  entry: MountEntry,
  name: string,
  rule: LockoutRule,
  login: () => Maybe<Answer | undefined>,
): Promise<Answer | undefined> {
  const { server, namespace, view } = ctx
  const id = idOf(entry.accessor, name)
  const before = await view.cached(keyOf(namespace.id, id), decode)
  if (before !== undefined && isLocked(before, rule, ctx.now)) throw refuse.forbidden("permission denied")
  try {
    const answer = await login()
    if (before !== undefined) erase(view, namespace.id, id, before)
    return answer
  } catch (error) {
    if (isWrongProof(error)) await countFailure(server, namespace, entry, name, rule)
    throw error
  }
}

/** Whatever the method found wrong with what it was shown. Its own troubles (502, 500) are nobody's guess. */
const isWrongProof = (error: unknown): boolean =>
  error instanceof Refusal && (error.status === 400 || error.status === 401 || error.status === 403)

async function countFailure(
  server: Server,
  namespace: Namespace,
  entry: MountEntry,
  name: string,
  rule: LockoutRule,
): Promise<void> {
  const id = idOf(entry.accessor, name)
  const now = server.now()
  const locked = await transact(server, async view => {
    const before = await view.cached(keyOf(namespace.id, id), decode)
    const counted = before !== undefined && now < before.last + rule.counterReset ? before.count : 0
    const until = now + Math.max(rule.duration, rule.counterReset)
    const next: Failures = { name: name.slice(0, MAX_SHOWN_NAME), count: counted + 1, last: now, until }
    if (before !== undefined) view.delete(expiryKey(namespace.id, id, before.until))
    view.put(keyOf(namespace.id, id), encodeJson(next as unknown as JsonObject))
    view.put(expiryKey(namespace.id, id, until), new Uint8Array([1]))
    return next.count === rule.threshold
  })
  if (locked) server.log.warn("a name was locked out after failed logins", { mount: namespace.path + entry.path })
}

function erase(view: View, namespaceId: string, id: string, failures: Failures): void {
  view.delete(keyOf(namespaceId, id))
  view.delete(expiryKey(namespaceId, id, failures.until))
}

/** Forgets failures that are too old to count at `now`, in this transaction. `id` is what stands in the index. */
export async function endFailures(view: View, { namespace, id }: { namespace: string; id: string }, now: number) {
  const failures = await view.cached(keyOf(namespace, id), decode)
  if (failures !== undefined && failures.until <= now) erase(view, namespace, id, failures)
}

/** Lets a name in again. Nothing happens when it was not locked. */
export async function unlock(view: View, namespace: Namespace, accessor: string, name: string): Promise<void> {
  const id = idOf(accessor, name)
  const failures = await view.cached(keyOf(namespace.id, id), decode)
  if (failures !== undefined) erase(view, namespace.id, id, failures)
}

/** Failures looked at in one step. */
const PAGE = 1_000

/** The names of a namespace that are locked now, by the accessor of their mount. `ruleOf` finds a mount's rule. */
export async function lockedNames(
  view: View,
  namespace: Namespace,
  now: number,
  ruleOf: (accessor: string) => LockoutRule | undefined,
): Promise<Map<string, string[]>> {
  const folder = keyOf(namespace.id, "")
  const locked = new Map<string, string[]>()
  for (let after: string | undefined; ; ) {
    const ids = await view.keys(folder, { limit: PAGE, ...(after === undefined ? {} : { after }) })
    for (const id of ids) {
      const accessor = id.slice(0, id.indexOf("/"))
      const failures = await view.cached(folder + id, decode)
      const rule = ruleOf(accessor)
      if (failures === undefined || rule === undefined || rule.disabled || !isLocked(failures, rule, now)) continue
      locked.set(accessor, [...(locked.get(accessor) ?? []), failures.name])
    }
    if (ids.length < PAGE) return locked
    after = ids.at(-1)
  }
}

/** The keys of `user_lockout_config` as Vault's API has them, each with the name it is kept under. */
const TUNING = {
  lockout_threshold: { kept: "lockout_threshold", field: field.int("") },
  lockout_duration: { kept: "lockout_duration", field: field.duration("") },
  lockout_counter_reset_duration: { kept: "lockout_counter_reset", field: field.duration("") },
  lockout_disable: { kept: "lockout_disable", field: field.bool("") },
} as const

/** A mount's tuning after `given`; what is not named stays. Refuses (400) what cannot be read. */
export function tunedLockout(
  given: JsonObject | undefined,
  before: UserLockout | undefined,
  { type, allowed }: { readonly type: string; readonly allowed: boolean },
): UserLockout | undefined {
  if (given === undefined || Object.keys(given).length === 0) return before
  if (!allowed)
    throw refuse.invalid(`tuning of user lockout configuration for auth type ${JSON.stringify(type)} not allowed`)
  const next: Record<string, unknown> = { ...before }
  for (const [name, { kept, field: declared }] of Object.entries(TUNING)) {
    const raw = Object.hasOwn(given, name) ? given[name] : given[kept]
    if (raw === undefined || raw === null || raw === "") continue
    const value = raw === "system" ? 0 : declared.kind.read(raw)
    if (typeof value === "object" || (typeof value === "number" && value < 0)) {
      throw refuse.invalid(`invalid user_lockout_config: cannot read ${name} ${JSON.stringify(raw)}`)
    }
    next[kept] = value
  }
  const unknown = Object.keys(given).find(name => !(name in TUNING) && name !== "lockout_counter_reset")
  if (unknown !== undefined) {
    throw refuse.invalid(
      `invalid user_lockout_config: unknown key ${unknown}; known are ${Object.keys(TUNING).join(", ")}`,
    )
  }
  return next as unknown as UserLockout
}

/** A mount's tuning as Vault shows it; 0 leaves it to the server. */
export const shownLockout = (tuned: UserLockout): JsonObject => ({
  user_lockout_counter_reset_duration: tuned.lockout_counter_reset ?? 0,
  user_lockout_threshold: tuned.lockout_threshold ?? 0,
  user_lockout_duration: tuned.lockout_duration ?? 0,
  user_lockout_disable: tuned.lockout_disable ?? false,
})
