import assert from "node:assert/strict"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type TestContext, test } from "node:test"
import { testServer } from "../testing.ts"
import { drillSnapshot, sharesNeeded } from "./drill.ts"

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "arca-schedule-"))
  t.after(() => rm(path, { recursive: true }))
  return path
}

const CONFIG = "sys/storage/raft/snapshot-auto/config"
const daily = (path: string) => ({ interval: "24h", retain: 2, path_prefix: path, local_max_space: 10_000_000 })

test("snapshots are made by schedule, kept by number, and each opens with the key shares", async t => {
  const path = await folder(t)
  const vault = await testServer({ parts: { snapshotFolders: [path] } })
  await vault.write("sys/mounts/kv", { type: "kv" })
  await vault.write("kv/a", { value: "1" })
  assert.equal((await vault.write(`${CONFIG}/daily`, daily(join(path, "d")))).status, 204)
  assert.deepEqual((await vault.list(CONFIG)).data.keys, ["daily"])
  const made = () => readdir(join(path, "d")).catch(() => [])
  await vault.runJobs()
  assert.equal((await made()).length, 1)
  await vault.runJobs()
  assert.equal((await made()).length, 1, "not before it is time")
  for (let day = 0; day < 3; day++) {
    vault.clock.advance("25h")
    await vault.runJobs()
  }
  const names = await made()
  assert.equal(names.length, 2)
  const { data } = await vault.read("sys/storage/raft/snapshot-auto/status/daily")
  assert.deepEqual([data.last_snapshot_error, data.consecutive_errors], ["", 0])
  assert.equal(data.last_snapshot_url, join(path, "d", names.sort().at(-1) ?? ""))
  const file = String(data.last_snapshot_url)
  assert.equal(await sharesNeeded(file), 1)
  const drilled = await drillSnapshot({ path: file, shares: [vault.unsealKey] })
  assert.ok(drilled.entries > 10)
  assert.equal((await vault.delete(`${CONFIG}/daily`)).status, 204)
  vault.clock.advance("25h")
  await vault.runJobs()
  assert.equal((await made()).length, 2)
})

test("a drill names what is wrong: other keys, too few, a broken file", async t => {
  const path = await folder(t)
  const vault = await testServer({ parts: { snapshotFolders: [path] } })
  await vault.write(`${CONFIG}/daily`, daily(path))
  await vault.runJobs()
  const file = join(path, (await readdir(path))[0] ?? "")
  const other = await testServer()
  await assert.rejects(drillSnapshot({ path: file, shares: [other.unsealKey] }), /do not open this snapshot/)
  await assert.rejects(drillSnapshot({ path: file, shares: [] }), /opens with 1 key shares; 0 were given/)
  const bytes = await readFile(file)
  await writeFile(join(path, "cut.snap"), bytes.subarray(0, bytes.length / 2))
  await assert.rejects(drillSnapshot({ path: join(path, "cut.snap"), shares: [vault.unsealKey] }), /no whole snapshot/)
})

test("a folder that the configuration does not list, and numbers that make no sense, are refused", async t => {
  const path = await folder(t)
  const closed = await testServer()
  assert.match((await closed.write(`${CONFIG}/x`, daily(path))).errors[0] ?? "", /snapshot_directories/)
  const vault = await testServer({ parts: { snapshotFolders: [path] } })
  const errors = async (more: Record<string, string | number>) =>
    (await vault.write(`${CONFIG}/x`, { ...daily(path), ...more })).errors.join()
  assert.match(await errors({ path_prefix: "/etc" }), /must be within/)
  assert.match(await errors({ path_prefix: `${path}/../x` }), /must be within/)
  assert.match(await errors({ interval: "1s" }), /at least 1m/)
  assert.match(await errors({ retain: 0 }), /at least 1/)
  assert.match(await errors({ local_max_space: 0 }), /local_max_space/)
  assert.match(await errors({ file_prefix: "../x" }), /plain name/)
  assert.match(await errors({ storage_type: "google-gcs" }), /must be "local" or "aws-s3"/)
})

test("a snapshot that fails is told by the status, leaves no file, and is made at the next time", async t => {
  const path = await folder(t)
  const vault = await testServer({ parts: { snapshotFolders: [path] } })
  await vault.write(`${CONFIG}/tiny`, { ...daily(path), local_max_space: 10 })
  await vault.runJobs()
  assert.deepEqual(await readdir(path), [])
  const { data } = await vault.read("sys/storage/raft/snapshot-auto/status/tiny")
  assert.match(String(data.last_snapshot_error), /larger than local_max_space/)
  assert.equal(data.consecutive_errors, 1)
  await vault.write(`${CONFIG}/tiny`, daily(path))
  vault.clock.advance("25h")
  await vault.runJobs()
  assert.equal((await readdir(path)).length, 1)
})
