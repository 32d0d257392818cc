/** Which audit devices there are: a table in the store, opened by every process that serves. */

import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { hostname } from "node:os"
import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import type { View } from "@arca/storage"
import { type AuditContext, type AuditDevice, openDevice } from "./audit/index.ts"
import { layout } from "./layout.ts"
import type { Server } from "./server.ts"
import { reading } from "./transact.ts"

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

export const auditTable = async (view: View): Promise<readonly AuditEntry[]> =>
  (await view.cached(layout.auditDevices, decodeTable)) ?? []

export const writeAuditTable = (view: View, devices: readonly AuditEntry[]): void =>
  view.put(layout.auditDevices, encodeJson({ devices } as unknown as JsonObject))

const decodeKey = (value: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(value), format: "der", type: "pkcs8" })

/** The key that signs checkpoints; made with the first device. */
export async function signingKey(view: View): Promise<KeyObject> {
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

/** Opens one device of the table. Throws a sentence for the operator when it cannot work. */
export async function openEntry(
  server: Server,
  places: AuditPlaces,
  entry: AuditEntry,
  key: KeyObject,
): Promise<AuditDevice> {
  const { cluster } = server.seal.barrier.status()
  return openDevice(
    {
      path: entry.path,
      type: entry.type,
      options: entry.options,
      salt: entry.salt,
      allowedDirectories: places.allowed,
      deniedDirectories: places.denied,
      signingKey: key,
      origin: `${cluster}/${hostname().replaceAll(/[\s+]/g, "-")}/${places.worker}/${entry.path.replace(/\/$/, "")}`,
    },
    places.context,
  )
}

/**
 * Brings this process's open devices in step with the table: after unsealing, and whenever another process has changed it.
 * Throws when a device of the table cannot be opened, so that nothing is served unrecorded.
 */
export async function followAuditTable(server: Server, places: AuditPlaces): Promise<void> {
  const { entries, key } = await reading(server, async view => ({
    entries: await auditTable(view),
    key: await view.cached(SIGNING_KEY, decodeKey),
  }))
  const open = new Set(server.audit.devices().map(device => device.path))
  for (const path of open) {
    if (!entries.some(entry => entry.path === path)) await server.audit.disable(path)
  }
  for (const entry of entries) {
    if (open.has(entry.path) || key === undefined) continue
    await server.audit.enable(await openEntry(server, places, entry, key), { requestId: "open", skipTest: true })
  }
}

/**
 * Keeps a process in step with the table at the price of one look-up a request: the store hands out the same value until it
 * changes.
 */
export function auditFollower(): (server: Server, view: View) => Promise<void> {
  let seen: readonly AuditEntry[] | undefined
  return async (server, view) => {
    const table = await auditTable(view)
    if (table === seen || (table.length === 0 && (seen === undefined || seen.length === 0))) return
    await followAuditTable(server, server.auditPlaces)
    seen = table
  }
}
