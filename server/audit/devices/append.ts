/**
 * Appending to a file. While the system takes bytes at once, into its page cache, they are written in place: handing them to
 * a thread costs more processor time than the write. A disk that has made the process wait, and any that may (one behind a
 * network, or asked to sync), is written to from a thread, so that it holds up nothing but those who wait for their record.
 */

import { writeSync } from "node:fs"
import { type FileHandle, statfs } from "node:fs/promises"

export interface Failure {
  readonly cause: unknown
  /** Nothing of it was written. */
  readonly untouched: boolean
}

/** Appends all of `bytes`. What a failed write leaves behind stays: others may have appended to the file since. */
export type Append = (bytes: Buffer) => Promise<Failure | undefined>

/** Milliseconds: a write that took longer had to wait for the disk. */
const PROMPT = 20
/** Milliseconds for which a disk is not trusted after it made a write wait. */
const WARY = 60_000

/** `f_type` of file systems on a disk of this machine, or in its memory (statfs(2)). */
const LOCAL = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlayfs, as in containers
  0x2fc12fc1, // ZFS
  0xf2f52010, // F2FS
])

/** Appends to `file`, which `handle` has open. `clock` is milliseconds that only go forward. */
export async function appender(
  handle: Pick<FileHandle, "fd" | "write" | "datasync">,
  file: string,
  fsync: boolean,
  clock: () => number = () => performance.now(),
): Promise<Append> {
  const isLocal = await statfs(file).then(
    ({ type }) => LOCAL.has(type),
    () => false,
  )
  let waryUntil = isLocal && !fsync ? 0 : Number.POSITIVE_INFINITY
  const inPlace = (bytes: Buffer, at: number): number => {
    const started = clock()
    const written = writeSync(handle.fd, bytes, at)
    const ended = clock()
    if (ended - started > PROMPT) waryUntil = ended + WARY
    return written
  }
  return async bytes => {
    let written = 0
    try {
      while (written < bytes.length) {
        written += clock() < waryUntil ? (await handle.write(bytes, written)).bytesWritten : inPlace(bytes, written)
      }
      if (fsync) await handle.datasync()
      return undefined
    } catch (cause) {
      return { cause, untouched: written === 0 }
    }
  }
}
