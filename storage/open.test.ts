import assert from "node:assert/strict"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { write } from "./conformance-steps.ts"
import { openStorage } from "./open.ts"

async function directory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "arca-open-"))
  t.after(() => rm(path, { recursive: true }))
  return path
}

/** Opens, writes, closes, and returns what the operator was told. */
async function noticesOf(type: string, options: Record<string, string>): Promise<string[]> {
  const notices: string[] = []
  await using storage = await openStorage({ type, options: new Map(Object.entries(options)) }, text =>
    notices.push(text),
  )
  assert.equal(await write(storage, { a: "1" }), 1)
  return notices
}

test("lmdb keeps its file in the path and says nothing", async t => {
  const path = join(await directory(t), "deep", "data")
  assert.deepEqual(await noticesOf("lmdb", { path }), [])
  assert.deepEqual(await readdir(path), ["arca.mdb", "arca.mdb-lock"])
})

test("file and raft are served by an LMDB file at their path, and the operator is told", async t => {
  for (const type of ["file", "raft"]) {
    const path = await directory(t)
    const notices = await noticesOf(type, { path })
    assert.match(notices.join("\n"), new RegExp(`"${type}" is kept in an LMDB file in "${path}"`))
  }
})

test("inmem warns that nothing is kept, and unknown options are named", async () => {
  const notices = await noticesOf("inmem", { pth: "/x" })
  assert.deepEqual(notices, [
    'The storage "inmem" has no option "pth"; it is ignored',
    "The storage is in memory: everything is lost when the server ends",
  ])
})

test("an unknown type, a missing option and a wrong number are refused by name", async () => {
  const open = (type: string, options: Record<string, string>) =>
    openStorage({ type, options: new Map(Object.entries(options)) }, () => undefined)
  await assert.rejects(open("consul", {}), /no storage of type "consul"; known are "lmdb", "postgresql"/)
  await assert.rejects(open("lmdb", {}), /"lmdb" needs the option "path"/)
  await assert.rejects(
    open("lmdb", { path: "/tmp/x", map_size: "big" }),
    /"map_size" .* must be a positive number, not "big"/,
  )
  await assert.rejects(open("etcd", { address: "h1:2379,http://h2" }), /"address" .*no etcd endpoint: "http:\/\/h2"/)
  await assert.rejects(open("etcd", { request_timeout: "soon" }), /"request_timeout" .* must be a time such as "5s"/)
  await assert.rejects(open("etcd", { etcd_api: "v2" }), /only the API "v3"/)
  await assert.rejects(open("postgresql", {}), /"postgresql" needs the option "connection_url"/)
})
