import assert from "node:assert/strict"
import { mkdtemp, open, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { test } from "node:test"
import { appender } from "./append.ts"

/** A file in a directory of its own, whose writes through a thread are counted. */
async function counted(clock: () => number, fsync = false) {
  const dir = await mkdtemp(join(tmpdir(), "arca-append-"))
  const file = join(dir, "audit.log")
  const handle = await open(file, "a")
  let handedOver = 0
  const watched: Pick<typeof handle, "fd" | "write" | "datasync"> = {
    fd: handle.fd,
    datasync: () => handle.datasync(),
    write: ((bytes: Buffer, at: number) => {
      handedOver++
      return handle.write(bytes, at)
    }) as typeof handle.write,
  }
  return {
    append: await appender(watched, file, fsync, clock),
    handedOver: () => handedOver,
    text: () => readFile(file, "utf8"),
    [Symbol.asyncDispose]: async () => {
      await handle.close()
      await rm(dir, { recursive: true })
    },
  }
}

test("a file on a disk of this machine is written in place", async () => {
  await using file = await counted(() => 0)
  assert.equal(await file.append(Buffer.from("one\n")), undefined)
  assert.equal(await file.append(Buffer.from("two\n")), undefined)
  assert.equal(await file.text(), "one\ntwo\n")
  assert.equal(file.handedOver(), 0)
})

test("a disk that made a write wait is written to from a thread for a minute, then trusted again", async () => {
  let now = 0
  let slow = 50
  await using file = await counted(() => (now += slow))
  await file.append(Buffer.from("slow\n"))
  assert.equal(file.handedOver(), 0)
  slow = 1
  await file.append(Buffer.from("wary\n"))
  assert.equal(file.handedOver(), 1)
  now += 60_000
  await file.append(Buffer.from("trusted\n"))
  assert.equal(file.handedOver(), 1)
  assert.equal(await file.text(), "slow\nwary\ntrusted\n")
})

test("a file that is to be synced is always written from a thread", async () => {
  await using file = await counted(() => 0, true)
  await file.append(Buffer.from("one\n"))
  assert.equal(file.handedOver(), 1)
  assert.equal(await file.text(), "one\n")
})

test("a write that the system refuses says so, and that nothing was written", async () => {
  const handle = await open("/dev/full", "a")
  const append = await appender(handle, "/dev/full", false)
  const failure = await append(Buffer.from("lost\n"))
  assert.match(String(failure?.cause), /ENOSPC/)
  assert.equal(failure?.untouched, true)
  await handle.close()
})
