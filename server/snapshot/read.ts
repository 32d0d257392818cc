/** Reading a snapshot: its members in their order, each checked against the checksums at its end. */

import { createHash } from "node:crypto"
import { pipeline, Readable } from "node:stream"
import { createGunzip } from "node:zlib"
import { isJsonObject } from "@arca/api"
import { checkKey, type StoredEntry } from "@arca/storage"
import { BadArchive, META, type Member, members, SEALED_SUMS, STATE, SUMS, unframed } from "./archive.ts"

export interface SnapshotFacts {
  readonly meta: Readonly<Record<string, unknown>>
  readonly entries: number
  readonly bytes: number
  /** The checksums, and the same as the store sealed them. */
  readonly sums: Uint8Array
  readonly sealedSums: Uint8Array
}

/**
 * Reads a snapshot to its end, and gives the entries of each member to `take`, which may have acted on them when it turns out
 * that the rest is bad. Throws `BadArchive`: not a snapshot, not a whole one, or one whose checksums do not fit.
 */
export async function readSnapshot(
  source: AsyncIterable<Uint8Array>,
  take: (entries: readonly StoredEntry[]) => Promise<void> | void,
): Promise<SnapshotFacts> {
  const lines: string[] = []
  const facts = { meta: {}, entries: 0, bytes: 0 }
  let sums: Uint8Array | undefined
  let sealedSums: Uint8Array | undefined
  for await (const member of unzipped(source)) {
    const { name, content } = member
    if (name === SUMS) sums = content
    else if (name === SEALED_SUMS) sealedSums = content
    else lines.push(`${createHash("sha256").update(content).digest("hex")}  ${name}\n`)
    if (name === META) facts.meta = metaOf(content)
    else if (name.startsWith(STATE)) {
      if (lines.length === 1) throw new BadArchive(`it does not begin with ${META}`)
      const entries = [...unframed(content)]
      for (const { key } of entries) checkKey(key)
      facts.entries += entries.length
      facts.bytes += content.length
      await take(entries)
    } else if (name !== SUMS && name !== SEALED_SUMS) {
      throw new BadArchive(`its member ${JSON.stringify(name)} is not of an Arca snapshot`)
    }
  }
  if (sums === undefined || sealedSums === undefined) throw new BadArchive("it ends before its checksums")
  if (!Buffer.from(sums).equals(Buffer.from(lines.join(""))))
    throw new BadArchive("its checksums do not fit its content")
  if (facts.entries === 0) throw new BadArchive("it holds nothing")
  return { ...facts, sums, sealedSums }
}

async function* unzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const unzip = createGunzip()
  // What goes wrong is told by the stream that is read.
  pipeline(Readable.from(source, { objectMode: false }), unzip, () => undefined)
  try {
    yield* members(unzip)
  } catch (error) {
    if (error instanceof Error && "code" in error && /^Z_|^ERR_STREAM_PREMATURE/.test(String(error.code))) {
      throw new BadArchive("it is empty, cut off, or no gzip archive", {
        cause: error,
      })
    }
    throw error
  }
}

function metaOf(content: Uint8Array): Readonly<Record<string, unknown>> {
  const meta: unknown = parsed(content)
  if (!isJsonObject(meta as never)) throw new BadArchive(`its ${META} cannot be read`)
  const { arca_format: format } = meta as Record<string, unknown>
  if (format === undefined)
    throw new BadArchive("it was not made by Arca; snapshots of other software cannot be restored")
  if (format !== 1) throw new BadArchive(`its format is ${String(format)}; this version reads format 1`)
  return meta as Record<string, unknown>
}

function parsed(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString())
  } catch {
    return undefined
  }
}
