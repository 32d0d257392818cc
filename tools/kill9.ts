/** Kills store and server ten thousand times (or `node tools/kill9.ts <cycles>`): what a release has to stand. Takes hours. */

import { spawnSync } from "node:child_process"

const cycles = process.argv[2] ?? "10000"
const files = ["storage/kill9.test.ts", "tests/faults/kill9.test.ts"]
const env = { ...process.env, ARCA_KILL_CYCLES: cycles, ARCA_SERVER_KILL_CYCLES: cycles }
const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { env, stdio: "inherit" })
process.exitCode = status ?? 1
