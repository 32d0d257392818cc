/** Each example runs as it stands, and prints what its last comment says. */

import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { test } from "node:test"
import { promisify } from "node:util"
import { missing, start } from "../parts/postgresql.ts"
import { patternOf } from "./page.ts"
import { withServer } from "./run.ts"

const FOLDER = join(import.meta.dirname, "../../examples")
const MOST_LINES = 40

const examples = globSync(join(FOLDER, "*.{ts,sh}")).sort()

test("every example does what it says", async t => {
  const reason = await missing()
  const database = reason === undefined ? await start({ password: "sesame" }) : undefined
  await withServer(async ({ work, env: own }) => {
    const env = { ...own, DATABASE_URL: database?.url }
    const runs = examples.map(path =>
      t.test(basename(path), async t => {
        const text = readFileSync(path, "utf8")
        if (text.includes("DATABASE_URL") && database === undefined) return t.skip(reason)
        assert.ok(text.trimEnd().split("\n").length <= MOST_LINES, `an example has at most ${MOST_LINES} lines`)
        const said = /(?:\/\/|#) prints:\n((?:(?:\/\/|#).*\n)+)$/.exec(text)?.[1]
        assert.ok(said !== undefined, "its last comment says what it prints")
        const command = path.endsWith(".sh") ? "bash" : process.execPath
        const { stdout } = await promisify(execFile)(command, [path], { cwd: work, env })
        const printed = stdout.endsWith("\n") ? stdout : `${stdout}\n`
        assert.match(printed, patternOf(said.replaceAll(/^(?:\/\/|#) ?/gm, "")))
      }),
    )
    await Promise.all(runs)
  }).finally(() => database?.stop())
})

test("the list of examples names each", () => {
  const list = readFileSync(join(FOLDER, "README.md"), "utf8")
  assert.deepEqual(
    examples.map(path => basename(path)).filter(name => !list.includes(`](${name})`)),
    [],
  )
})
