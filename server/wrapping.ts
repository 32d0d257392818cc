/** Response wrapping: the answer waits behind a token that opens it once. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto"
import { decodeJson, encodeJson, type Json } from "@arca/api"
import type { View } from "@arca/storage"
import { issueToken } from "./grants.ts"
import { layout } from "./layout.ts"
import { mountTable } from "./mounts.ts"
import type { Namespace } from "./namespaces.ts"
import type { Server } from "./server.ts"
import { findToken, isLive, type TokenEntry } from "./tokens.ts"

/** What a caller learns of a wrapped reply. */
export interface WrapFacts {
  readonly token: string
  readonly accessor: string
  /** Seconds. */
  readonly ttl: number
  /** RFC 3339. */
  readonly creationTime: string
  readonly creationPath: string
  /** Accessor of the token inside, when the reply is a login's. */
  readonly wrappedAccessor: string
  readonly entry: TokenEntry
}

/** What waits in the wrapping token's cubbyhole. */
export interface Wrapped {
  /** The body that will be answered; null for an empty reply. */
  readonly response: Json
  /** Its status, where that does not follow from the body. */
  readonly status?: number
  readonly creation_time: string
  readonly creation_ttl: number
  readonly creation_path: string
}

const WRAPPING_KEY = "core/wrapping-key"
export const RESPONSE = "response"

/** Where a token's cubbyhole lies, relative to the store's root; undefined for a namespace that has none any more. */
export async function cubbyholeOf(view: View, namespace: Namespace, token: TokenEntry): Promise<View | undefined> {
  const mount = (await mountTable(view, namespace)).byPath.get("cubbyhole/")
  if (mount === undefined) return undefined
  return view.scope(layout.namespace(namespace.id) + layout.mount(mount.uuid)).scope(`${token.id}/`)
}

/** Puts `response` behind a new wrapping token, in this transaction. */
export async function wrap(
  server: Server,
  view: View,
  namespace: Namespace,
  response: Json,
  options: { ttl: number; path: string; format: "" | "jwt"; wrappedAccessor: string; status?: number | undefined },
): Promise<WrapFacts> {
  const { entry, text } = await issueToken(server, view, {
    namespace,
    type: "service",
    policies: ["response-wrapping"],
    path: options.path,
    meta: null,
    displayName: "",
    numUses: 1,
    parent: undefined,
    ttl: options.ttl,
    explicitMaxTtl: options.ttl,
    period: 0,
    maxTtl: 0,
    renewable: false,
    role: "",
    entityId: "",
    boundCidrs: [],
    mount: "",
  })
  const creationTime = new Date(server.now() * 1000).toISOString()
  const wrapped: Wrapped = {
    response,
    ...(options.status === undefined ? {} : { status: options.status }),
    creation_time: creationTime,
    creation_ttl: options.ttl,
    creation_path: options.path,
  }
  const cubbyhole = await cubbyholeOf(view, namespace, entry)
  cubbyhole?.put(RESPONSE, encodeJson(wrapped as unknown as Json))
  return {
    token: options.format === "jwt" ? await wrappingJwt(server, view, entry, text) : text,
    accessor: entry.accessor,
    ttl: options.ttl,
    creationTime,
    creationPath: options.path,
    wrappedAccessor: options.wrappedAccessor,
    entry,
  }
}

/** What waits behind a wrapping token; undefined when it is none, was used, or is over. Nothing is used up by looking. */
export async function lookWrapped(
  server: Server,
  view: View,
  namespaceOf: (id: string) => Namespace | undefined,
  text: string,
): Promise<{ entry: TokenEntry; wrapped: Wrapped; namespace: Namespace } | undefined> {
  const token = text.includes(".eyJ") || text.startsWith("eyJ") ? await tokenInJwt(view, text) : text
  const entry = token === undefined ? undefined : await findToken(view, token)
  if (entry === undefined || !entry.policies.includes("response-wrapping")) return undefined
  if (entry.expiresAt !== 0 && server.now() >= entry.expiresAt) return undefined
  const namespace = namespaceOf(entry.namespace)
  const stored = namespace && (await (await cubbyholeOf(view, namespace, entry))?.get(RESPONSE))
  if (namespace === undefined || stored === undefined) return undefined
  return { entry, wrapped: decodeJson(stored) as unknown as Wrapped, namespace }
}

export const isWrappingToken = (entry: TokenEntry, now: number): boolean =>
  isLive(entry, now) && entry.policies.length === 1 && entry.policies[0] === "response-wrapping"

const base64url = (text: string): string => Buffer.from(text).toString("base64url")

/** The token inside a JWT (ES512), with the address where it can be opened: Vault's `X-Vault-Wrap-Format: jwt`. */
async function wrappingJwt(server: Server, view: View, entry: TokenEntry, text: string): Promise<string> {
  const key = await wrappingKey(view)
  const claims = {
    accessor: entry.accessor,
    addr: server.facts.apiAddress,
    exp: Math.floor(entry.expiresAt),
    iat: entry.createdAt,
    jti: text,
    type: "wrapping",
  }
  const content = `${base64url('{"alg":"ES512","typ":"JWT"}')}.${base64url(JSON.stringify(claims))}`
  const signature = sign("sha512", Buffer.from(content), { key, dsaEncoding: "ieee-p1363" })
  return `${content}.${signature.toString("base64url")}`
}

async function tokenInJwt(view: View, jwt: string): Promise<string | undefined> {
  const [head = "", body = "", signature = "", ...rest] = jwt.split(".")
  if (rest.length > 0) return undefined
  try {
    if (Buffer.from(head, "base64url").toString() !== '{"alg":"ES512","typ":"JWT"}') return undefined
    const key = createPublicKey(await wrappingKey(view))
    const right = verify(
      "sha512",
      Buffer.from(`${head}.${body}`),
      { key, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    )
    const { jti } = JSON.parse(Buffer.from(body, "base64url").toString()) as { jti?: unknown }
    return right && typeof jti === "string" ? jti : undefined
  } catch {
    return undefined
  }
}

const decodeKey = (value: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(value), format: "der", type: "pkcs8" })

async function wrappingKey(view: View): Promise<KeyObject> {
  const known = await view.cached(WRAPPING_KEY, decodeKey)
  if (known !== undefined) return known
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-521" })
  view.put(WRAPPING_KEY, privateKey.export({ format: "der", type: "pkcs8" }))
  return privateKey
}
