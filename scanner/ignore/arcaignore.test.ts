import assert from "node:assert/strict"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { test } from "node:test"
import { fakes, folder, gitleaksRules, repository, runScan, write } from "../testing.ts"

const rules = ["-c", gitleaksRules]

test("an ignored value stays ignored when it moves, and another value on its line does not", async t => {
  const repo = repository(t)
  write(repo.path, { ".arcaignore": 'key = "salt"\n' })
  repo.commit({ "a.txt": `one\n${fakes.github}\n` }, "Leak")
  const first = await runScan(repo.path, ["git", ".", ...rules])
  const fingerprint = /to ignore: (v1:[0-9a-f]{32})\n/.exec(first.stdout)?.[1] ?? ""
  assert.notEqual(fingerprint, "")
  const added = await runScan(repo.path, ["ignore", "--owner", "ada", "--reason", "revoked", fingerprint])
  assert.equal(added.code, 0)
  repo.commit({ "b.txt": `x\ny\nz ${fakes.github}\n` }, "Move")
  assert.equal((await runScan(repo.path, ["git", ".", ...rules])).code, 0)
  repo.commit({ "a.txt": `one\n${fakes.github.replace("aZ3", "bQ7")}\n` }, "Another value, same line")
  const other = await runScan(repo.path, ["git", ".", ...rules, "-f", "json", "-r", "-"])
  assert.deepEqual(
    JSON.parse(other.stdout).map((one: { StartLine: number; File: string }) => [one.File, one.StartLine]),
    [["a.txt", 2]],
  )
})

test("an ignore ends on its last day, and one that nothing is found for is reported as stale", async t => {
  const entry = (finding: string, expires: string) =>
    `[[ignore]]\nfinding = "${finding}"\nowner = "ada"\nreason = "test data"\nexpires = ${expires}\n`
  const dir = folder(t, { "a.txt": `${fakes.github}\n`, "b.txt": `${fakes.aws}\n` })
  const ignore = [
    entry("a.txt:github-pat:1", "2001-01-01"),
    entry("b.txt:aws-access-token:1", "2999-01-01"),
    entry("c.txt:aws-access-token:1", '"2999-01-01"'),
  ]
  writeFileSync(join(dir, ".arcaignore"), ignore.join("\n"))
  const { code, stdout, stderr } = await runScan(dir, ["dir", ".", ...rules])
  assert.equal(code, 1)
  assert.match(stdout, /^github-pat {2}a\.txt:1:1\n/)
  assert.doesNotMatch(stdout, /aws-access-token/)
  assert.match(
    stderr,
    /WRN An ignore has expired on 2001-01-01 and counts no longer: a\.txt:github-pat:1 \(ada: test data\)/,
  )
  assert.match(stderr, /WRN An ignore is stale, nothing was found for it: c\.txt:aws-access-token:1 \(ada: test data\)/)
})

test("without ARCA_SCAN_KEY a fingerprint is of no use under another key", async t => {
  const dir = folder(t, { "a.txt": `${fakes.github}\n`, ".arcaignore": 'key = "salt"\n' })
  const print = async () => /v1:[0-9a-f]{32}/.exec((await runScan(dir, ["dir", ".", ...rules])).stdout)?.[0]
  const first = await print()
  assert.notEqual(first, undefined)
  assert.equal(await print(), first)
  writeFileSync(join(dir, ".arcaignore"), 'key = "pepper"\n')
  assert.notEqual(await print(), first)
})

test("an ignore without owner, reason or a possible date is refused with its place", async t => {
  const dir = folder(t, { "a.txt": "x\n" })
  const refusal = async (text: string) => {
    writeFileSync(join(dir, ".arcaignore"), text)
    const { code, stderr } = await runScan(dir, ["dir", "."])
    return [code, stderr.replace(/^\S+ FTL .*\.arcaignore: |\n$/g, "")]
  }
  assert.deepEqual(await refusal('[[ignore]]\nfinding = "x"\nowner = "a"\n'), [
    1,
    "ignore 1: owner and reason must be given",
  ])
  assert.deepEqual(await refusal('[[ignore]]\nowner = "a"\n'), [
    1,
    "ignore 1: finding is missing: a fingerprint from a report",
  ])
  assert.deepEqual(await refusal('[[ignore]]\nfinding = "x"\nowner = "a"\nreason = "b"\nexpires = "soon"\n'), [
    1,
    "ignore 1: expires must be a day such as 2027-01-31",
  ])
  assert.deepEqual(await refusal('[[ignore]]\nwho = "x"\n'), [
    1,
    "ignore 1: unknown key who; known are finding, owner, reason, expires",
  ])
})

test("install-hook puts a hook where git looks for it, and never over another one", async t => {
  const repo = repository(t)
  const { code, stdout } = await runScan(repo.path, ["install-hook"])
  assert.equal(code, 0)
  assert.match(stdout, /Installed .*\/\.git\/hooks\/pre-commit\./)
  const hook = join(repo.path, ".git", "hooks", "pre-commit")
  assert.match(readFileSync(hook, "utf8"), /exec arca scan git --pre-commit --staged/)
  writeFileSync(hook, "#!/bin/sh\ntrue\n")
  assert.equal((await runScan(repo.path, ["install-hook"])).code, 1)
  assert.equal((await runScan(repo.path, ["install-hook", "--force"])).code, 0)
})
