/** A process that writes is killed at a random moment, over and over: what it acknowledged must be there. */

import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { setTimeout as sleep } from "node:timers/promises"
import { write } from "./conformance-steps.ts"
import { lmdbStorage } from "./lmdb.ts"
import type { Storage } from "./view.ts"

/** How often the writer is killed; a release is checked with many more. */
const CYCLES = Number(process.env.ARCA_KILL_CYCLES ?? 12)
const WRITERS = 8

/** Runs a writer and kills it some milliseconds after it began; returns the ids it acknowledged. */
async function killedRun(directory: string, run: number, meanwhile?: () => Promise<unknown>): Promise<string[]> {
  const program = join(import.meta.dirname, "kill9-writer.ts")
  const child = spawn(process.execPath, [program, directory, String(run), String(WRITERS)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let printed = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text
  })
  await once(child.stdout, "data")
  const kill = sleep(Math.random() * 60)
  await meanwhile?.()
  await kill
  child.kill("SIGKILL")
  await once(child, "close")
  // A line without its end may be cut in the middle of an id.
  return printed.split("\n").slice(1, -1)
}

/** Every acknowledged id is there, and each commit as a whole or not at all. */
async function check(storage: Storage, acknowledged: ReadonlySet<string>): Promise<number> {
  using view = storage.view()
  const [first, second] = [await view.list("a/"), await view.list("b/")]
  assert.deepEqual(first, second, "each commit is there as a whole or not at all")
  const present = new Set(first)
  for (const id of acknowledged) assert.ok(present.has(id), `"${id}" was acknowledged and is lost`)
  return present.size
}

test(`no acknowledged commit is lost and none is halved when the writer is killed ${CYCLES} times`, async t => {
  const directory = await mkdtemp(join(tmpdir(), "arca-kill9-"))
  t.after(() => rm(directory, { recursive: true }))
  const acknowledged = new Set<string>()
  for (let run = 0; run < CYCLES; run++) {
    for (const id of await killedRun(directory, run)) acknowledged.add(id)
    await using storage = await lmdbStorage({ path: directory })
    assert.equal(await storage.version(), await check(storage, acknowledged), "each commit counted once")
  }
  t.diagnostic(`${acknowledged.size} acknowledged commits, ${CYCLES} kills`)
  assert.ok(acknowledged.size > CYCLES)
})

test("a process that goes on writing is not harmed when others that write to its store are killed", async t => {
  const directory = await mkdtemp(join(tmpdir(), "arca-kill9-"))
  t.after(() => rm(directory, { recursive: true }))
  await using storage = await lmdbStorage({ path: directory })
  const acknowledged = new Set<string>()
  const writeSome = async (run: number) => {
    for (let nth = 0; nth < 30; nth++) {
      await write(storage, { [`a/own-${run}-${nth}`]: "1", [`b/own-${run}-${nth}`]: "1" })
      acknowledged.add(`own-${run}-${nth}`)
    }
  }
  for (let run = 0; run < CYCLES / 2; run++) {
    for (const id of await killedRun(directory, run, () => writeSome(run))) acknowledged.add(id)
    await writeSome(run + CYCLES)
    await check(storage, acknowledged)
  }
})
