import assert from "node:assert/strict"
import { test } from "node:test"
import { CommitQueue, type Waiting } from "./commit-queue.ts"
import { Memo } from "./memo.ts"
import { takeGroup } from "./postgresql-commit.ts"
import { type Snapshot, Transaction } from "./transaction.ts"

const nothing: Snapshot = { get: () => undefined, names: () => [], close: () => undefined }
const memo = new Memo()
const transaction = () => new Transaction(nothing, memo)

test("commits that arrive while a group is under way form the next group", async () => {
  const sizes: number[] = []
  let disk = Promise.withResolvers<void>()
  const queue = new CommitQueue<Snapshot>(async waiting => {
    const group = waiting.splice(0)
    sizes.push(group.length)
    await disk.promise
    for (const { done } of group) done.resolve(sizes.length)
  })
  const first = queue.add(transaction())
  const later = Array.from({ length: 63 }, () => queue.add(transaction()))
  const synced = disk
  disk = Promise.withResolvers()
  disk.resolve()
  synced.resolve()
  assert.equal(await first, 1)
  assert.deepEqual(new Set(await Promise.all(later)), new Set([2]))
  assert.deepEqual(sizes, [1, 63])
})

test("closing waits for what is under way and refuses what comes later", async () => {
  const queue = new CommitQueue<Snapshot>(async waiting => {
    await Promise.resolve()
    for (const { done } of waiting.splice(0)) done.resolve(7)
  })
  const commit = queue.add(transaction())
  await queue.close()
  assert.equal(await commit, 7)
  await assert.rejects(queue.add(transaction()), { name: "StorageFailed" })
})

/** A commit that reads, lists and writes these keys. */
async function waiting(does: { reads?: string[]; lists?: string[]; writes?: string[] }): Promise<Waiting<Snapshot>> {
  const view = transaction()
  for (const key of does.reads ?? []) await view.get(key)
  for (const prefix of does.lists ?? []) await view.list(prefix)
  for (const key of does.writes ?? []) view.put(key, new Uint8Array(1))
  return { transaction: view, done: Promise.withResolvers() }
}

test("a group holds only commits that do not depend on each other; who reads a written key is overtaken", async () => {
  const writer = await waiting({ reads: ["a"], writes: ["a", "f/x"] })
  const reader = await waiting({ reads: ["a"], writes: ["b"] })
  const lister = await waiting({ lists: ["f/"], writes: ["c"] })
  const stranger = await waiting({ reads: ["b"], lists: ["g/"], writes: ["a"] })
  const all = [writer, reader, lister, stranger]
  const group = takeGroup(all)
  assert.deepEqual(group.members, [writer, stranger])
  assert.deepEqual([...group.overtaken], [[reader, writer]])
  assert.deepEqual(all, [reader, lister])
})
