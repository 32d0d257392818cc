/** A process that writes is killed at a random moment, over and over: what it acknowledged must be there. */

import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { lmdbStorage } from "./lmdb.ts"

/** How often the writer is killed; a release is checked with many more. */
const CYCLES = Number(process.env.ARCA_KILL_CYCLES ?? 12)
const WRITERS = 8

/** Runs a writer and kills it some milliseconds after it began; returns the ids it acknowledged. */
async function killedRun(directory: string, run: number): Promise<string[]> {
  const program = join(import.meta.dirname, "kill9-writer.ts")
  const child = spawn(process.execPath, [program, directory, String(run), String(WRITERS)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let printed = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text
  })
  await once(child.stdout, "data")
  await sleep(Math.random() * 60)
  child.kill("SIGKILL")
  await once(child, "close")
  // A line without its end may be cut in the middle of an id.
  return printed.split("\n").slice(1, -1)
}

test(`no acknowledged commit is lost and none is halved when the writer is killed ${CYCLES} times`, async t => {
  const directory = await mkdtemp(join(tmpdir(), "arca-kill9-"))
  t.after(() => rm(directory, { recursive: true }))
  const acknowledged = new Set<string>()
  for (let run = 0; run < CYCLES; run++) {
    for (const id of await killedRun(directory, run)) acknowledged.add(id)
    await using storage = await lmdbStorage({ path: directory })
    using view = storage.view()
    const [first, second] = [await view.list("a/"), await view.list("b/")]
    assert.deepEqual(first, second, "each commit is there as a whole or not at all")
    const present = new Set(first)
    for (const id of acknowledged) assert.ok(present.has(id), `"${id}" was acknowledged and is lost`)
    assert.equal(await storage.version(), present.size, "each commit counted once")
  }
  t.diagnostic(`${acknowledged.size} acknowledged commits, ${CYCLES} kills`)
  assert.ok(acknowledged.size > CYCLES)
})
