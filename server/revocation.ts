/**
 * Ending things: leases with their outside effects, tokens with all that hangs on them.
 *
 * Each step is a transaction of its own and can be repeated, so a crash anywhere is finished by the expiry job: the first
 * step of every ending moves its entry in the time-ordered index to now.
 */

import { setTimeout } from "node:timers/promises"
import { type JsonObject, type LeaseKind, refuse } from "@arca/api"
import type { View } from "@arca/storage"
import { type Caller, NOBODY } from "./authenticate.ts"
import { isGone } from "./claims.ts"
import { contextOf, noEffects } from "./context.ts"
import { layout } from "./layout.ts"
import { eraseLease, type LeaseEntry, leasesOfToken, readLease, writeLease } from "./leases.ts"
import { type MountEntry, mountTable, retiredMount } from "./mounts.ts"
import { type Namespace, namespaceTable } from "./namespaces.ts"
import type { Request, Server } from "./server.ts"
import { childrenOf, eraseToken, readToken, type TokenEntry, writeToken } from "./tokens.ts"
import { reading, transact } from "./transact.ts"
import { cubbyholeOf } from "./wrapping.ts"

/** After so many failed attempts a lease waits for a person (Vault's irrevocable lease). */
export const MAX_ATTEMPTS = 20
/** The pause after the first, in seconds; each is twice the one before, up to the longest. All together take some ten minutes. */
const FIRST_PAUSE = 0.5
/** An outside that is back is noticed after so long at the latest, by a server that was started anew as well. */
const LONGEST_PAUSE = 60
/** How many children or leases of a token are ended in one step. */
const STEP = 100

/** What background work looks like to a handler: a request that nobody sent. */
export const ownRequest = (id: string): Request => ({
  id,
  operation: "update",
  path: "",
  namespace: "",
  token: "",
  body: {},
  wrapTtl: undefined,
  wrapFormat: "",
  headers: new Map(),
  remoteAddress: "",
  remotePort: 0,
  certificate: undefined,
})

interface Home {
  readonly namespace: Namespace
  readonly entry: MountEntry
  readonly kind: LeaseKind<JsonObject>
}

/** Where a lease comes from, a disabled mount too; undefined when its mount or engine is gone. */
export async function homeOfLease(server: Server, view: View, lease: LeaseEntry): Promise<Home | undefined> {
  const namespace = (await namespaceTable(view)).byId.get(lease.namespace)
  const mounted = namespace && (await mountTable(view, namespace)).all.find(one => one.uuid === lease.mount)
  const entry = mounted ?? (await retiredMount(view, lease.namespace, lease.mount))
  const kind = entry && server.registry.lease(entry, lease.kind)
  return namespace && entry && kind && { namespace, entry, kind }
}

export const leaseContext = (server: Server, view: View, { namespace, entry }: Home, caller: Caller) =>
  contextOf({
    server,
    view,
    request: ownRequest(""),
    namespace,
    entry,
    caller,
    effects: noEffects(),
    fullPath: entry.path,
    operation: "update",
  })

/**
 * Ends a lease: first durably marked, then undone outside, then erased. Throws what the engine said when it could not be
 * undone; the lease then stays, and the expiry job comes back to it with growing pauses. `force` erases it all the same.
 */
export async function revokeLease(server: Server, lease: LeaseEntry, options: { force?: boolean } = {}): Promise<void> {
  const began = server.now()
  const marked = (await reading(server, view => actsOutside(server, view, lease)))
    ? await markRevoking(server, lease, options.force === true)
    : lease
  if (marked === undefined) return followRevocation(server, lease, options)
  try {
    await transact(server, async view => {
      await undoOutside(server, view, marked)
      const current = await readLease(view, marked.namespace, marked.id)
      if (current !== undefined) eraseLease(view, current)
    })
  } catch (error) {
    server.metrics.count("expire.revoke.error")
    if (options.force) return transact(server, async view => eraseLease(view, marked))
    await postpone(server, marked, error)
    throw error
  }
  server.metrics.sample("expire.revoke", (server.now() - began) * 1000)
}

/** How often to look whether someone else has ended a lease, in milliseconds. */
const LOOK = 50

/** Somebody else is about it: resolves when it is done, so that nobody is told so before. If it fails there, it is tried here. */
async function followRevocation(server: Server, lease: LeaseEntry, options: { force?: boolean }): Promise<void> {
  for (let waited = 0; waited <= HOLD_SECONDS * 1000; waited += LOOK) {
    const current = await reading(server, view => readLease(view, lease.namespace, lease.id))
    if (current === undefined) return
    if (!isHeld(server, current, server.now())) return revokeLease(server, current, options)
    await setTimeout(LOOK)
  }
  throw refuse.unavailable(`the lease ${lease.id} is still being revoked by another request; please send it again`)
}

/** Whether there is anything to undo; without it, ending a lease is one step. */
async function actsOutside(server: Server, view: View, lease: LeaseEntry): Promise<boolean> {
  return (await homeOfLease(server, view, lease))?.kind.revoke !== undefined
}

export async function undoOutside(server: Server, view: View, lease: LeaseEntry): Promise<void> {
  const home = await homeOfLease(server, view, lease)
  if (home?.kind.revoke) await home.kind.revoke(lease.data, leaseContext(server, view, home, NOBODY))
}

/**
 * Undoes what a failed request may have done outside. The lease stays prepared and is ended once more when its time is over:
 * an effect whose outcome was unknown may still be on its way.
 */
export async function undoPrepared(server: Server, lease: LeaseEntry): Promise<void> {
  await reading(server, view => undoOutside(server, view, lease))
}

/** How long a revocation may take before another node tries it, too. */
const HOLD_SECONDS = 30
/** How soon the index brings a held lease up again: whoever holds it may have died. */
export const GLANCE_SECONDS = 1

/** Whether a revocation goes on elsewhere, or in this process, by someone who lives. */
export function isHeld({ members }: Server, { heldUntil = 0, heldBy = "" }: LeaseEntry, now: number): boolean {
  if (heldUntil <= now) return false
  return heldBy === members.id || !(members.alone || isGone(heldBy))
}

async function markRevoking(server: Server, lease: LeaseEntry, force: boolean): Promise<LeaseEntry | undefined> {
  return transact(server, async view => {
    const current = await readLease(view, lease.namespace, lease.id)
    const now = server.now()
    if (current === undefined || (!force && isHeld(server, current, now))) return undefined
    const held = { heldUntil: now + HOLD_SECONDS, heldBy: server.members.id, dueAt: now + GLANCE_SECONDS }
    const marked: LeaseEntry = { ...current, state: "revoking", ...held }
    writeLease(view, marked, current)
    return marked
  })
}

/** Leaves the ending of a lease to the expiry job, durably: it is due from now on. */
export async function revokeSoon(server: Server, lease: LeaseEntry): Promise<void> {
  await transact(server, async view => {
    const current = await readLease(view, lease.namespace, lease.id)
    if (current === undefined || isHeld(server, current, server.now())) return
    writeLease(view, { ...current, state: "revoking", dueAt: server.now() }, current)
  })
}

/** Comes back later, without this counting as an attempt. */
export const putOff = (server: Server, view: View, current: LeaseEntry, seconds: number): void =>
  writeLease(view, { ...current, dueAt: server.now() + seconds * (1 + jitter(server)) }, current)

/** Up to a quarter, so that what failed together does not come back together. */
const jitter = (server: Server): number => ((server.random(1)[0] ?? 0) / 255) * 0.25

const postpone = (server: Server, lease: LeaseEntry, error: unknown): Promise<void> =>
  transact(server, view => writeFailed(server, view, lease, error))

/**
 * Comes back after half a second, 1 s, 2 s …, at most `longest`, with up to a quarter more; after `MAX_ATTEMPTS` only a person can
 * help.
 */
export async function writeFailed(
  server: Server,
  view: View,
  lease: LeaseEntry,
  error: unknown,
  longest = LONGEST_PAUSE,
): Promise<void> {
  const current = await readLease(view, lease.namespace, lease.id)
  if (current === undefined) return
  const attempts = current.attempts + 1
  const pause = Math.min(longest, FIRST_PAUSE * 2 ** (attempts - 1)) * (1 + jitter(server))
  const given = attempts >= MAX_ATTEMPTS
  const failed: LeaseEntry = {
    ...current,
    attempts,
    heldUntil: 0,
    state: given ? "irrevocable" : "revoking",
    error: error instanceof Error ? error.message : String(error),
    dueAt: given ? current.expiresAt + 10 * 365 * 86400 : server.now() + pause,
  }
  writeLease(view, failed, current)
}

/** Makes a token useless at once, durably; what hangs on it is ended by `reapToken`. */
export async function killToken(server: Server, token: TokenEntry): Promise<TokenEntry | undefined> {
  return transact(server, async view => {
    const current = await readToken(view, token.namespace, token.id)
    if (current === undefined) return undefined
    const dead: TokenEntry = { ...current, numUses: -1, expiresAt: server.now() }
    await writeToken(view, dead, current)
    return dead
  })
}

/**
 * Revokes a token with its children, its leases and its cubbyhole. When this resolves nothing of it is accepted on any node.
 * `orphan` leaves the children alive, without a parent.
 */
export async function revokeToken(
  server: Server,
  token: TokenEntry,
  options: { orphan?: boolean } = {},
): Promise<void> {
  const dead = await killToken(server, token)
  if (dead !== undefined) await reapToken(server, dead, options)
}

/** Ends what a dead token leaves behind, step by step, and erases it at last. */
export async function reapToken(server: Server, token: TokenEntry, options: { orphan?: boolean } = {}): Promise<void> {
  for (;;) {
    const children = await reading(server, view => childrenOf(view, token, STEP))
    if (children.length === 0) break
    for (const child of children) {
      if (options.orphan) await release(server, token, child)
      else await revokeToken(server, child)
    }
  }
  await revokeLeasesOf(server, token)
  await transact(server, view => eraseBare(view, token))
}

/** Whether no other token and no lease hangs on a token. */
export async function isBare(view: View, token: TokenEntry): Promise<boolean> {
  const scope = view.scope(layout.namespace(token.namespace))
  const children = await scope.keys(layout.child(token.id), { limit: 1 })
  const leases = await scope.keys(layout.leaseOfToken(token.id), { limit: 1 })
  return children.length + leases.length === 0
}

/** Erases a token that nothing hangs on any more but its cubbyhole. */
export async function eraseBare(view: View, token: TokenEntry): Promise<void> {
  const namespace = (await namespaceTable(view)).byId.get(token.namespace)
  const cubbyhole = namespace && (await cubbyholeOf(view, namespace, token))
  if (cubbyhole) for (const key of await cubbyhole.keys("")) cubbyhole.delete(key)
  const current = await readToken(view, token.namespace, token.id)
  if (current !== undefined) await eraseToken(view, current)
}

/** A lease that cannot be revoked now is left to the expiry job: the token is gone in any case. */
async function revokeLeasesOf(server: Server, token: TokenEntry): Promise<void> {
  const seen = new Set<string>()
  for (;;) {
    const leases = await reading(server, view => leasesOfToken(view, token.namespace, token.id, STEP + seen.size))
    const next = leases.filter(lease => !seen.has(lease.id))
    if (next.length === 0) return
    for (const lease of next) {
      seen.add(lease.id)
      await revokeLease(server, lease).catch((error: unknown) =>
        server.log.error("a lease of a revoked token could not be revoked yet", {
          lease: lease.id,
          error: String(error),
        }),
      )
    }
  }
}

async function release(server: Server, parent: TokenEntry, child: TokenEntry): Promise<void> {
  await transact(server, async view => {
    const current = await readToken(view, child.namespace, child.id)
    view.scope(`ns/${parent.namespace}/`).delete(`token/child/${parent.id}/${child.namespace}.${child.id}`)
    if (current !== undefined) await writeToken(view, { ...current, parent: undefined }, current)
  })
}
