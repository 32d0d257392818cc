import assert from "node:assert/strict"
import { readFile, rename, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, test } from "node:test"
import fc from "fast-check"
import type { ChainState } from "./device.ts"
import { openDevice } from "./open.ts"
import { TEST_ORIGIN, type TestWorld, testRequest, testResponse, testWorld } from "./testing.ts"
import { type VerifyOptions, verifyAudit } from "./verify.ts"

/** How many random changes the property is tried with; the nightly run sets 10000. */
const EDITS = Number(process.env.ARCA_AUDIT_EDITS ?? 400)

interface Written {
  readonly lines: readonly string[]
  readonly state: ChainState
}

/** A file as a server leaves it: a start, requests and responses, checkpoints now and then, a stop. */
async function written(world: TestWorld, count: number): Promise<Written> {
  const device = await openDevice(world.entry({ checkpointRecords: 7 }), world)
  for (let number = 0; number < count; number++) {
    await Promise.all([device.request(testRequest(number)), device.response(testResponse(number))])
  }
  const state = await device.close("stop")
  assert.ok(state)
  const text = await readFile(join(world.directory, "audit.log"), "utf8")
  return { lines: text.trimEnd().split("\n"), state }
}

async function verified(world: TestWorld, lines: readonly string[], options: Partial<VerifyOptions> = {}) {
  const file = join(world.directory, "copy.log")
  await writeFile(file, lines.map(line => `${line}\n`).join(""))
  return await verifyAudit([file], { publicKey: world.publicKey, ...options })
}

const firstFinding = async (...given: Parameters<typeof verified>) => {
  const { findings } = await verified(...given)
  return findings[0] && { kind: findings[0].kind, record: findings[0].record, line: findings[0].line }
}

describe("verifying an audit file", () => {
  test("an untouched file is intact, and signed to its last record", async () => {
    await using world = await testWorld()
    const { lines, state } = await written(world, 12)
    const result = await verified(world, lines, { witness: [state], origins: [TEST_ORIGIN], from: 0 })
    assert.deepEqual(result.findings, [])
    assert.equal(result.intact, true)
    assert.equal(result.records, lines.length)
    assert.equal(result.chains[0]?.signed, lines.length)
    assert.equal(result.chains[0]?.origin, TEST_ORIGIN)
  })

  test("any single edit, deletion, swap or duplication is found at the exact record", async () => {
    await using world = await testWorld()
    const { lines, state } = await written(world, 12)
    const options = { witness: [state], origins: [TEST_ORIGIN] }
    const at = fc.nat(lines.length - 1)
    const change = fc.oneof(
      fc.record({
        kind: fc.constant("edit" as const),
        at,
        column: fc.nat(5000),
        to: fc.integer({ min: 32, max: 126 }),
      }),
      fc.record({ kind: fc.constant("erase" as const), at, column: fc.nat(5000) }),
      fc.record({ kind: fc.constant("delete" as const), at }),
      fc.record({ kind: fc.constant("swap" as const), at, other: at }),
      fc.record({ kind: fc.constant("duplicate" as const), at, other: at }),
      fc.record({ kind: fc.constant("cut" as const), at }),
    )
    await fc.assert(
      fc.asyncProperty(change, async chosen => {
        const changed = [...lines]
        let record = chosen.at
        const line = lines[chosen.at] ?? ""
        switch (chosen.kind) {
          case "edit": {
            const column = chosen.column % line.length
            fc.pre(line.charCodeAt(column) !== chosen.to)
            changed[chosen.at] = line.slice(0, column) + String.fromCharCode(chosen.to) + line.slice(column + 1)
            break
          }
          case "erase": {
            const column = chosen.column % line.length
            changed[chosen.at] = line.slice(0, column) + line.slice(column + 1)
            break
          }
          case "delete":
            changed.splice(chosen.at, 1)
            break
          case "cut":
            changed.length = chosen.at
            break
          case "swap": {
            fc.pre(chosen.at !== chosen.other)
            changed[chosen.at] = lines[chosen.other] ?? ""
            changed[chosen.other] = line
            record = Math.min(chosen.at, chosen.other)
            break
          }
          case "duplicate":
            changed.splice(chosen.other, 0, line)
            break
        }
        const { findings } = await verified(world, changed, options)
        const [finding] = findings
        assert.ok(finding, "nothing was found")
        if (chosen.kind !== "duplicate") return assert.equal(finding.record, record, finding.message)
        // Before its own place it stands in the place of another record; after it, it is there a second time.
        assert.equal(
          finding.line,
          Math.max(chosen.other + 1, 1) + (chosen.other === chosen.at ? 1 : 0),
          finding.message,
        )
      }),
      { numRuns: EDITS },
    )
  })

  test("the kind of the change is named", async () => {
    await using world = await testWorld()
    const { lines, state } = await written(world, 12)
    const without = (at: number): string[] => lines.toSpliced(at, 1)
    const witness = { witness: [state] }
    assert.deepEqual(await firstFinding(world, without(9)), { kind: "removed", record: 9, line: 10 })
    assert.deepEqual(await firstFinding(world, without(0)), { kind: "removed", record: 0, line: 1 })
    assert.deepEqual(await firstFinding(world, lines.slice(0, -1), witness), {
      kind: "truncated",
      record: lines.length - 1,
      line: lines.length - 1,
    })
    const edited = lines.with(5, (lines[5] ?? "").replace("secret/data", "secret/date"))
    assert.deepEqual(await firstFinding(world, edited), { kind: "altered", record: 5, line: 6 })
    const swapped = lines.with(5, lines[6] ?? "").with(6, lines[5] ?? "")
    assert.deepEqual(await firstFinding(world, swapped), { kind: "reordered", record: 5, line: 6 })
    const twice = lines.toSpliced(6, 0, lines[5] ?? "")
    assert.deepEqual(await firstFinding(world, twice), { kind: "duplicated", record: 5, line: 7 })
    const stray = lines.toSpliced(6, 0, '{"time":"2026-01-02T03:04:05Z","type":"request"}')
    assert.deepEqual(await firstFinding(world, stray), { kind: "inserted", record: -1, line: 7 })
  })

  test("a checkpoint by another key is refused, and so is a file without any", async () => {
    await using world = await testWorld()
    await using other = await testWorld()
    const { lines } = await written(world, 12)
    assert.equal((await firstFinding(other, lines))?.kind, "altered")
    assert.deepEqual(await firstFinding(world, lines.slice(0, 3)), { kind: "unsigned", record: 0, line: 3 })
  })

  test("an old copy of the file is found by what was witnessed since", async () => {
    await using world = await testWorld()
    const first = await written(world, 5)
    const second = await written(world, 5)
    assert.equal(second.lines.length > first.lines.length, true)
    assert.equal((await verified(world, first.lines)).intact, true)
    const finding = await firstFinding(world, first.lines, { witness: [second.state] })
    assert.deepEqual(finding, { kind: "truncated", record: first.lines.length, line: first.lines.length })
  })

  test("two histories with one name are a fork", async () => {
    await using world = await testWorld()
    const first = await written(world, 5)
    await rename(join(world.directory, "audit.log"), join(world.directory, "gone.log"))
    const second = await written(world, 6)
    const finding = await firstFinding(world, [...first.lines, ...second.lines])
    assert.deepEqual(finding, { kind: "forked", record: 0, line: first.lines.length + 1 })
  })

  test("files of two nodes that were swapped are told apart", async () => {
    await using world = await testWorld()
    const { lines } = await written(world, 5)
    const { findings } = await verified(world, lines, { origins: ["cluster-1/node-2/file"] })
    assert.deepEqual(findings.map(({ kind }) => kind).sort(), ["inserted", "truncated"])
  })

  test("a chain goes on after a restart, and through rotated files given in any order", async () => {
    await using world = await testWorld()
    const file = join(world.directory, "audit.log")
    const device = await openDevice(world.entry(), world)
    await device.request(testRequest(1))
    await rename(file, `${file}.1`)
    await device.reload()
    await device.request(testRequest(2))
    const state = await device.close("stop")
    const again = await openDevice(world.entry(), world)
    await again.request(testRequest(3))
    const last = await again.close("disable")
    assert.ok(state && last && last.size > state.size)

    const options = { publicKey: world.publicKey, witness: [state, last], from: 0 }
    assert.deepEqual((await verifyAudit([file, `${file}.1`], options)).findings, [])
    // The newer file alone begins with what it needs to be verified.
    assert.deepEqual((await verifyAudit([file], { publicKey: world.publicKey })).findings, [])
    const [finding] = (await verifyAudit([file], options)).findings
    assert.equal(finding?.kind, "removed")
  })

  test("several writers share a file, each with a chain of its own", async () => {
    await using world = await testWorld()
    const file = join(world.directory, "audit.log")
    const open = (worker: number) => openDevice(world.entry({ origin: `cluster-1/node-1/${worker}/file` }), world)
    const devices = await Promise.all([0, 1].map(open))
    const numbers = Array.from({ length: 200 }, (_, number) => number)
    await Promise.all(numbers.flatMap(number => devices.map(device => device.request(testRequest(number)))))
    await Promise.all(devices.map(device => device.close("stop")))
    // Each finds its own end among the lines of the other.
    await (await open(0)).close("stop")
    const options = { publicKey: world.publicKey, origins: [0, 1].map(worker => `cluster-1/node-1/${worker}/file`) }
    const result = await verifyAudit([file], options)
    assert.deepEqual(result.findings, [])
    assert.equal(result.chains.length, 2)
  })

  test("a line that a crash broke off is declared by the next start", async () => {
    await using world = await testWorld()
    const file = join(world.directory, "audit.log")
    const { lines } = await written(world, 3)
    const torn = (lines[4] ?? "").slice(0, 100)
    await writeFile(file, `${lines.join("\n")}\n${torn}`)
    const device = await openDevice(world.entry(), world)
    await device.request(testRequest(9))
    await device.close("stop")
    const result = await verifyAudit([file], { publicKey: world.publicKey })
    assert.deepEqual(result.findings, [])
    assert.equal(result.torn, 1)
    // But only as it was found.
    const text = await readFile(file, "utf8")
    await writeFile(file, text.replace(`\n${torn}\n`, `\n${torn.slice(0, -1)}!\n`))
    assert.equal((await verifyAudit([file], { publicKey: world.publicKey })).findings[0]?.kind, "inserted")
  })

  test("the caller's state outlives a file that was cut off while the server was down", async () => {
    await using world = await testWorld()
    const file = join(world.directory, "audit.log")
    const { lines, state } = await written(world, 3)
    await writeFile(file, `${lines.slice(0, 5).join("\n")}\n`)
    const device = await openDevice(world.entry({ chainState: state }), world)
    await device.request(testRequest(9))
    await device.close("stop")
    assert.equal(world.events[0]?.kind, "truncated")
    const { findings } = await verifyAudit([file], { publicKey: world.publicKey })
    assert.deepEqual({ kind: findings[0]?.kind, record: findings[0]?.record }, { kind: "removed", record: 5 })
  })

  test("a prefix is part of what is checked", async () => {
    await using world = await testWorld()
    const options = { file_path: join(world.directory, "audit.log"), prefix: "@cee: " }
    const device = await openDevice(world.entry({ options }), world)
    await device.request(testRequest())
    await device.close("stop")
    const files = [options.file_path]
    assert.equal((await verifyAudit(files, { publicKey: world.publicKey, prefix: "@cee: " })).intact, true)
    assert.equal((await verifyAudit(files, { publicKey: world.publicKey, prefix: null })).intact, true)
    assert.equal((await verifyAudit(files, { publicKey: world.publicKey })).intact, false)
  })
})
