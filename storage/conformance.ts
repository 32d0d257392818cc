/**
 * What every store must do, as tests. A driver passes when `testStorage` passes on it; so must a Storage around a Storage.
 */

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { testChanges } from "./conformance-feed.ts"
import { testModel } from "./conformance-model.ts"
import { bytes, type OpenStorage, read, retrying, text, write } from "./conformance-steps.ts"
import { KEY_LIMIT } from "./key.ts"
import { Conflict, type Storage, type Version, type View } from "./view.ts"

/** Registers the whole suite for one store; `largest` is the size of the largest value it must take, in bytes. */
export function testStorage(name: string, open: OpenStorage, modelRuns = 60, largest = 5 * 1024 * 1024): void {
  describe(name, () => {
    testSnapshots(open)
    testConflicts(open)
    testListings(open)
    testOwnWrites(open)
    testValues(open, largest)
    testChanges(open)
    testModel(open, modelRuns)
  })
}

function testSnapshots(open: OpenStorage): void {
  test("a view reads one state, whatever is committed after it was first read", async t => {
    const storage = await open(t)
    await write(storage, { a: "1", "f/x": "1" })
    using before = storage.view()
    assert.equal(text(await before.get("a")), "1")
    await write(storage, { a: "2", b: "2", "f/y": "2" })
    assert.equal(text(await before.get("a")), "1")
    assert.equal(await before.get("b"), undefined)
    assert.deepEqual(await before.list("f/"), ["x"])
    assert.equal(await read(storage, "a"), "2")
  })

  test("versions grow by commits that wrote something, and each entry carries its own", async t => {
    const storage = await open(t)
    const empty = await storage.version()
    const a = await write(storage, { a: "1" })
    const b = await write(storage, { b: "1" })
    assert.ok(empty < a && a < b, `${empty} < ${a} < ${b}`)
    assert.equal(await storage.commit(storage.view()), b)
    assert.ok((await storage.version()) >= b)
    using view = storage.view()
    assert.deepEqual(await view.entry("a"), { version: a, value: bytes("1") })
    assert.deepEqual(await view.entry("a", a), { version: a, value: undefined })
    assert.deepEqual(await view.entry("b", a), { version: b, value: bytes("1") })
  })

  test("a cached value is decoded once for all views until it changes", async t => {
    const storage = await open(t)
    let decoded = 0
    const decode = (value: Uint8Array) => ({ is: text(value), nth: ++decoded })
    const cached = async () => {
      using view = storage.view()
      return await view.cached("a", decode)
    }
    assert.equal(await cached(), undefined)
    await write(storage, { a: "1" })
    assert.deepEqual(await cached(), { is: "1", nth: 1 })
    await write(storage, { b: "1" })
    assert.deepEqual(await cached(), { is: "1", nth: 1 })
    await write(storage, { a: "2" })
    assert.deepEqual(await cached(), { is: "2", nth: 2 })
    await write(storage, { a: undefined })
    assert.equal(await cached(), undefined)
  })

  test("a cached value of a view's own write is not shown to others", async t => {
    const storage = await open(t)
    const decode = (value: Uint8Array) => text(value)
    await write(storage, { a: "1" })
    using view = storage.view()
    view.put("a", bytes("2"))
    assert.equal(await view.cached("a", decode), "2")
    using other = storage.view()
    assert.equal(await other.cached("a", decode), "1")
  })

  test("a view that has ended refuses everything", async t => {
    const storage = await open(t)
    const view = storage.view()
    view.put("a", bytes("1"))
    await storage.commit(view)
    await assert.rejects(view.get("a"), /has ended/)
    assert.throws(() => view.put("a", bytes("2")), /has ended/)
    await assert.rejects(async () => storage.commit(view), /has ended/)
    const disposed = storage.view()
    disposed[Symbol.dispose]()
    disposed[Symbol.dispose]()
    await assert.rejects(disposed.list(""), /has ended/)
  })

  test("a view of another store is refused", async t => {
    const [one, other] = [await open(t), await open(t)]
    using view = other.view()
    view.put("a", bytes("1"))
    await assert.rejects(async () => one.commit(view), /another storage/)
    assert.equal(await read(one, "a"), undefined)
  })

  test("the views of a moment show what was committed before it, and each is a transaction of its own", async t => {
    const storage = await open(t)
    await write(storage, { a: "1" })
    const moment = storage.moment()
    const first = moment.view()
    assert.equal(text((await first.get("a")) ?? bytes("")), "1")
    first[Symbol.dispose]()
    using second = moment.view()
    moment[Symbol.dispose]()
    // It stays readable when the moment is over, and a commit meanwhile is a conflict.
    assert.equal(text((await second.get("a")) ?? bytes("")), "1")
    await write(storage, { a: "2" })
    second.put("b", bytes("1"))
    await assert.rejects(async () => storage.commit(second), Conflict)
    assert.equal(await read(storage, "a"), "2")
    assert.equal(await read(storage, "b"), undefined)
  })

  test("the clock tells seconds since 1970", async t => {
    const storage = await open(t)
    assert.ok(Math.abs((await storage.now()) - Date.now() / 1000) < 60)
  })
}

function testConflicts(open: OpenStorage): void {
  /** Commits `theirs` between what `ours` reads and our commit, and tells whether that was a conflict. */
  async function conflicts(
    storage: Storage,
    ours: (view: View) => Promise<unknown>,
    theirs: Record<string, string | undefined>,
  ) {
    const view = storage.view()
    await ours(view)
    view.put("ours", bytes("1"))
    await write(storage, theirs)
    const refused = await storage.commit(view).then(
      () => false,
      error => error instanceof Conflict,
    )
    assert.equal(await read(storage, "ours"), refused ? undefined : "1")
    await write(storage, { ours: undefined })
    return refused
  }

  test("a commit is refused when a value it read was changed, deleted or created", async t => {
    const storage = await open(t)
    await write(storage, { a: "1", b: "1" })
    assert.equal(await conflicts(storage, view => view.get("a"), { a: "2" }), true)
    assert.equal(await conflicts(storage, view => view.get("a"), { a: undefined }), true)
    assert.equal(await conflicts(storage, view => view.get("a"), { a: "3" }), true)
    assert.equal(await conflicts(storage, async view => view.cached("a", text), { a: "4" }), true)
    assert.equal(await conflicts(storage, view => view.get("a"), { b: "2", c: "2" }), false)
  })

  test("a value that was deleted and put back the same is a change", async t => {
    const storage = await open(t)
    await write(storage, { a: "1" })
    const view = storage.view()
    await view.get("a")
    view.put("ours", bytes("1"))
    await write(storage, { a: undefined })
    await write(storage, { a: "1" })
    await assert.rejects(storage.commit(view), Conflict)
  })

  test("a commit is refused when a listing it read would show other names now", async t => {
    const storage = await open(t)
    await write(storage, { "f/a": "1", "f/b/x": "1", "f/b/y": "1" })
    assert.equal(await conflicts(storage, view => view.list("f/"), { "f/c": "1" }), true)
    assert.equal(await conflicts(storage, view => view.list("f/"), { "f/a": undefined }), true)
    assert.equal(await conflicts(storage, view => view.list("empty/"), { "empty/a": "1" }), true)
    assert.equal(await conflicts(storage, view => view.keys("f/"), { "f/b/z": "1" }), true)
    assert.equal(await conflicts(storage, view => view.list("f/"), { "f/b/w": "1" }), false)
    assert.equal(await conflicts(storage, view => view.list("f/"), { "f/c": "2", g: "1" }), false)
    assert.equal(await conflicts(storage, view => view.list("f/", { limit: 1 }), { "f/d": "1" }), false)
    assert.equal(await conflicts(storage, view => view.list("f/", { after: "c" }), { "f/a": "1" }), false)
  })

  test("writes without reads do not conflict, and the last one stands", async t => {
    const storage = await open(t)
    const [one, two] = [storage.view(), storage.view()]
    one.put("a", bytes("1"))
    two.put("a", bytes("2"))
    await storage.commit(one)
    await storage.commit(two)
    assert.equal(await read(storage, "a"), "2")
  })

  test("a view without writes commits although what it read has changed", async t => {
    const storage = await open(t)
    await write(storage, { a: "1" })
    const view = storage.view()
    await view.get("a")
    await write(storage, { a: "2" })
    await storage.commit(view)
  })

  test("two commits that each read what the other writes are not both accepted", async t => {
    const storage = await open(t)
    for (let round = 0; round < 10; round++) {
      await write(storage, { a: "1", b: "1" })
      const [one, two] = [storage.view(), storage.view()]
      await Promise.all([one.get("a"), two.get("b")])
      one.put("b", bytes("2"))
      two.put("a", bytes("2"))
      assert.deepEqual(await outcomes([storage.commit(one), storage.commit(two)]), ["committed", "Conflict"])
    }
  })

  test("two commits that each add a name to a listing the other read are not both accepted", async t => {
    const storage = await open(t)
    for (let round = 0; round < 10; round++) {
      const [one, two] = [storage.view(), storage.view()]
      await Promise.all([one.list(`on-call-${round}/`), two.list(`on-call-${round}/`)])
      one.put(`on-call-${round}/one`, bytes("1"))
      two.put(`on-call-${round}/two`, bytes("1"))
      assert.deepEqual(await outcomes([storage.commit(one), storage.commit(two)]), ["committed", "Conflict"])
    }
  })

  test("64 increments at once, each tried until it meets no conflict, add exactly 64", async t => {
    const storage = await open(t)
    await write(storage, { counter: "0" })
    const increment = async (view: View) =>
      view.put("counter", bytes(String(Number(text(await view.get("counter"))) + 1)))
    const versions = await Promise.all(Array.from({ length: 64 }, () => retrying(storage, increment)))
    assert.equal(await read(storage, "counter"), "64")
    assert.equal(new Set(versions).size, 64)
  })
}

async function outcomes(commits: Promise<Version>[]): Promise<string[]> {
  const settled = await Promise.allSettled(commits)
  return settled
    .map(one => (one.status === "fulfilled" ? "committed" : String(one.reason.name)))
    .sort()
    .reverse()
}

function testListings(open: OpenStorage): void {
  test("a list shows leaves and folders once each, in the order of their bytes", async t => {
    const storage = await open(t)
    const names = [
      "a",
      "a-b",
      "a/c",
      "a/d/e",
      "a.b",
      "a0",
      "B",
      "é",
      "z",
      "\u{e000}",
      "\u{10000}",
      "\u{10ffff}/x",
      "ﬀ/y",
    ]
    await write(storage, Object.fromEntries(names.map(name => [`f/${name}`, "1"])))
    await write(storage, { "f.": "1", f0: "1", "e/z": "1", f: "1" })
    using view = storage.view()
    const expected = ["B", "a", "a-b", "a.b", "a/", "a0", "z", "é", "\u{e000}", "ﬀ/", "\u{10000}", "\u{10ffff}/"]
    assert.deepEqual(await view.list("f/"), expected)
    assert.deepEqual(await view.list(""), ["e/", "f", "f.", "f/", "f0"])
    assert.deepEqual(await view.list("f/a/"), ["c", "d/"])
    assert.deepEqual(await view.list("absent/"), [])
    assert.deepEqual(await view.keys("f/a/"), ["c", "d/e"])
    assert.deepEqual((await view.keys("")).length, names.length + 4)
  })

  test("a page holds the names strictly between after and before, at most limit", async t => {
    const storage = await open(t)
    await write(storage, { "f/a": "1", "f/b": "1", "f/b/1": "1", "f/b/2": "1", "f/c": "1", "f/d/1": "1" })
    using view = storage.view()
    assert.deepEqual(await view.list("f/", { after: "b" }), ["b/", "c", "d/"])
    assert.deepEqual(await view.list("f/", { after: "b/" }), ["c", "d/"])
    assert.deepEqual(await view.list("f/", { after: "b/1" }), ["c", "d/"])
    assert.deepEqual(await view.list("f/", { before: "b/" }), ["a", "b"])
    assert.deepEqual(await view.list("f/", { before: "b/1" }), ["a", "b", "b/"])
    assert.deepEqual(await view.list("f/", { after: "a", before: "c", limit: 1 }), ["b"])
    assert.deepEqual(await view.list("f/", { after: "zz" }), [])
    assert.deepEqual(await view.list("f/", { limit: 0 }), [])
    assert.deepEqual(await view.keys("f/", { after: "b/1", limit: 2 }), ["b/2", "c"])
    assert.deepEqual(await view.keys("f/", { after: "b", before: "b/2" }), ["b/1"])
    assert.deepEqual(await view.list("f/", { after: "x".repeat(KEY_LIMIT * 2) }), [])
  })

  test("paging by limit and after shows every name once", async t => {
    const storage = await open(t)
    const names = Array.from({ length: 57 }, (_, at) => `n${String(at).padStart(3, "0")}${at % 5 === 0 ? "/x" : ""}`)
    await write(storage, Object.fromEntries(names.map(name => [`f/${name}`, "1"])))
    using view = storage.view()
    const seen: string[] = []
    for (let page = await view.list("f/", { limit: 10 }); page.length > 0; ) {
      seen.push(...page)
      page = await view.list("f/", { limit: 10, after: seen.at(-1) ?? "" })
    }
    assert.deepEqual(seen, await view.list("f/"))
    assert.equal(seen.length, 57)
  })
}

function testOwnWrites(open: OpenStorage): void {
  test("a view sees its own puts and deletions, nobody else does before the commit", async t => {
    const storage = await open(t)
    await write(storage, { a: "1", b: "1" })
    const view = storage.view()
    view.put("a", bytes("2"))
    view.delete("b")
    view.put("c", bytes("2"))
    assert.deepEqual(
      [text(await view.get("a")), text(await view.get("b")), text(await view.get("c"))],
      ["2", undefined, "2"],
    )
    assert.deepEqual(
      [await read(storage, "a"), await read(storage, "b"), await read(storage, "c")],
      ["1", "1", undefined],
    )
    view.delete("c")
    view.put("b", bytes("3"))
    await storage.commit(view)
    assert.deepEqual(
      [await read(storage, "a"), await read(storage, "b"), await read(storage, "c")],
      ["2", "3", undefined],
    )
  })

  test("listings show own writes in place, and a folder ends with its last key", async t => {
    const storage = await open(t)
    await write(storage, { "f/a": "1", "f/b/1": "1", "f/b/2": "1", "f/c": "1" })
    using view = storage.view()
    view.delete("f/b/1")
    assert.deepEqual(await view.list("f/"), ["a", "b/", "c"])
    view.delete("f/b/2")
    view.put("f/aa", bytes("1"))
    view.put("f/d/1", bytes("1"))
    assert.deepEqual(await view.list("f/"), ["a", "aa", "c", "d/"])
    assert.deepEqual(await view.list("f/", { limit: 2, after: "a" }), ["aa", "c"])
    assert.deepEqual(await view.list("f/", { before: "c" }), ["a", "aa"])
    assert.deepEqual(await view.keys("f/"), ["a", "aa", "c", "d/1"])
    assert.deepEqual(await view.keys("f/", { limit: 3 }), ["a", "aa", "c"])
    view.put("f/b/3", bytes("1"))
    assert.deepEqual(await view.list("f/"), ["a", "aa", "b/", "c", "d/"])
  })

  test("a scope is the same transaction seen from below a prefix", async t => {
    const storage = await open(t)
    await write(storage, { "m/x/a": "1" })
    const view = storage.view()
    const scope = view.scope("m/").scope("x/")
    assert.equal(text(await scope.get("a")), "1")
    scope.put("b", bytes("2"))
    scope.delete("a")
    assert.deepEqual(await scope.list(""), ["b"])
    assert.deepEqual(await view.keys(""), ["m/x/b"])
    await storage.commit(scope)
    assert.equal(await read(storage, "m/x/b"), "2")
    assert.equal(await read(storage, "m/x/a"), undefined)
  })
}

function testValues(open: OpenStorage, largest: number): void {
  test("every value comes back as it was: empty, all byte values, as large as may be", async t => {
    const storage = await open(t)
    const all = Uint8Array.from({ length: 256 }, (_, at) => 255 - at)
    const large = new Uint8Array(largest).map((_, at) => at * 31)
    const view = storage.view()
    view.put("empty", new Uint8Array(0))
    view.put("all", all)
    view.put("large", large)
    await storage.commit(view)
    using after = storage.view()
    assert.deepEqual(await after.get("empty"), new Uint8Array(0))
    assert.deepEqual(await after.get("all"), all)
    assert.ok(Buffer.from(large).equals((await after.get("large")) ?? all))
    assert.deepEqual(await after.get("all"), all)
  })

  test("a value belongs to who holds it: changing the buffer changes nothing in the store", async t => {
    const storage = await open(t)
    const mine = bytes("1")
    const view = storage.view()
    view.put("a", mine)
    mine[0] = 0xff
    ;(await view.get("a"))?.fill(0xff)
    await storage.commit(view)
    using after = storage.view()
    ;(await after.get("a"))?.fill(0xff)
    assert.equal(text(await after.get("a")), "1")
  })

  test("keys up to the limit work, and what is no key is refused", async t => {
    const storage = await open(t)
    const longest = [`${"k".repeat(KEY_LIMIT - 4)}/end`, `é/${"é".repeat(KEY_LIMIT / 2 - 2)}/`, "a/b/", "%\\'\"\n\t"]
    await write(storage, Object.fromEntries(longest.map(key => [key, "1"])))
    for (const key of longest) assert.equal(await read(storage, key), "1")
    using view = storage.view()
    const invalid = ["", "/a", "a//b", "a\0b", "\ud800", "k".repeat(KEY_LIMIT + 1), "é".repeat(KEY_LIMIT / 2 + 1)]
    for (const key of invalid) {
      await assert.rejects(view.get(key), { name: "InvalidKey" })
      assert.throws(() => view.put(key, bytes("1")), { name: "InvalidKey" })
    }
    await assert.rejects(view.list("a"), { name: "InvalidKey" })
    assert.throws(() => view.scope("a"), { name: "InvalidKey" })
  })

  test("many writes are one commit", async t => {
    const storage = await open(t)
    const keys = Array.from({ length: 5000 }, (_, at) => `bulk/${(at * 7919) % 5000}`)
    const version = await write(storage, Object.fromEntries(keys.map(key => [key, key])))
    using view = storage.view()
    assert.equal((await view.keys("bulk/")).length, 5000)
    assert.equal(text(await view.get("bulk/4999")), "bulk/4999")
    for await (const change of storage.changes(version - 1)) {
      assert.equal(change.version, version)
      break
    }
  })
}
