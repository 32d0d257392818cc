/** A group of commits as PostgreSQL is told of it, and who may be in one group. */

import { createHash } from "node:crypto"
import type { Waiting } from "./commit-queue.ts"
import type { ListRead, Snapshot, Transaction } from "./transaction.ts"

/** Bounds of a group, so that one statement stays short and small. A single commit may be larger. */
const MEMBERS = 256
const BYTES = 8 * 1024 * 1024

export interface Group<S extends Snapshot> {
  readonly members: readonly Waiting<S>[]
  /** Commits that wait, and the member that writes a key they read: if that member succeeds they are conflicts. */
  readonly overtaken: ReadonlyMap<Waiting<S>, Waiting<S>>
}

/**
 * Takes commits off `waiting` that do not depend on each other, as they are all checked against the state before the
 * group. What reads something that a member writes stays for the next group.
 */
export function takeGroup<S extends Snapshot>(waiting: Waiting<S>[]): Group<S> {
  const members: Waiting<S>[] = []
  const overtaken = new Map<Waiting<S>, Waiting<S>>()
  const writers = new Map<string, Waiting<S>>()
  let bytes = 0
  for (const one of [...waiting]) {
    if (members.length === MEMBERS || bytes > BYTES) break
    const writer = writerOfRead(one.transaction, writers)
    if (writer !== undefined) overtaken.set(one, writer)
    if (writer !== undefined || listsWritten(one.transaction.lists, writers)) continue
    members.push(one)
    waiting.splice(waiting.indexOf(one), 1)
    for (const [key, value] of one.transaction.writes) {
      writers.set(key, one)
      bytes += key.length + (value?.length ?? 0)
    }
  }
  return { members, overtaken }
}

function writerOfRead<S extends Snapshot>(transaction: Transaction<S>, writers: ReadonlyMap<string, Waiting<S>>) {
  if (writers.size === 0) return undefined
  for (const key of transaction.reads.keys()) {
    const writer = writers.get(key)
    if (writer !== undefined) return writer
  }
  return undefined
}

function listsWritten(lists: readonly ListRead[], writers: ReadonlyMap<string, unknown>): boolean {
  if (lists.length === 0) return false
  for (const key of writers.keys()) if (lists.some(({ prefix }) => key.startsWith(prefix))) return true
  return false
}

/** The arguments of the commit function, without the request's id in front and what is remembered behind. */
export function argumentsOf<S extends Snapshot>(members: readonly Waiting<S>[]): unknown[] {
  const read = { member: [] as number[], key: [] as string[], version: [] as number[] }
  const written = {
    member: [] as number[],
    key: [] as string[],
    start: [] as number[],
    length: [] as (number | null)[],
  }
  const lists: object[] = []
  const values: Uint8Array[] = []
  let start = 1
  for (const [at, { transaction }] of members.entries()) {
    const member = at + 1
    for (const [key, version] of transaction.reads) {
      read.member.push(member)
      read.key.push(key)
      read.version.push(version)
    }
    for (const { listing, prefix, page, names } of transaction.lists) {
      lists.push({ member, listing, prefix, ...page, digest: digestOf(names) })
    }
    for (const [key, value] of transaction.writes) {
      written.member.push(member)
      written.key.push(key)
      written.start.push(start)
      written.length.push(value?.length ?? null)
      if (value !== undefined) values.push(value)
      start += value?.length ?? 0
    }
  }
  return [
    members.length,
    read.member,
    read.key,
    read.version,
    JSON.stringify(lists),
    written.member,
    written.key,
    written.start,
    written.length,
    Buffer.concat(values),
  ]
}

/** Names as the database digests them: each ended by NUL. */
function digestOf(names: readonly string[]): string {
  const hash = createHash("sha256")
  for (const name of names) hash.update(`${name}\0`)
  return hash.digest("hex")
}
