import assert from "node:assert/strict"
import { createHmac } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { describe, test } from "node:test"
import { AuditFailed, type AuditMetrics, auditBroker } from "./broker.ts"
import type { AuditDevice, DeviceOptions } from "./device.ts"
import { openDevice } from "./open.ts"
import { TEST_SALT, TEST_TOKEN, type TestWorld, testRequest, testResponse, testWorld } from "./testing.ts"

const hmac = (value: string): string => `hmac-sha256:${createHmac("sha256", TEST_SALT).update(value).digest("hex")}`

const open = (world: TestWorld, changes: Partial<DeviceOptions>): Promise<AuditDevice> =>
  openDevice(world.entry({ signingKey: undefined, origin: undefined, ...changes }), world)

const fileLines = async (world: TestWorld, name: string): Promise<string[]> =>
  (await readFile(join(world.directory, name), "utf8")).trimEnd().split("\n")

describe("the broker", () => {
  const files = (world: TestWorld, name: string, options: Record<string, string> = {}) =>
    open(world, { path: `${name}/`, options: { file_path: join(world.directory, `${name}.log`), ...options } })

  test("is content when one of its devices took the record, and fails when none did", async () => {
    await using world = await testWorld()
    const full = await open(world, { path: "full", options: { file_path: "/dev/full" } })
    const good = await files(world, "good")
    const counted: [string, number][] = []
    const metrics: AuditMetrics = {
      clock: () => 0,
      measure() {},
      count: (name, increment) => counted.push([name, increment]),
    }
    const broker = auditBroker([full, good], world, { metrics })
    await broker.request(testRequest())
    assert.equal(await broker.disable("good"), true)
    await assert.rejects(broker.response(testResponse()), AuditFailed)
    assert.deepEqual(counted, [
      ["audit.log_request_failure", 0],
      ["audit.log_response_failure", 1],
    ])
    assert.equal(await broker.disable("good/"), false)
    await broker.close()
    assert.equal((await fileLines(world, "good.log")).length, 1)
    await broker.request(testRequest())
  })

  test("keeps the first device hashed when a second one logs raw", async () => {
    await using world = await testWorld()
    const broker = auditBroker([await files(world, "hashed"), await files(world, "raw", { log_raw: "true" })], world)
    await broker.request(testRequest())
    await broker.response(testResponse())
    await broker.close()
    const hashed = (await fileLines(world, "hashed.log")).join()
    assert.ok(!hashed.includes("canary") && !hashed.includes(TEST_TOKEN))
    const raw = (await fileLines(world, "raw.log")).join()
    assert.ok(raw.includes("canary-password") && raw.includes(TEST_TOKEN))
  })

  test("enables a device only after it has taken a test record, and at a path of its own", async () => {
    await using world = await testWorld()
    const broker = auditBroker([], world)
    const full = await open(world, { path: "full", options: { file_path: "/dev/full" } })
    await assert.rejects(broker.enable(full, { requestId: "1" }), /^Error: audit device failed test message: .*ENOSPC/)
    assert.deepEqual(broker.devices(), [])
    await broker.enable(await files(world, "file"), { requestId: "1" })
    await assert.rejects(broker.enable(await files(world, "file"), { requestId: "2" }), /path already in use/)
    assert.equal(broker.hash("file", "x"), hmac("x"))
    assert.equal(broker.hash("other", "x"), undefined)
    await broker.close()
    assert.equal(JSON.parse((await fileLines(world, "file.log"))[0] ?? "").request.path, "sys/audit/test")
  })

  test("writes the headers that the table names from then on", async () => {
    await using world = await testWorld()
    const broker = auditBroker([await files(world, "file")], world)
    const record = () => ({
      ...testRequest(),
      request: { ...testRequest().request, headers: new Map([["user-agent", ["curl"]]]) },
    })
    await broker.request(record())
    broker.auditHeaders(new Map([["user-agent", { hmac: false }]]))
    await broker.request(record())
    await broker.close()
    const [before, after] = (await fileLines(world, "file.log")).map(line => JSON.parse(line).request.headers)
    assert.deepEqual([before, after], [undefined, { "user-agent": ["curl"] }])
  })
})
