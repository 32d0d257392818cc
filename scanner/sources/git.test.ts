import assert from "node:assert/strict"
import { chmodSync, writeFileSync } from "node:fs"
import { delimiter, join } from "node:path"
import { test } from "node:test"
import { scanAll } from "../scan.ts"
import { fakes, folder, gitEnv, repository } from "../testing.ts"

test("a git that is silent does not keep a scan beyond its time limit", {
  skip: process.platform === "win32",
}, async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": "one\n" }, "Begin")
  const place = folder(t)
  // Only the history takes long.
  const script = `#!/bin/sh\ncase " $* " in *" log "*) exec sleep 60;; esac\nPATH=$REAL_PATH exec git "$@"\n`
  writeFileSync(join(place, "git"), script)
  chmodSync(join(place, "git"), 0o755)
  const path = process.env.PATH ?? ""
  const env = { ...gitEnv, REAL_PATH: path, PATH: `${place}${delimiter}${path}` }
  const { summary } = await scanAll({ kind: "history", repository: repo.path }, { env, timeoutSeconds: 0.3 })
  assert.deepEqual(summary.partial, ["the time limit was reached"])
})

test("exempt files are left out and others are scanned, wherever the history holds them", async t => {
  const repo = repository(t)
  const text = `token = "${fakes.github}"\n`
  repo.commit({ "vendor/github.com/a.txt": text, "deep/node_modules/a.txt": text, "old.svg": text }, "Begin")
  repo.git("tag", "old")
  repo.git("rm", "-rq", ".")
  repo.commit({ "a.txt": "one\n" }, "Remove")
  repo.commit({ "yarn.lock": text, "web/node_modules/b.txt": text, "b.svg.txt": text }, "Add")
  repo.git("rm", "-rq", "web", "yarn.lock", "b.svg.txt")
  repo.commit({ "a.txt": "two\n" }, "End")
  const { findings } = await scanAll({ kind: "history", repository: repo.path }, { env: gitEnv })
  assert.deepEqual(
    findings.map(({ file }) => file),
    ["b.svg.txt"],
  )
})
