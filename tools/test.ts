/**
 * `npm test`: everything that must hold before a change lands. What the machine lacks is installed first.
 *
 *     npm test                    all of it
 *     npm test -- server policy   only the tests below these folders
 */

import { spawnSync } from "node:child_process"
import { globSync } from "node:fs"

const only = process.argv.slice(2)

interface Step {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

const tests = globSync("**/*.test.ts", { exclude: path => /(^|\/)(node_modules|\.cache)(\/|$)/.test(String(path)) })
  .filter(path => only.length === 0 || only.some(folder => path.startsWith(folder)))
  .sort()

const checks: readonly Step[] = [
  { name: "install what the tests need", command: "node", args: ["tools/parts.ts"] },
  { name: "types", command: "tsc", args: ["--noEmit"] },
  { name: "lint and format", command: "biome", args: ["check", "--max-diagnostics=50", "."] },
  { name: "house rules", command: "node", args: ["tools/tidy.ts"] },
]

const run: Step = {
  name: `tests (${tests.length} files)`,
  command: "node",
  args: ["--test", "--test-concurrency=2", "--test-timeout=900000", ...tests],
}

for (const step of only.length === 0 ? [...checks, run] : [run]) {
  process.stdout.write(`\n==> ${step.name}\n`)
  const started = performance.now()
  const { status } = spawnSync(step.command, step.args, { stdio: "inherit" })
  process.stdout.write(`    ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  if (status !== 0) {
    process.stderr.write(`\nnpm test: "${step.name}" failed\n`)
    process.exit(status ?? 1)
  }
}
