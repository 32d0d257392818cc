/** Every command that the documentation shows is run, and prints what the documentation says. */

import { spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { relative } from "node:path"
import { test } from "node:test"
import { missing, start } from "../parts/postgresql.ts"
import { scriptOf } from "./page.ts"
import { runScript } from "./run.ts"

const ROOT = new URL("../..", import.meta.url).pathname

const pages = globSync([`${ROOT}README.md`, `${ROOT}docs/{guide,explanation}/*.md`])
  .sort()
  .map(path => ({ page: relative(ROOT, path), script: scriptOf(readFileSync(path, "utf8")) }))
  .filter(({ script }) => script.steps.length > 0)

const absent = ["bash", "curl", "jq", "openssl"].filter(name => spawnSync(name, ["--version"]).error !== undefined)
const skip = absent.length > 0 && `${absent.join(", ")} not there (node tools/parts.ts installs them on Debian)`

test("the documentation is true", { concurrency: 2, skip }, async t => {
  const runs = pages.map(({ page, script }) =>
    t.test(page, async t => {
      if (script.needs.length === 0) return t.skip("it does not say what it needs: <!-- needs: server --> or nothing")
      if (!script.needs.includes("postgresql")) return runScript(script, page)
      const reason = await missing()
      if (reason !== undefined) return t.skip(reason)
      const database = await start()
      try {
        await runScript(script, page, { DATABASE_URL: database.url })
      } finally {
        await database.stop()
      }
    }),
  )
  await Promise.all(runs)
})
