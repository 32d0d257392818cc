import assert from "node:assert/strict"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { Worker } from "node:worker_threads"
import { retrying, text, write } from "./conformance-steps.ts"
import { lmdbStorage } from "./lmdb.ts"
import { decodeRecord, encodeRecord, refusalOf } from "./lmdb-file.ts"
import type { Storage } from "./view.ts"

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "arca-lmdb-"))
  t.after(() => rm(path, { recursive: true }))
  return path
}

async function valueUnder(storage: Storage, key: string): Promise<string | undefined> {
  using view = storage.view()
  return text(await view.get(key))
}

test("what was committed is there after closing and opening again, and versions go on", async t => {
  const path = await directory(t)
  {
    await using storage = await lmdbStorage({ path })
    await write(storage, { a: "1" })
  }
  await using storage = await lmdbStorage({ path })
  assert.equal(await valueUnder(storage, "a"), "1")
  assert.equal(await write(storage, { b: "1" }), 2)
})

test("only the owner can read the directory and its files, also when they were open to others", async t => {
  const path = join(await directory(t), "data")
  {
    await using storage = await lmdbStorage({ path })
    await write(storage, { a: "1" })
  }
  assert.equal((await stat(path)).mode & 0o777, 0o700)
  await chmod(join(path, "arca.mdb"), 0o644)
  await using _storage = await lmdbStorage({ path })
  for (const file of await readdir(path)) assert.equal((await stat(join(path, file))).mode & 0o777, 0o600, file)
})

test("a path that cannot hold a store is refused with its name and the reason", async t => {
  const path = join(await directory(t), "file")
  await writeFile(path, "")
  await assert.rejects(lmdbStorage({ path }), { name: "StorageFailed", message: /Cannot keep data in ".*file"/ })
})

test("file systems of the network are refused, local ones are not", () => {
  assert.match(refusalOf(0x6969) ?? "", /NFS/)
  assert.match(refusalOf(0xff534d42 | 0) ?? "", /CIFS/)
  for (const local of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1])
    assert.equal(refusalOf(local), undefined)
})

test("a commit's record keeps keys with any characters", () => {
  const writes = new Map([
    ["a\nb", new Uint8Array(1)],
    ["+ü/-", undefined],
  ])
  assert.deepEqual(decodeRecord(7, encodeRecord(writes)).changes, [
    { version: 7, key: "a\nb", kind: "put" },
    { version: 7, key: "+ü/-", kind: "delete" },
  ])
})

test("several processes on one file lose no increment, and this one sees all of them", async t => {
  const path = await directory(t)
  await using storage = await lmdbStorage({ path })
  const program = join(import.meta.dirname, "lmdb-counter.ts")
  const exits = [1, 2, 3].map(() => once(spawn(process.execPath, [program, path, "20"], { stdio: "inherit" }), "exit"))
  for (let nth = 0; nth < 20; nth++) {
    await retrying(storage, async view =>
      view.put("n", Buffer.from(String(Number(text(await view.get("n")) ?? "0") + 1))),
    )
  }
  for (const [code] of await Promise.all(exits)) assert.equal(code, 0)
  assert.equal(await valueUnder(storage, "n"), "80")
  assert.equal(await storage.version(), 80)
})

test("a view sees what another process has committed, even in the turn in which this one has read before", async t => {
  const path = await directory(t)
  await using storage = await lmdbStorage({ path })
  storage.view()[Symbol.dispose]()
  spawnSync(process.execPath, [join(import.meta.dirname, "lmdb-counter.ts"), path, "1"], { stdio: "inherit" })
  using view = storage.view()
  assert.equal(text(await view.get("n")), "1")
})

test("a process that has the store open cannot open it again, nor can its threads, until it is closed", async t => {
  const path = await directory(t)
  {
    await using _storage = await lmdbStorage({ path })
    await assert.rejects(lmdbStorage({ path: join(path, ".") }), {
      name: "StorageFailed",
      message: /has it open already/,
    })
    if (process.platform === "linux") {
      const worker = new Worker(join(import.meta.dirname, "lmdb-counter.ts"), { argv: [path, "1"] })
      const [error] = await once(worker, "error")
      assert.match(error.message, /has it open already/)
    }
  }
  await using again = await lmdbStorage({ path })
  await write(again, { a: "1" })
})

test("the feed tells what other processes commit", async t => {
  const path = await directory(t)
  await using storage = await lmdbStorage({ path, poll: 0.01 })
  const feed = storage.changes(0)[Symbol.asyncIterator]()
  const next = feed.next()
  const child = spawn(process.execPath, [join(import.meta.dirname, "lmdb-counter.ts"), path, "1"], { stdio: "inherit" })
  await once(child, "exit")
  assert.deepEqual((await next).value, { version: 1, key: "n", kind: "put" })
  await feed.return?.()
})

test("a backup holds one state, and becomes a store by its name", async t => {
  const path = await directory(t)
  const copy = join(path, "copy", "arca.mdb")
  await mkdir(join(path, "copy"))
  await using storage = await lmdbStorage({ path: join(path, "live") })
  const pairs = Array.from({ length: 300 }, (_, at) =>
    write(storage, { [`a/${at}`]: "x".repeat(999), [`b/${at}`]: "x" }),
  )
  await pairs[0]
  await storage.backup(copy)
  await Promise.all(pairs)
  await assert.rejects(storage.backup(copy), /already a file/)
  assert.equal((await stat(copy)).mode & 0o777, 0o600)
  await using restored = await lmdbStorage({ path: join(path, "copy") })
  using view = restored.view()
  assert.deepEqual(await view.list("a/"), await view.list("b/"))
  assert.equal((await view.list("a/")).length, await restored.version())
})

test("a backup moved in place of the store is the store", async t => {
  const path = await directory(t)
  {
    await using storage = await lmdbStorage({ path })
    await write(storage, { a: "1" })
    await storage.backup(join(path, "backup"))
    await write(storage, { a: "2" })
  }
  await rename(join(path, "backup"), join(path, "arca.mdb"))
  await using storage = await lmdbStorage({ path })
  assert.equal(await valueUnder(storage, "a"), "1")
  assert.equal(await write(storage, { b: "1" }), 2)
})

/** A memory file system of a few megabytes, as only root may mount. */
async function smallDisk(t: TestContext): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const path = await mkdtemp(join(tmpdir(), "arca-full-"))
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=6m", "tmpfs", path]).status === 0
  t.after(async () => {
    if (mounted) spawnSync("umount", ["--lazy", path])
    await rm(path, { recursive: true, force: true })
  })
  return mounted ? path : undefined
}

test("a store on a full disk stops, and on a larger one everything acknowledged is in it, nothing halved", async t => {
  const path = await smallDisk(t)
  if (path === undefined) return t.skip("Only root can mount a small file system")
  let acknowledged = 0
  {
    await using storage = await lmdbStorage({ path })
    const fill = async () => {
      for (; acknowledged < 2000; acknowledged++) {
        await write(storage, { [`a/${acknowledged}`]: "x".repeat(30_000), [`b/${acknowledged}`]: "x" })
      }
    }
    await assert.rejects(fill(), { name: "StorageFailed" })
    await assert.rejects(write(storage, { c: "1" }), { name: "StorageFailed", message: /accepts no more commits/ })
    using view = storage.view()
    assert.equal((await view.list("a/")).length, acknowledged)
  }
  spawnSync("mount", ["-o", "remount,size=32m", path])
  await using reopened = await lmdbStorage({ path })
  {
    using view = reopened.view()
    assert.ok(acknowledged > 5)
    assert.equal((await view.list("a/")).length, acknowledged)
    assert.deepEqual(await view.list("a/"), await view.list("b/"))
  }
  await write(reopened, { c: "1" })
})

const WRITE_UNTIL_FAILED = `
  import { lmdbStorage } from ${JSON.stringify(join(import.meta.dirname, "lmdb.ts"))}
  const storage = await lmdbStorage({ path: process.argv[1] })
  for (let nth = 0; nth < 50; nth++) {
    try {
      const view = storage.view()
      view.put("k/" + nth, Buffer.from("1"))
      process.stdout.write((await storage.commit(view)) + "\\n")
    } catch (error) {
      process.stdout.write(error.name + "\\n")
    }
  }
  process.exit(0)
`

for (const [call, error] of [
  ["fdatasync", "EIO"],
  ["pwrite64", "ENOSPC"],
  ["pwrite64", "EIO"],
] as const) {
  test(`after ${call} has failed once with ${error} no commit is acknowledged any more`, async t => {
    if (spawnSync("strace", ["-V"]).status !== 0) return t.skip("strace is not installed (node tools/parts.ts)")
    const path = await directory(t)
    await using before = await lmdbStorage({ path })
    await write(before, { ready: "1" })
    const inject = [
      "-f",
      "-qq",
      "-e",
      `trace=${call}`,
      "-e",
      `inject=${call}:error=${error}:when=12`,
      "-o",
      join(path, "trace"),
    ]
    const child = spawn(
      "strace",
      [...inject, process.execPath, "--input-type=module", "-e", WRITE_UNTIL_FAILED, path],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    )
    let printed = ""
    let complaints = ""
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      printed += part
    })
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      complaints += part
    })
    await once(child, "close")
    if (!/INJECTED/.test(await readFile(join(path, "trace"), "utf8"))) return t.skip("strace may not trace here")
    const lines = printed.trim().split("\n")
    const acknowledged = lines.filter(line => /^\d+$/.test(line))
    assert.equal(lines.length, 50, `exit ${child.exitCode} ${child.signalCode}: ${complaints}`)
    assert.ok(acknowledged.length > 0 && acknowledged.length < 50, printed)
    assert.ok(
      lines.slice(acknowledged.length).every(line => line === "StorageFailed"),
      printed,
    )
    using view = before.view()
    const present = await view.list("k/")
    assert.ok(present.length >= acknowledged.length && present.length <= acknowledged.length + 1, String(present))
  })
}
