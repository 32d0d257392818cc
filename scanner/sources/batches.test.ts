import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { folder } from "../testing.ts"
import { type Batches, inBatches, pipeInBatches } from "./batches.ts"

const megabytes = 3
const script = `for (let i = 0; i < ${megabytes * 64}; i++) require("node:fs").writeSync(1, String.fromCharCode(97 + (i % 26)).repeat(16384))`
const expected = Array.from({ length: megabytes * 64 }, (_, i) =>
  String.fromCharCode(97 + (i % 26)).repeat(16384),
).join("")

type Reading = { child: ChildProcess; batches: Batches }

function throughPipe(command = [process.execPath, "-e", script]): Reading & { close(): void } {
  const output = pipeInBatches()
  assert.ok(output !== undefined)
  const [program = "", ...words] = command
  const child = spawn(program, words, { stdio: ["ignore", output.descriptor, "ignore"] })
  closeSync(output.descriptor)
  return { child, ...output }
}

function throughStream(): Reading {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] })
  return { child, batches: inBatches(child.stdout) }
}

const ways: [string, () => Reading][] = [
  ["a stream", throughStream],
  ["a pipe of our own", () => throughPipe()],
]
const noPipes = process.platform === "win32"

for (const [name, start] of ways) {
  const skip = noPipes && start !== throughStream
  test(`all that a child writes arrives in order, in batches, through ${name}`, { skip }, async () => {
    const { child, batches } = start()
    const ended = new Promise(resolve => child.on("exit", resolve))
    // What was written before anybody asks is kept.
    await new Promise(resolve => setImmediate(resolve))
    let text = ""
    let pauses = 0
    for await (const _ of batches(piece => (text += piece.toString("latin1")))) pauses++
    assert.ok(text === expected, `${text.length} bytes of ${expected.length}`)
    assert.ok(pauses > megabytes)
    await ended
  })

  test(`who cannot take a piece ends the reading with the reason, through ${name}`, { skip }, async () => {
    const { child, batches } = start()
    const ended = new Promise(resolve => child.on("exit", resolve))
    let count = 0
    const refuse = () => {
      if (++count === 3) throw new RangeError("that is enough")
    }
    await assert.rejects(async () => {
      for await (const _ of batches(refuse));
    }, /that is enough/)
    assert.equal(count, 3)
    // Nobody reads any more, so the child cannot go on.
    await ended
  })
}

const shell = (words: string) => ["/bin/sh", "-c", words]

async function textOf(batches: Batches): Promise<string> {
  let text = ""
  for await (const _ of batches(piece => (text += piece.toString("latin1"))));
  return text
}

test("what a child writes after it was silent for a while arrives, and the reader is told of the silence", {
  skip: noPipes,
}, async () => {
  const { batches } = throughPipe(shell("printf one; sleep 0.3; printf two; sleep 0.1; printf three"))
  const seen: string[] = []
  let text = ""
  for await (const _ of batches(piece => (text += piece.toString("latin1")))) seen.push(text)
  assert.equal(text, "onetwothree")
  assert.ok(seen.includes("one"), seen.join(" "))
})

test("a child that dies in the midst ends the reading after what it wrote", { skip: noPipes }, async () => {
  const { child, batches } = throughPipe(shell("printf begun; kill -9 $$; printf never"))
  const ended = new Promise(resolve => child.on("exit", (_, signal) => resolve(signal)))
  assert.equal(await textOf(batches), "begun")
  assert.equal(await ended, "SIGKILL")
})

test("a child that writes nothing, or cannot be started, ends the reading", { skip: noPipes }, async () => {
  assert.equal(await textOf(throughPipe(shell("exit 3")).batches), "")
  const { child, batches } = throughPipe([join(import.meta.dirname, "no-such-program")])
  const failed = new Promise(resolve => child.on("error", resolve))
  assert.equal(await textOf(batches), "")
  assert.match(String(await failed), /ENOENT/)
})

test("who stops reading stops a child that goes on writing", { skip: noPipes }, async () => {
  const { child, batches } = throughPipe(shell("while printf endless; do :; done"))
  const ended = new Promise(resolve => child.on("exit", resolve))
  for await (const _ of batches(() => {})) break
  await ended
})

test("a pipe that is closed from outside ends the reading of a silent child", { skip: noPipes }, async () => {
  const { child, batches, close } = throughPipe(["sleep", "60"])
  setTimeout(close, 20)
  assert.equal(await textOf(batches), "")
  close()
  child.kill()
})

test("waiting for a slow child takes hardly any processor time", { skip: noPipes }, async () => {
  const { batches } = throughPipe(["sleep", "1"])
  const before = process.cpuUsage()
  await textOf(batches)
  const { user, system } = process.cpuUsage(before)
  assert.ok(user + system < 200_000, `${user + system} microseconds of a second`)
})

test("a pipe leaves no file behind", t => {
  const before = process.env.TMPDIR
  const place = folder(t)
  process.env.TMPDIR = place
  try {
    const output = pipeInBatches()
    if (output !== undefined) closeSync(output.descriptor)
    output?.close()
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  assert.deepEqual(readdirSync(place), [])
})
