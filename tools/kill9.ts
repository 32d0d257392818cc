/**
 * Kills store and server ten thousand times (or `node tools/kill9.ts <cycles>`): what a release has to stand. Takes hours. Each
 * hundred has stores of its own, since everything that was ever acknowledged is looked for after each kill.
 */

import { spawnSync } from "node:child_process"

const ROUND = 100
const cycles = Number(process.argv[2] ?? 10_000)
const files = ["storage/kill9.test.ts", "tests/faults/kill9.test.ts"]
process.exitCode = 0
for (let done = 0; done < cycles && process.exitCode === 0; done += ROUND) {
  const count = String(Math.min(ROUND, cycles - done))
  const env = { ...process.env, ARCA_KILL_CYCLES: count, ARCA_SERVER_KILL_CYCLES: count }
  const run = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { env, stdio: "inherit" })
  process.exitCode = run.status ?? 1
  process.stdout.write(`${done + Number(count)} of ${cycles} kills of each\n`)
}
