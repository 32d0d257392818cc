import assert from "node:assert/strict"
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { scanAll } from "./index.ts"
import { fakes, folder, gitEnv, gitleaksRules, repository } from "./testing.ts"

const options = { configPath: gitleaksRules, env: gitEnv, historyCache: "" }

test("a second scan of a history reads its new commits only, and finds the same as a scan without a cache", async t => {
  const repo = repository(t)
  for (let i = 0; i < 5; i++) repo.commit({ [`${i}.txt`]: `${fakes.github}\n${"filler\n".repeat(50)}` }, `Commit ${i}`)
  const target = { kind: "history", repository: repo.path } as const
  const first = await scanAll(target, options)
  assert.equal(first.findings.length, 5)
  const again = await scanAll(target, options)
  assert.deepEqual(again.findings, first.findings)
  assert.deepEqual([again.summary.bytes, again.summary.commits], [0, 5])

  repo.git("checkout", "-q", "-b", "side", "HEAD~2")
  repo.commit({ "side.txt": `${fakes.aws}\n` }, "Side")
  const third = await scanAll(target, options)
  const without = await scanAll(target, { configPath: gitleaksRules, env: gitEnv, cwd: folder(t) })
  assert.equal(third.summary.bytes, fakes.aws.length + 1)
  assert.deepEqual(prints(third.findings), prints(without.findings))
})

test("findings of commits that no ref leads to any more are not reported from the cache", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": "x\n" }, "Begin")
  repo.git("checkout", "-q", "-b", "leaky")
  repo.commit({ "b.txt": `${fakes.github}\n` }, "Leak")
  const target = { kind: "history", repository: repo.path } as const
  assert.equal((await scanAll(target, options)).findings.length, 1)
  repo.git("checkout", "-q", "main")
  repo.git("branch", "-q", "-D", "leaky")
  assert.equal((await scanAll(target, options)).findings.length, 0)
  repo.git("reflog", "expire", "--expire=now", "--all")
  repo.git("gc", "-q", "--prune=now")
  assert.deepEqual((await scanAll(target, options)).summary.partial, [])
})

test("other rules and options have a cache of their own, a damaged cache is none, and it is private", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": `${Buffer.from(fakes.github).toString("base64")}\n` }, "Encoded")
  const target = { kind: "history", repository: repo.path } as const
  assert.equal((await scanAll(target, { ...options, maxDecodeDepth: 0 })).findings.length, 0)
  assert.equal((await scanAll(target, options)).findings.length, 1)
  assert.equal((await scanAll(target, { ...options, enableRules: ["aws-access-token"] })).findings.length, 0)
  const cache = join(repo.path, ".git", "arca")
  assert.equal(readdirSync(cache).length, 3)
  for (const name of readdirSync(cache)) {
    assert.equal(statSync(join(cache, name)).mode & 0o077, 0)
    writeFileSync(join(cache, name), "{")
  }
  assert.equal((await scanAll(target, options)).findings.length, 1)
})

test("nothing is kept unless it is asked for, and an incomplete scan is never kept", async t => {
  const repo = repository(t)
  repo.commit({ "a.txt": `${fakes.github}\n` }, "Leak")
  const target = { kind: "history", repository: repo.path } as const
  await scanAll(target, { configPath: gitleaksRules, env: gitEnv })
  assert.equal(existsSync(join(repo.path, ".git", "arca")), false)
  const cancelled = await scanAll(target, { ...options, signal: AbortSignal.abort() })
  assert.notDeepEqual(cancelled.summary.partial, [])
  assert.equal(existsSync(join(repo.path, ".git", "arca")), false)
})

const prints = (findings: readonly { fingerprint: string }[]) => findings.map(one => one.fingerprint).sort()
