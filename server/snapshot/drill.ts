/**
 * A restore, rehearsed: a snapshot is put into an empty store on this machine, opened with the keys that a real restore would need,
 * and every entry is read back through the barrier. Nothing of a running server is touched. For the command line, which loads
 * it by name.
 */

import { randomBytes } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeJson, Refusal } from "@arca/api"
import { Tampered, UnknownTerm } from "@arca/crypto/keyring"
import { pooled } from "@arca/crypto/random"
import { entriesOf, InvalidKey, type Storage, StorageFailed } from "@arca/storage"
import { barrierStorage, KEYRING } from "@arca/storage/barrier"
import { lmdbStorage } from "@arca/storage/lmdb"
import { readConfig } from "../config/read.ts"
import { SEAL_CONFIG, type SealConfig } from "../seal/config.ts"
import { sealsOf } from "../seal/configured.ts"
import { unwrapUnderShares } from "../seal/seal.ts"
import { joinShares, readShare } from "../seal/shares.ts"
import { BadArchive } from "./archive.ts"
import { readSnapshot } from "./read.ts"
import { snapshotBytes } from "./source.ts"

export interface DrillWish {
  /** A file, or `s3://bucket/key`. */
  readonly path: string
  /** Shares of the unseal key; not needed where the seal opens by itself. */
  readonly shares: readonly string[]
  /** The server's configuration, whose seal opens the snapshot. */
  readonly config?: string | undefined
}

export interface Drilled {
  readonly created: string
  readonly cluster: string
  readonly entries: number
  readonly bytes: number
}

/** How many shares a snapshot asks for; 0 where its seal opens by itself. Throws a sentence when it is no whole snapshot. */
export async function sharesNeeded(path: string): Promise<number> {
  let seal: Uint8Array | undefined
  await worded(path, () =>
    readSnapshot(snapshotBytes(path), entries => {
      seal ??= entries.find(({ key }) => key === SEAL_CONFIG)?.value
    }),
  )
  const config = sealOf(seal)
  return config.type === "shamir" ? config.threshold : 0
}

/** Throws a sentence that names what is wrong: the file, the keys, or the entry that does not open. */
export async function drillSnapshot(wish: DrillWish): Promise<Drilled> {
  const folder = await mkdtemp(join(tmpdir(), "arca-drill-"))
  try {
    await using store = await lmdbStorage({ path: folder })
    const { meta } = await worded(wish.path, () => fill(store, wish.path))
    const rootKey = await rootKeyOf(store, wish)
    const barrier = barrierStorage(store, pooled(randomBytes))
    if (!(await barrier.unseal(rootKey))) throw new Error("the keys do not open this snapshot")
    const counted = await readAll(store, (key, value) => barrier.openAt(key, value))
    return { created: String(meta.created), cluster: String(meta.cluster_id), ...counted }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const fill = (store: Storage, path: string) =>
  readSnapshot(snapshotBytes(path), async entries => {
    const view = store.view()
    for (const { key, value } of entries) view.put(key, value)
    await store.commit(view)
  })

async function rootKeyOf(store: Storage, { shares, config }: DrillWish): Promise<Uint8Array> {
  using view = store.view()
  const stored = sealOf(await view.get(SEAL_CONFIG))
  const wrapped = Buffer.from(stored.wrapped, "base64")
  if (stored.type === "shamir") {
    if (shares.length < stored.threshold)
      throw new Error(`the snapshot opens with ${stored.threshold} key shares; ${shares.length} were given`)
    const key = joinShares(shares.map(share => readShare(share)))
    const rootKey = key && unwrapUnderShares(key, wrapped)
    if (rootKey === undefined) throw new Error("the key shares do not open this snapshot")
    return rootKey
  }
  if (config === undefined) throw new Error(`the snapshot opens by a seal "${stored.type}": name the server's -config`)
  const { seal } = await sealsOf(await readConfig([config]), process.env)
  if (seal.kind !== "auto" || seal.type !== stored.type)
    throw new Error(`the snapshot opens by a seal "${stored.type}", and ${config} has another`)
  return await seal.unwrap(wrapped)
}

async function readAll(store: Storage, open: (key: string, value: Uint8Array) => Uint8Array) {
  using view = store.view()
  let entries = 0
  let bytes = 0
  for await (const { key, value } of entriesOf(view)) {
    entries++
    bytes += value.length
    if (key === KEYRING || key === SEAL_CONFIG) continue
    try {
      open(key, value)
    } catch (error) {
      if (!(error instanceof Tampered || error instanceof UnknownTerm)) throw error
      throw new Error(`the entry ${JSON.stringify(key)} does not open: ${error.message}`, { cause: error })
    }
  }
  return { entries, bytes }
}

function sealOf(value: Uint8Array | undefined): SealConfig {
  if (value === undefined)
    throw new Error("the snapshot lacks the configuration of its seal; it could never be unsealed")
  return decodeJson(value) as unknown as SealConfig
}

async function worded<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Refusal) throw new Error(error.errors.join("; "), { cause: error })
    if (!(error instanceof BadArchive || error instanceof InvalidKey || error instanceof StorageFailed)) throw error
    throw new Error(`${path} is no whole snapshot: ${error.message}`, { cause: error })
  }
}
