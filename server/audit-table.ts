/** Which audit devices there are: a table in the store, opened by every process that serves. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { hostname } from "node:os"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import { type Maybe, orElse, type View } from "@arca/storage"
import { type AuditContext, type AuditDevice, openDevice } from "./audit/index.ts"
import { keptCheckpoint, type OlderStore } from "./audit-checkpoints.ts"
import type { Ground } from "./ground.ts"
import { layout } from "./layout.ts"
import { StoreRolledBack } from "./rollback.ts"
import type { Server } from "./server.ts"
import { reading, transact } from "./transact.ts"

export interface AuditEntry {
  /** With a trailing slash: `file/`. */
  readonly path: string
  readonly type: string
  readonly description: string
  readonly options: Readonly<Record<string, string>>
  readonly local: boolean
  /** Key of this device's HMACs. */
  readonly salt: string
}

/** Signs the checkpoints of all chains of this cluster. */
const SIGNING_KEY = "core/audit-signing-key"

const decodeTable = (value: Uint8Array): readonly AuditEntry[] =>
  (decodeJson(value) as unknown as { devices: AuditEntry[] }).devices

const NO_DEVICES: readonly AuditEntry[] = []

export const auditTable = (view: View): Maybe<readonly AuditEntry[]> =>
  orElse(view.cached(layout.auditDevices, decodeTable), NO_DEVICES)

/** Request headers that records show, by name as it was given. */
export type HeaderRules = Readonly<Record<string, { readonly hmac: boolean }>>

const NO_HEADERS: HeaderRules = {}

const decodeHeaders = (value: Uint8Array): HeaderRules => decodeJson(value) as unknown as HeaderRules

export const auditedHeaders = (view: View): Maybe<HeaderRules> =>
  orElse(view.cached(layout.auditedHeaders, decodeHeaders), NO_HEADERS)

export const writeAuditTable = (view: View, devices: readonly AuditEntry[]): void =>
  view.put(layout.auditDevices, encodeJson({ devices } as unknown as JsonObject))

const decodeKey = (value: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(value), format: "der", type: "pkcs8" })

/**
 * The key that signs checkpoints, made with the first device. It is durable before anything is signed: were it lost with a
 * request that could not be committed, what it has signed could not be verified any more.
 */
export const durableSigningKey = (server: Server): Promise<KeyObject> => transact(server, signingKey)

async function signingKey(view: View): Promise<KeyObject> {
  const known = await view.cached(SIGNING_KEY, decodeKey)
  if (known !== undefined) return known
  const { privateKey } = generateKeyPairSync("ed25519")
  view.put(SIGNING_KEY, privateKey.export({ format: "der", type: "pkcs8" }))
  return privateKey
}

/** The public half, in PEM: what `arca audit verify` checks with. Undefined before the first device. */
export async function verificationKey(view: View): Promise<string | undefined> {
  const known = await view.cached(SIGNING_KEY, decodeKey)
  return known && createPublicKey(known).export({ format: "pem", type: "spki" }).toString()
}

export interface AuditPlaces {
  readonly context: AuditContext
  /** Directories in which audit files may be. */
  readonly allowed: readonly string[]
  /** Directories in which they may not be: data, plugins. */
  readonly denied: readonly string[]
  /** Which process of this machine: worker number. */
  readonly worker: number
}

export interface OpenedEntry {
  readonly device: AuditDevice
  /** The store is older than what the device's log says: to be noted once the device is in use. */
  readonly older: OlderStore | undefined
}

/** Opens one device of the table. Throws a sentence for the operator when it cannot work. */
export async function openEntry(
  server: Server,
  places: AuditPlaces,
  entry: AuditEntry,
  key: KeyObject,
): Promise<OpenedEntry> {
  const { cluster } = server.seal.barrier.status()
  const origin = `${cluster}/${hostname().replaceAll(/[\s+]/g, "-")}/${places.worker}/${entry.path.replace(/\/$/, "")}`
  const { auditCheckpoints, rollback } = server
  const chainState = await reading(server, view => keptCheckpoint(view, origin))
  const device = await openDevice(
    {
      path: entry.path,
      type: entry.type,
      options: entry.options,
      salt: entry.salt,
      allowedDirectories: places.allowed,
      deniedDirectories: places.denied,
      signingKey: key,
      origin,
      chainState,
      storeSeen: () => auditCheckpoints.seen(origin),
    },
    { ...places.context, checkpoint: ({ state }) => auditCheckpoints.keep(server, state) },
  )
  try {
    const older = await reading(server, view => auditCheckpoints.compare(view, origin, device.storeThen))
    if (older !== undefined && rollback.policy === "refuse") throw new StoreRolledBack(older)
    await auditCheckpoints.takeUp(server, origin, device.storeThen)
    return { device, older }
  } catch (error) {
    await device.close("abandon")
    throw error
  }
}

/** Opens a device of the table or of the configuration, and puts it to use. Throws a sentence that names it. */
export async function putToUse(server: Server, entry: AuditEntry, key: KeyObject, skipTest: boolean): Promise<void> {
  try {
    const { device, older } = await openEntry(server, server.auditPlaces, entry, key)
    await server.audit.enable(device, { requestId: skipTest ? "open" : "configuration", skipTest })
    if (older !== undefined) await server.rollback.note(server, older)
  } catch (error) {
    if (error instanceof StoreRolledBack) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`the audit device ${JSON.stringify(entry.path)} cannot be used: ${reason}`, { cause: error })
  }
}

/**
 * Brings this process's open devices in step with the table: after unsealing, and whenever another process has changed it.
 * Throws when a device of the table cannot be opened, so that nothing is served unrecorded.
 */
export async function followAuditTable(server: Server): Promise<void> {
  const { entries, key, headers } = await reading(server, async view => ({
    entries: await auditTable(view),
    key: await view.cached(SIGNING_KEY, decodeKey),
    headers: await auditedHeaders(view),
  }))
  server.audit.auditHeaders(new Map(Object.entries(headers).map(([name, rule]) => [name.toLowerCase(), rule])))
  const open = new Set(server.audit.devices().map(device => device.path))
  for (const path of open) {
    if (!entries.some(entry => entry.path === path)) await server.audit.disable(path)
  }
  for (const entry of entries) {
    if (open.has(entry.path) || key === undefined) continue
    await putToUse(server, entry, key, true)
  }
}

/** Brings the open devices in step; a promise when there is something to do. */
export type AuditFollower = (server: Server, ground: Pick<Ground, "devices" | "headers">) => Promise<void> | undefined

/**
 * Keeps a process in step with the tables at the price of a comparison a request: the store hands out the same values until
 * they change. Of requests that come at the same time one opens the devices, and the others wait for it.
 */
export function auditFollower(): AuditFollower {
  let seen: readonly [readonly AuditEntry[], HeaderRules] | undefined
  let following: Promise<void> | undefined
  const follow = async (server: Server, devices: readonly AuditEntry[], headers: HeaderRules): Promise<void> => {
    following ??= followAuditTable(server).finally(() => {
      following = undefined
    })
    await following
    seen = [devices, headers]
  }
  return (server, { devices, headers }) => {
    if (devices.length === 0 && (seen === undefined || seen[0].length === 0)) return undefined
    if (seen !== undefined && devices === seen[0] && headers === seen[1]) return undefined
    return follow(server, devices, headers)
  }
}
