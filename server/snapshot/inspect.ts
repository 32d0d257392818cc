/** `arca operator raft snapshot inspect`: what a snapshot holds, without any key. For the command line, which loads it by name. */

import { InvalidKey } from "@arca/storage"
import { BadArchive } from "./archive.ts"
import { readSnapshot } from "./read.ts"
import { snapshotBytes } from "./source.ts"

export interface SnapshotPicture {
  readonly meta: Readonly<Record<string, unknown>>
  readonly entries: number
  readonly bytes: number
  /** By the first segments of the key: how many entries, and how many bytes of values. */
  readonly groups: readonly { readonly prefix: string; readonly count: number; readonly bytes: number }[]
}

/** Reads a file, or `s3://bucket/key`, to its end, its checksums included. Throws a sentence when it is no whole snapshot. */
export async function inspectSnapshot(path: string, depth: number): Promise<SnapshotPicture> {
  const groups = new Map<string, { count: number; bytes: number }>()
  try {
    const { meta, entries, bytes } = await readSnapshot(snapshotBytes(path), found => {
      for (const { key, value } of found) {
        const prefix = key.split("/").slice(0, depth).join("/")
        const group = groups.get(prefix) ?? { count: 0, bytes: 0 }
        groups.set(prefix, { count: group.count + 1, bytes: group.bytes + value.length })
      }
    })
    const sorted = [...groups].map(([prefix, group]) => ({ prefix, ...group })).sort((a, b) => b.bytes - a.bytes)
    return { meta, entries, bytes, groups: sorted }
  } catch (error) {
    if (error instanceof BadArchive || error instanceof InvalidKey)
      throw new Error(`${path} is no whole snapshot: ${error.message}`)
    throw error
  }
}
