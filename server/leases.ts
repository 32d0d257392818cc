/**
 * Leases: what was issued, for whom, until when.
 *
 * A lease with an outside effect is durable before the effect exists (`prepared`), becomes `active` together with the reply,
 * and `revoking` once its end began. Whatever state a crash leaves it in, its entry in the time-ordered index brings it
 * back to the expiry job, which undoes the effect.
 */

import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { Maybe, View } from "@arca/storage"
import { layout, timeKey } from "./layout.ts"

export type LeaseState = "prepared" | "active" | "revoking" | "irrevocable"

/** Times are seconds since 1970. */
export interface LeaseEntry {
  /** `<request path>/<24 base62>`, with the namespace's id behind a dot. */
  readonly id: string
  readonly namespace: string
  /** Uuid of the mount that issued it. */
  readonly mount: string
  readonly kind: string
  /** What the engine needs to renew and revoke it. */
  readonly data: JsonObject
  readonly state: LeaseState
  /** `<namespace>/<hash>` of the token it belongs to; it dies with it. */
  readonly token: string
  readonly issuedAt: number
  readonly expiresAt: number
  /** The end of the batch token it belongs to, which no renewal passes; absent for other tokens. */
  readonly endsBy?: number | undefined
  /** Seconds from its issue that renewals stay within; 0 leaves it to the mount. */
  readonly maxTtl: number
  readonly ttl: number
  readonly renewable: boolean
  readonly lastRenewal: number
  /** Failed attempts to revoke it, and what the last one said. */
  readonly attempts: number
  readonly error?: string | undefined
  /** Until when whoever is revoking it is left alone, lest its effect be undone twice. */
  readonly heldUntil?: number | undefined
  /** The process that is revoking it. */
  readonly heldBy?: string | undefined
  /** Who asked for it, and why they could; leases from before this was kept have none. */
  readonly asked?: Asked | undefined
  /** When the index brings it up next; `expiresAt` unless a revocation failed. */
  readonly dueAt: number
}

/** Field names as `sys/leases/explain` shows them. */
export interface Asked {
  readonly display_name: string
  readonly accessor: string
  readonly entity_id: string
  readonly policies: readonly string[]
  /** The policies whose rules gave the capability. */
  readonly allowed_by: readonly string[]
  readonly remote_address: string
  readonly request_id: string
}

/** How long a prepared lease waits for a sign of its request before the expiry job undoes it, in seconds. */
export const PREPARED_SECONDS = 30

const decodeLease = (value: Uint8Array): LeaseEntry => decodeJson(value) as unknown as LeaseEntry

const scopeOf = (view: View, namespaceId: string): View => view.scope(layout.namespace(namespaceId))

export const readLease = (view: View, namespaceId: string, id: string): Maybe<LeaseEntry | undefined> =>
  scopeOf(view, namespaceId).cached(layout.lease + id, decodeLease)

export const expiryKey = (lease: LeaseEntry): string =>
  `${layout.expiry}${timeKey(lease.dueAt)}/${lease.namespace}/l/${lease.id}`

function tokenIndex(view: View, lease: LeaseEntry): { scope: View; key: string } | undefined {
  if (lease.token === "") return undefined
  const at = lease.token.indexOf("/")
  const scope = scopeOf(view, lease.token.slice(0, at))
  return { scope, key: `${layout.leaseOfToken(lease.token.slice(at + 1))}${lease.namespace}/${lease.id}` }
}

export function writeLease(view: View, lease: LeaseEntry, before?: LeaseEntry): void {
  scopeOf(view, lease.namespace).put(layout.lease + lease.id, encodeJson(lease as unknown as JsonObject))
  if (before !== undefined && before.dueAt !== lease.dueAt) view.delete(expiryKey(before))
  view.put(expiryKey(lease), new Uint8Array([1]))
  const index = tokenIndex(view, lease)
  if (before === undefined && index) index.scope.put(index.key, new Uint8Array([1]))
}

export function eraseLease(view: View, lease: LeaseEntry): void {
  scopeOf(view, lease.namespace).delete(layout.lease + lease.id)
  view.delete(expiryKey(lease))
  const index = tokenIndex(view, lease)
  index?.scope.delete(index.key)
}

/** The leases of a token, at most `limit`. */
export async function leasesOfToken(
  view: View,
  namespaceId: string,
  token: string,
  limit: number,
): Promise<LeaseEntry[]> {
  const names = await scopeOf(view, namespaceId).keys(layout.leaseOfToken(token), { limit })
  const leases = await Promise.all(
    names.map(name => {
      const at = name.indexOf("/")
      return readLease(view, name.slice(0, at), name.slice(at + 1))
    }),
  )
  return leases.filter(lease => lease !== undefined)
}

/** The ids below a prefix, in order. */
export const leaseIds = (
  view: View,
  namespaceId: string,
  prefix: string,
  page?: { after?: string; limit?: number },
): Promise<string[]> => scopeOf(view, namespaceId).keys(layout.lease + prefix, page)
