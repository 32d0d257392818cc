/** Snapshots in a folder of the node that makes them: each is written beside, read back to its checksums, and then takes its name. */

import { createReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises"
import { isAbsolute, join, normalize } from "node:path"
import { refuse } from "@arca/api"
import type { Place, Timing } from "./place.ts"
import { readSnapshot } from "./read.ts"

export interface FolderSchedule extends Timing {
  readonly storage_type: "local"
  /** Bytes. */
  readonly local_max_space: number
}

/** Refuses (400) a folder that the operator does not list. */
export function checkFolder({ path_prefix, local_max_space }: FolderSchedule, folders: readonly string[]): void {
  if (local_max_space < 1) throw refuse.invalid("local_max_space must be given: the bytes that snapshots may take")
  if (folders.length === 0)
    throw refuse.invalid(
      "this server writes no snapshots into folders: list folders in snapshot_directories of its configuration",
    )
  const folder = normalize(path_prefix)
  if (
    !isAbsolute(path_prefix) ||
    !folders.some(one => folder === normalize(one) || folder.startsWith(`${normalize(one).replace(/\/$/, "")}/`))
  )
    throw refuse.invalid(
      `path_prefix must be within ${folders.join(" or ")} (snapshot_directories of the configuration)`,
    )
}

export function folderPlace({ path_prefix: folder, local_max_space: most }: FolderSchedule): Place {
  return {
    most,
    keep: async (name, snapshot) => {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const file = join(folder, name)
      const draft = `${file}.part`
      try {
        const bytes = await written(draft, snapshot, most)
        await readSnapshot(createReadStream(draft), () => undefined)
        await rename(draft, file)
        return { file, bytes }
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
    },
    list: async function* (prefix) {
      for (const name of (await readdir(folder)).filter(one => one.startsWith(prefix)))
        yield { name, bytes: (await stat(join(folder, name))).size }
    },
    remove: name => rm(join(folder, name), { force: true }),
  }
}

/** Writes and syncs; refuses to take more than `most` bytes. */
async function written(path: string, source: AsyncIterable<Uint8Array>, most: number): Promise<number> {
  await using file = await open(path, "wx", 0o600)
  let bytes = 0
  for await (const part of source) {
    bytes += part.length
    if (bytes > most) throw new Error(`the snapshot is larger than local_max_space (${most} bytes)`)
    await file.write(part)
  }
  await file.sync()
  return bytes
}
