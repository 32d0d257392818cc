/**
 * The token store. A token is known to the store only by a keyed hash; whoever reads the disk, even unsealed, gets no token.
 * Nothing is loaded at start: a token is read when it is used, and expires from the time-ordered index.
 */

import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import { type KeyedHash, keyedHash } from "@arca/crypto/keyed-hash"
import type { Maybe, View } from "@arca/storage"
import { layout, timeKey } from "./layout.ts"
import { ROOT } from "./namespaces.ts"

/** Times are seconds since 1970, lives are seconds; 0 is "none". */
export interface TokenEntry {
  /** Keyed hash of the token: its name in the store. */
  readonly id: string
  readonly namespace: string
  readonly accessor: string
  readonly type: "service" | "batch"
  readonly policies: readonly string[]
  /** The request path that made it: `auth/token/create`. */
  readonly path: string
  readonly meta: Readonly<Record<string, string>> | null
  readonly displayName: string
  /** Uses left; 0 is without limit, -1 is spent. */
  readonly numUses: number
  /** Hash of the parent token, with its namespace (`<namespace>/<hash>`); absent for orphans. */
  readonly parent?: string | undefined
  readonly createdAt: number
  /** Its first life. */
  readonly ttl: number
  /** The life that the last renewal gave it; absent before that. */
  readonly renewedTtl?: number | undefined
  readonly expiresAt: number
  readonly explicitMaxTtl: number
  readonly period: number
  /** The longest life the mount allowed when it was made; renewals stay within it. */
  readonly maxTtl: number
  readonly renewable: boolean
  readonly lastRenewal: number
  readonly role: string
  readonly entityId: string
  readonly boundCidrs: readonly string[]
  /** Accessor of the auth mount that made it. */
  readonly mount: string
  /** What the auth method needs to renew it. */
  readonly internal?: JsonObject | undefined
  /** Where lease-count quotas count it; absent while there are none. */
  readonly countedAt?: string | undefined
}

export interface TokenKeys {
  readonly hash: KeyedHash
  readonly batch: Uint8Array
}

const TOKEN = /^(hv[sbr]\.|[sbr]\.)?[\w.-]+$/

/** Makes the keys for tokens, once, at init. */
export function writeTokenKeys(view: View, random: (bytes: number) => Uint8Array): void {
  const keys = { hash: Buffer.from(random(32)).toString("base64"), batch: Buffer.from(random(32)).toString("base64") }
  view.put(layout.tokenKeys, encodeJson(keys))
}

function decodeKeys(value: Uint8Array): TokenKeys {
  const { hash, batch } = decodeJson(value) as { hash: string; batch: string }
  return { hash: keyedHash(Buffer.from(hash, "base64")), batch: Buffer.from(batch, "base64") }
}

export async function tokenKeys(view: View): Promise<TokenKeys> {
  const keys = await view.cached(layout.tokenKeys, decodeKeys)
  if (keys === undefined) throw new Error("the store has no token keys: it was not initialised by this software")
  return keys
}

const hashWith = (keys: TokenKeys, text: string): string => keys.hash.digest(text, "base64url")

/** The token's name in the store. */
export async function tokenId(view: View, token: string): Promise<string> {
  return hashWith(await tokenKeys(view), token)
}

/** The id of the namespace at the end of a token or lease id (`hvs.xxx.<id>`), `root` when it has none. */
export function namespaceIdOf(id: string, prefix = ""): string {
  const body = id.startsWith(prefix) ? id.slice(prefix.length) : id
  const dot = body.lastIndexOf(".")
  return dot < 0 ? ROOT.id : body.slice(dot + 1)
}

const tokenPrefix = (token: string): string => /^(hv[sbr]\.|[sbr]\.)/.exec(token)?.[0] ?? ""

const decodeToken = (value: Uint8Array): TokenEntry => decodeJson(value) as unknown as TokenEntry

const scopeOf = (view: View, namespaceId: string): View => view.scope(layout.namespace(namespaceId))

export const readToken = (view: View, namespaceId: string, id: string): Maybe<TokenEntry | undefined> =>
  scopeOf(view, namespaceId).cached(layout.token + id, decodeToken)

/** The entry of a presented token, whatever its state; undefined when there is none. */
export async function findToken(view: View, token: string): Promise<TokenEntry | undefined> {
  if (token.length > 8192 || !TOKEN.test(token)) return undefined
  const prefix = tokenPrefix(token)
  if (prefix === "hvb.") return openBatchToken(await tokenKeys(view), token)
  return readToken(view, namespaceIdOf(token, prefix), await tokenId(view, token))
}

/** Whether the entry is good for a request at `now`. */
export const isLive = (entry: TokenEntry, now: number): boolean =>
  entry.numUses >= 0 && (entry.expiresAt === 0 || now < entry.expiresAt)

export async function findByAccessor(view: View, accessor: string): Promise<TokenEntry | undefined> {
  if (!/^[\w.-]{1,128}$/.test(accessor)) return undefined
  const namespaceId = namespaceIdOf(accessor)
  const key = layout.accessor + hashWith(await tokenKeys(view), accessor)
  const id = await scopeOf(view, namespaceId).get(key)
  return id === undefined ? undefined : readToken(view, namespaceId, Buffer.from(id).toString())
}

/** Stores a token with its accessor, its place under its parent, and its place in the expiry index. */
export async function writeToken(view: View, entry: TokenEntry, before?: TokenEntry): Promise<void> {
  const scope = scopeOf(view, entry.namespace)
  scope.put(layout.token + entry.id, encodeJson(entry as unknown as JsonObject))
  if (before !== undefined) {
    if (before.expiresAt !== entry.expiresAt) unindex(view, before)
  } else {
    scope.put(layout.accessor + hashWith(await tokenKeys(view), entry.accessor), Buffer.from(entry.id))
    scope.put(`token/list/${entry.accessor}`, new Uint8Array([1]))
    const parent = parentOf(entry)
    if (parent)
      scopeOf(view, parent.namespace).put(
        `${layout.child(parent.id)}${entry.namespace}.${entry.id}`,
        new Uint8Array([1]),
      )
  }
  if (entry.countedAt !== undefined && before?.countedAt === undefined)
    scope.put(countKey(entry.countedAt, entry), new Uint8Array([1]))
  if (entry.expiresAt > 0) view.put(expiryKey(entry), new Uint8Array([1]))
}

const countKey = (countedAt: string, { id }: TokenEntry): string => `${layout.tokenAt}${countedAt}/${id}`

export const expiryKey = (entry: TokenEntry): string =>
  `${layout.expiry}${timeKey(entry.expiresAt)}/${entry.namespace}/t/${entry.id}`

function unindex(view: View, entry: TokenEntry): void {
  if (entry.expiresAt > 0) view.delete(expiryKey(entry))
}

export function parentOf(entry: TokenEntry): { namespace: string; id: string } | undefined {
  if (entry.parent === undefined) return undefined
  const at = entry.parent.indexOf("/")
  return { namespace: entry.parent.slice(0, at), id: entry.parent.slice(at + 1) }
}

/** Removes every trace of one token. Its children and leases are the caller's business (`revocation.ts`). */
export async function eraseToken(view: View, entry: TokenEntry): Promise<void> {
  const scope = scopeOf(view, entry.namespace)
  scope.delete(layout.token + entry.id)
  scope.delete(layout.accessor + hashWith(await tokenKeys(view), entry.accessor))
  scope.delete(`token/list/${entry.accessor}`)
  if (entry.countedAt !== undefined) scope.delete(countKey(entry.countedAt, entry))
  unindex(view, entry)
  const parent = parentOf(entry)
  if (parent) scopeOf(view, parent.namespace).delete(`${layout.child(parent.id)}${entry.namespace}.${entry.id}`)
}

/** The direct children of a token, as `[namespace, id]`. */
export async function childrenOf(view: View, entry: TokenEntry, limit: number): Promise<TokenEntry[]> {
  const names = await scopeOf(view, entry.namespace).list(layout.child(entry.id), { limit })
  const children = await Promise.all(
    names.map(name => {
      const at = name.indexOf(".")
      return readToken(view, name.slice(0, at), name.slice(at + 1))
    }),
  )
  return children.filter(child => child !== undefined)
}

/**
 * A batch token is its own record, sealed under a key of the store: nothing is written, nothing can be revoked.
 * Its entry's id is a hash, so that what hangs on it (its leases) has a name.
 */
export async function sealBatchToken(view: View, entry: TokenEntry): Promise<string> {
  const keys = await tokenKeys(view)
  const nonce = randomBytes(12)
  const cipher = createCipheriv("aes-256-gcm", keys.batch, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify(entry)), cipher.final(), cipher.getAuthTag()])
  return `hvb.${sealed.toString("base64url")}${suffixOf(entry)}`
}

/** What ends a token of a namespace other than the root. */
const suffixOf = ({ namespace }: TokenEntry): string => (namespace === ROOT.id ? "" : `.${namespace}`)

function openBatchToken(keys: TokenKeys, token: string): TokenEntry | undefined {
  const body = token.slice(tokenPrefix(token).length).split(".", 1)[0] ?? ""
  const sealed = Buffer.from(body, "base64url")
  if (sealed.length < 12 + 16 || sealed.toString("base64url") !== body) return undefined
  const decipher = createDecipheriv("aes-256-gcm", keys.batch, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
    const entry = decodeJson(plain) as unknown as TokenEntry
    // One token has one spelling: with another namespace behind it, or none, it would be another token to its leases.
    return token === `hvb.${body}${suffixOf(entry)}` ? { ...entry, id: hashWith(keys, token) } : undefined
  } catch {
    return undefined
  }
}

/** Equality of two secrets in constant time. */
export function sameSecret(a: string, b: string): boolean {
  const key = randomBytes(32)
  const digest = (text: string) => createHmac("sha256", key).update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
