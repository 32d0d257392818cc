/** Prints what an audited request costs: `node server/audit/bench.ts`. */

import { lineFormat } from "./line.ts"
import { openDevice } from "./open.ts"
import { saltedHmac } from "./salt.ts"
import { TEST_SALT, testRequest, testResponse, testWorld } from "./testing.ts"

const REQUESTS = 50_000
/** Requests under way at once. */
const CONCURRENCY = 64

const perRequest = (label: string, started: number, cpu: NodeJS.CpuUsage): void => {
  const { user, system } = process.cpuUsage(cpu)
  const wall = ((performance.now() - started) * 1000) / REQUESTS
  console.log(`${label.padEnd(46)} ${wall.toFixed(2)} µs  (${((user + system) / REQUESTS).toFixed(2)} µs CPU)`)
}

function formatting(label: string, raw: boolean): void {
  const options = { raw, hmacAccessor: true, elideListResponses: false, prefix: "" }
  const format = lineFormat(options, saltedHmac(TEST_SALT))
  for (const round of ["warm-up", label]) {
    const pairs = Array.from({ length: REQUESTS }, (_, number) => testResponse(number))
    const cpu = process.cpuUsage()
    const started = performance.now()
    let bytes = 0
    for (const pair of pairs)
      bytes += Buffer.byteLength(format.request(pair)) + Buffer.byteLength(format.response(pair))
    if (round === label && bytes > 0) perRequest(label, started, cpu)
  }
}

async function writing(label: string, chained: boolean, options: Record<string, string> = {}): Promise<void> {
  await using world = await testWorld()
  const file_path = `${world.directory}/audit.log`
  const keys = chained ? {} : { origin: undefined, signingKey: undefined }
  const device = await openDevice(world.entry({ options: { file_path, ...options }, ...keys }), world)
  const cpu = process.cpuUsage()
  const started = performance.now()
  let number = 0
  const client = async (): Promise<void> => {
    while (number < REQUESTS) {
      const pair = testResponse(number++)
      await device.request(pair)
      await device.response(pair)
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, client))
  perRequest(label, started, cpu)
  await device.close("stop")
}

console.log(`request and response record, ${JSON.stringify(testRequest()).length} characters of input:`)
formatting("formatting, values hashed", false)
formatting("formatting, log_raw", true)
await writing("formatting and writing to a file", false)
await writing("the same, chained and signed", true)
await writing("the same, with fsync", true, { fsync: "true" })
