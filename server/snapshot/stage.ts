/**
 * A snapshot on its way back into the store. It is first laid beside the content (`restore/entry/…`), where nobody looks;
 * only when all of it has been checked the content is replaced, in phases:
 *
 *     staging    entries are laid beside; whatever goes wrong, they are thrown away and nothing has changed
 *     closing    no request is answered from here on; what is known of tokens is put aside
 *     clearing   the old content is erased
 *     filling    the staged entries take its place
 *     settling   tokens that were revoked since the snapshot stay so
 *
 * Each phase is a row of small transactions that can be repeated, and which phase it is lies in the store: whatever dies in
 * between, the next process goes on. None but the last needs a key.
 */

import { decodeJson, encodeJson, type JsonObject } from "@arca/api"
import { Conflict, type Storage, type View } from "@arca/storage"
import { KEYRING } from "@arca/storage/barrier"
import { layout } from "../layout.ts"
import { SEAL_CONFIG } from "../seal/config.ts"
import { framed, unframed } from "./archive.ts"

export type Phase = "staging" | "closing" | "clearing" | "filling" | "settling"

export interface Restore {
  readonly id: string
  readonly phase: Phase
  /** The snapshot is of a store with other keys: the keyring and the seal's configuration come from it. */
  readonly foreign: boolean
  /** Where entries lie that take their place at the very end: key to number. */
  readonly last: Readonly<Record<string, number>>
  /** Seconds since 1970 by the store's clock: when someone last worked on it. */
  readonly touched: number
}

/** Everything of a restore lies below this, outside of the barrier. */
export const RESTORE = "restore/"
const STATE = `${RESTORE}state`
const ENTRY = `${RESTORE}entry/`
export const OLD_TOKENS = `${RESTORE}token/`
const SEQUENCE_DIGITS = 12
/** A restore that nobody has worked on for so long (seconds) is taken over, or thrown away if it is still staging. */
const STALE_SECONDS = 60
/** Entries moved, and keys erased, by one transaction. */
const STEP = 64
const ERASE_STEP = 500

/**
 * Entries that are replaced in the last transaction, if at all: they decide whether requests are answered, and by which keys.
 * A snapshot of this store replaces the first alone.
 */
export const LAST_KEYS: readonly string[] = [layout.namespaces, KEYRING, SEAL_CONFIG, layout.sealEpoch]

/** What belongs to the processes that run now, and to their audit: it is in no snapshot, and a restore leaves it as it is. */
export const isOfProcesses = (key: string): boolean =>
  [layout.claims, layout.members, layout.auditCheckpoints].some(folder => key.startsWith(folder))

export const entryKey = (sequence: number): string => ENTRY + String(sequence).padStart(SEQUENCE_DIGITS, "0")

const decode = (value: Uint8Array): Restore => decodeJson(value) as unknown as Restore

/** The restore that is under way; undefined when there is none. `view` is of the store itself. */
export async function readRestore(view: View): Promise<Restore | undefined> {
  const value = await view.get(STATE)
  return value && decode(value)
}

export const writeRestore = (view: View, restore: Restore): void =>
  view.put(STATE, encodeJson(restore as unknown as JsonObject))

/** Somebody else has taken the restore over, or thrown it away. */
export class RestoreLost extends Error {
  override readonly name = "RestoreLost"
}

/**
 * One transaction of a restore in `phase`. `change` works on the store itself, and may return what the restore becomes.
 * Throws `RestoreLost` when it is not in that phase any more.
 */
export async function step(
  inner: Storage,
  { id, phase }: Pick<Restore, "id" | "phase">,
  change: (view: View, restore: Restore) => Promise<Partial<Restore> | undefined>,
): Promise<Restore> {
  for (;;) {
    using view = inner.view()
    const current = await readRestore(view)
    if (current === undefined || current.id !== id || current.phase !== phase)
      throw new RestoreLost("the restore was taken over")
    const next = { ...current, ...(await change(view, current)), touched: await inner.now() }
    writeRestore(view, next)
    try {
      await inner.commit(view)
      return next
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
}

/** Begins a restore. Undefined when another one is under way. */
export async function beginRestore(inner: Storage, id: string): Promise<Restore | undefined> {
  const now = await inner.now()
  const begun: Restore = { id, phase: "staging", foreign: false, last: {}, touched: now }
  using view = inner.view()
  const current = await readRestore(view)
  if (current !== undefined && !(current.phase === "staging" && isStale(current, now))) return undefined
  writeRestore(view, begun)
  try {
    await inner.commit(view)
  } catch (error) {
    if (error instanceof Conflict) return undefined
    throw error
  }
  await eraseStaged(inner)
  return begun
}

const isStale = (restore: Restore, now: number): boolean => restore.touched + STALE_SECONDS < now

/** Throws a restore away that has changed nothing yet. */
export async function abandonRestore(inner: Storage, { id }: Restore): Promise<void> {
  using view = inner.view()
  const current = await readRestore(view)
  if (current?.id !== id || current.phase !== "staging") return
  view.delete(STATE)
  await inner.commit(view)
  await eraseStaged(inner)
}

async function eraseStaged(inner: Storage): Promise<void> {
  for (const folder of [ENTRY, OLD_TOKENS]) {
    for (;;) {
      using view = inner.view()
      const keys = await view.keys(folder, { limit: ERASE_STEP })
      if (keys.length === 0) break
      for (const key of keys) view.delete(folder + key)
      await inner.commit(view).catch(ignoreConflict)
    }
  }
}

const ignoreConflict = (error: unknown): void => {
  if (!(error instanceof Conflict)) throw error
}

/** Calls `each` with what was staged, in order, as pairs of number and entry. */
export async function* stagedEntries(inner: Storage): AsyncGenerator<{ key: string; value: Uint8Array }> {
  for (let after: string | undefined; ; ) {
    using view = inner.view()
    const names = await view.keys(ENTRY, { limit: STEP, ...(after === undefined ? {} : { after }) })
    const frames = await Promise.all(names.map(name => view.get(ENTRY + name)))
    for (const frame of frames) if (frame !== undefined) yield* unframed(frame)
    if (names.length < STEP) return
    after = names.at(-1)
  }
}

export const stageEntry = (view: View, sequence: number, entry: { key: string; value: Uint8Array }): void =>
  view.put(entryKey(sequence), framed(entry))

/** Goes on with a restore as far as that needs no key: to `settling`, or to its end when the snapshot is foreign. */
export async function proceed(inner: Storage, begun: Restore): Promise<Restore> {
  let restore = begun
  if (restore.phase === "closing")
    restore = restore.foreign ? await enter(inner, restore, "clearing") : await keepTokens(inner, restore)
  if (restore.phase === "clearing") restore = await clear(inner, restore)
  if (restore.phase === "filling") restore = await fill(inner, restore)
  if (restore.foreign) await finish(inner, restore)
  return restore
}

const enter = (inner: Storage, restore: Restore, phase: Phase): Promise<Restore> =>
  step(inner, restore, async () => ({ phase }))

/** Puts the tokens there are now aside, as they lie in the store. */
async function keepTokens(inner: Storage, restore: Restore): Promise<Restore> {
  for (const id of await namespaceIds(inner)) {
    const folder = layout.namespace(id) + layout.token
    for (let after: string | undefined; ; ) {
      let names: string[] = []
      await step(inner, restore, async view => {
        names = await view.keys(folder, { limit: ERASE_STEP, ...(after === undefined ? {} : { after }) })
        const values = await Promise.all(names.map(name => view.get(folder + name)))
        for (const [index, name] of names.entries()) {
          const value = values[index]
          if (value !== undefined) view.put(`${OLD_TOKENS}${id}/${name}`, value)
        }
        return undefined
      })
      if (names.length < ERASE_STEP) break
      after = names.at(-1)
    }
  }
  return enter(inner, restore, "clearing")
}

/** The ids of all namespaces that have anything in the store. */
export async function namespaceIds(inner: Storage): Promise<string[]> {
  using view = inner.view()
  return (await view.list("ns/")).map(name => name.replace(/\/$/, ""))
}

async function clear(inner: Storage, restore: Restore): Promise<Restore> {
  for (let after: string | undefined; ; ) {
    let keys: string[] = []
    await step(inner, restore, async view => {
      keys = await view.keys("", { limit: ERASE_STEP, ...(after === undefined ? {} : { after }) })
      for (const key of keys) if (goes(key, restore.foreign)) view.delete(key)
      return undefined
    })
    if (keys.length < ERASE_STEP) return enter(inner, restore, "filling")
    after = keys.at(-1)
  }
}

/** Whether an entry makes room for those of the snapshot. */
const goes = (key: string, foreign: boolean): boolean =>
  !key.startsWith(RESTORE) && !LAST_KEYS.includes(key) && (foreign || !isOfProcesses(key))

async function fill(inner: Storage, restore: Restore): Promise<Restore> {
  for (let after: string | undefined; ; ) {
    let names: string[] = []
    await step(inner, restore, async view => {
      names = await view.keys(ENTRY, { limit: STEP, ...(after === undefined ? {} : { after }) })
      const frames = await Promise.all(names.map(name => view.get(ENTRY + name)))
      for (const [index, name] of names.entries()) {
        for (const { key, value } of unframed(frames[index] ?? new Uint8Array())) {
          if (LAST_KEYS.includes(key)) continue
          if (!isOfProcesses(key)) view.put(key, value)
          view.delete(ENTRY + name)
        }
      }
      return undefined
    })
    if (names.length < STEP) return enter(inner, restore, "settling")
    after = names.at(-1)
  }
}

/** The last transaction: from its commit on requests are answered from the restored content. */
export async function finish(inner: Storage, restore: Restore): Promise<void> {
  for (;;) {
    using view = inner.view()
    const current = await readRestore(view)
    if (current?.id !== restore.id) return
    for (const key of restore.foreign ? LAST_KEYS : [layout.namespaces]) {
      const sequence = restore.last[key]
      const frame = sequence === undefined ? undefined : await view.get(entryKey(sequence))
      const [entry] = frame === undefined ? [] : [...unframed(frame)]
      if (entry === undefined) view.delete(key)
      else view.put(key, entry.value)
    }
    view.delete(STATE)
    try {
      await inner.commit(view)
      break
    } catch (error) {
      if (!(error instanceof Conflict)) throw error
    }
  }
  await eraseStaged(inner)
}

/**
 * Takes up a restore that whoever began it has left: goes on with it, or throws it away when nothing has changed yet. For the
 * start of a process, before anything else is read (`always`), and for a process that finds it stale.
 */
export async function resumeRestore(inner: Storage, always: boolean): Promise<Restore | undefined> {
  const restore = await read(inner)
  if (restore === undefined) return undefined
  const stale = isStale(restore, await inner.now())
  if (restore.phase === "staging") {
    if (stale) await abandonRestore(inner, restore)
    return undefined
  }
  return stale || always ? proceed(inner, restore) : undefined
}

async function read(inner: Storage): Promise<Restore | undefined> {
  using view = inner.view()
  return await readRestore(view)
}
