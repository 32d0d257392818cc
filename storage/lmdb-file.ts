/** The LMDB file: where it may lie, who may read it, and how keys and commits are written into it. */

import { constants } from "node:fs"
import { chmod, mkdir, open, readdir, readFile, readlink, realpath, rm, statfs } from "node:fs/promises"
import { join } from "node:path"
import type { CommitRecord } from "./feed.ts"
import { KEY_LIMIT } from "./key.ts"
import { StorageFailed } from "./view.ts"

/** The file inside the directory that is the configuration's `path`. */
export const FILE = "arca.mdb"

/** File systems that cannot keep what LMDB needs (a shared memory map, locks, an honest fsync), by Linux's numbers. */
const REMOTE = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB2"],
  [0x5346414f, "AFS"],
  [0x73757245, "Coda"],
  [0x01021997, "9P"],
])

/** Why a file system of this type (statfs `f_type`) cannot hold a store; undefined when it can. */
export function refusalOf(type: number): string | undefined {
  // Some platforms report the number as a signed 32-bit one.
  const name = REMOTE.get(type >>> 0)
  return (
    name && `it lies on ${name}, which can lose acknowledged writes; use a local disk, or PostgreSQL as the storage`
  )
}

/** Makes the directory (0700) and its empty files (0600), and proves that what is written there can be read again. */
export async function prepare(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const refusal = refusalOf((await statfs(directory)).type)
    if (refusal !== undefined) throw new Error(refusal)
    await probe(join(directory, `.probe-${process.pid}-${Math.trunc(performance.now() * 1000)}`))
    const file = join(await realpath(directory), FILE)
    await mustNotBeOpen(`${file}-lock`)
    try {
      // LMDB makes its files readable for the group; files that are there already keep their mode.
      await makePrivate(file)
      await makePrivate(`${file}-lock`)
    } catch (error) {
      released(file)
      throw error
    }
    return file
  } catch (cause) {
    throw new StorageFailed(`Cannot keep data in "${directory}": ${textOf(cause)}`, { cause })
  }
}

/** The lock files that this thread has open. */
const opened = new Set<string>()

/**
 * Refuses a store that this process has open already, in this thread or (as Linux can tell) another. A process that
 * opens LMDB's lock file twice loses its POSIX locks on it; the next process would then take the store for unused, reset
 * the locks, and two would write at once. Several processes, each opening it once, are safe.
 */
async function mustNotBeOpen(lock: string): Promise<void> {
  const descriptors = await readdir("/proc/self/fd").catch(() => [])
  const links = await Promise.all(descriptors.map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => "")))
  if (opened.has(lock) || links.includes(lock)) {
    throw new Error("this process has it open already; share that storage, or use another process")
  }
  opened.add(lock)
}

/** Says that the store, by the path that `prepare` returned, is closed or was not opened. */
export function released(file: string): void {
  opened.delete(`${file}-lock`)
}

async function makePrivate(file: string): Promise<void> {
  await using handle = await open(file, constants.O_CREAT | constants.O_RDWR, 0o600)
  await handle.chmod(0o600)
}

/** Writes, syncs, reopens and compares a small file. */
async function probe(file: string): Promise<void> {
  const written = Buffer.from("arca: this file proves that the disk keeps what it is given\n")
  try {
    {
      await using handle = await open(file, "wx", 0o600)
      await handle.writeFile(written)
      await handle.sync()
    }
    if (!written.equals(await readFile(file))) throw new Error("a file reads differently from what was written to it")
  } finally {
    await rm(file, { force: true })
  }
}

/** After a backup: readable by the owner only, and on the disk. */
export async function secure(file: string): Promise<void> {
  await chmod(file, 0o600)
  await using handle = await open(file, "r+")
  await handle.sync()
}

export const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** What LMDB keeps: an entry by its key, a commit's record by its version, and at 0 the newest version. */
export type FileKey = string | number

const ENTRY = 1
const COMMIT = 2

/** Keys as bytes whose order is theirs: a byte for the sort, then UTF-8 or the number, most significant byte first. */
export const keyEncoder = {
  writeKey(key: FileKey, target: Buffer, start: number): number {
    if (typeof key === "number") {
      target[start] = COMMIT
      target.writeUInt32BE(Math.floor(key / 2 ** 32), start + 1)
      target.writeUInt32BE(key >>> 0, start + 5)
      return start + 9
    }
    // Buffer.write cuts off silently; the library grows its buffer on a RangeError.
    if (start + 1 + key.length * 3 > target.byteLength && start + 1 + Buffer.byteLength(key) > target.byteLength) {
      throw new RangeError(`No room for a key of ${Buffer.byteLength(key)} bytes`)
    }
    target[start] = ENTRY
    return start + 1 + target.write(key, start + 1, "utf8")
  },
  readKey(source: Buffer, start: number, end: number): FileKey {
    if (source[start] === ENTRY) return source.toString("utf8", start + 1, end)
    return source.readUInt32BE(start + 1) * 2 ** 32 + source.readUInt32BE(start + 5)
  },
}

/** The end of all entries: the first key of another sort. */
export const PAST_ENTRIES = 0

/** A place to start a scan that LMDB accepts: a longer one is cut, which only makes the scan start earlier. */
export const seekable = (start: string): string =>
  start.length * 3 <= KEY_LIMIT || Buffer.byteLength(start) <= KEY_LIMIT ? start : start.slice(0, KEY_LIMIT / 4)

/** A commit's record as bytes: `+key` or `-key`, ended by NUL, which no key contains. */
export function encodeRecord(writes: ReadonlyMap<string, Uint8Array | undefined>): Uint8Array {
  let text = ""
  for (const [key, value] of writes) text += `${value === undefined ? "-" : "+"}${key}\0`
  return new TextEncoder().encode(text)
}

export function decodeRecord(version: number, bytes: Uint8Array): CommitRecord {
  const lines = new TextDecoder().decode(bytes).split("\0").slice(0, -1)
  return {
    version,
    changes: lines.map(line => ({ version, key: line.slice(1), kind: line.startsWith("+") ? "put" : "delete" })),
  }
}
