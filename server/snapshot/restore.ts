/**
 * Putting a snapshot in the place of what is in the store. Until all of it lies beside the content and every entry has been
 * opened with the keys that belong to it, nothing changes; from there on nothing but its completion can happen (`stage.ts`).
 */

import { decodeJson, encodeJson, refuse } from "@arca/api"
import { type Keyring, openValue, Tampered, UnknownTerm, unwrapKeyring } from "@arca/crypto/keyring"
import { Conflict, InvalidKey, type Storage } from "@arca/storage"
import { KEYRING } from "@arca/storage/barrier"
import { NOBODY } from "../authenticate.ts"
import { contextOf, noEffects } from "../context.ts"
import { layout } from "../layout.ts"
import { mountTable } from "../mounts.ts"
import { ROOT } from "../namespaces.ts"
import { uuid } from "../random.ts"
import { ownRequest } from "../revocation.ts"
import { SEAL_CONFIG, type SealConfig } from "../seal/config.ts"
import { bothSides } from "../seal/core.ts"
import type { Server } from "../server.ts"
import { readToken, type TokenEntry, writeToken } from "../tokens.ts"
import { reading, transact } from "../transact.ts"
import { BadArchive } from "./archive.ts"
import { readSnapshot, type SnapshotFacts } from "./read.ts"
import { SUMS_PLACE } from "./save.ts"
import {
  abandonRestore,
  beginRestore,
  entryKey,
  finish,
  LAST_KEYS,
  namespaceIds,
  OLD_TOKENS,
  proceed,
  RESTORE,
  type Restore,
  RestoreLost,
  readRestore,
  resumeRestore,
  stagedEntries,
  stageEntry,
  step,
  writeRestore,
} from "./stage.ts"

export interface Restored {
  /** The store has other keys now: it must be unsealed with those of the snapshot. */
  readonly foreign: boolean
  /** Whether every entry was opened; a foreign snapshot whose keys nobody here has cannot be. */
  readonly opened: boolean
}

/** Vault's words, which its clients know. */
const OTHER_KEYS =
  "could not verify hash file, possibly the snapshot is using a different set of unseal keys; use the snapshot-force API to bypass this check"

/** Replaces the store's content. Refuses (400) a snapshot that is bad, or of other keys unless `force`; then nothing has changed. */
export async function restoreSnapshot(
  server: Server,
  source: AsyncIterable<Uint8Array>,
  force: boolean,
): Promise<Restored> {
  const { inner } = server.seal.barrier
  const begun = await beginRestore(inner, uuid(server.random))
  if (begun === undefined) throw refuse.invalid("another snapshot is being restored; try again when that is done")
  try {
    const { facts, last } = await stage(inner, begun, source)
    const restored = await check(server, facts, last, force)
    await close(server, begun, restored.foreign, last)
    const settling = await proceed(inner, { ...begun, phase: "closing", foreign: restored.foreign, last })
    if (!restored.foreign) await settle(server, settling)
    return restored
  } catch (error) {
    await abandonRestore(inner, begun).catch(() => undefined)
    throw asRefusal(error)
  }
}

function asRefusal(error: unknown): unknown {
  if (error instanceof BadArchive || error instanceof InvalidKey)
    return refuse.invalid(`the snapshot cannot be restored: ${error.message}`)
  if (error instanceof RestoreLost) return refuse.unavailable("the restore was taken over by another process")
  return error
}

/** Lays the snapshot beside the content, a transaction for each member. */
async function stage(
  inner: Storage,
  begun: Restore,
  source: AsyncIterable<Uint8Array>,
): Promise<{ facts: SnapshotFacts; last: Record<string, number> }> {
  const last: Record<string, number> = {}
  let sequence = 0
  const facts = await readSnapshot(source, async entries => {
    const first = sequence
    sequence += entries.length
    await step(inner, begun, async view => {
      for (const [index, entry] of entries.entries()) {
        if (entry.key.startsWith(RESTORE))
          throw new BadArchive(`it holds ${JSON.stringify(entry.key)}, which no snapshot does`)
        if (LAST_KEYS.includes(entry.key)) last[entry.key] = first + index
        stageEntry(view, first + index, entry)
      }
      return undefined
    })
  })
  const missing = [KEYRING, SEAL_CONFIG].find(key => last[key] === undefined)
  if (missing !== undefined) throw new BadArchive(`it lacks ${missing}, without which it could never be unsealed`)
  return { facts, last }
}

/** Whether the snapshot is of these keys, and whether every entry opens. */
async function check(
  server: Server,
  { sums, sealedSums }: SnapshotFacts,
  last: Readonly<Record<string, number>>,
  force: boolean,
): Promise<Restored> {
  const { barrier } = server.seal
  // Another node may have added a term since we last looked.
  await barrier.reload()
  if (isOurs(barrier, sums, sealedSums)) {
    await openAll(barrier.inner, (key, value) => barrier.openAt(key, value))
    return { foreign: false, opened: true }
  }
  if (!force) throw refuse.invalid(OTHER_KEYS)
  const keyring = await keyringOf(server, last)
  if (keyring !== undefined) await openAll(barrier.inner, (key, value) => openValue(keyring, key, value))
  return { foreign: true, opened: keyring !== undefined }
}

function isOurs(barrier: Server["seal"]["barrier"], sums: Uint8Array, sealedSums: Uint8Array): boolean {
  try {
    return Buffer.from(barrier.openAt(SUMS_PLACE, sealedSums)).equals(Buffer.from(sums))
  } catch (error) {
    if (error instanceof Tampered || error instanceof UnknownTerm) return false
    throw error
  }
}

async function openAll(inner: Storage, open: (key: string, value: Uint8Array) => unknown): Promise<void> {
  for await (const { key, value } of stagedEntries(inner)) {
    if (key === KEYRING || key === SEAL_CONFIG) continue
    try {
      open(key, value)
    } catch (error) {
      if (!(error instanceof Tampered || error instanceof UnknownTerm)) throw error
      throw new BadArchive(error.message, { cause: error })
    }
  }
}

/** The keyring of a foreign snapshot, when this server's own seal can open it. */
async function keyringOf(server: Server, last: Readonly<Record<string, number>>): Promise<Keyring | undefined> {
  const { barrier, seal } = server.seal
  const [wrappedKeyring, config] = await Promise.all([
    stagedValue(barrier.inner, last, KEYRING),
    stagedValue(barrier.inner, last, SEAL_CONFIG),
  ])
  const { type, wrapped } = decodeJson(config) as unknown as SealConfig
  if (seal.kind !== "auto" || seal.type !== type) return undefined
  const rootKey = await seal.unwrap(Buffer.from(wrapped, "base64")).catch((error: Error) => {
    throw refuse.invalid(`the seal of this server does not open the snapshot: ${error.message}`)
  })
  return unwrapKeyring(wrappedKeyring, rootKey)
}

async function stagedValue(inner: Storage, last: Readonly<Record<string, number>>, key: string): Promise<Uint8Array> {
  using view = inner.view()
  const frame = await view.get(entryKey(last[key] ?? 0))
  // The frame of one entry is its two lengths, its key and its value.
  return frame === undefined ? new Uint8Array() : frame.subarray(8 + Buffer.byteLength(key))
}

/** From this commit on no request is answered, on any node: all of them read the table of namespaces. */
async function close(
  server: Server,
  begun: Restore,
  foreign: boolean,
  last: Readonly<Record<string, number>>,
): Promise<void> {
  await bothSides(server.seal.barrier, async (view, beside) => {
    const current = await readRestore(beside)
    if (current?.id !== begun.id || current.phase !== "staging") throw new RestoreLost("the restore was taken over")
    view.put(layout.namespaces, encodeJson({ namespaces: [], restoring: true }))
    writeRestore(beside, { ...current, phase: "closing", foreign, last })
  })
}

const SETTLE_STEP = 200

/**
 * The last phase, for a snapshot of this store: a token that was there when the content was replaced is as it was then; one
 * that had been revoked or spent since the snapshot is dead, and is reaped with all that hangs on it.
 */
async function settle(server: Server, restore: Restore): Promise<void> {
  const { inner } = server.seal.barrier
  for (const id of await namespaceIds(inner)) {
    for (let after: string | undefined; ; ) {
      const names = await settleTokens(server, restore, id, after)
      if (names.length < SETTLE_STEP) break
      after = names.at(-1)
    }
    await tellEngines(server, id)
  }
  await finish(inner, restore)
}

/** Lets the engines of a namespace end what may have been used up since the snapshot. May be repeated. */
async function tellEngines(server: Server, id: string): Promise<void> {
  // The table of namespaces is the last to come back; an engine sees no more of its namespace than the id.
  const namespace = { ...ROOT, id }
  const mounts = await reading(server, view => mountTable(view, namespace))
  for (const entry of mounts.all) {
    const { restored } = server.registry.engine(entry.kind, entry.type) ?? {}
    if (restored === undefined) continue
    const facts = { server, namespace, entry, caller: NOBODY, fullPath: entry.path, operation: "update" as const }
    await transact(server, async view =>
      restored(contextOf({ ...facts, view, request: ownRequest("restore"), effects: noEffects() })),
    )
  }
}

async function settleTokens(
  server: Server,
  restore: Restore,
  namespace: string,
  after: string | undefined,
): Promise<string[]> {
  const folder = layout.namespace(namespace) + layout.token
  const { barrier } = server.seal
  const now = server.now()
  return bothSides(barrier, async (view, beside) => {
    const current = await readRestore(beside)
    if (current?.id !== restore.id) throw new RestoreLost("the restore was taken over")
    const names = await beside.keys(folder, { limit: SETTLE_STEP, ...(after === undefined ? {} : { after }) })
    for (const name of names) {
      const restored = await readToken(view, namespace, name)
      if (restored === undefined) continue
      const kept = await beside.get(`${OLD_TOKENS}${namespace}/${name}`)
      const then = kept && (decodeJson(barrier.openAt(folder + name, kept)) as unknown as TokenEntry)
      await writeToken(view, then ?? { ...restored, numUses: -1, expiresAt: now }, restored)
    }
    writeRestore(beside, { ...current, touched: await barrier.inner.now() })
    return names
  })
}

/** Completes what another process has begun and left, as far as it is due; for a store that is unsealed. */
export async function completeRestore(server: Server): Promise<void> {
  await takeUp(server, false)
}

/** Likewise at once: for the moment after unsealing, when whoever began it cannot be at it any more, or does the same. */
export async function settleRestore(server: Server): Promise<void> {
  try {
    await takeUp(server, true)
  } catch (error) {
    if (!(error instanceof RestoreLost || error instanceof Conflict)) throw error
  }
}

async function takeUp(server: Server, always: boolean): Promise<void> {
  const taken = await resumeRestore(server.seal.barrier.inner, always)
  if (taken === undefined) return
  if (taken.foreign) return server.seal.close()
  await settle(server, taken)
}
