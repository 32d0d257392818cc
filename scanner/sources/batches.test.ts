import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, readdirSync } from "node:fs"
import { test } from "node:test"
import { folder } from "../testing.ts"
import { type Batches, inBatches, pipeInBatches } from "./batches.ts"

const megabytes = 3
const script = `for (let i = 0; i < ${megabytes * 64}; i++) require("node:fs").writeSync(1, String.fromCharCode(97 + (i % 26)).repeat(16384))`
const expected = Array.from({ length: megabytes * 64 }, (_, i) =>
  String.fromCharCode(97 + (i % 26)).repeat(16384),
).join("")

type Reading = { child: ChildProcess; batches: Batches }

function throughPipe(): Reading {
  const output = pipeInBatches()
  assert.ok(output !== undefined)
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", output.descriptor, "ignore"] })
  closeSync(output.descriptor)
  return { child, batches: output.batches }
}

function throughStream(): Reading {
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] })
  return { child, batches: inBatches(child.stdout) }
}

const ways: [string, () => Reading][] = [
  ["a stream", throughStream],
  ["a pipe of our own", throughPipe],
]

for (const [name, start] of ways) {
  const skip = process.platform === "win32" && start === throughPipe
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

test("a pipe leaves no file behind", t => {
  const before = process.env.TMPDIR
  const place = folder(t)
  process.env.TMPDIR = place
  try {
    const output = pipeInBatches()
    if (output !== undefined) closeSync(output.descriptor)
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  assert.deepEqual(readdirSync(place), [])
})
