/**
 * Every state that a power cut can leave: the writes of a store are traced, and from each point in time files are made that
 * hold what was synced, and none, all, or some of what was not, with the last of it torn between two sectors. Each is opened:
 * what had been acknowledged is in it, and no commit is there by half.
 *
 * `ARCA_CRASH_STATES` says how many states; a release is checked with 50,000.
 */

import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { lmdbStorage } from "../../storage/lmdb.ts"
import { type Dice, dice, seedOfRun } from "../fuzz/dice.ts"
import { noInjection } from "./disk.ts"
import { type Event, eventsIn } from "./trace.ts"

const STATES = Number(process.env.ARCA_CRASH_STATES ?? 250)
/** States from one point: all of the unsynced writes, none, and two choices of some. */
const A_POINT = 4
const SECTOR = 512

/** Traces a writer until it has acknowledged so many commits, and kills it. */
async function traced(directory: string, commits: number): Promise<Event[]> {
  const trace = join(directory, "trace")
  const watched = "openat,close,lseek,pwrite64,pwritev,write,writev,fdatasync,fsync,ftruncate"
  const writer = join(import.meta.dirname, "../../storage/kill9-writer.ts")
  const strace = ["-D", "-f", "-qq", "-xx", "-s", "1000000", "-o", trace, "-e", `trace=${watched}`]
  const child = spawn("strace", [...strace, process.execPath, writer, join(directory, "store"), "1", "3"], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  let lines = 0
  for await (const chunk of child.stdout) {
    lines += String(chunk).split("\n").length - 1
    if (lines > commits) break
  }
  const gone = child.signalCode === null ? once(child, "exit") : undefined
  child.kill("SIGKILL")
  await gone
  return eventsIn(await readFile(trace, "utf8"), "arca.mdb")
}

type Write = Extract<Event, { kind: "write" }>

/** The file as far as it is certain, and what hangs in the air. */
class Disk {
  #synced: Buffer = Buffer.alloc(0)
  pending: Write[] = []

  happen(event: Event): void {
    if (event.kind === "sync") {
      for (const one of this.pending) this.#synced = written(this.#synced, one.offset, one.bytes)
      this.pending = []
    } else if (event.kind === "size") this.#synced = sized(this.#synced, event.length)
    else if (event.kind === "write" && event.durable) this.#synced = written(this.#synced, event.offset, event.bytes)
    else if (event.kind === "write") this.pending.push(event)
  }

  /** What the disk holds when of the writes in the air only these arrived, the last of them perhaps in part. */
  after(arrived: readonly Write[], torn: number | undefined): Buffer {
    let file: Buffer = Buffer.from(this.#synced)
    for (const [at, { offset, bytes }] of arrived.entries()) {
      const part = torn !== undefined && at === arrived.length - 1 ? bytes.subarray(0, torn) : bytes
      file = written(file, offset, part)
    }
    return file
  }
}

const sized = (file: Buffer, length: number): Buffer =>
  file.length >= length ? file.subarray(0, length) : Buffer.concat([file, Buffer.alloc(length - file.length)])

function written(file: Buffer, offset: number, bytes: Buffer): Buffer {
  const large = file.length >= offset + bytes.length ? file : sized(file, offset + bytes.length)
  large.set(bytes, offset)
  return large
}

function* statesOf(disk: Disk, chance: Dice): Generator<Buffer> {
  yield disk.after(disk.pending, undefined)
  if (disk.pending.length === 0) return
  yield disk.after([], undefined)
  for (let nth = 2; nth < A_POINT; nth++) {
    const some = disk.pending.filter(() => chance.chance(0.5))
    const length = some.at(-1)?.bytes.length ?? 0
    yield disk.after(some, chance.chance(0.5) ? SECTOR * chance.number(Math.ceil(length / SECTOR)) : undefined)
  }
}

/** Opens the file as a store: whole commits only, and every acknowledged one. */
async function mustHold(directory: string, file: Buffer, acknowledged: readonly string[]): Promise<void> {
  await mkdir(directory, { mode: 0o700 })
  await writeFile(join(directory, "arca.mdb"), file, { mode: 0o600 })
  {
    await using storage = await lmdbStorage({ path: directory })
    using view = storage.view()
    const [first, second] = [await view.list("a/"), await view.list("b/")]
    assert.deepEqual(first, second, "each commit is there as a whole or not at all")
    const present = new Set(first)
    for (const id of acknowledged) assert.ok(present.has(id), `"${id}" was acknowledged and is lost`)
    assert.equal(await storage.version(), present.size)
    for (const id of first) assert.ok((await view.get(`b/${id}`))?.length, `the value of "${id}" can be read`)
  }
  await rm(directory, { recursive: true })
}

test(`${STATES} states that a power cut can leave hold everything acknowledged, and nothing by half`, async t => {
  const reason = noInjection()
  if (reason !== undefined) return t.skip(reason)
  const directory = await mkdtemp(join(tmpdir(), "arca-states-"))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const seed = seedOfRun()
  const chance = dice(seed)
  const events = await traced(directory, 20 + Math.ceil(STATES / 10))
  const disk = new Disk()
  let printed = ""
  let states = 0
  for (const event of events) {
    if (event.kind === "print") printed += event.text
    disk.happen(event)
    // Until the writer says it is ready the store is being made.
    if (event.kind === "print" || !printed.startsWith("ready\n")) continue
    const acknowledged = printed.split("\n").slice(1, -1)
    for (const file of statesOf(disk, chance)) {
      if (states++ >= STATES) break
      await mustHold(join(directory, `state-${states}`), file, acknowledged).catch((error: Error) => {
        error.message = `seed ${seed}, state ${states}, after ${acknowledged.length} commits: ${error.message}`
        throw error
      })
    }
  }
  t.diagnostic(`${Math.min(states, STATES)} states, ${printed.split("\n").length - 2} commits; ARCA_FUZZ_SEED=${seed}`)
  assert.ok(states >= STATES, `only ${states} states`)
})
