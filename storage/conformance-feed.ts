/** What the change feed of every store must do. */

import assert from "node:assert/strict"
import { test } from "node:test"
import { type OpenStorage, write } from "./conformance-steps.ts"
import type { Change, Storage, Version } from "./view.ts"

/** Registers the tests of the feed. */
export function testChanges(open: OpenStorage): void {
  /** The first `count` changes after `since`. */
  async function take(storage: Storage, since: Version, count: number): Promise<Change[]> {
    const taken: Change[] = []
    for await (const change of storage.changes(since)) {
      taken.push(change)
      if (taken.length === count) break
    }
    return taken
  }

  test("the feed tells every change in the order of the commits, from any point on", async t => {
    const storage = await open(t)
    const first = await write(storage, { a: "1" })
    const second = await write(storage, { a: undefined, "b/ü": "1" })
    const third = await write(storage, { a: "2" })
    const all: Change[] = [
      { version: first, key: "a", kind: "put" },
      { version: second, key: "a", kind: "delete" },
      { version: second, key: "b/ü", kind: "put" },
      { version: third, key: "a", kind: "put" },
    ]
    assert.deepEqual(await take(storage, 0, 4), all)
    assert.deepEqual(await take(storage, first, 3), all.slice(1))
    assert.deepEqual(await take(storage, second, 1), all.slice(3))
  })

  test("the feed goes on with what is committed while it is read", async t => {
    const storage = await open(t)
    const coming = take(storage, 0, 3)
    await write(storage, { a: "1" })
    await write(storage, { b: "1" })
    await write(storage, { c: "1" })
    assert.deepEqual(
      (await coming).map(change => change.key),
      ["a", "b", "c"],
    )
  })

  test("commits made at once appear in the feed once each, in order of their versions", async t => {
    const storage = await open(t)
    const versions = await Promise.all(Array.from({ length: 40 }, (_, at) => write(storage, { [`k${at}`]: "1" })))
    const changes = await take(storage, 0, 40)
    assert.deepEqual(
      changes.map(change => change.version),
      versions.toSorted((a, b) => a - b),
    )
    for (const { version, key } of changes) assert.equal(versions[Number(key.slice(1))], version)
  })

  test("a reader that falls behind what is remembered is told so", async t => {
    const storage = await open(t, 4)
    await Promise.all(Array.from({ length: 600 }, (_, at) => write(storage, { [`k${at}`]: "1" })))
    const late = await write(storage, { late: "1" })
    await write(storage, { later: "1", latest: "1" })
    await assert.rejects(take(storage, 0, 1), { name: "ChangesGone" })
    assert.equal((await take(storage, late - 1, 3)).length, 3)
  })

  test("a reader that is ahead of the store is told that the store was put back", async t => {
    const storage = await open(t)
    const version = await write(storage, { a: "1" })
    await assert.rejects(take(storage, version + 1, 1), { name: "ChangesGone" })
  })

  test("a reader that stops while it waits is let go", async t => {
    const storage = await open(t)
    const reader = storage.changes(0)[Symbol.asyncIterator]()
    const next = reader.next()
    await reader.return?.()
    assert.deepEqual(await next, { done: true, value: undefined })
  })

  test("closing the store ends its feeds and refuses new views", async t => {
    const storage = await open(t)
    const next = storage.changes(0)[Symbol.asyncIterator]().next()
    await storage[Symbol.asyncDispose]()
    assert.deepEqual(await next, { done: true, value: undefined })
    assert.throws(() => storage.view(), { name: "StorageFailed" })
  })
}
