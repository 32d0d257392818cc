/** Making a snapshot: the store at one moment, as a stream, while requests go on. */

import { createHash } from "node:crypto"
import { pipeline, Readable } from "node:stream"
import { createGzip } from "node:zlib"
import { entriesOf } from "@arca/storage"
import { uuid } from "../random.ts"
import type { Server } from "../server.ts"
import { END, framed, META, type Member, packed, SEALED_SUMS, type SnapshotMeta, STATE, SUMS } from "./archive.ts"
import { isOfProcesses, RESTORE } from "./stage.ts"

/** Where the sealed checksums belong, for the barrier: nothing lies there. */
export const SUMS_PLACE = "snapshot/SHA256SUMS"

const MEMBER_BYTES = 1024 * 1024

/** The archive, compressed. What lies in it is sealed already; compression is for the names. */
export function takeSnapshot(server: Server): AsyncIterable<Uint8Array> {
  const gzip = createGzip({ level: 1 })
  // What goes wrong is told by the stream that is read.
  pipeline(Readable.from(tarOf(server), { objectMode: false }), gzip, () => undefined)
  return gzip
}

async function* tarOf(server: Server): AsyncGenerator<Uint8Array> {
  for await (const member of membersOf(server)) yield* packed(member)
  yield END
}

async function* membersOf(server: Server): AsyncGenerator<Member> {
  const sums: string[] = []
  const summed = (name: string, content: Uint8Array): Member => {
    sums.push(`${createHash("sha256").update(content).digest("hex")}  ${name}\n`)
    return { name, content }
  }
  const { inner } = server.seal.barrier
  using view = inner.view()
  const version = await inner.version()
  yield summed(META, Buffer.from(JSON.stringify(metaOf(server, version))))
  let frames: Uint8Array[] = []
  let bytes = 0
  let number = 0
  const flushed = (): Member => {
    const content = Buffer.concat(frames, bytes)
    frames = []
    bytes = 0
    return summed(STATE + String(number++).padStart(6, "0"), content)
  }
  for await (const entry of entriesOf(view)) {
    if (entry.key.startsWith(RESTORE) || isOfProcesses(entry.key)) continue
    const frame = framed(entry)
    frames.push(frame)
    bytes += frame.length
    if (bytes >= MEMBER_BYTES) yield flushed()
  }
  if (bytes > 0) yield flushed()
  const text = Buffer.from(sums.join(""))
  yield { name: SUMS, content: text }
  yield { name: SEALED_SUMS, content: server.seal.barrier.sealAt(SUMS_PLACE, text) }
}

function metaOf(server: Server, version: number): SnapshotMeta {
  const { facts, seal } = server
  const { cluster, term } = seal.barrier.status()
  return {
    Version: 1,
    ID: uuid(server.random),
    Index: version,
    Term: term,
    arca_format: 1,
    arca_version: facts.arcaVersion,
    cluster_id: cluster,
    storage_type: facts.storageType,
    created: new Date(server.now() * 1000).toISOString(),
  }
}
