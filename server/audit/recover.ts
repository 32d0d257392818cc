/** Finds out from the end of an audit file where its chain stands, after a stop or a crash. */

import { createHash } from "node:crypto"
import { open, stat } from "node:fs/promises"
import { type Link, linkOf } from "./chain.ts"
import type { ChainState } from "./device.ts"
import { base64, type Frontier, grow } from "./frontier.ts"
import { linesOfFile } from "./lines.ts"

export interface Tail {
  /** Undefined when the file holds no record of the chain that it could be continued from. */
  readonly state: ChainState | undefined
  /** The file ends in the middle of a line. */
  readonly unended: boolean
  /** SHA-256 (base64) of a last line that is only the beginning of a record. */
  readonly torn: string | undefined
  /** The last checkpoint, unverified. */
  readonly note: string | undefined
}

/** How much of the file's end is searched for the last record that states the whole tree. */
const WINDOWS = [1, 8, 64, 512].map(mebibytes => mebibytes * 1024 * 1024)

/** Reads no more of the file than it needs: back to the last checkpoint or start. */
export async function chainTail(file: string, origin: string, log: string, prefix: string): Promise<Tail> {
  const size = await stat(file).then(
    found => (found.isFile() ? found.size : 0),
    () => 0,
  )
  for (const window of WINDOWS) {
    const from = Math.max(0, size - window)
    const tail = await tailFrom(file, await lineStart(file, from), origin, log, prefix)
    if (tail.state !== undefined || from === 0) return tail
  }
  return { state: undefined, unended: false, torn: undefined, note: undefined }
}

async function tailFrom(file: string, from: number, origin: string, log: string, prefix: string): Promise<Tail> {
  let tree: Frontier | undefined
  let prev = ""
  let unended = false
  let torn: string | undefined
  let note: string | undefined
  if (from < 0) return { state: undefined, unended, torn, note }
  for await (const { bytes, ended } of linesOfFile(file, from)) {
    const link = linkOf(bytes, prefix)
    unended = !ended
    if (unended && link === undefined) torn = createHash("sha256").update(bytes).digest("base64")
    if (link === undefined || link.log !== log) continue
    tree = grown(tree, link)
    prev = base64(link.leaf)
    note = link.event?.note ?? note
  }
  const state = tree && { origin, size: tree.size, prev, frontier: tree.subtrees.map(base64) }
  return { state, unended, torn, note }
}

/** Events state the tree before them; between them it grows record by record, as long as they follow one another. */
function grown(tree: Frontier | undefined, link: Link): Frontier | undefined {
  const stated = link.event?.frontier
  const before = stated ?? (tree?.size === link.seq ? tree : undefined)
  if (before !== undefined) grow(before, link.leaf)
  return before
}

/** The start of the first line that begins at or after `from`; -1 when there is none. */
async function lineStart(file: string, from: number): Promise<number> {
  if (from === 0) return 0
  await using handle = await open(file, "r")
  const chunk = Buffer.alloc(64 * 1024)
  for (let position = from; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position)
    if (bytesRead === 0) return -1
    const end = chunk.subarray(0, bytesRead).indexOf(0x0a)
    if (end >= 0) return position + end + 1
    position += bytesRead
  }
}
